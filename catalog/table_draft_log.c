/*
 * Both logs only ever grow at their end, so mostly the base's text is copied and the new entry put
 * behind it. They are rewritten where snapshots were removed, where a commit made one snapshot
 * current and then another, and where the metadata-log is at its ceiling.
 */
#include <stdlib.h>

#include "catalog/table_draft.h"

/* Clocks of writers on several machines may differ by that much (TableMetadata's constructor). */
#define CLOCK_TOLERANCE_MS 60000
#define PREVIOUS_VERSIONS_MAX "write.metadata.previous-versions-max"
#define PREVIOUS_VERSIONS_MAX_DEFAULT 100
#define DELETE_AFTER_COMMIT "write.metadata.delete-after-commit.enabled"

static bool is_too_early(int64_t time_ms, int64_t after_ms)
{
    int64_t difference = 0;
    if (__builtin_sub_overflow(time_ms, after_ms, &difference))
        return time_ms < after_ms;
    return difference < -CLOCK_TOLERANCE_MS;
}

/* Added, made current, and then replaced by another snapshot of the same commit: no reader ever saw
 * it as the current one. */
static bool is_intermediate(const struct table_draft *draft, size_t index)
{
    const unsigned wanted = DRAFT_SNAPSHOT_ADDED | DRAFT_SNAPSHOT_WAS_MAIN;
    return (draft_snapshot_flags(draft, index) & wanted) == wanted &&
           draft_snapshot_at(draft, index)->snapshot_id != draft->current_snapshot_id;
}

static bool has_intermediate(const struct table_draft *draft)
{
    size_t first = draft->snapshots.count - draft->snapshots.added_count;
    for (size_t i = first; i < draft->snapshots.count; i++)
        if (is_intermediate(draft, i))
            return true;
    return false;
}

static size_t base_log_count(const struct table_draft *draft)
{
    return draft->base ? draft->base->snapshot_log_count : 0;
}

static const struct snapshot_log_entry *log_at(const struct table_draft *draft, size_t index)
{
    size_t base_count = base_log_count(draft);
    return index < base_count ? table_metadata_log_at(draft->base, index)
                              : &draft->log_added[index - base_count];
}

/* An entry of a removed snapshot takes all that is before it along: with a gap in the middle, the
 * log would tell time travel that an older snapshot was current for longer than it was. */
static bool log_filter(struct table_draft *draft, struct draft_logs *logs, struct error *err)
{
    size_t count = base_log_count(draft) + draft->log_added_count;
    logs->snapshot_log = ARENA_ARRAY(draft->arena, struct snapshot_log_entry, count + 1);
    if (!logs->snapshot_log)
        return error_no_memory(err, "snapshot-log");
    for (size_t i = 0; i < count; i++) {
        size_t index = draft_snapshot_find(draft, log_at(draft, i)->snapshot_id);
        if (index == NO_ITEM && draft->snapshots.has_removed)
            logs->snapshot_log_count = 0;
        else if (index != NO_ITEM && !is_intermediate(draft, index))
            logs->snapshot_log[logs->snapshot_log_count++] = *log_at(draft, i);
    }
    return true;
}

/* A base without any log (some writers keep none) is no reason to refuse a clean-up. */
static bool log_end_check(struct table_draft *draft, const struct draft_logs *logs,
                          struct error *err)
{
    size_t count = logs->snapshot_log_count, index = NO_ITEM;
    if (base_log_count(draft) + draft->log_added_count == 0)
        return true;
    index = draft_snapshot_find(draft, draft->current_snapshot_id);
    if (index == NO_ITEM ||
        (count > 0 && logs->snapshot_log[count - 1].snapshot_id == draft->current_snapshot_id))
        return true;
    return error_set(err, ERROR_VALIDATION,
                     "Cannot set invalid snapshot log: latest entry is not the current snapshot");
}

struct log_view {
    const struct table_draft *draft;
    const struct draft_logs *logs;
    size_t count;
};

/* The log as it will be written. */
static const struct snapshot_log_entry *entry_at(const struct log_view *view, size_t index)
{
    return view->logs->is_snapshot_log_rewritten ? &view->logs->snapshot_log[index]
                                                 : log_at(view->draft, index);
}

static bool entry_order_check(const struct log_view *view, size_t index, struct error *err)
{
    const struct snapshot_log_entry *before = entry_at(view, index - 1);
    const struct snapshot_log_entry *entry = entry_at(view, index);
    if (!is_too_early(entry->timestamp_ms, before->timestamp_ms))
        return true;
    return error_set(err, ERROR_VALIDATION,
                     "snapshot %lld has timestamp-ms %lld, more than a minute before the "
                     "snapshot-log's entry before it at %lld",
                     (long long)entry->snapshot_id, (long long)entry->timestamp_ms,
                     (long long)before->timestamp_ms);
}

