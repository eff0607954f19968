#include "scan/snapshot_range.h"

#include "base/json_text.h"

bool snapshot_find(const struct table_metadata *metadata, int64_t snapshot_id,
                   const struct table_snapshot **ret_snapshot, struct error *err)
{
    const struct table_snapshot *snapshot = table_metadata_snapshot(metadata, snapshot_id);
    if (!snapshot)
        return error_set(err, ERROR_VALIDATION, "Cannot find snapshot with ID %lld",
                         (long long)snapshot_id);
    *ret_snapshot = snapshot;
    return true;
}

static bool read_operation(const struct table_snapshot *snapshot, struct arena *arena,
                           struct slice *ret_operation, struct error *err)
{
    struct slice summary, operation = {NULL, 0};
    TRY(json_object_find(snapshot->text, "summary", &summary, err));
    if (summary.ptr && !json_value_is_null(summary))
        TRY(json_object_find(summary, "operation", &operation, err));
    if (!operation.ptr)
        return error_set(err, ERROR_VALIDATION,
                         "Snapshot %lld does not say whether it appends: a range with it cannot be "
                         "planned",
                         (long long)snapshot->snapshot_id);
    return json_value_string(operation, arena, ret_operation, err);
}

static bool add_append(struct snapshot_range *range, const struct table_snapshot *snapshot,
                       struct arena *arena, struct error *err)
{
    struct slice operation;
    TRY(read_operation(snapshot, arena, &operation, err));
    if (slice_equals_string(operation, "append"))
        range->snapshots[range->count++] = snapshot;
    return true;
}

static bool not_an_ancestor(int64_t start, int64_t end, struct error *err)
{
    return error_set(err, ERROR_VALIDATION,
                     "Starting snapshot (exclusive) %lld is not a parent ancestor of end snapshot "
                     "%lld",
                     (long long)start, (long long)end);
}

bool snapshot_range_appends(const struct table_metadata *metadata, int64_t start, int64_t end,
                            struct arena *arena, struct snapshot_range *ret_range,
                            struct error *err)
{
    struct snapshot_range range = {.count = 0};
    const struct table_snapshot *snapshot = NULL;
    TRY(snapshot_find(metadata, end, &snapshot, err));
    range.snapshots = ARENA_ARRAY(arena, const struct table_snapshot *, metadata->snapshot_count);
    if (!range.snapshots)
        return error_no_memory(err, "a range of snapshots");
    /* Parents can form a cycle in damaged metadata: no way is longer than there are snapshots. */
    for (size_t steps = 0; start != end; steps++) {
        if (!snapshot || steps == metadata->snapshot_count)
            return not_an_ancestor(start, end, err);
        TRY(add_append(&range, snapshot, arena, err));
        if (snapshot->parent_id == start)
            break;
        snapshot = table_metadata_snapshot(metadata, snapshot->parent_id);
    }
    *ret_range = range;
    return true;
}

bool snapshot_range_has(const struct snapshot_range *range, int64_t snapshot_id)
{
    for (size_t i = 0; i < range->count; i++)
        if (range->snapshots[i]->snapshot_id == snapshot_id)
            return true;
    return false;
}
