/*
 * prune_manifest — a projected filter over the partition summaries of one manifest.
 *
 * A summary without bounds says that all values are null or NaN. Where it says at the same time
 * that there are neither, its writer left the bounds out, and it says nothing.
 */
#include "scan/prune.h"

#include "scan/prune_orders.h"
#include "scan/prune_walk.h"
#include "scan/uuid_bounds.h"

struct manifest {
    const struct partition_summary *summaries;
    size_t count;
};

struct leaf {
    const struct expression_node *node;
    const struct expression_term *term;
    const struct value *literals;
    const struct partition_summary *summary;
};

static bool is_real(const struct leaf *leaf)
{
    return value_class_of(leaf->term->source->id) == VALUE_REAL;
}

static bool has_no_values(const struct leaf *leaf)
{
    const struct partition_summary *summary = leaf->summary;
    bool is_explained = summary->contains_null || is_real(leaf);
    return !summary->lower.ptr && !summary->upper.ptr && is_explained;
}

static bool is_all_null(const struct leaf *leaf)
{
    return has_no_values(leaf) && leaf->summary->contains_null &&
           (!is_real(leaf) || leaf->summary->contains_nan == SUMMARY_NAN_NO);
}

static bool is_all_nan(const struct leaf *leaf)
{
    return leaf->summary->contains_nan == SUMMARY_NAN_YES && !leaf->summary->contains_null &&
           !leaf->summary->lower.ptr;
}

static enum order lower_order(const struct leaf *leaf, const struct value *literal)
{
    struct slice bound = leaf->summary->lower;
    return bound.ptr ? bound_order(leaf->term, BOUND_LOWER, bound, literal) : ORDER_UNKNOWN;
}

static enum order upper_order(const struct leaf *leaf, const struct value *literal)
{
    struct slice bound = leaf->summary->upper;
    return bound.ptr ? bound_order(leaf->term, BOUND_UPPER, bound, literal) : ORDER_UNKNOWN;
}

/* All partitions have one value, neither null nor NaN: the one that both bounds are. */
static bool is_unique(const struct leaf *leaf)
{
    return !leaf->summary->contains_null &&
           (!is_real(leaf) || leaf->summary->contains_nan == SUMMARY_NAN_NO);
}

/* A comparison or a list of uuids, of which no bound says anything alone. */
static bool may_be_of_uuids(const struct leaf *leaf)
{
    struct uuid_bounds bounds = {leaf->summary->lower, leaf->summary->upper};
    size_t count = leaf->node->literal_count;
    return count > PRUNE_MAX_LITERALS ||
           uuid_bounds_may_match(&bounds, leaf->node->op, leaf->literals, count);
}

static bool may_be_in(const struct leaf *leaf)
{
    struct value lower;
    size_t count = leaf->node->literal_count;
    if (has_no_values(leaf))
        return false;
    if (leaf->term->source->id == TYPE_UUID)
        return may_be_of_uuids(leaf);
    if (count > PRUNE_MAX_LITERALS || !leaf->summary->lower.ptr ||
        !bound_value(leaf->term, BOUND_LOWER, leaf->summary->lower, &lower))
        return true;
    size_t at = literal_at_least(leaf->literals, count, &lower);
    return at < count && upper_order(leaf, &leaf->literals[at]) != ORDER_LESS;
}

static bool may_not_be_in(const struct leaf *leaf)
{
    struct value lower;
    size_t count = leaf->node->literal_count;
    if (!is_unique(leaf) || !leaf->summary->lower.ptr ||
        !bound_value(leaf->term, BOUND_LOWER, leaf->summary->lower, &lower))
        return true;
    size_t at = literal_at_least(leaf->literals, count, &lower);
    return at == count || settled_order(&leaf->literals[at], &lower) != ORDER_EQUAL ||
           upper_order(leaf, &lower) != ORDER_EQUAL;
}

static bool may_have_prefix(const struct leaf *leaf)
{
    const struct partition_summary *summary = leaf->summary;
    enum order lower = ORDER_UNKNOWN, upper = ORDER_UNKNOWN;
    if (summary->lower.ptr)
        lower = bound_prefix_order(leaf->term, summary->lower, leaf->literals);
    if (summary->upper.ptr)
        upper = bound_prefix_order(leaf->term, summary->upper, leaf->literals);
    if (leaf->node->op == EXPR_STARTS_WITH)
        return !has_no_values(leaf) && lower != ORDER_GREATER && upper != ORDER_LESS;
    return summary->contains_null || lower != ORDER_EQUAL || upper != ORDER_EQUAL;
}

static bool may_compare(const struct leaf *leaf)
{
    if (leaf->term->source->id == TYPE_UUID)
        return may_be_of_uuids(leaf);
    enum order lower = lower_order(leaf, leaf->literals);
    enum order upper = upper_order(leaf, leaf->literals);
    switch (leaf->node->op) {
    case EXPR_LT:
        return lower == ORDER_LESS || lower == ORDER_UNKNOWN;
    case EXPR_LT_EQ:
        return lower != ORDER_GREATER;
    case EXPR_GT:
        return upper == ORDER_GREATER || upper == ORDER_UNKNOWN;
    case EXPR_GT_EQ:
        return upper != ORDER_LESS;
    default:
        return lower != ORDER_GREATER && upper != ORDER_LESS;
    }
}

static bool may_match(const struct leaf *leaf)
{
    switch (leaf->node->op) {
    case EXPR_IS_NULL:
        return leaf->summary->contains_null;
    case EXPR_NOT_NULL:
        return !is_all_null(leaf);
    case EXPR_IS_NAN:
        return leaf->summary->contains_nan != SUMMARY_NAN_NO && !is_all_null(leaf);
    case EXPR_NOT_NAN:
        return !is_all_nan(leaf);
    case EXPR_NOT_EQ:
        return !is_unique(leaf) || lower_order(leaf, leaf->literals) != ORDER_EQUAL ||
               upper_order(leaf, leaf->literals) != ORDER_EQUAL;
    case EXPR_IN:
        return may_be_in(leaf);
    case EXPR_NOT_IN:
        return may_not_be_in(leaf);
    case EXPR_STARTS_WITH:
    case EXPR_NOT_STARTS_WITH:
        return may_have_prefix(leaf);
    default:
        return !has_no_values(leaf) && may_compare(leaf);
    }
}

static void manifest_leaf(const void *context, const struct expression *filter,
                          const struct expression_node *node, size_t first, size_t count,
                          uint8_t *ret_mask)
{
    const struct manifest *manifest = context;
    const struct expression_term *term = &filter->terms[node->term];
    (void)first;
    (void)count;
    ret_mask[0] = 1;
    if (term->column >= manifest->count)
        return;
    struct leaf leaf = {
        .node = node,
        .term = term,
        .literals = filter->literals + node->literal,
        .summary = &manifest->summaries[term->column],
    };
    ret_mask[0] = may_match(&leaf);
}

bool prune_manifest(const struct expression *projected, const struct partition_summary *summaries,
                    size_t count)
{
    struct manifest manifest = {summaries, count};
    uint8_t mask = 1;
    prune_walk(projected, manifest_leaf, &manifest, 0, 1, &mask);
    return mask != 0;
}
