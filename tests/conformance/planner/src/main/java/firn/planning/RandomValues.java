package firn.planning;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.iceberg.transforms.Transform;
import org.apache.iceberg.transforms.Transforms;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/** Values of few kinds, so that rows, bounds and literals meet; times lie around 1970. */
final class RandomValues {
  private static final long DAY_MICROS = 86_400_000_000L;
  private static final String[] LETTERS = {"a", "b", "ä", "\uD83D\uDE00", "~", "\uFFFD", "\u0000"};
  private static final float[] REALS = {
    -2.5f, -0.0f, 0.0f, 1.5f, 1e30f, Float.MIN_VALUE, Float.POSITIVE_INFINITY
  };
  /* Of reals that JSON can say. */
  private static final int FINITE = 6;
  private static final String[] TRANSFORMS = {
    "identity", "bucket[3]", "bucket[16]", "truncate[1]", "truncate[3]", "truncate[10]", "year",
    "month", "day", "hour", "void"
  };

  /* Below it truncation wraps around, and what it gives is greater than what it was given. */
  private static final int ROOM = 16;

  private final Random random;

  RandomValues(Random random) {
    this.random = random;
  }

  /** A type of the table format's version, plain. */
  Type type(int formatVersion) {
    Type.PrimitiveType[] types = {
      Types.BooleanType.get(),
      Types.IntegerType.get(),
      Types.LongType.get(),
      Types.FloatType.get(),
      Types.DoubleType.get(),
      Types.DecimalType.of(4, 1),
      Types.DecimalType.of(9, 2),
      Types.DecimalType.of(18, 0),
      Types.DecimalType.of(38, 10),
      Types.DateType.get(),
      Types.TimeType.get(),
      Types.TimestampType.withoutZone(),
      Types.TimestampType.withZone(),
      Types.StringType.get(),
      Types.StringType.get(),
      Types.UUIDType.get(),
      Types.FixedType.ofLength(3),
      Types.BinaryType.get(),
      Types.TimestampNanoType.withoutZone(),
      Types.TimestampNanoType.withZone(),
    };
    return types[random.nextInt(formatVersion >= 3 ? types.length : types.length - 2)];
  }

  /** A transform that takes values of the type. */
  String transform(Type type) {
    while (true) {
      String text = TRANSFORMS[random.nextInt(TRANSFORMS.length)];
      if (Transforms.fromString(text).canTransform(type)) {
        return text;
      }
    }
  }

  /** A value that is neither null nor NaN; `isLiteral` where JSON has to be able to say it. */
  Object value(Type type, boolean isLiteral) {
    int small = random.nextInt(25) - 12;
    return switch (type.typeId()) {
      case BOOLEAN -> random.nextBoolean();
      case INTEGER -> rarely() ? (small < 0 ? Integer.MIN_VALUE + ROOM : Integer.MAX_VALUE) : small;
      case LONG -> rarely() ? (small < 0 ? Long.MIN_VALUE + ROOM : Long.MAX_VALUE) : (long) small;
      case FLOAT -> real(isLiteral);
      case DOUBLE -> (double) real(isLiteral);
      case DECIMAL -> decimal((Types.DecimalType) type, small);
      case DATE -> small * 20 + random.nextInt(2);
      case TIME -> DAY_MICROS / 30 * (small + 12) + random.nextInt(2);
      case TIMESTAMP -> small * (DAY_MICROS / 16) + random.nextInt(3) - 1;
      case TIMESTAMP_NANO -> small * (DAY_MICROS * 1000 / 16) + random.nextInt(3) - 1;
      case STRING -> text();
      case UUID -> new UUID(random.nextBoolean() ? -1L << 60 : 7L << 40, random.nextInt(4));
      case FIXED -> ByteBuffer.wrap(bytes(((Types.FixedType) type).length()));
      case BINARY -> ByteBuffer.wrap(bytes(rarely() ? 20 : random.nextInt(5)));
      default -> throw new IllegalArgumentException("no values of " + type);
    };
  }

  /** A value of a row: now and then null, where it may be, or NaN. */
  Object cell(Type type, boolean isRequired) {
    if (type.typeId() == Type.TypeID.UNKNOWN || (!isRequired && random.nextInt(6) == 0)) {
      return null;
    }
    if (random.nextInt(6) == 0 && type.typeId() == Type.TypeID.FLOAT) {
      return Float.NaN;
    }
    if (random.nextInt(6) == 0 && type.typeId() == Type.TypeID.DOUBLE) {
      return Double.NaN;
    }
    return value(type, false);
  }

  @SuppressWarnings("unchecked")
  static Object apply(String transform, Type type, Object value) {
    Transform<Object, Object> bound = (Transform<Object, Object>) Transforms.fromString(transform);
    return bound.bind(type).apply(value);
  }

  <T> T pick(List<T> items) {
    return items.get(random.nextInt(items.size()));
  }

  /** Some of the items, in their order. */
  <T> List<T> some(List<T> items, int most) {
    List<T> left = new ArrayList<>(items);
    while (left.size() > most) {
      left.remove(random.nextInt(left.size()));
    }
    return left;
  }

  private boolean rarely() {
    return random.nextInt(25) == 0;
  }

  private float real(boolean isLiteral) {
    return REALS[random.nextInt(isLiteral ? FINITE : REALS.length)];
  }

  private BigDecimal decimal(Types.DecimalType type, int small) {
    BigInteger unscaled = BigInteger.valueOf(small * 7L);
    if (rarely()) {
      /* A digit less below zero, so that truncation has room. */
      int digits = type.precision() - (small < 0 ? 1 : 0);
      unscaled = BigInteger.TEN.pow(digits).subtract(BigInteger.ONE);
    }
    return new BigDecimal(small < 0 ? unscaled.abs().negate() : unscaled, type.scale());
  }

  /* Some are longer than the sixteen letters that bounds are usually cut to. */
  private String text() {
    String start = random.nextInt(6) == 0 ? "a prefix of many letters " : "";
    StringBuilder text = new StringBuilder(start);
    int length = random.nextInt(4);
    for (int i = 0; i < length; i++) {
      text.append(LETTERS[random.nextInt(LETTERS.length)]);
    }
    return text.toString();
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (random.nextInt(4) == 0 ? 0xff : random.nextInt(3));
    }
    return bytes;
  }
}
