/*
 * prune_files — inclusive evaluation over the statistics of files.
 *
 * A predicate's loop answers "may match" unless the counts or bounds rule it out. Bounds need not
 * be values of the file (those of long texts are cut, the upper one rounded up), so that only the
 * range that they span counts. A transformed term can be judged by transformed bounds where the
 * transform keeps the order.
 */
#include "scan/prune.h"

#include "iceberg/transform_apply.h"
#include "scan/prune_orders.h"
#include "scan/prune_stats.h"
#include "scan/prune_walk.h"
#include "scan/uuid_bounds.h"

/* One predicate over one batch. */
struct leaf {
    const struct expression_node *node;
    const struct expression_term *term;
    const struct value *literals;
    const struct stats_column *stats;
    size_t first;
    size_t count;
};

static bool is_plain(const struct leaf *leaf)
{
    return leaf->term->transform.kind == TRANSFORM_IDENTITY;
}

static void null_tests(const struct leaf *leaf, uint8_t *mask)
{
    bool is_null = leaf->node->op == EXPR_IS_NULL;
    bool keeps_values = transform_preserves_order(&leaf->term->transform);
    for (size_t i = 0; i < leaf->count; i++) {
        size_t row = leaf->first + i;
        mask[i] = is_null ? !(keeps_values && stats_no_nulls(leaf->stats, row))
                          : !stats_nulls_only(leaf->stats, row);
    }
}

static void nan_tests(const struct leaf *leaf, uint8_t *mask)
{
    bool is_nan = leaf->node->op == EXPR_IS_NAN;
    for (size_t i = 0; i < leaf->count; i++) {
        size_t row = leaf->first + i;
        bool is_ruled_out = is_nan ? stats_nulls_only(leaf->stats, row) ||
                                         (is_plain(leaf) && stats_no_nans(leaf->stats, row))
                                   : is_plain(leaf) && stats_nans_only(leaf->stats, row);
        mask[i] = !is_ruled_out;
    }
}

/* Comparisons are false for null and NaN. */
static void drop_without_values(const struct leaf *leaf, uint8_t *mask)
{
    for (size_t i = 0; i < leaf->count; i++) {
        size_t row = leaf->first + i;
        mask[i] &= !(stats_nulls_only(leaf->stats, row) || stats_nans_only(leaf->stats, row));
    }
}

static void ranges(const struct leaf *leaf, uint8_t *mask)
{
    int8_t orders[PRUNE_BATCH];
    enum expression_op op = leaf->node->op;
    bool is_less = op == EXPR_LT || op == EXPR_LT_EQ;
    bound_orders(is_less ? &leaf->stats->lower : &leaf->stats->upper,
                 is_less ? BOUND_LOWER : BOUND_UPPER, leaf->term, leaf->literals, leaf->first,
                 leaf->count, orders);
    for (size_t i = 0; i < leaf->count; i++) {
        int order = is_less || orders[i] == ORDER_UNKNOWN ? orders[i] : -orders[i];
        bool is_in = order < 0 || order == ORDER_UNKNOWN;
        mask[i] = is_in || (order == 0 && (op == EXPR_LT_EQ || op == EXPR_GT_EQ));
    }
    drop_without_values(leaf, mask);
}

static void equals(const struct leaf *leaf, uint8_t *mask)
{
    int8_t lower[PRUNE_BATCH], upper[PRUNE_BATCH];
    bound_orders(&leaf->stats->lower, BOUND_LOWER, leaf->term, leaf->literals, leaf->first,
                 leaf->count, lower);
    bound_orders(&leaf->stats->upper, BOUND_UPPER, leaf->term, leaf->literals, leaf->first,
                 leaf->count, upper);
    for (size_t i = 0; i < leaf->count; i++)
        mask[i] = lower[i] != ORDER_GREATER && upper[i] != ORDER_LESS;
    drop_without_values(leaf, mask);
}

/* Every row holds one value: no nulls, no NaNs, and both bounds are that value. */
static bool is_unique(const struct leaf *leaf, size_t row)
{
    bool can_be_nan = value_class_of(leaf->term->source->id) == VALUE_REAL;
    return stats_no_nulls(leaf->stats, row) && (!can_be_nan || stats_no_nans(leaf->stats, row));
}

static void not_equals(const struct leaf *leaf, uint8_t *mask)
{
    int8_t lower[PRUNE_BATCH], upper[PRUNE_BATCH];
    bound_orders(&leaf->stats->lower, BOUND_LOWER, leaf->term, leaf->literals, leaf->first,
                 leaf->count, lower);
    bound_orders(&leaf->stats->upper, BOUND_UPPER, leaf->term, leaf->literals, leaf->first,
                 leaf->count, upper);
    for (size_t i = 0; i < leaf->count; i++)
        mask[i] =
            lower[i] != ORDER_EQUAL || upper[i] != ORDER_EQUAL || !is_unique(leaf, leaf->first + i);
}

/* False where there is no such bound or it is not known. */
static bool row_bound(const struct leaf *leaf, const struct bytes_column *bounds, size_t row,
                      struct value *ret_value)
{
    struct slice bytes = SLICE_EMPTY;
    return bytes_column_get(bounds, row, &bytes) &&
           bound_value(leaf->term, bounds == &leaf->stats->lower ? BOUND_LOWER : BOUND_UPPER, bytes,
                       ret_value);
}

