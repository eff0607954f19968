package firn.planning;

import com.fasterxml.jackson.databind.JsonNode;
import org.apache.iceberg.Schema;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.expressions.Binder;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.ExpressionParser;
import org.apache.iceberg.expressions.Expressions;

/**
 * Filters as the library's clients read them: without a schema, as literals of JSON's own types.
 *
 * <p>Binary literals it cannot read so, not even its own. Those are read with the schema, which in
 * turn takes nanoseconds for microseconds.
 */
final class Filters {
  private Filters() {}

  static Expression read(JsonNode node, Schema schema, boolean isCaseSensitive) {
    return switch (node.path("type").asText()) {
      case "and" ->
          Expressions.and(
              read(node.get("left"), schema, isCaseSensitive),
              read(node.get("right"), schema, isCaseSensitive));
      case "or" ->
          Expressions.or(
              read(node.get("left"), schema, isCaseSensitive),
              read(node.get("right"), schema, isCaseSensitive));
      case "not" -> Expressions.not(read(node.get("child"), schema, isCaseSensitive));
      default -> predicate(node, schema, isCaseSensitive);
    };
  }

  private static Expression predicate(JsonNode node, Schema schema, boolean isCaseSensitive) {
    Expression plain = ExpressionParser.fromJson(node);
    try {
      Binder.bind(schema.asStruct(), plain, isCaseSensitive);
      return plain;
    } catch (ValidationException unbound) {
      return ExpressionParser.fromJson(node.toString(), schema);
    }
  }
}
