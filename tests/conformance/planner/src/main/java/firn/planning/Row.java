package firn.planning;

import java.util.HashMap;
import java.util.Map;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/** The values of one row by field id, as Iceberg's evaluators take them; absent is null. */
final class Row {
  private final Map<Integer, Object> values = new HashMap<>();

  Row() {}

  Row(Row other) {
    values.putAll(other.values);
  }

  void set(int id, Object value) {
    values.put(id, value);
  }

  /** The value as a column of the type has it: types may have been promoted since. */
  Object get(int id, Type type) {
    return promoted(values.get(id), type);
  }

  StructLike as(Schema schema) {
    return as(schema.asStruct());
  }

  private StructLike as(Types.StructType struct) {
    GenericRecord record = GenericRecord.create(struct);
    for (int i = 0; i < struct.fields().size(); i++) {
      Types.NestedField field = struct.fields().get(i);
      if (field.type().isStructType()) {
        record.set(i, as(field.type().asStructType()));
      } else if (values.containsKey(field.fieldId())) {
        record.set(i, promoted(values.get(field.fieldId()), field.type()));
      } else {
        record.set(i, field.initialDefault());
      }
    }
    return record;
  }

  private static Object promoted(Object value, Type type) {
    if (type.typeId() == Type.TypeID.LONG && value instanceof Integer number) {
      return (long) number;
    }
    if (type.typeId() == Type.TypeID.DOUBLE && value instanceof Float number) {
      return (double) number;
    }
    /* The other way round for literals of an older schema: no row of its snapshots is concerned. */
    if (type.typeId() == Type.TypeID.INTEGER && value instanceof Long number) {
      return (int) (long) number;
    }
    if (type.typeId() == Type.TypeID.FLOAT && value instanceof Double number) {
      return (float) (double) number;
    }
    return value;
  }
}
