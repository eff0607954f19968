package firn.planning;

import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.Schema;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/** A column of a plain type that is in no list and no map: what filters and statistics speak of. */
record Leaf(int id, String name, Type type) {
  static List<Leaf> of(Schema schema) {
    List<Leaf> leaves = new ArrayList<>();
    collect(schema.asStruct(), "", leaves);
    return leaves;
  }

  private static void collect(Types.StructType struct, String prefix, List<Leaf> leaves) {
    for (Types.NestedField field : struct.fields()) {
      String name = prefix + field.name();
      if (field.type().isPrimitiveType()) {
        leaves.add(new Leaf(field.fieldId(), name, field.type()));
      } else if (field.type().isStructType()) {
        collect(field.type().asStructType(), name + ".", leaves);
      }
    }
  }

  boolean isReal() {
    return type.typeId() == Type.TypeID.FLOAT || type.typeId() == Type.TypeID.DOUBLE;
  }
}
