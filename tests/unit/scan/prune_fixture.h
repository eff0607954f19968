/*
 * prune_fixture.h — columns of statistics and partition values for tests.
 *
 * Owns:     everything lies in the fixture
 */
#ifndef TESTS_UNIT_SCAN_PRUNE_FIXTURE_H
#define TESTS_UNIT_SCAN_PRUNE_FIXTURE_H

#include "scan/prune.h"
#include "tests/unit/iceberg/expression_fixture.h"

/* Neither a count nor the bits of a double that tests use (those of -0.0 are INT64_MIN). */
#define ABSENT (INT64_MIN + 1)

/* ABSENT: the row has none. */
struct long_column prune_longs(struct arena *arena, const int64_t *values, size_t count);
/* ptr NULL: the row has none. */
struct bytes_column prune_bytes(struct arena *arena, const struct slice *items, size_t count);
/* The single-value forms; null values have none. */
struct bytes_column prune_bounds(struct arena *arena, const struct value *values, size_t count);
struct partition_column prune_partition(struct arena *arena, enum type_id type,
                                        const struct value *values, size_t count);

/* One file's statistics of one column; bounds are single-quoted JSON, NULL: none. */
struct stats_row {
    int64_t value_count;
    int64_t null_count;
    int64_t nan_count;
    const char *lower;
    const char *upper;
};
struct stats_column *prune_stats_column(struct fixture *fixture, const char *type,
                                        const struct stats_row *rows, size_t count);

#endif
