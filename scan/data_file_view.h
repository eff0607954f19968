/*
 * data_file_view.h — a manifest's columns seen through its entry in a manifest list: what an entry
 * does not say itself, it inherits.
 *
 * Spec:     table spec, "Sequence Number Inheritance", "First Row ID Inheritance"
 * Threads:  pure functions
 */
#ifndef SCAN_DATA_FILE_VIEW_H
#define SCAN_DATA_FILE_VIEW_H

#include "iceberg/manifest_list.h"
#include "scan/manifest_columns.h"

/* "The data and file sequence numbers are inherited only if the entry status is 1 (added)"; where
 * the manifest's own number is 0, it comes from format version 1 and all of its files have 0. */
static inline bool data_file_inherits(const struct manifest_columns *columns, size_t row,
                                      const struct manifest_list_entry *manifest)
{
    return columns->status[row] == ENTRY_ADDED || manifest->sequence_number == 0;
}

/* False where the entry has no data sequence number and may not inherit one: the manifest is
 * corrupt. */
static inline bool data_file_sequence(const struct manifest_columns *columns, size_t row,
                                      const struct manifest_list_entry *manifest,
                                      int64_t *ret_sequence)
{
    if (long_column_get(&columns->data_sequences, row, ret_sequence))
        return true;
    if (!data_file_inherits(columns, row, manifest))
        return false;
    *ret_sequence = manifest->sequence_number;
    return true;
}

/* The sequence number of the snapshot that added the file. */
static inline bool data_file_added_sequence(const struct manifest_columns *columns, size_t row,
                                            const struct manifest_list_entry *manifest,
                                            int64_t *ret_sequence)
{
    if (long_column_get(&columns->file_sequences, row, ret_sequence))
        return true;
    if (!data_file_inherits(columns, row, manifest))
        return false;
    *ret_sequence = manifest->sequence_number;
    return true;
}

/* The snapshot that added (or deleted) the file; MANIFEST_NO_ID where neither says. */
static inline int64_t data_file_snapshot_id(const struct manifest_columns *columns, size_t row,
                                            const struct manifest_list_entry *manifest)
{
    int64_t id = manifest->snapshot_id;
    long_column_get(&columns->snapshot_ids, row, &id);
    return id;
}

/* First row ids are given out in the order of the file, so every row passes here, the pruned ones
 * too: "the manifest's first_row_id plus the sum of record_count for all data files that preceded
 * the file in the manifest that also had a null first_row_id". */
struct row_id_run {
    bool is_assigned; /* else the manifest has no first row id, and no file of it has one */
    int64_t next;
};

static inline struct row_id_run row_id_run_start(const struct manifest_list_entry *manifest)
{
    bool is_assigned =
        manifest->content == MANIFEST_DATA && manifest->first_row_id != MANIFEST_NO_ID;
    return (struct row_id_run){is_assigned, manifest->first_row_id};
}

/* False where the row has no first row id. */
static inline bool row_id_run_step(struct row_id_run *run, const struct manifest_columns *columns,
                                   size_t row, int64_t *ret_id)
{
    int64_t count = 0;
    if (!run->is_assigned)
        return false;
    if (long_column_get(&columns->first_row_ids, row, ret_id))
        return true;
    /* Deleted entries got theirs before, and take no part any more. */
    if (columns->status[row] == ENTRY_DELETED)
        return false;
    *ret_id = run->next;
    long_column_get(&columns->record_counts, row, &count);
    run->next = (int64_t)((uint64_t)run->next + (uint64_t)count);
    return true;
}

#endif
