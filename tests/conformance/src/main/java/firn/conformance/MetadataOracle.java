package firn.conformance;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.iceberg.rest.RESTSerializers;

/**
 * Says what Iceberg's own library makes of a change: JSON lines in, one JSON line out for each.
 *
 * <p>The kinds of line and their answers stand in README.md beside the sources.
 */
public final class MetadataOracle {
  private final ObjectMapper json = mapper();
  private final TableOracle tables = new TableOracle(json);
  private final ViewOracle views = new ViewOracle(json);

  private MetadataOracle() {}

  public static void main(String[] args) throws IOException {
    MetadataOracle oracle = new MetadataOracle();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    BufferedWriter out =
        new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.write(oracle.answer(line));
      out.write('\n');
      /* The other side may wait for this answer before it asks again. */
      out.flush();
    }
  }

  static JsonNode parse(ObjectMapper json, String text) {
    try {
      return json.readTree(text);
    } catch (JsonProcessingException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /* As the reference server reads requests: kebab-case fields, unknown ones ignored. */
  private static ObjectMapper mapper() {
    ObjectMapper mapper =
        new ObjectMapper(
            new JsonFactoryBuilder()
                .configure(JsonFactory.Feature.INTERN_FIELD_NAMES, false)
                .build());
    mapper.setVisibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY);
    mapper.configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    mapper.setPropertyNamingStrategy(new PropertyNamingStrategies.KebabCaseStrategy());
    RESTSerializers.registerAll(mapper);
    return mapper;
  }

  private String answer(String line) {
    ObjectNode answer;
    JsonNode id = null;
    try {
      JsonNode input = Verdict.in("line", () -> parse(json, line));
      id = input.get("id");
      answer = dispatch(input);
    } catch (Verdict verdict) {
      answer = json.createObjectNode();
      answer.set("error", verdict.toJson());
    }
    if (id != null) {
      answer.set("id", id);
    }
    return answer.toString();
  }

  private ObjectNode dispatch(JsonNode input) {
    String kind = input.path("kind").asText();
    return switch (kind) {
      case "table" -> tables.update(input);
      case "view" -> views.update(input);
      case "create" -> tables.create(input);
      case "create-view" -> views.create(input);
      case "refs" -> tables.refs(input);
      case "read" -> tables.read(input);
      case "read-view" -> views.read(input);
      default -> throw Verdict.of("line", new IllegalArgumentException("unknown kind: " + kind));
    };
  }
}
