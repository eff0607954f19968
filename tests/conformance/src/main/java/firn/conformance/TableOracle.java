package firn.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.MetadataUpdate;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.RetryableValidationException;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.UpdateRequirement;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.rest.requests.CreateTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequestParser;

/** What the reference server does to a table's metadata, without the server. */
final class TableOracle {
  private final ObjectMapper json;

  TableOracle(ObjectMapper json) {
    this.json = json;
  }

  /** {base, base-location, requirements, updates}: a commit, or a creation by assert-create. */
  ObjectNode update(JsonNode input) {
    TableMetadata base = base(input);
    UpdateTableRequest request =
        Verdict.in("parse", () -> UpdateTableRequestParser.fromJson(input));
    boolean create = Verdict.in("requirements", () -> isCreate(request));
    if (base == null && !create) {
      throw missing(input);
    }
    Verdict.in("requirements", () -> validate(request, base));
    TableMetadata.Builder builder = create ? newBuilder(request) : TableMetadata.buildFrom(base);
    Verdict.in("updates", () -> apply(request, builder, create));
    TableMetadata updated = Verdict.in("build", builder::build);
    return answer(base, updated);
  }

  /** {request, location}: createTable, or its staged form with "stage-create": true. */
  ObjectNode create(JsonNode input) {
    TableMetadata metadata = Verdict.in("create", () -> newTable(input));
    return answer(null, metadata);
  }

  /** {base, base-location}: what a load with snapshots=refs gives. */
  ObjectNode refs(JsonNode input) {
    TableMetadata base = base(input);
    TableMetadata refs =
        Verdict.in(
            "refs",
            () ->
                TableMetadata.buildFrom(base)
                    .withMetadataLocation(base.metadataFileLocation())
                    .suppressHistoricalSnapshots()
                    .build());
    ObjectNode answer = json.createObjectNode();
    answer.set("metadata", tree(refs));
    return answer;
  }

  /** {base, base-location}: the metadata as Iceberg reads it and would write it again. */
  ObjectNode read(JsonNode input) {
    ObjectNode answer = json.createObjectNode();
    answer.set("metadata", tree(base(input)));
    return answer;
  }

  private static TableMetadata base(JsonNode input) {
    JsonNode base = input.get("base");
    if (base == null || base.isNull()) {
      return null;
    }
    String location = input.path("base-location").asText(null);
    return Verdict.in("base", () -> TableMetadataParser.fromJson(location, base));
  }

  private static Verdict missing(JsonNode input) {
    String name = input.path("name").asText("table");
    return Verdict.of("load", new NoSuchTableException("Table does not exist: %s", name));
  }

  private static boolean isCreate(UpdateTableRequest request) {
    boolean create =
        request.requirements().stream()
            .anyMatch(UpdateRequirement.AssertTableDoesNotExist.class::isInstance);
    boolean alone =
        request.requirements().stream()
            .allMatch(UpdateRequirement.AssertTableDoesNotExist.class::isInstance);
    if (create && !alone) {
      throw new IllegalArgumentException("Invalid create requirements");
    }
    return create;
  }

  private static Void validate(UpdateTableRequest request, TableMetadata base) {
    request.requirements().forEach(requirement -> requirement.validate(base));
    return null;
  }

  /* A creation starts in the first format version that its updates name. */
  private static TableMetadata.Builder newBuilder(UpdateTableRequest request) {
    for (MetadataUpdate update : request.updates()) {
      if (update instanceof MetadataUpdate.UpgradeFormatVersion upgrade) {
        return TableMetadata.buildFromEmpty(upgrade.formatVersion());
      }
    }
    return TableMetadata.buildFromEmpty();
  }

  private static Void apply(
      UpdateTableRequest request, TableMetadata.Builder builder, boolean create) {
    try {
      request.updates().forEach(update -> update.applyTo(builder));
    } catch (RetryableValidationException stale) {
      /* Only a commit says this so; a creation has nothing that its values could be behind. */
      if (create) {
        throw stale;
      }
      throw new CommitFailedException(
          stale, "Validation failed, please retry: %s", stale.getMessage());
    }
    return null;
  }

  private TableMetadata newTable(JsonNode input) {
    CreateTableRequest request =
        json.convertValue(input.path("request"), CreateTableRequest.class);
    request.validate();
    PartitionSpec spec = request.spec();
    SortOrder order = request.writeOrder();
    String location = request.location();
    Map<String, String> properties = new HashMap<>();
    if (request.stageCreate()) {
      properties.put("created-at", OffsetDateTime.now(ZoneOffset.UTC).toString());
    }
    properties.putAll(request.properties());
    return TableMetadata.newTableMetadata(
        request.schema(),
        spec != null ? spec : PartitionSpec.unpartitioned(),
        order != null ? order : SortOrder.unsorted(),
        location != null ? location : input.path("location").asText(),
        properties);
  }

  /* The server answers with what it reads back from the file that it wrote, and so does this. */
  private ObjectNode answer(TableMetadata base, TableMetadata updated) {
    boolean changed = !updated.changes().isEmpty();
    ObjectNode answer = json.createObjectNode();
    JsonNode written = Verdict.in("write", () -> tree(updated));
    TableMetadata reread = Verdict.in("reread", () -> TableMetadataParser.fromJson(written));
    answer.set("metadata", tree(reread));
    answer.put("changed", changed);
    if (base != null && changed) {
      answer.set("deleted-files", json.valueToTree(deletedFiles(base, updated)));
    }
    return answer;
  }

  /* With delete-after-commit, the files whose entries the commit dropped from the log. */
  private static Set<String> deletedFiles(TableMetadata base, TableMetadata updated) {
    Set<String> files = new LinkedHashSet<>();
    boolean enabled =
        updated.propertyAsBoolean(
            TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED,
            TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED_DEFAULT);
    if (enabled) {
      base.previousFiles().forEach(entry -> files.add(entry.file()));
      updated.previousFiles().forEach(entry -> files.remove(entry.file()));
    }
    return files;
  }

  private JsonNode tree(TableMetadata metadata) {
    return MetadataOracle.parse(json, TableMetadataParser.toJson(metadata));
  }
}
