package firn.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.apache.iceberg.EnvironmentContext;
import org.apache.iceberg.exceptions.NoSuchViewException;
import org.apache.iceberg.rest.requests.CreateViewRequest;
import org.apache.iceberg.rest.requests.CreateViewRequestParser;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequestParser;
import org.apache.iceberg.view.ImmutableViewVersion;
import org.apache.iceberg.view.SQLViewRepresentation;
import org.apache.iceberg.view.ViewMetadata;
import org.apache.iceberg.view.ViewMetadataParser;
import org.apache.iceberg.view.ViewRepresentation;
import org.apache.iceberg.view.ViewVersion;

/** What the reference server does to a view's metadata, without the server. */
final class ViewOracle {
  private final ObjectMapper json;

  ViewOracle(ObjectMapper json) {
    this.json = json;
  }

  /** {base, base-location, requirements, updates}: a commit to an existing view. */
  ObjectNode update(JsonNode input) {
    ViewMetadata base = base(input);
    UpdateTableRequest request =
        Verdict.in("parse", () -> UpdateTableRequestParser.fromJson(input));
    if (base == null) {
      throw missing(input);
    }
    Verdict.in("requirements", () -> validate(request, base));
    ViewMetadata.Builder builder = ViewMetadata.buildFrom(base);
    Verdict.in("updates", () -> apply(request, builder));
    ViewMetadata updated = Verdict.in("build", builder::build);
    /* Unlike a table's, a view's builder makes a new object where nothing changed. */
    return answer(updated.changes().isEmpty() ? base : updated, !updated.changes().isEmpty());
  }

  /** {request, location}: createView. The server makes the first version by itself. */
  ObjectNode create(JsonNode input) {
    ViewMetadata metadata = Verdict.in("create", () -> newView(input));
    return answer(metadata, true);
  }

  /** {base, base-location}: the metadata as Iceberg reads it and would write it again. */
  ObjectNode read(JsonNode input) {
    ObjectNode answer = json.createObjectNode();
    answer.set("metadata", tree(base(input)));
    return answer;
  }

  private static ViewMetadata base(JsonNode input) {
    JsonNode base = input.get("base");
    if (base == null || base.isNull()) {
      return null;
    }
    String location = input.path("base-location").asText(null);
    return Verdict.in("base", () -> ViewMetadataParser.fromJson(location, base));
  }

  private static Verdict missing(JsonNode input) {
    String name = input.path("name").asText("view");
    return Verdict.of("load", new NoSuchViewException("View does not exist: %s", name));
  }

  private static Void validate(UpdateTableRequest request, ViewMetadata base) {
    request.requirements().forEach(requirement -> requirement.validate(base));
    return null;
  }

  private static Void apply(UpdateTableRequest request, ViewMetadata.Builder builder) {
    request.updates().forEach(update -> update.applyTo(builder));
    return null;
  }

  /* Of the request's version only the queries and the defaults count: the id, the time and the
   * summary are the server's. */
  private static ViewMetadata newView(JsonNode input) {
    CreateViewRequest request = CreateViewRequestParser.fromJson(input.path("request"));
    request.validate();
    List<ViewRepresentation> queries = request.viewVersion().representations();
    if (!queries.stream().allMatch(SQLViewRepresentation.class::isInstance)) {
      throw new IllegalStateException("Found unsupported view representations: " + queries);
    }
    if (queries.isEmpty()) {
      throw new IllegalStateException("Cannot create view without specifying a query");
    }
    ViewVersion version =
        ImmutableViewVersion.builder()
            .versionId(1)
            .schemaId(request.schema().schemaId())
            .addAllRepresentations(queries)
            .defaultNamespace(request.viewVersion().defaultNamespace())
            .defaultCatalog(request.viewVersion().defaultCatalog())
            .timestampMillis(System.currentTimeMillis())
            .putAllSummary(EnvironmentContext.get())
            .build();
    String location = request.location();
    return ViewMetadata.builder()
        .setProperties(request.properties())
        .setLocation(location != null ? location : input.path("location").asText())
        .setCurrentVersion(version, request.schema())
        .build();
  }

  /* The server answers with what it reads back from the file that it wrote, and so does this. */
  private ObjectNode answer(ViewMetadata updated, boolean changed) {
    ObjectNode answer = json.createObjectNode();
    JsonNode written = Verdict.in("write", () -> tree(updated));
    ViewMetadata reread = Verdict.in("reread", () -> ViewMetadataParser.fromJson(written));
    answer.set("metadata", tree(reread));
    answer.put("changed", changed);
    return answer;
  }

  private JsonNode tree(ViewMetadata metadata) {
    return MetadataOracle.parse(json, ViewMetadataParser.toJson(metadata));
  }
}
