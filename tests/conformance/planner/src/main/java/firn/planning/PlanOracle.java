package firn.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.expressions.ExpressionParser;

/**
 * Writes random tables, or takes those of other programs, and plans scans of them by Iceberg's own library: JSON lines in, one JSON
 * line out for each.
 *
 * <p>The kinds of line and their answers stand in README.md beside the sources.
 */
public final class PlanOracle {
  /* Of a stack: enough to see which part of the library refused. */
  private static final int FRAMES = 12;

  private final ObjectMapper json = new ObjectMapper();
  private final Map<String, KnownTable> tables = new HashMap<>();

  private PlanOracle() {}

  public static void main(String[] args) throws IOException {
    PlanOracle oracle = new PlanOracle();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    BufferedWriter out =
        new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.write(oracle.answer(line));
      out.write('\n');
      /* The other side waits for this answer before it asks again. */
      out.flush();
    }
    /* The library's pools have threads that would go on. */
    System.exit(0);
  }

  private String answer(String line) {
    try {
      return dispatch(Planner.parse(json, line)).toString();
    } catch (RuntimeException | StackOverflowError cause) {
      ObjectNode answer = json.createObjectNode();
      answer
          .putObject("error")
          .put("type", cause.getClass().getSimpleName())
          .put("message", String.valueOf(cause.getMessage()))
          .put("at", Arrays.stream(cause.getStackTrace()).limit(FRAMES).toList().toString());
      return answer.toString();
    }
  }

  private ObjectNode dispatch(JsonNode input) {
    return switch (input.path("kind").asText()) {
      case "write" -> write(input);
      case "given" -> given(input);
      case "request" -> request(input);
      case "plain" -> plain(input);
      case "plan" -> judge(input).plan();
      case "judge" -> judge(input).judge(input.get("residuals"));
      default -> throw new IllegalArgumentException("unknown kind: " + input);
    };
  }

  private ObjectNode write(JsonNode input) {
    RandomTable table =
        new RandomTable(
            input.get("seed").asLong(), input.get("location").asText(), input.get("steps").asInt());
    tables.put(input.get("location").asText(), table);
    ObjectNode answer = json.createObjectNode();
    answer.put("metadata-location", table.metadataLocation());
    answer.put("snapshots", table.snapshotIds().size());
    answer.set("actions", json.valueToTree(table.actions()));
    return answer;
  }

  private ObjectNode given(JsonNode input) {
    GivenTable table =
        new GivenTable(
            input.get("metadata-location").asText(),
            input.get("rows"),
            input.get("seed").asLong());
    tables.put(input.get("location").asText(), table);
    return json.createObjectNode().put("snapshots", table.snapshotIds().size());
  }

  private ObjectNode request(JsonNode input) {
    KnownTable table = tables.get(input.get("location").asText());
    return new RandomRequest(input.get("seed").asLong(), table, json).make();
  }

  /* The filter as the library writes one that it has read with the schema: times are numbers, but
   * for nanoseconds, which it would take for microseconds. */
  private ObjectNode plain(JsonNode input) {
    ObjectNode answer = json.createObjectNode();
    Planner planner = new Planner(table(input), input.get("request"));
    String text = input.get("request").get("filter").toString();
    if (!planner.filtersNanoseconds()) {
      text = ExpressionParser.toJson(ExpressionParser.fromJson(text, planner.schema()));
    }
    answer.set("filter", Planner.parse(json, text));
    return answer;
  }

  private BaseTable table(JsonNode input) {
    KnownTable known = tables.get(input.path("location").asText());
    return known != null
        ? known.reread()
        : LocalTable.load(input.get("metadata-location").asText());
  }

  private Judge judge(JsonNode input) {
    KnownTable known = tables.get(input.path("location").asText());
    return new Judge(json, table(input), known, input.get("request"));
  }
}