/* Is one of the literals between the bounds? */
static bool may_be_in(const struct leaf *leaf, size_t row)
{
    struct value lower, upper;
    size_t count = leaf->node->literal_count;
    if (!row_bound(leaf, &leaf->stats->lower, row, &lower))
        return true;
    size_t at = literal_at_least(leaf->literals, count, &lower);
    if (at == count)
        return false;
    return !row_bound(leaf, &leaf->stats->upper, row, &upper) ||
           value_compare(&leaf->literals[at], &upper) <= 0;
}

static void in_lists(const struct leaf *leaf, uint8_t *mask)
{
    memset(mask, 1, leaf->count);
    drop_without_values(leaf, mask);
    if (leaf->node->literal_count > PRUNE_MAX_LITERALS)
        return;
    for (size_t i = 0; i < leaf->count; i++)
        mask[i] = mask[i] && may_be_in(leaf, leaf->first + i);
}

static void not_in_lists(const struct leaf *leaf, uint8_t *mask)
{
    size_t count = leaf->node->literal_count;
    for (size_t i = 0; i < leaf->count; i++) {
        struct value lower, upper;
        size_t row = leaf->first + i;
        mask[i] = 1;
        if (!is_unique(leaf, row) || !row_bound(leaf, &leaf->stats->lower, row, &lower) ||
            !row_bound(leaf, &leaf->stats->upper, row, &upper) ||
            settled_order(&lower, &upper) != ORDER_EQUAL)
            continue;
        size_t at = literal_at_least(leaf->literals, count, &lower);
        mask[i] = at == count || settled_order(&leaf->literals[at], &lower) != ORDER_EQUAL;
    }
}

static void prefixes(const struct leaf *leaf, uint8_t *mask)
{
    int8_t lower[PRUNE_BATCH], upper[PRUNE_BATCH];
    bound_prefix_orders(&leaf->stats->lower, leaf->term, leaf->literals, leaf->first, leaf->count,
                        lower);
    bound_prefix_orders(&leaf->stats->upper, leaf->term, leaf->literals, leaf->first, leaf->count,
                        upper);
    for (size_t i = 0; i < leaf->count; i++) {
        size_t row = leaf->first + i;
        bool is_in =
            lower[i] == ORDER_UNKNOWN || (lower[i] != ORDER_GREATER && upper[i] != ORDER_LESS);
        if (leaf->node->op == EXPR_STARTS_WITH)
            mask[i] = !is_plain(leaf) || (is_in && !stats_nulls_only(leaf->stats, row));
        else
            mask[i] = lower[i] != ORDER_EQUAL || upper[i] != ORDER_EQUAL ||
                      !stats_no_nulls(leaf->stats, row);
    }
}

/* Comparisons and lists of uuids, of which no bound says anything alone. */
static void uuids(const struct leaf *leaf, uint8_t *mask)
{
    for (size_t i = 0; i < leaf->count; i++) {
        struct uuid_bounds bounds = {{NULL, 0}, {NULL, 0}};
        size_t row = leaf->first + i;
        bytes_column_get(&leaf->stats->lower, row, &bounds.lower);
        bytes_column_get(&leaf->stats->upper, row, &bounds.upper);
        mask[i] = leaf->node->literal_count > PRUNE_MAX_LITERALS ||
                  uuid_bounds_may_match(&bounds, leaf->node->op, leaf->literals,
                                        leaf->node->literal_count);
    }
    drop_without_values(leaf, mask);
}

static bool is_of_uuids(const struct leaf *leaf)
{
    enum expression_op op = leaf->node->op;
    return leaf->term->source->id == TYPE_UUID && is_plain(leaf) &&
           (op == EXPR_IN || (op >= EXPR_LT && op <= EXPR_EQ));
}

static void evaluate(const struct leaf *leaf, uint8_t *mask)
{
    if (is_of_uuids(leaf)) {
        uuids(leaf, mask);
        return;
    }
    switch (leaf->node->op) {
    case EXPR_IS_NULL:
    case EXPR_NOT_NULL:
        null_tests(leaf, mask);
        break;
    case EXPR_IS_NAN:
    case EXPR_NOT_NAN:
        nan_tests(leaf, mask);
        break;
    case EXPR_EQ:
        equals(leaf, mask);
        break;
    case EXPR_NOT_EQ:
        not_equals(leaf, mask);
        break;
    case EXPR_IN:
        in_lists(leaf, mask);
        break;
    case EXPR_NOT_IN:
        not_in_lists(leaf, mask);
        break;
    case EXPR_STARTS_WITH:
    case EXPR_NOT_STARTS_WITH:
        prefixes(leaf, mask);
        break;
    default:
        ranges(leaf, mask);
    }
}

static void inclusive_leaf(const void *context, const struct expression *filter,
                           const struct expression_node *node, size_t first, size_t count,
                           uint8_t *ret_mask)
{
    const struct metrics_rows *rows = context;
    const struct expression_term *term = &filter->terms[node->term];
    struct leaf leaf = {
        .node = node,
        .term = term,
        .literals = filter->literals + node->literal,
        .stats = rows->columns[term->column],
        .first = first,
        .count = count,
    };
    if (leaf.stats)
        evaluate(&leaf, ret_mask);
    else
        memset(ret_mask, 1, count);
}

/* A file without rows holds no match; a negative count is one that its writer did not know. */
void prune_files_inclusive(const struct expression *filter, const struct metrics_rows *rows,
                           size_t first, size_t count, uint8_t *ret_may_match)
{
    prune_walk(filter, inclusive_leaf, rows, first, count, ret_may_match);
    for (size_t i = 0; i < count; i++) {
        int64_t records = -1;
        long_column_get(rows->record_counts, first + i, &records);
        ret_may_match[i] = records != 0 && (ret_may_match[i] || records < 0);
    }
}
