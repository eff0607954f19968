/*
 * snapshot_range.h — which snapshots a scan reads: one, or the appends between two.
 *
 * Spec:     REST protocol, PlanTableScanRequest (start exclusive, end inclusive); the reference's
 *           incremental append scan
 * Owns:     arrays lie in the arena; snapshots are the metadata's
 * Errors:   ERROR_VALIDATION naming the snapshot
 */
#ifndef SCAN_SNAPSHOT_RANGE_H
#define SCAN_SNAPSHOT_RANGE_H

#include "iceberg/table_metadata.h"

/* Snapshots of a range, newest first. */
struct snapshot_range {
    const struct table_snapshot **snapshots;
    size_t count;
};

/* ERROR_VALIDATION where the table has no such snapshot. */
bool snapshot_find(const struct table_metadata *metadata, int64_t snapshot_id,
                   const struct table_snapshot **ret_snapshot, struct error *err);

/* The snapshots of operation "append" after `start`, up to and with `end`. `start` may have been
 * removed from the metadata, as long as a snapshot on the way says that it was its parent. */
bool snapshot_range_appends(const struct table_metadata *metadata, int64_t start, int64_t end,
                            struct arena *arena, struct snapshot_range *ret_range,
                            struct error *err);

bool snapshot_range_has(const struct snapshot_range *range, int64_t snapshot_id);

#endif
