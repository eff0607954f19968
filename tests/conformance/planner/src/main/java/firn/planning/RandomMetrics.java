package firn.planning;

import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.iceberg.Metrics;
import org.apache.iceberg.types.Comparators;
import org.apache.iceberg.types.Conversions;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.util.BinaryUtil;
import org.apache.iceberg.util.UnicodeUtil;

/** True statistics of rows, as one writer or another keeps them: cut, or with gaps. */
final class RandomMetrics {
  private final Random random;
  private final Map<Integer, Long> sizes = new HashMap<>();
  private final Map<Integer, Long> values = new HashMap<>();
  private final Map<Integer, Long> nulls = new HashMap<>();
  private final Map<Integer, Long> nans = new HashMap<>();
  private final Map<Integer, ByteBuffer> lower = new HashMap<>();
  private final Map<Integer, ByteBuffer> upper = new HashMap<>();

  private RandomMetrics(Random random) {
    this.random = random;
  }

  static Metrics of(Random random, List<Leaf> leaves, List<Row> rows) {
    RandomMetrics metrics = new RandomMetrics(random);
    for (Leaf leaf : leaves) {
      if (random.nextInt(10) > 0) {
        metrics.add(leaf, rows);
      }
    }
    return metrics.finish(rows.size());
  }

  /** The bounds that name one data file, or several, for position deletes. */
  static Metrics ofPaths(long rows, String first, String last) {
    int pathId = org.apache.iceberg.MetadataColumns.DELETE_FILE_PATH.fieldId();
    Type type = org.apache.iceberg.MetadataColumns.DELETE_FILE_PATH.type();
    return new Metrics(
        rows,
        null,
        Map.of(pathId, rows),
        Map.of(pathId, 0L),
        null,
        Map.of(pathId, Conversions.toByteBuffer(type, first)),
        Map.of(pathId, Conversions.toByteBuffer(type, last)));
  }

  private void add(Leaf leaf, List<Row> rows) {
    List<Object> cells = rows.stream().map(row -> row.get(leaf.id(), leaf.type())).toList();
    long nullCount = cells.stream().filter(cell -> cell == null).count();
    long nanCount = cells.stream().filter(RandomMetrics::isNaN).count();
    sizes.put(leaf.id(), 10L + cells.size());
    values.put(leaf.id(), (long) cells.size());
    nulls.put(leaf.id(), nullCount);
    if (leaf.isReal()) {
      nans.put(leaf.id(), nanCount);
    }
    addBounds(leaf, cells.stream().filter(cell -> cell != null && !isNaN(cell)).toList());
    /* Some writers of old gave NaN for a bound. */
    if (nanCount > 0 && random.nextInt(4) == 0) {
      Object nan = leaf.type().typeId() == Type.TypeID.FLOAT ? (Object) Float.NaN : Double.NaN;
      upper.put(leaf.id(), Conversions.toByteBuffer(leaf.type(), nan));
      lower.put(leaf.id(), Conversions.toByteBuffer(leaf.type(), nan));
    }
    for (Map<Integer, ?> kind : List.of(sizes, values, nulls, nans, lower, upper)) {
      if (random.nextInt(25) == 0) {
        kind.remove(leaf.id());
      }
    }
  }

  private static boolean isNaN(Object cell) {
    return cell instanceof Float real
        ? Float.isNaN(real)
        : cell instanceof Double wide && Double.isNaN(wide);
  }

  private void addBounds(Leaf leaf, List<Object> cells) {
    if (cells.isEmpty()) {
      return;
    }
    Comparator<Object> order = Comparators.forType(leaf.type().asPrimitiveType());
    Object least = cells.stream().min(order).orElseThrow();
    Object greatest = cells.stream().max(order).orElseThrow();
    if (random.nextBoolean()) {
      int length = random.nextInt(3) == 0 ? 1 : 16;
      least = cut(leaf.type(), least, length, false);
      greatest = cut(leaf.type(), greatest, length, true);
    }
    lower.put(leaf.id(), Conversions.toByteBuffer(leaf.type(), least));
    if (greatest != null) {
      upper.put(leaf.id(), Conversions.toByteBuffer(leaf.type(), greatest));
    }
  }

  /* Null where there is nothing greater. */
  private static Object cut(Type type, Object bound, int length, boolean isUpper) {
    return switch (type.typeId()) {
      case STRING ->
          isUpper
              ? UnicodeUtil.truncateStringMax(bound.toString(), length)
              : UnicodeUtil.truncateStringMin(bound.toString(), length);
      case BINARY ->
          isUpper
              ? BinaryUtil.truncateBinaryMax((ByteBuffer) bound, length)
              : BinaryUtil.truncateBinaryMin((ByteBuffer) bound, length);
      default -> bound;
    };
  }

  private Metrics finish(long rows) {
    return new Metrics(
        rows, maybe(sizes), maybe(values), maybe(nulls), maybe(nans), maybe(lower), maybe(upper));
  }

  private <T> Map<Integer, T> maybe(Map<Integer, T> kind) {
    return random.nextInt(15) == 0 ? null : kind;
  }
}
