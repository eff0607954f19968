package firn.planning;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Scan;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.expressions.Binder;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types;

/** Iceberg's own answer to a request of the protocol, by the protocol's words. */
final class Planner {
  private static final String PLANNED = "planned";

  private final Table table;
  private final Schema schema;
  private final Expression filter;
  private final boolean isCaseSensitive;
  private final JsonNode request;

  Planner(BaseTable source, JsonNode request) {
    this.request = request;
    this.schema = boundSchema(source, request);
    this.table = LocalTable.of(metadata(source.operations().current(), request, schema));
    this.isCaseSensitive = request.path("case-sensitive").asBoolean(true);
    this.filter =
        request.has("filter")
            ? Filters.read(request.get("filter"), schema, isCaseSensitive)
            : Expressions.alwaysTrue();
  }

  static JsonNode parse(ObjectMapper json, String text) {
    try {
      return json.readTree(text);
    } catch (JsonProcessingException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  Table table() {
    return table;
  }

  Schema schema() {
    return schema;
  }

  Expression filter() {
    return filter;
  }

  boolean filtersNanoseconds() {
    return Binder.boundReferences(schema.asStruct(), List.of(filter), isCaseSensitive).stream()
        .anyMatch(id -> schema.findType(id).typeId() == Type.TypeID.TIMESTAMP_NANO);
  }

  boolean isCaseSensitive() {
    return isCaseSensitive;
  }

  /** The schema that names bind to: the table's, or with use-snapshot-schema the snapshot's. */
  static Schema boundSchema(Table table, JsonNode request) {
    Snapshot snapshot =
        request.has("snapshot-id")
            ? table.snapshot(request.get("snapshot-id").asLong())
            : request.has("end-snapshot-id")
                ? table.snapshot(request.get("end-snapshot-id").asLong())
                : table.currentSnapshot();
    if (!request.path("use-snapshot-schema").asBoolean(false)
        || snapshot == null
        || snapshot.schemaId() == null) {
      return table.schema();
    }
    return table.schemas().get(snapshot.schemaId());
  }

  /* The library chooses a schema by the way in which a snapshot is named. Here the schema is the
   * current one and the snapshot is a branch's, so that it takes both as they are. New files get no
   * partition and no order: those of the table may be of columns that the snapshot's schema lacks,
   * which metadata cannot have and a scan does not ask. */
  private static TableMetadata metadata(TableMetadata base, JsonNode request, Schema schema) {
    TableMetadata.Builder builder =
        TableMetadata.buildFrom(base)
            .setDefaultPartitionSpec(PartitionSpec.unpartitioned())
            .setDefaultSortOrder(SortOrder.unsorted())
            .setCurrentSchema(schema.schemaId());
    if (request.has("snapshot-id")) {
      long id = request.get("snapshot-id").asLong();
      builder.setRef(PLANNED, SnapshotRef.branchBuilder(id).build());
    }
    return builder.discardChanges().build();
  }

  List<FileScanTask> plan() {
    return request.has("start-snapshot-id")
        ? list(
            configure(
                table
                    .newIncrementalAppendScan()
                    .fromSnapshotExclusive(request.get("start-snapshot-id").asLong())
                    .toSnapshot(request.get("end-snapshot-id").asLong())))
        : list(
            configure(
                request.has("snapshot-id")
                    ? table.newScan().useRef(PLANNED)
                    : table.newScan()));
  }

  /** How many files more a range has that begins with its first snapshot, as the library's own
   * server takes it. */
  int moreIfInclusive(int exclusive) {
    if (!request.has("start-snapshot-id")
        || table.snapshot(request.get("start-snapshot-id").asLong()) == null) {
      return 0;
    }
    return list(
                configure(
                    table
                        .newIncrementalAppendScan()
                        .fromSnapshotInclusive(request.get("start-snapshot-id").asLong())
                        .toSnapshot(request.get("end-snapshot-id").asLong())))
            .size()
        - exclusive;
  }

  /** Is the column of a transformed term a partition field's, by another transform? The library
   * takes the term's literal for a value of that field. */
  boolean hasTransformElsewhere() {
    return transforms(request.get("filter")).anyMatch(this::isElsewhere);
  }

  private static Stream<JsonNode> transforms(JsonNode node) {
    if (node == null || !node.isObject()) {
      return Stream.empty();
    }
    return node.has("transform")
        ? Stream.of(node)
        : Stream.of("left", "right", "child", "term").flatMap(side -> transforms(node.get(side)));
  }

  private boolean isElsewhere(JsonNode term) {
    String name = term.get("term").asText();
    Types.NestedField column =
        isCaseSensitive ? schema.findField(name) : schema.caseInsensitiveFindField(name);
    return table.specs().values().stream()
        .flatMap(spec -> spec.fields().stream())
        .anyMatch(
            field ->
                field.sourceId() == column.fieldId()
                    && !field.transform().toString().equals(term.get("transform").asText()));
  }

  /** The ids of the columns of type uuid, dropped ones too. */
  Stream<Integer> uuidColumns() {
    return table.schemas().values().stream()
        .flatMap(known -> TypeUtil.indexById(known.asStruct()).values().stream())
        .filter(field -> field.type().typeId() == Type.TypeID.UUID)
        .map(Types.NestedField::fieldId)
        .distinct();
  }

  /** The same scan without its filter. */
  List<FileScanTask> planAll(ObjectMapper json) {
    com.fasterxml.jackson.databind.node.ObjectNode all = request.deepCopy();
    all.remove("filter");
    return new Planner((BaseTable) table, all).plan();
  }

  private <T extends Scan<T, FileScanTask, ?>> T configure(T scan) {
    T configured = scan.filter(filter).caseSensitive(isCaseSensitive);
    if (request.has("stats-fields")) {
      configured = configured.includeColumnStats(statsFields());
    }
    return configured;
  }

  private List<String> statsFields() {
    List<String> names = new ArrayList<>();
    for (JsonNode name : request.get("stats-fields")) {
      Types.NestedField field =
          isCaseSensitive
              ? schema.findField(name.asText())
              : schema.caseInsensitiveFindField(name.asText());
      names.add(schema.findColumnName(field.fieldId()));
    }
    return names;
  }

  private static List<FileScanTask> list(Scan<?, FileScanTask, ?> scan) {
    List<FileScanTask> tasks = new ArrayList<>();
    try (CloseableIterable<FileScanTask> planned = scan.planFiles()) {
      planned.forEach(tasks::add);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return tasks;
  }
}