/* Where entries were only added, the base's own need no second look. */
static bool log_order_check(const struct table_draft *draft, const struct draft_logs *logs,
                            struct error *err)
{
    struct log_view view = {.draft = draft, .logs = logs};
    bool is_new = logs->is_snapshot_log_rewritten;
    view.count = is_new ? logs->snapshot_log_count : base_log_count(draft) + draft->log_added_count;
    size_t first = is_new || base_log_count(draft) == 0 ? 1 : base_log_count(draft);
    for (size_t i = first; i < view.count; i++)
        TRY(entry_order_check(&view, i, err));
    if (draft->log_added_count == 0 || view.count == 0)
        return true;
    int64_t last_ms = entry_at(&view, view.count - 1)->timestamp_ms;
    if (!is_too_early(draft->last_updated_ms, last_ms))
        return true;
    return error_set(err, ERROR_VALIDATION,
                     "Invalid update timestamp %lld: before last snapshot log entry at %lld (is "
                     "the writer's clock ahead?)",
                     (long long)draft->last_updated_ms, (long long)last_ms);
}

static bool snapshot_log_make(struct table_draft *draft, struct draft_logs *logs, struct error *err)
{
    logs->is_snapshot_log_rewritten = draft->snapshots.has_removed || has_intermediate(draft);
    if (logs->is_snapshot_log_rewritten) {
        TRY(log_filter(draft, logs, err));
        TRY(log_end_check(draft, logs, err));
    }
    return log_order_check(draft, logs, err);
}

static bool previous_versions_max(struct table_draft *draft, size_t *ret_max, struct error *err)
{
    struct slice text;
    int64_t max = PREVIOUS_VERSIONS_MAX_DEFAULT;
    TRY(draft_property(draft, PREVIOUS_VERSIONS_MAX, &text, err));
    if (text.ptr && (!slice_to_int64(text, &max) || max > INT32_MAX || max < INT32_MIN))
        return error_set(err, ERROR_VALIDATION,
                         "Table property " PREVIOUS_VERSIONS_MAX " must have integer value");
    *ret_max = max < 1 ? 1 : (size_t)max;
    return true;
}

static bool metadata_log_make(struct table_draft *draft, struct slice base_location,
                              struct draft_logs *logs, struct error *err)
{
    size_t max = 0;
    if (!draft->base || base_location.len == 0)
        return true;
    TRY(previous_versions_max(draft, &max, err));
    size_t count = draft->base->metadata_log_count;
    logs->metadata_log_start = count >= max ? count - max + 1 : 0;
    logs->has_new_metadata_entry = true;
    logs->new_metadata_entry =
        (struct metadata_log_entry){.timestamp_ms = draft->base->last_updated_ms,
                                    .metadata_file = base_location};
    return true;
}

bool draft_logs_make(struct table_draft *draft, struct slice base_metadata_location,
                     struct draft_logs *ret_logs, struct error *err)
{
    *ret_logs = (struct draft_logs){0};
    TRY(snapshot_log_make(draft, ret_logs, err));
    return metadata_log_make(draft, base_metadata_location, ret_logs, err);
}

static int compare_slices(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* The files that stay: entries kept, and the base itself. Sorted. */
static bool kept_files(struct table_draft *draft, const struct draft_logs *logs,
                       struct slice **ret_files, size_t *ret_count, struct error *err)
{
    size_t count = draft->base->metadata_log_count - logs->metadata_log_start;
    struct slice *files = ARENA_ARRAY(draft->arena, struct slice, count + 1);
    if (!files)
        return error_no_memory(err, "metadata-log");
    for (size_t i = 0; i < count; i++)
        files[i] = draft->base->metadata_log[logs->metadata_log_start + i].metadata_file;
    files[count] = logs->new_metadata_entry.metadata_file;
    qsort(files, count + 1, sizeof(*files), compare_slices);
    *ret_files = files;
    *ret_count = count + 1;
    return true;
}

bool draft_logs_dropped(struct table_draft *draft, const struct draft_logs *logs,
                        struct slice **ret_files, size_t *ret_count, struct error *err)
{
    struct slice enabled, *kept = NULL;
    size_t kept_count = 0;
    TRY(draft_property(draft, DELETE_AFTER_COMMIT, &enabled, err));
    if (!enabled.ptr || !slice_equals_ignore_case(enabled, SLICE_LITERAL("true")) ||
        logs->metadata_log_start == 0)
        return true;
    TRY(kept_files(draft, logs, &kept, &kept_count, err));
    struct slice *files = ARENA_ARRAY(draft->arena, struct slice, logs->metadata_log_start);
    if (!files)
        return error_no_memory(err, "metadata-log");
    size_t count = 0;
    for (size_t i = 0; i < logs->metadata_log_start; i++) {
        struct slice file = draft->base->metadata_log[i].metadata_file;
        if (!bsearch(&file, kept, kept_count, sizeof(*kept), compare_slices))
            files[count++] = file;
    }
    *ret_files = files;
    *ret_count = count;
    return true;
}
