package firn.planning;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.StreamSupport;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SingleValueParser;
import org.apache.iceberg.types.Type;

/** A table that another program wrote: its metadata, and the rows that were read from its files. */
final class GivenTable implements KnownTable {
  private final String metadataLocation;
  private final BaseTable table;
  private final Map<String, List<Row>> rowsOfFile = new HashMap<>();
  private final RandomFiles others;

  /** {path: [{field id: value as JSON's single values, reals as text where JSON has none}]}. */
  GivenTable(String metadataLocation, JsonNode rows, long seed) {
    this.metadataLocation = metadataLocation;
    this.table = reread();
    this.others = new RandomFiles(new Random(seed), table.location(), rowsOfFile);
    Map<Integer, Type> types = types(table);
    rows.properties()
        .forEach(file -> rowsOfFile.put(file.getKey(), read(file.getValue(), types)));
  }

  /* A column has the type of the newest schema that has it: older values are promoted. */
  private static Map<Integer, Type> types(BaseTable table) {
    Map<Integer, Type> types = new HashMap<>();
    List<Schema> schemas = new ArrayList<>(table.schemas().values());
    schemas.sort(java.util.Comparator.comparingInt(Schema::schemaId));
    schemas.forEach(schema -> Leaf.of(schema).forEach(leaf -> types.put(leaf.id(), leaf.type())));
    return types;
  }

  private static List<Row> read(JsonNode rows, Map<Integer, Type> types) {
    return StreamSupport.stream(rows.spliterator(), false)
        .map(
            values -> {
              Row row = new Row();
              values
                  .properties()
                  .forEach(
                      cell -> {
                        int id = Integer.parseInt(cell.getKey());
                        row.set(id, value(types.get(id), cell.getValue()));
                      });
              return row;
            })
        .toList();
  }

  private static Object value(Type type, JsonNode value) {
    return switch (type.typeId()) {
      case FLOAT -> value.isTextual() ? (Object) Float.valueOf(value.asText()) : real(type, value);
      case DOUBLE -> value.isTextual() ? (Object) Double.valueOf(value.asText()) : real(type, value);
      default -> SingleValueParser.fromJson(type, value);
    };
  }

  private static Object real(Type type, JsonNode value) {
    return value.isNull() ? null : SingleValueParser.fromJson(type, value);
  }

  @Override
  public BaseTable table() {
    return table;
  }

  @Override
  public BaseTable reread() {
    return LocalTable.load(metadataLocation);
  }

  @Override
  public Map<String, List<Row>> rowsOfFile() {
    return rowsOfFile;
  }

  @Override
  public Optional<Row> rowWithin(PartitionSpec spec, Row first) {
    return others.rowWithin(table, spec, first);
  }
}
