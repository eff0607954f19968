/* The rows of one manifest as the filter sees them, for those who read data files (plan_hand.c) and
 * for those who read delete files (plan_deletes.c). */
#include <stdlib.h>

#include "scan/data_file_view.h"
#include "scan/plan_internal.h"
#include "scan/prune.h"
#include "scan/prune_walk.h"

bool plan_rows_bind(const struct plan *plan, const struct plan_filter *filter,
                    const struct manifest_columns *columns, struct plan_rows *ret_rows,
                    struct error *err)
{
    const struct partition_spec *spec = filter->spec->spec;
    const struct expression *bound = &plan->filter;
    struct plan_rows *rows = ret_rows;
    *rows = (struct plan_rows){.filter = filter, .columns = columns};
    rows->partitions = calloc(spec->field_count + 1, sizeof(const struct partition_column *));
    rows->stats = calloc(bound->field_count + 1, sizeof(const struct stats_column *));
    if (!rows->partitions || !rows->stats)
        return error_no_memory(err, "a manifest's rows");
    for (size_t i = 0; i < spec->field_count; i++)
        rows->partitions[i] =
            manifest_columns_partition(columns, spec->fields[i].field_id, spec->fields[i].name);
    for (size_t i = 0; i < bound->field_count; i++)
        rows->stats[i] = manifest_columns_stats(columns, bound->field_ids[i]);
    return true;
}

void plan_rows_unbind(struct plan_rows *rows)
{
    free(rows->partitions);
    free(rows->stats);
}

/* Narrows the mask by another; how many rows that leaves out. */
static size_t mask_and(uint8_t *mask, const uint8_t *other, size_t count)
{
    size_t left_out = 0;
    for (size_t i = 0; i < count; i++) {
        left_out += mask[i] & (other[i] ^ 1U);
        mask[i] &= other[i];
    }
    return left_out;
}

void plan_rows_prune(const struct plan *plan, const struct plan_rows *rows, size_t first,
                     size_t count, struct plan_entry_counts *counts, uint8_t *mask)
{
    uint8_t other[PRUNE_BATCH];
    struct tuple_rows tuples = {rows->partitions};
    struct metrics_rows metrics = {&rows->columns->record_counts, rows->stats};
    if (expression_root_op(&plan->filter) == EXPR_TRUE)
        return;
    prune_tuples(&rows->filter->projected, &tuples, first, count, other);
    counts->by_partition += mask_and(mask, other, count);
    prune_files_inclusive(&plan->filter, &metrics, first, count, other);
    counts->by_statistics += mask_and(mask, other, count);
}

bool plan_row_sequence(const struct manifest_columns *columns, size_t row,
                       const struct manifest_list_entry *entry, int64_t *ret_sequence,
                       struct error *err)
{
    return data_file_sequence(columns, row, entry, ret_sequence) ||
           error_set(err, ERROR_CORRUPT,
                     "manifest %.*s has an entry without a sequence number that was not added "
                     "with it",
                     SLICE_ARG(entry->path));
}
