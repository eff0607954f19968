/*
 * uuid_bounds.h — what bounds of uuids rule out, whoever wrote them.
 *
 * The specification orders uuids by their bytes. The reference orders them as two signed halves,
 * in the bounds that it writes and in the rows that it compares. Which of the two a file has
 * cannot be told, so that only what neither allows is ruled out.
 *
 * Spec:     expressions, "Comparison Predicates" (uuid); table spec, "Manifests" (bounds)
 * Threads:  pure functions
 */
#ifndef SCAN_UUID_BOUNDS_H
#define SCAN_UUID_BOUNDS_H

#include "iceberg/expression.h"

/* Sixteen bytes each, or a null pointer where there is none. */
struct uuid_bounds {
    struct slice lower;
    struct slice upper;
};

/* As the reference orders two uuids of sixteen bytes. */
int uuid_compare_signed(struct slice a, struct slice b);

/* False where `uuid` lies outside in either order. */
bool uuid_bounds_may_hold(const struct uuid_bounds *bounds, struct slice uuid);

/* `op` is LT, LT_EQ, GT, GT_EQ, EQ or IN. */
bool uuid_bounds_may_match(const struct uuid_bounds *bounds, enum expression_op op,
                           const struct value *literals, size_t count);

/* False where no uuid can be within both. */
bool uuid_bounds_meet(const struct uuid_bounds *a, const struct uuid_bounds *b);

#endif
