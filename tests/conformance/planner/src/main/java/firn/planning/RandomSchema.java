package firn.planning;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.UpdateSchema;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/** Schemas of all plain types, with structs, lists and maps, and changes of them. */
final class RandomSchema {
  private static final String[] NAMES = {"a", "B", "c", "Dd", "e f", "ä", "g.h", "i", "J", "k"};

  private final Random random;
  private final RandomValues values;
  private final int version;
  private int nextId = 1;

  RandomSchema(Random random, int version) {
    this.random = random;
    this.values = new RandomValues(random);
    this.version = version;
  }

  Schema make() {
    List<Types.NestedField> fields = new ArrayList<>();
    int count = 3 + random.nextInt(5);
    for (int i = 0; i < count; i++) {
      fields.add(field(NAMES[i], values.type(version)));
    }
    if (random.nextBoolean()) {
      fields.add(field("s", struct(2)));
    }
    if (random.nextInt(4) == 0) {
      Type element = values.type(version);
      fields.add(field("l", Types.ListType.ofOptional(nextId++, element)));
    }
    if (random.nextInt(4) == 0) {
      Type value = values.type(version);
      Type map = Types.MapType.ofOptional(nextId++, nextId++, Types.StringType.get(), value);
      fields.add(field("m", map));
    }
    return new Schema(fields);
  }

  private Types.StructType struct(int depth) {
    List<Types.NestedField> fields = new ArrayList<>();
    fields.add(field("x", values.type(version)));
    fields.add(field("Y", values.type(version)));
    if (depth > 0 && random.nextBoolean()) {
      fields.add(field("z", struct(depth - 1)));
    }
    return Types.StructType.of(fields);
  }

  private Types.NestedField field(String name, Type type) {
    return random.nextInt(4) == 0
        ? Types.NestedField.required(nextId++, name, type)
        : Types.NestedField.optional(nextId++, name, type);
  }

  /** One change: a new column, another name, a wider type, a column less. */
  void evolve(Table table) {
    UpdateSchema update = table.updateSchema();
    Leaf leaf = values.pick(Leaf.of(table.schema()));
    String last = leaf.name().substring(leaf.name().lastIndexOf('.') + 1);
    switch (random.nextInt(5)) {
      case 0 -> update.addColumn("n" + table.schemas().size(), values.type(version));
      case 1 -> update.renameColumn(leaf.name(), last.replaceAll("\\d", "") + random.nextInt(99));
      case 2 -> update.deleteColumn(leaf.name());
      case 3 -> update.makeColumnOptional(leaf.name());
      default -> promote(table, update);
    }
    update.commit();
  }

  private void promote(Table table, UpdateSchema update) {
    for (Leaf leaf : Leaf.of(table.schema())) {
      Type wider = wider(leaf.type());
      if (wider != null) {
        update.updateColumn(leaf.name(), wider.asPrimitiveType());
        return;
      }
    }
  }

  private static Type wider(Type type) {
    return switch (type.typeId()) {
      case INTEGER -> Types.LongType.get();
      case FLOAT -> Types.DoubleType.get();
      case DECIMAL -> {
        Types.DecimalType decimal = (Types.DecimalType) type;
        yield decimal.precision() == 38
            ? null
            : Types.DecimalType.of(Math.min(38, decimal.precision() + 5), decimal.scale());
      }
      default -> null;
    };
  }
}
