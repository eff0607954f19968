/*
 * prune_tuple — predicates over the values of partition tuples.
 *
 * Null is less than any value to the reference, and compares with none to the specification; NaN
 * is greater than any value to the reference, and compares with none to the specification. The
 * same goes for the order of uuids and of the two zeros. Where the two differ the verdict is
 * UNSETTLED.
 */
#include "scan/prune.h"

#include <math.h>

#include "scan/prune_orders.h"
#include "scan/prune_walk.h"

struct leaf {
    const struct expression_node *node;
    const struct value *literals;
    const struct type *type;
    const struct partition_column *column; /* NULL: null in every row */
    size_t first;
    size_t count;
};

/* A row's value: its order is that to `literals[0]` where it can be compared. ORDER_EQUAL without
 * a comparison stands for "a value". */
static enum order read_value(const struct leaf *leaf, size_t row, struct value *ret_value)
{
    const struct partition_column *column = leaf->column;
    enum value_class class = value_class_of(leaf->type->id);
    struct value value = {.type = leaf->type->id, .scale = leaf->type->scale};
    struct slice bytes = SLICE_EMPTY;
    int64_t number = 0;
    if (!column || column->kind == PARTITION_NULL)
        return ORDER_NULL;
    if (column->kind == PARTITION_BYTES) {
        if (!bytes_column_get(&column->bytes, row, &bytes))
            return ORDER_NULL;
        bool is_readable = class == VALUE_BYTES || class == VALUE_WIDE;
        return is_readable && value_from_bytes(leaf->type, bytes, ret_value) ? ORDER_EQUAL
                                                                             : ORDER_UNKNOWN;
    }
    if (!long_column_get(&column->longs, row, &number))
        return ORDER_NULL;
    if (class != (column->kind == PARTITION_LONG ? VALUE_NUMBER : VALUE_REAL))
        return ORDER_UNKNOWN;
    if (class == VALUE_NUMBER)
        value.number = number;
    else
        memcpy(&value.real, &number, sizeof(value.real));
    *ret_value = value;
    return value_is_nan(&value) ? ORDER_NAN : ORDER_EQUAL;
}

static enum order row_order(const struct leaf *leaf, size_t row)
{
    struct value value;
    enum order order = read_value(leaf, row, &value);
    return order == ORDER_EQUAL ? settled_order(&value, leaf->literals) : order;
}

/* The verdict of each comparison for LESS, EQUAL, GREATER, UNKNOWN, NULL, NAN, UNEQUAL, AT_MOST and
 * AT_LEAST. */
#define T TUPLE_TRUE
#define F TUPLE_FALSE
#define U TUPLE_UNSETTLED
static const uint8_t comparison_verdicts[][ORDER_COUNT] = {
    [EXPR_LT] = {T, F, F, U, U, F, U, U, F}, [EXPR_LT_EQ] = {T, T, F, U, U, F, U, T, U},
    [EXPR_GT] = {F, F, T, U, F, U, U, F, U}, [EXPR_GT_EQ] = {F, T, T, U, F, U, U, U, T},
    [EXPR_EQ] = {F, T, F, U, F, F, F, U, U}, [EXPR_NOT_EQ] = {T, F, T, U, T, T, T, U, U},
};
#undef T
#undef F
#undef U

/* Whole numbers, which most partitions are, without a detour through struct value. */
static void number_comparisons(const struct leaf *leaf, const uint8_t *table, uint8_t *verdicts)
{
    int64_t literal = leaf->literals->number;
    for (size_t i = 0; i < leaf->count; i++) {
        int64_t number = 0;
        int order = ORDER_NULL;
        if (long_column_get(&leaf->column->longs, leaf->first + i, &number))
            order = (number > literal) - (number < literal);
        verdicts[i] = table[order - ORDER_LESS];
    }
}

static void comparisons(const struct leaf *leaf, uint8_t *verdicts)
{
    const uint8_t *table = comparison_verdicts[leaf->node->op];
    if (leaf->column && leaf->column->kind == PARTITION_LONG &&
        value_class_of(leaf->type->id) == VALUE_NUMBER) {
        number_comparisons(leaf, table, verdicts);
        return;
    }
    for (size_t i = 0; i < leaf->count; i++)
        verdicts[i] = table[row_order(leaf, leaf->first + i) - ORDER_LESS];
}

