package firn.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SingleValueParser;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.transforms.Transforms;
import org.apache.iceberg.types.Type;

/** A request to plan a scan of a table: snapshots, names, a filter. Literals are typed values. */
final class RandomRequest {
  private static final String[] ORDERS = {"lt", "lt-eq", "gt", "gt-eq", "eq", "not-eq"};
  /* One more than Iceberg prunes by. */
  private static final int LONG_LIST = 201;

  private final Random random;
  private final RandomValues values;
  private final ObjectMapper json;
  private final KnownTable source;
  private final Table table;
  private boolean isCaseSensitive = true;
  private Schema schema;

  RandomRequest(long seed, KnownTable table, ObjectMapper json) {
    this.random = new Random(seed);
    this.values = new RandomValues(random);
    this.source = table;
    this.table = table.table();
    this.json = json;
  }

  ObjectNode make() {
    ObjectNode request = json.createObjectNode();
    addSnapshots(request);
    if (random.nextInt(3) == 0) {
      isCaseSensitive = random.nextBoolean();
      request.put("case-sensitive", isCaseSensitive);
    }
    schema = Planner.boundSchema(table, request);
    if (random.nextInt(12) > 0) {
      request.set("filter", node(random.nextInt(4)));
    }
    if (random.nextInt(3) == 0) {
      ArrayNode names = request.putArray("stats-fields");
      values.some(leaves(), 1 + random.nextInt(3)).forEach(leaf -> names.add(leaf.name()));
    }
    return request;
  }

  private void addSnapshots(ObjectNode request) {
    List<Long> ids = source.snapshotIds();
    if (random.nextInt(3) == 0) {
      request.put("use-snapshot-schema", random.nextBoolean());
    }
    if (ids.isEmpty()) {
      return;
    }
    switch (random.nextInt(6)) {
      case 0, 1 -> request.put("snapshot-id", values.pick(ids));
      case 2 -> addRange(request, ids);
      default -> {}
    }
  }

  private void addRange(ObjectNode request, List<Long> ids) {
    Snapshot end = table.snapshot(values.pick(ids));
    long start = end.snapshotId();
    for (int steps = 1 + random.nextInt(6); steps > 0 && end != null; steps--) {
      Long parent = end.parentId();
      if (parent == null) {
        break;
      }
      start = parent;
      end = table.snapshot(parent);
    }
    request.put("start-snapshot-id", start);
    long last = random.nextInt(6) == 0 ? values.pick(ids) : lastOf(start, ids);
    request.put("end-snapshot-id", last);
  }

  /* A snapshot that the start is an ancestor of. */
  private long lastOf(long start, List<Long> ids) {
    List<Long> found = new ArrayList<>();
    for (long id : ids) {
      for (Snapshot at = table.snapshot(id); at != null; ) {
        if (at.parentId() != null && at.parentId() == start) {
          found.add(id);
        }
        at = at.parentId() == null ? null : table.snapshot(at.parentId());
      }
    }
    return found.isEmpty() ? start : values.pick(found);
  }

  private List<Leaf> leaves() {
    return Leaf.of(schema);
  }

  private JsonNode node(int depth) {
    int kind = depth == 0 ? 9 : random.nextInt(6);
    if (depth > 0 && random.nextInt(20) == 0) {
      return json.getNodeFactory().booleanNode(random.nextBoolean());
    }
    ObjectNode node = json.createObjectNode();
    switch (kind) {
      case 0, 1, 2 -> {
        node.put("type", kind == 1 ? "or" : "and");
        node.set("left", node(depth - 1));
        node.set("right", node(depth - 1));
      }
      case 3 -> node.put("type", "not").set("child", node(depth - 1));
      default -> addPredicate(node);
    }
    return node;
  }

  private void addPredicate(ObjectNode node) {
    Leaf leaf = pickLeaf();
    String transform = random.nextInt(3) > 0 ? "identity" : transform(leaf.type());
    Type type = Transforms.fromString(transform).getResultType(leaf.type());
    String op = op(type);
    node.put("type", op);
    node.set("term", term(leaf, transform));
    boolean isSet = op.endsWith("in");
    ArrayNode literals = json.createArrayNode();
    int count = !isSet ? 1 : random.nextInt(30) == 0 ? LONG_LIST : 1 + random.nextInt(4);
    for (int i = 0; i < count; i++) {
      literals.add(literal(leaf, transform, type, op));
    }
    if (isSet) {
      node.set("values", literals);
    } else if (!op.endsWith("null") && !op.endsWith("nan")) {
      node.set("value", literals.get(0));
    }
  }

  /* The columns that something is known of, more often. */
  private Leaf pickLeaf() {
    List<Leaf> all = leaves();
    List<Leaf> parts =
        all.stream()
            .filter(
                leaf ->
                    table.specs().values().stream()
                        .anyMatch(
                            spec ->
                                spec.fields().stream()
                                    .anyMatch(field -> field.sourceId() == leaf.id())))
            .toList();
    return values.pick(parts.isEmpty() || random.nextBoolean() ? all : parts);
  }

  private String transform(Type type) {
    String transform = values.transform(type);
    return transform.equals("void") ? "identity" : transform;
  }

  private String op(Type type) {
    int kind = random.nextInt(12);
    if (kind < 2) {
      return kind == 0 ? "is-null" : "not-null";
    }
    if (kind < 4 && (type.typeId() == Type.TypeID.FLOAT || type.typeId() == Type.TypeID.DOUBLE)) {
      return kind == 2 ? "is-nan" : "not-nan";
    }
    if (kind < 5 && type.typeId() == Type.TypeID.STRING) {
      return kind == 3 ? "starts-with" : "not-starts-with";
    }
    return kind < 7 ? (kind == 5 ? "in" : "not-in") : ORDERS[random.nextInt(ORDERS.length)];
  }

  private JsonNode term(Leaf leaf, String transform) {
    String name = leaf.name();
    if (!isCaseSensitive && random.nextBoolean()) {
      name = random.nextBoolean() ? name.toLowerCase(Locale.ROOT) : name.toUpperCase(Locale.ROOT);
    }
    ObjectNode term = json.createObjectNode();
    if (!transform.equals("identity")) {
      return term.put("type", "transform").put("transform", transform).put("term", name);
    }
    if (random.nextInt(5) == 0) {
      return term.put("type", "reference").put("term", name);
    }
    return json.getNodeFactory().textNode(name);
  }

  /* Of a row that is there, or any; a part of it for prefixes. */
  private JsonNode literal(Leaf leaf, String transform, Type type, String op) {
    Object drawn = random.nextInt(3) == 0 ? null : known(leaf);
    if (drawn == null) {
      drawn = values.value(leaf.type(), true);
    }
    Object value = RandomValues.apply(transform, leaf.type(), drawn);
    if (op.endsWith("starts-with")) {
      String text = value.toString();
      int most = text.codePointCount(0, text.length());
      value = text.substring(0, text.offsetByCodePoints(0, random.nextInt(1 + most)));
    }
    return Planner.parse(json, SingleValueParser.toJson(type, value));
  }

  /* Null where the row has none, or one that JSON cannot say. */
  private Object known(Leaf leaf) {
    List<List<Row>> files = List.copyOf(new java.util.TreeMap<>(source.rowsOfFile()).values());
    if (files.isEmpty()) {
      return null;
    }
    Object value = values.pick(values.pick(files)).get(leaf.id(), leaf.type());
    boolean isStrange =
        value instanceof Float real && !Float.isFinite(real)
            || value instanceof Double wide && !Double.isFinite(wide);
    return isStrange ? null : value;
  }
}
