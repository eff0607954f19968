/*
 * prune_stats.h — what one row's counts say about nulls and NaNs.
 *
 * Rule:     each function says what is known for sure; a missing count is known to be nothing
 */
#ifndef SCAN_PRUNE_STATS_H
#define SCAN_PRUNE_STATS_H

#include "scan/manifest_columns.h"

static inline bool stats_are_equal(const struct long_column *a, const struct long_column *b,
                                   size_t row)
{
    int64_t left = 0, right = 0;
    return long_column_get(a, row, &left) && long_column_get(b, row, &right) && left == right;
}

static inline bool stats_nulls_only(const struct stats_column *stats, size_t row)
{
    return stats_are_equal(&stats->value_counts, &stats->null_counts, row);
}

static inline bool stats_nans_only(const struct stats_column *stats, size_t row)
{
    return stats_are_equal(&stats->value_counts, &stats->nan_counts, row);
}

static inline bool stats_no_nulls(const struct stats_column *stats, size_t row)
{
    int64_t count = 0;
    return long_column_get(&stats->null_counts, row, &count) && count == 0;
}

static inline bool stats_no_nans(const struct stats_column *stats, size_t row)
{
    int64_t count = 0;
    return long_column_get(&stats->nan_counts, row, &count) && count == 0;
}

#endif
