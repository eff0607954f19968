package firn.conformance;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.function.Supplier;

/**
 * An error of Iceberg's code, with the step that it came from.
 *
 * <p>The status is the one that the Java reference server would answer for the exception's class.
 */
final class Verdict extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final Map<String, Integer> STATUS_OF_TYPE =
      Map.ofEntries(
          Map.entry("IllegalArgumentException", 400),
          Map.entry("ValidationException", 400),
          Map.entry("NoSuchTableException", 404),
          Map.entry("NoSuchViewException", 404),
          Map.entry("UnsupportedOperationException", 406),
          Map.entry("AlreadyExistsException", 409),
          Map.entry("CommitFailedException", 409));

  private final String step;

  private Verdict(String step, Throwable cause) {
    super(cause);
    this.step = step;
  }

  static Verdict of(String step, RuntimeException cause) {
    return new Verdict(step, cause);
  }

  /** Runs one step of a request; what it throws is remembered under the step's name. */
  static <T> T in(String step, Supplier<T> work) {
    try {
      return work.get();
    } catch (Verdict already) {
      throw already;
    } catch (RuntimeException | StackOverflowError cause) {
      throw new Verdict(step, cause);
    }
  }

  ObjectNode toJson() {
    Throwable cause = getCause();
    String type = cause.getClass().getSimpleName();
    ObjectNode error = JsonNodeFactory.instance.objectNode();
    error.put("type", type);
    error.put("message", cause.getMessage());
    error.put("status", STATUS_OF_TYPE.getOrDefault(type, 500));
    error.put("step", step);
    return error;
  }
}
