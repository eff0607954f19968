#include "scan/prune_walk.h"

struct walk {
    const struct expression *filter;
    prune_leaf_fn leaf;
    const void *context;
};

static bool all_are(const uint8_t *mask, size_t count, uint8_t value)
{
    uint8_t differing = 0;
    for (size_t i = 0; i < count; i++)
        differing |= mask[i] ^ value;
    return differing == 0;
}

static void combine(enum expression_op op, const uint8_t *right, size_t count, uint8_t *mask)
{
    if (op == EXPR_AND) {
        for (size_t i = 0; i < count; i++)
            mask[i] &= right[i];
    } else {
        for (size_t i = 0; i < count; i++)
            mask[i] |= right[i];
    }
}

static void walk_node(const struct walk *walk, uint32_t at, size_t first, size_t count,
                      uint8_t *ret_mask)
{
    const struct expression_node *node = &walk->filter->nodes[at];
    uint8_t right[PRUNE_BATCH];
    switch (node->op) {
    case EXPR_TRUE:
    case EXPR_FALSE:
        memset(ret_mask, node->op == EXPR_TRUE, count);
        break;
    case EXPR_AND:
    case EXPR_OR:
        walk_node(walk, node->left, first, count, ret_mask);
        if (all_are(ret_mask, count, node->op == EXPR_OR))
            break;
        walk_node(walk, node->right, first, count, right);
        combine(node->op, right, count, ret_mask);
        break;
    default:
        walk->leaf(walk->context, walk->filter, node, first, count, ret_mask);
    }
}

void prune_walk(const struct expression *filter, prune_leaf_fn leaf, const void *context,
                size_t first, size_t count, uint8_t *ret_mask)
{
    struct walk walk = {filter, leaf, context};
    for (size_t done = 0; done < count; done += PRUNE_BATCH) {
        size_t batch = count - done < PRUNE_BATCH ? count - done : PRUNE_BATCH;
        walk_node(&walk, filter->root, first + done, batch, ret_mask + done);
    }
}
