package firn.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.ContentFileParser;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.expressions.Evaluator;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.ExpressionParser;

/** Holds a server's plan against the library's, and against the rows. */
final class Judge {
  /* Rows of a file's partition beside its own. */
  private static final int MORE_ROWS = 6;

  private final ObjectMapper json;
  private final Planner planner;
  private final KnownTable known; /* null where no rows are known */
  private final List<String> problems = new ArrayList<>();
  private int sameTexts;
  private int otherTexts;
  private int rowsSeen;
  private int voidTuples;

  Judge(ObjectMapper json, BaseTable table, KnownTable known, JsonNode request) {
    this.json = json;
    this.known = known;
    this.planner = new Planner(table, request);
  }

  /** The library's plan as it would be answered, with each task's delete files in the task. */
  ObjectNode plan() {
    ObjectNode answer = json.createObjectNode();
    answer.set("tasks", answerOf(planner.plan()));
    return answer;
  }

  private ArrayNode answerOf(List<FileScanTask> tasks) {
    ArrayNode answer = json.createArrayNode();
    for (FileScanTask task : tasks) {
      ObjectNode node = answer.addObject();
      node.set("data-file", tree(task.file()));
      ArrayNode deletes = node.putArray("delete-files");
      task.deletes().forEach(file -> deletes.add(tree(file)));
      node.set("residual-filter", Planner.parse(json, ExpressionParser.toJson(task.residual())));
    }
    return answer;
  }

  /* The library refuses to write a tuple of void fields only; a copy has an empty one. */
  private JsonNode tree(ContentFile<?> file) {
    PartitionSpec spec = planner.table().specs().get(file.specId());
    ContentFile<?> written = file;
    if (!spec.isPartitioned() && !spec.fields().isEmpty()) {
      voidTuples++;
      written =
          file instanceof DataFile data
              ? DataFiles.builder(spec).copy(data).build()
              : untupled((DeleteFile) file, spec);
    }
    return Planner.parse(json, ContentFileParser.toJson(written, spec));
  }

  private static DeleteFile untupled(DeleteFile file, PartitionSpec spec) {
    FileMetadata.Builder builder = FileMetadata.deleteFileBuilder(spec).copy(file);
    if (file.content() == FileContent.EQUALITY_DELETES) {
      int[] ids = file.equalityFieldIds().stream().mapToInt(Integer::intValue).toArray();
      builder.ofEqualityDeletes(ids);
    }
    return builder.build();
  }

  /** {residuals: path to the server's residual}: the library's plan, and what is wrong by rows. */
  ObjectNode judge(JsonNode residuals) {
    List<FileScanTask> tasks = planner.plan();
    ObjectNode answer = json.createObjectNode();
    answer.set("tasks", answerOf(tasks));
    for (FileScanTask task : tasks) {
      JsonNode residual = residuals.get(task.file().location());
      if (residual != null) {
        compare(task, residual);
      }
    }
    if (known != null) {
      List<FileScanTask> all = planner.planAll(json);
      answer.put("pruned", all.size() - residuals.size());
      ArrayNode lost = answer.putArray("lost-by-library");
      lostBy(tasks, all).forEach(lost::add);
      for (FileScanTask task : all) {
        JsonNode residual = residuals.get(task.file().location());
        checkRows(task, residual == null ? json.getNodeFactory().booleanNode(false) : residual);
      }
    }
    ArrayNode list = answer.putArray("problems");
    problems.forEach(list::add);
    answer.put("same-texts", sameTexts);
    answer.put("other-texts", otherTexts);
    answer.put("rows", rowsSeen);
    answer.put("void-tuples", voidTuples);
    answer.put("more-if-inclusive", planner.moreIfInclusive(tasks.size()));
    answer.put("transform-elsewhere", planner.hasTransformElsewhere());
    ArrayNode uuids = answer.putArray("uuid-columns");
    planner.uuidColumns().forEach(uuids::add);
    return answer;
  }

  private Evaluator evaluator(Expression expression) {
    return new Evaluator(planner.schema().asStruct(), expression, planner.isCaseSensitive());
  }

  private Evaluator evaluator(JsonNode residual) {
    return evaluator(Filters.read(residual, planner.schema(), planner.isCaseSensitive()));
  }

  private List<StructLike> rows(ContentFile<?> file) {
    List<StructLike> rows = new ArrayList<>();
    if (known == null) {
      return rows;
    }
    List<Row> own = known.rowsOfFile().get(file.location());
    PartitionSpec spec = known.table().specs().get(file.specId());
    own.forEach(row -> rows.add(row.as(planner.schema())));
    for (int i = 0; i < MORE_ROWS; i++) {
      known.rowWithin(spec, own.get(0)).ifPresent(row -> rows.add(row.as(planner.schema())));
    }
    return rows;
  }

  private void compare(FileScanTask task, JsonNode residual) {
    String text = ExpressionParser.toJson(task.residual());
    if (Planner.parse(json, text).equals(residual)) {
      sameTexts++;
      return;
    }
    otherTexts++;
    Evaluator ours = evaluator(residual);
    Evaluator theirs = evaluator(task.residual());
    for (StructLike row : rows(task.file())) {
      if (ours.eval(row) != theirs.eval(row)) {
        problems.add(
            String.format(
                "residual of %s: %s, the library's %s, differ for %s",
                task.file().location(), residual, text, row));
        return;
      }
    }
  }

  /* Files that the library leaves out though the filter keeps a row of theirs. */
  private List<String> lostBy(List<FileScanTask> tasks, List<FileScanTask> all) {
    Set<String> planned =
        tasks.stream().map(task -> task.file().location()).collect(Collectors.toSet());
    SureRows sure =
        new SureRows(planner.schema(), planner.filter(), planner.isCaseSensitive());
    return all.stream()
        .map(task -> task.file().location())
        .filter(path -> !planned.contains(path))
        .filter(
            path ->
                known.rowsOfFile().get(path).stream()
                    .anyMatch(row -> sure.keeps(row.as(planner.schema()))))
        .toList();
  }

  /* Every row that the filter keeps has to be in a file that is planned, and left by its residual;
   * and a row of the file that the residual leaves, the filter has to keep. */
  private void checkRows(FileScanTask task, JsonNode residual) {
    SureRows sure =
        new SureRows(planner.schema(), planner.filter(), planner.isCaseSensitive());
    Evaluator whole = evaluator(planner.filter());
    Evaluator left = evaluator(residual);
    for (Row own : known.rowsOfFile().get(task.file().location())) {
      StructLike row = own.as(planner.schema());
      rowsSeen++;
      if (sure.keeps(row) && !left.eval(row)) {
        problems.add("lost: " + row + " of " + task.file().location() + ", residual " + residual);
      }
      if (left.eval(row) && !whole.eval(row)) {
        problems.add("left: " + row + " of " + task.file().location() + ", residual " + residual);
      }
    }
  }

}
