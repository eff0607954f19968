/*
 * prune.h — which files, manifests and partitions a filter leaves: by statistics, by summaries, by
 * partition tuples.
 *
 * Rows are worked on a column at a time in batches: a predicate's type is looked at once for a
 * batch, and its loop over plain arrays gives one byte for each row.
 *
 * Spec:     table spec, "Scan Planning", appendix D; expressions spec; the rules are those of the
 *           reference's InclusiveMetricsEvaluator, StrictMetricsEvaluator, ManifestEvaluator and
 *           Evaluator
 * Owns:     nothing
 * Errors:   none: a statistic that is missing or cannot be read says nothing, so the row stays
 * Threads:  pure functions
 * Rule:     inclusive evaluation never drops a row that holds a match; strict evaluation never
 *           claims a match that is not sure
 */
#ifndef SCAN_PRUNE_H
#define SCAN_PRUNE_H

#include "iceberg/expression.h"
#include "iceberg/partition_summary.h"
#include "scan/manifest_columns.h"

/* Statistics of files, for a filter bound to the table's schema. */
struct metrics_rows {
    const struct long_column *record_counts;
    const struct stats_column *const *columns; /* one for each of the filter's field_ids, in their
                                                * order; NULL where there are no statistics */
};

/* 1 where a file may hold rows that match, 0 where it cannot. Row first + i goes to [i]. */
void prune_files_inclusive(const struct expression *filter, const struct metrics_rows *rows,
                           size_t first, size_t count, uint8_t *ret_may_match);

/* 1 where all rows of a file match for sure. Where the reference takes a missing count of nulls or
 * NaNs for none, it is taken for unknown here. */
void prune_files_strict(const struct expression *filter, const struct metrics_rows *rows,
                        size_t first, size_t count, uint8_t *ret_must_match);

/* Partition tuples, for a filter that scan/projection.h made. */
struct tuple_rows {
    const struct partition_column *const *columns; /* one for each field of the partition spec, in
                                                    * its order; NULL reads as null */
};

/* 1 where rows of the partition may match; for an inclusive projection. */
void prune_tuples(const struct expression *projected, const struct tuple_rows *rows, size_t first,
                  size_t count, uint8_t *ret_may_match);

/* 1 where all rows of the partition match for sure; for a strict projection. */
void prune_tuples_strict(const struct expression *projected, const struct tuple_rows *rows,
                         size_t first, size_t count, uint8_t *ret_must_match);

/* What one predicate of a projected filter says of a tuple. */
enum tuple_verdict {
    TUPLE_FALSE,
    TUPLE_TRUE,
    TUPLE_UNSETTLED /* a value that cannot be read, or an order of null or NaN on which the
                     * specification and the reference differ: the partition stays, and so does its
                     * predicate */
};
void tuple_verdicts(const struct expression *projected, const struct expression_node *predicate,
                    const struct tuple_rows *rows, size_t first, size_t count,
                    uint8_t *ret_verdicts);

/* False where no file of the manifest can hold a match. `summaries` are in the order of the spec's
 * fields; where there are fewer, the rest is unknown. */
bool prune_manifest(const struct expression *projected, const struct partition_summary *summaries,
                    size_t count);

#endif