static enum tuple_verdict test_null(bool is_null_test, enum order order)
{
    return (order == ORDER_NULL) == is_null_test ? TUPLE_TRUE : TUPLE_FALSE;
}

static enum tuple_verdict test_nan(bool is_nan_test, enum order order)
{
    if (order == ORDER_UNKNOWN)
        return TUPLE_UNSETTLED;
    return (order == ORDER_NAN) == is_nan_test ? TUPLE_TRUE : TUPLE_FALSE;
}

static bool is_listed(const struct leaf *leaf, const struct value *value)
{
    size_t count = leaf->node->literal_count;
    size_t at = literal_at_least(leaf->literals, count, value);
    return at < count && value_compare(&leaf->literals[at], value) == 0;
}

/* A list keeps one of the two zeros for both. */
static bool is_listed_zero(const struct leaf *leaf, const struct value *value)
{
    return value_class_of(value->type) == VALUE_REAL && fpclassify(value->real) == FP_ZERO &&
           is_listed(leaf, value);
}

/* Lists and prefixes: null and NaN are in none. */
static enum tuple_verdict test_membership(const struct leaf *leaf, enum order order,
                                          const struct value *value)
{
    enum expression_op op = leaf->node->op;
    bool is_member = false;
    if (order == ORDER_UNKNOWN)
        return TUPLE_UNSETTLED;
    if (order == ORDER_EQUAL && is_listed_zero(leaf, value))
        return TUPLE_UNSETTLED;
    if (order == ORDER_EQUAL)
        is_member = op == EXPR_IN || op == EXPR_NOT_IN
                        ? is_listed(leaf, value)
                        : slice_starts_with(value->bytes, leaf->literals->bytes);
    bool is_wanted = op == EXPR_IN || op == EXPR_STARTS_WITH;
    return is_member == is_wanted ? TUPLE_TRUE : TUPLE_FALSE;
}

static enum tuple_verdict test_row(const struct leaf *leaf, size_t row)
{
    struct value value = VALUE_NONE;
    enum order order = read_value(leaf, row, &value);
    switch (leaf->node->op) {
    case EXPR_IS_NULL:
    case EXPR_NOT_NULL:
        return test_null(leaf->node->op == EXPR_IS_NULL, order);
    case EXPR_IS_NAN:
    case EXPR_NOT_NAN:
        return test_nan(leaf->node->op == EXPR_IS_NAN, order);
    default:
        return test_membership(leaf, order, &value);
    }
}

void tuple_verdicts(const struct expression *projected, const struct expression_node *predicate,
                    const struct tuple_rows *rows, size_t first, size_t count,
                    uint8_t *ret_verdicts)
{
    const struct expression_term *term = &projected->terms[predicate->term];
    struct leaf leaf = {
        .node = predicate,
        .literals = projected->literals + predicate->literal,
        .type = term->type,
        .column = rows->columns[term->column],
        .first = first,
        .count = count,
    };
    if (predicate->op >= EXPR_LT && predicate->op <= EXPR_NOT_EQ) {
        comparisons(&leaf, ret_verdicts);
        return;
    }
    for (size_t i = 0; i < count; i++)
        ret_verdicts[i] = (uint8_t)test_row(&leaf, first + i);
}

static void tuple_leaf(const void *context, const struct expression *filter,
                       const struct expression_node *node, size_t first, size_t count,
                       uint8_t *ret_mask)
{
    tuple_verdicts(filter, node, context, first, count, ret_mask);
    for (size_t i = 0; i < count; i++)
        ret_mask[i] = ret_mask[i] != TUPLE_FALSE;
}

void prune_tuples(const struct expression *projected, const struct tuple_rows *rows, size_t first,
                  size_t count, uint8_t *ret_may_match)
{
    prune_walk(projected, tuple_leaf, rows, first, count, ret_may_match);
}

static void strict_tuple_leaf(const void *context, const struct expression *filter,
                              const struct expression_node *node, size_t first, size_t count,
                              uint8_t *ret_mask)
{
    tuple_verdicts(filter, node, context, first, count, ret_mask);
    for (size_t i = 0; i < count; i++)
        ret_mask[i] = ret_mask[i] == TUPLE_TRUE;
}

void prune_tuples_strict(const struct expression *projected, const struct tuple_rows *rows,
                         size_t first, size_t count, uint8_t *ret_must_match)
{
    prune_walk(projected, strict_tuple_leaf, rows, first, count, ret_must_match);
}
