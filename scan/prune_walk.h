/*
 * prune_walk.h — AND and OR over masks of rows: what all evaluations of filters have in common.
 *
 * Rule:     a mask holds 0 or 1 for each row
 */
#ifndef SCAN_PRUNE_WALK_H
#define SCAN_PRUNE_WALK_H

#include "iceberg/expression.h"

/* Rows at a time: masks of a batch stay in the first cache, and a mask for each level of the
 * deepest filter fits on a thread's stack. */
#define PRUNE_BATCH 256
/* As many literals as are compared with bounds; the reference gives up on longer lists as well. */
#define PRUNE_MAX_LITERALS 200

/* Fills `ret_mask` for rows first to first + count - 1; count is at most PRUNE_BATCH. */
typedef void (*prune_leaf_fn)(const void *context, const struct expression *filter,
                              const struct expression_node *node, size_t first, size_t count,
                              uint8_t *ret_mask);

void prune_walk(const struct expression *filter, prune_leaf_fn leaf, const void *context,
                size_t first, size_t count, uint8_t *ret_mask);

#endif
