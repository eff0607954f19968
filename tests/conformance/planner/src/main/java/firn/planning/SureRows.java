package firn.planning;

import java.util.Comparator;
import java.util.Set;
import java.util.UUID;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.expressions.Binder;
import org.apache.iceberg.expressions.Bound;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.ExpressionVisitors;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.expressions.Literal;

/**
 * The rows that a filter keeps for every reader. Some take null for less than all values and NaN
 * for greater, others keep neither in any comparison, and so does this. The library orders uuids as
 * signed numbers and -0.0 before 0.0; the specification orders uuids by their bytes and has one
 * zero: what depends on it is not sure.
 */
final class SureRows extends ExpressionVisitors.BoundVisitor<Boolean> {
  private final Expression filter;
  private StructLike row;

  SureRows(Schema schema, Expression filter, boolean isCaseSensitive) {
    this.filter =
        Binder.bind(schema.asStruct(), Expressions.rewriteNot(filter), isCaseSensitive);
  }

  boolean keeps(StructLike candidate) {
    this.row = candidate;
    return ExpressionVisitors.visitEvaluator(filter, this);
  }

  private static boolean isNaN(Object value) {
    return value instanceof Float real
        ? Float.isNaN(real)
        : value instanceof Double wide && Double.isNaN(wide);
  }

  private interface Order {
    boolean holds(int order);
  }

  private <T> boolean compare(Bound<T> term, Literal<T> literal, Order order) {
    T value = term.eval(row);
    Comparator<T> comparator = literal.comparator();
    return value != null
        && !isNaN(value)
        && order.holds(comparator.compare(value, literal.value()))
        && order.holds(specified(comparator, value, literal.value()));
  }

  private static <T> int specified(Comparator<T> comparator, T value, T literal) {
    if (value instanceof UUID left && literal instanceof UUID right) {
      int order =
          Long.compareUnsigned(left.getMostSignificantBits(), right.getMostSignificantBits());
      return order != 0
          ? order
          : Long.compareUnsigned(left.getLeastSignificantBits(), right.getLeastSignificantBits());
    }
    return isZero(value) && isZero(literal) ? 0 : comparator.compare(value, literal);
  }

  private static boolean isZero(Object value) {
    return value instanceof Float real ? real == 0 : value instanceof Double wide && wide == 0;
  }

  @Override
  public Boolean alwaysTrue() {
    return true;
  }

  @Override
  public Boolean alwaysFalse() {
    return false;
  }

  @Override
  public Boolean not(Boolean result) {
    return !result;
  }

  @Override
  public Boolean and(Boolean left, Boolean right) {
    return left && right;
  }

  @Override
  public Boolean or(Boolean left, Boolean right) {
    return left || right;
  }

  @Override
  public <T> Boolean isNull(Bound<T> term) {
    return term.eval(row) == null;
  }

  @Override
  public <T> Boolean notNull(Bound<T> term) {
    return term.eval(row) != null;
  }

  @Override
  public <T> Boolean isNaN(Bound<T> term) {
    return isNaN(term.eval(row));
  }

  @Override
  public <T> Boolean notNaN(Bound<T> term) {
    return !isNaN(term.eval(row));
  }

  @Override
  public <T> Boolean lt(Bound<T> term, Literal<T> literal) {
    return compare(term, literal, order -> order < 0);
  }

  @Override
  public <T> Boolean ltEq(Bound<T> term, Literal<T> literal) {
    return compare(term, literal, order -> order <= 0);
  }

  @Override
  public <T> Boolean gt(Bound<T> term, Literal<T> literal) {
    return compare(term, literal, order -> order > 0);
  }

  @Override
  public <T> Boolean gtEq(Bound<T> term, Literal<T> literal) {
    return compare(term, literal, order -> order >= 0);
  }

  @Override
  public <T> Boolean eq(Bound<T> term, Literal<T> literal) {
    return compare(term, literal, order -> order == 0);
  }

  @Override
  public <T> Boolean notEq(Bound<T> term, Literal<T> literal) {
    T value = term.eval(row);
    return value == null || isNaN(value) || compare(term, literal, order -> order != 0);
  }

  @Override
  public <T> Boolean in(Bound<T> term, Set<T> literals) {
    T value = term.eval(row);
    return value != null && literals.contains(value);
  }

  private static <T> boolean containsZero(Set<T> literals) {
    return literals.stream().anyMatch(SureRows::isZero);
  }

  @Override
  public <T> Boolean notIn(Bound<T> term, Set<T> literals) {
    T value = term.eval(row);
    return !in(term, literals) && !(isZero(value) && containsZero(literals));
  }

  @Override
  public <T> Boolean startsWith(Bound<T> term, Literal<T> literal) {
    T value = term.eval(row);
    return value != null && value.toString().startsWith(literal.value().toString());
  }

  @Override
  public <T> Boolean notStartsWith(Bound<T> term, Literal<T> literal) {
    return !startsWith(term, literal);
  }
}
