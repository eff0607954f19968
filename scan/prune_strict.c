/*
 * prune_strict — strict evaluation over the statistics of files: do all rows match for sure?
 *
 * Only predicates on columns at the top are judged: below a struct a value may be missing without
 * being counted as null. Transformed terms are not judged.
 */
#include "scan/prune.h"

#include "scan/prune_orders.h"
#include "scan/prune_stats.h"
#include "scan/prune_walk.h"

/* One predicate about one file. */
struct leaf {
    const struct expression_node *node;
    const struct expression_term *term;
    const struct value *literals;
    const struct stats_column *stats;
    size_t row;
};

static bool has_nulls_or_nans(const struct leaf *leaf)
{
    bool can_be_nan = value_class_of(leaf->term->source->id) == VALUE_REAL;
    return !stats_no_nulls(leaf->stats, leaf->row) ||
           (can_be_nan && !stats_no_nans(leaf->stats, leaf->row));
}

static bool row_bound(const struct leaf *leaf, const struct bytes_column *bounds,
                      struct value *ret_value)
{
    struct slice bytes = SLICE_EMPTY;
    return bytes_column_get(bounds, leaf->row, &bytes) &&
           bound_value(leaf->term, bounds == &leaf->stats->lower ? BOUND_LOWER : BOUND_UPPER, bytes,
                       ret_value);
}

static enum order row_order(const struct leaf *leaf, const struct bytes_column *bounds)
{
    struct value value;
    if (!row_bound(leaf, bounds, &value))
        return ORDER_UNKNOWN;
    return settled_order(&value, leaf->literals);
}

static bool is_uuid(const struct leaf *leaf)
{
    return leaf->term->source->id == TYPE_UUID;
}

/* Which uuids bounds leave depends on their writer: of those, only equal bounds are sure. */
static bool must_compare(const struct leaf *leaf)
{
    if (has_nulls_or_nans(leaf) || (is_uuid(leaf) && leaf->node->op != EXPR_EQ))
        return false;
    enum order lower = row_order(leaf, &leaf->stats->lower);
    enum order upper = row_order(leaf, &leaf->stats->upper);
    switch (leaf->node->op) {
    case EXPR_LT:
        return upper == ORDER_LESS;
    case EXPR_LT_EQ:
        return upper == ORDER_LESS || upper == ORDER_EQUAL;
    case EXPR_GT:
        return lower == ORDER_GREATER;
    case EXPR_GT_EQ:
        return lower == ORDER_GREATER || lower == ORDER_EQUAL;
    default:
        return lower == ORDER_EQUAL && upper == ORDER_EQUAL;
    }
}

/* NOT_EQ, NOT_IN and NOT_STARTS_WITH are true for null and NaN. */
static bool has_no_values(const struct leaf *leaf)
{
    return stats_nulls_only(leaf->stats, leaf->row) || stats_nans_only(leaf->stats, leaf->row);
}

static bool must_differ(const struct leaf *leaf)
{
    if (is_uuid(leaf))
        return has_no_values(leaf);
    return has_no_values(leaf) || row_order(leaf, &leaf->stats->lower) == ORDER_GREATER ||
           row_order(leaf, &leaf->stats->upper) == ORDER_LESS;
}

static bool must_be_in(const struct leaf *leaf)
{
    struct value lower, upper;
    size_t count = leaf->node->literal_count;
    if (has_nulls_or_nans(leaf) || !row_bound(leaf, &leaf->stats->lower, &lower) ||
        !row_bound(leaf, &leaf->stats->upper, &upper) ||
        settled_order(&lower, &upper) != ORDER_EQUAL)
        return false;
    size_t at = literal_at_least(leaf->literals, count, &lower);
    return at < count && settled_order(&leaf->literals[at], &lower) == ORDER_EQUAL;
}

/* No literal lies between the bounds; a missing bound leaves that side open. */
static bool must_not_be_in(const struct leaf *leaf)
{
    struct value lower, upper;
    size_t count = leaf->node->literal_count, at = 0;
    bool has_lower = row_bound(leaf, &leaf->stats->lower, &lower);
    bool has_upper = row_bound(leaf, &leaf->stats->upper, &upper);
    if (has_no_values(leaf))
        return true;
    if ((!has_lower && !has_upper) || is_uuid(leaf))
        return false;
    if (has_lower)
        at = literal_at_least(leaf->literals, count, &lower);
    return at == count || (has_upper && value_compare(&leaf->literals[at], &upper) > 0);
}

static enum order row_prefix_order(const struct leaf *leaf, const struct bytes_column *bounds)
{
    struct slice bytes = SLICE_EMPTY;
    if (!bytes_column_get(bounds, leaf->row, &bytes))
        return ORDER_UNKNOWN;
    return bound_prefix_order(leaf->term, bytes, leaf->literals);
}

static bool must_have_prefix(const struct leaf *leaf)
{
    enum order lower = row_prefix_order(leaf, &leaf->stats->lower);
    enum order upper = row_prefix_order(leaf, &leaf->stats->upper);
    if (leaf->node->op == EXPR_NOT_STARTS_WITH)
        return has_no_values(leaf) || lower == ORDER_GREATER || upper == ORDER_LESS;
    return !has_nulls_or_nans(leaf) && lower == ORDER_EQUAL && upper == ORDER_EQUAL;
}

static bool must_match(const struct leaf *leaf)
{
    switch (leaf->node->op) {
    case EXPR_IS_NULL:
        return stats_nulls_only(leaf->stats, leaf->row);
    case EXPR_NOT_NULL:
        return stats_no_nulls(leaf->stats, leaf->row);
    case EXPR_IS_NAN:
        return stats_nans_only(leaf->stats, leaf->row);
    case EXPR_NOT_NAN:
        return stats_no_nans(leaf->stats, leaf->row) || stats_nulls_only(leaf->stats, leaf->row);
    case EXPR_NOT_EQ:
        return must_differ(leaf);
    case EXPR_IN:
        return must_be_in(leaf);
    case EXPR_NOT_IN:
        return must_not_be_in(leaf);
    case EXPR_STARTS_WITH:
    case EXPR_NOT_STARTS_WITH:
        return must_have_prefix(leaf);
    default:
        return must_compare(leaf);
    }
}

static void strict_leaf(const void *context, const struct expression *filter,
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
    };
    bool is_judged = leaf.stats && !term->is_nested && term->transform.kind == TRANSFORM_IDENTITY;
    for (size_t i = 0; i < count; i++) {
        leaf.row = first + i;
        ret_mask[i] = is_judged && must_match(&leaf);
    }
}

/* All of no rows match. */
void prune_files_strict(const struct expression *filter, const struct metrics_rows *rows,
                        size_t first, size_t count, uint8_t *ret_must_match)
{
    prune_walk(filter, strict_leaf, rows, first, count, ret_must_match);
    for (size_t i = 0; i < count; i++) {
        int64_t records = -1;
        long_column_get(rows->record_counts, first + i, &records);
        ret_must_match[i] = records == 0 || (ret_must_match[i] && records > 0);
    }
}
