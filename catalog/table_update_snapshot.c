/*
 * Snapshots come and go; what hangs on one that goes (statistics, refs) goes along.
 */
#include "base/json_tree.h"
#include "base/tree_copy.h"
#include "catalog/table_draft.h"
#include "iceberg/id_set.h"

static bool is_string_array(const json_t *value)
{
    size_t i = 0;
    json_t *item = NULL;
    if (!json_is_array(value))
        return false;
    json_array_foreach((json_t *)value, i, item) {
        if (!json_is_string(item))
            return false;
    }
    return true;
}

/* Snapshots of format v1 may list their manifests themselves. */
static bool manifests_check(const struct table_draft *draft, const json_t *json, struct error *err)
{
    struct slice list = {NULL, 0};
    TRY(json_opt_string(json, "manifest-list", &list, err));
    if (list.ptr)
        return true;
    if (draft->format_version > 1)
        return error_set(err, ERROR_BAD_REQUEST, "manifest-list must be a string, but is missing");
    if (!is_string_array(json_object_get(json, "manifests")))
        return error_set(err, ERROR_BAD_REQUEST,
                         "manifest-list must be a string, or manifests an array of strings");
    return true;
}

static bool snapshot_read(const json_t *json, struct table_snapshot *ret, struct error *err)
{
    json_t *summary = NULL;
    struct slice key_id = SLICE_EMPTY;
    *ret = (struct table_snapshot){.parent_id = NO_SNAPSHOT,
                                   .first_row_id = NO_ROW_ID,
                                   .added_rows = NO_ROW_ID,
                                   .schema_id = -1};
    bool has_first = false, has_rows = false;
    TRY(json_get_int64(json, "snapshot-id", &ret->snapshot_id, err));
    TRY(json_opt_int64(json, "parent-snapshot-id", &ret->parent_id, NULL, err));
    TRY(json_opt_int64(json, "sequence-number", &ret->sequence_number, NULL, err));
    TRY(json_get_int64(json, "timestamp-ms", &ret->timestamp_ms, err));
    TRY(json_opt_string_map(json, "summary", &summary, err));
    TRY(json_opt_int32(json, "schema-id", &ret->schema_id, NULL, err));
    TRY(json_opt_int64(json, "first-row-id", &ret->first_row_id, &has_first, err));
    TRY(json_opt_int64(json, "added-rows", &ret->added_rows, &has_rows, err));
    TRY(json_opt_string(json, "key-id", &key_id, err));
    if (has_first && ret->first_row_id < 0)
        return error_set(err, ERROR_BAD_REQUEST, "first-row-id cannot be negative: %lld",
                         (long long)ret->first_row_id);
    if (has_rows && ret->added_rows < 0)
        return error_set(err, ERROR_BAD_REQUEST, "added-rows cannot be negative: %lld",
                         (long long)ret->added_rows);
    if (has_first && !has_rows)
        return error_set(err, ERROR_BAD_REQUEST,
                         "added-rows is required where first-row-id is set");
    if (ret->snapshot_id < 0 || ret->sequence_number < 0)
        return error_set(err, ERROR_BAD_REQUEST, "%s cannot be negative",
                         ret->snapshot_id < 0 ? "snapshot-id" : "sequence-number");
    return true;
}

/* Readers take a field that is there for one that has a value, so nulls of known fields go, as does
 * sequence number 0 (the reference never writes it). A summary must say what the operation was. */
static bool snapshot_text(struct table_draft *draft, const json_t *json,
                          struct table_snapshot *snapshot, struct error *err)
{
    static const char *const optional[] = {
        "parent-snapshot-id", "sequence-number", "summary", "schema-id",
        "first-row-id",       "added-rows",      "key-id",  "manifest-list"};
    json_t *copy = tree_copy_shallow(json);
    TRY(table_draft_keep(draft, copy, err));
    for (size_t i = 0; i < sizeof(optional) / sizeof(*optional); i++)
        if (json_is_null(json_object_get(copy, optional[i])))
            json_object_del(copy, optional[i]);
    if (snapshot->sequence_number == 0)
        json_object_del(copy, "sequence-number");
    json_t *summary = json_object_get(copy, "summary");
    if (summary && json_object_size(summary) == 0) {
        json_object_del(copy, "summary");
    } else if (summary && !json_object_get(summary, "operation")) {
        summary = tree_copy_shallow(summary);
        if (json_object_set_new(copy, "summary", summary) ||
            json_object_set_new(summary, "operation", json_string("overwrite")))
            return error_no_memory(err, "snapshot");
    }
    return table_draft_text(draft, copy, &snapshot->text, err);
}

static bool snapshot_is_addable(struct table_draft *draft, const struct table_snapshot *snapshot,
                                struct error *err)
{
    const struct schema *schema = NULL;
    size_t index = NO_ITEM;
    if (!draft->base) {
        TRY(draft_current_schema(draft, &schema, err));
        if (draft->specs.count == 0 || draft->orders.count == 0)
            return error_set(err, ERROR_VALIDATION,
                             "Attempting to add a snapshot before a %s is added",
                             draft->specs.count == 0 ? "partition spec" : "sort order");
    }
    index = draft_snapshot_find(draft, snapshot->snapshot_id);
    if (index != NO_ITEM)
        return error_set(err, ERROR_VALIDATION, "Snapshot already exists for id: %lld",
                         (long long)snapshot->snapshot_id);
    return true;
}

/* What another writer's commit has overtaken: the client can refresh and try again. A creation has
 * nothing that its values could be behind. */
static enum error_kind stale_kind(const struct table_draft *draft)
{
    return draft->base ? ERROR_COMMIT_FAILED : ERROR_VALIDATION;
}

static bool sequence_advance(struct table_draft *draft, const struct table_snapshot *snapshot,
                             struct error *err)
{
    if (draft->format_version == 1) {
        /* Only 0 is legal, unless the same commit makes it v2: asked when the whole is built. */
        if (snapshot->sequence_number > draft->last_sequence_number)
            draft->last_sequence_number = snapshot->sequence_number;
        return true;
    }
    /* Without a parent, an equal number is fine: two replacements of a table may have been made
     * from one base. A lower one is not: the table's numbers would go backwards. */
    int64_t lowest = draft->last_sequence_number;
    if (snapshot->parent_id != NO_SNAPSHOT && lowest < INT64_MAX)
        lowest++;
    if (snapshot->sequence_number < lowest)
        return error_set(
            err, stale_kind(draft),
            "Validation failed, please retry: Cannot add snapshot with sequence number "
            "%lld older than last sequence number %lld",
            (long long)snapshot->sequence_number, (long long)draft->last_sequence_number);
    draft->last_sequence_number = snapshot->sequence_number;
    return true;
}

/* Row lineage (v3): ids are handed out once, also to branches that are never merged. */
static bool row_ids_advance(struct table_draft *draft, const struct table_snapshot *snapshot,
                            struct error *err)
{
    int64_t next = 0;
    if (draft->format_version < 3)
        return true;
    if (snapshot->first_row_id == NO_ROW_ID)
        return error_set(err, ERROR_VALIDATION, "Cannot add a snapshot: first-row-id is null");
    if (snapshot->first_row_id < draft->next_row_id)
        return error_set(err, stale_kind(draft),
                         "Validation failed, please retry: Cannot add a snapshot, first-row-id is "
                         "behind table next-row-id: %lld < %lld",
                         (long long)snapshot->first_row_id, (long long)draft->next_row_id);
    if (__builtin_add_overflow(draft->next_row_id, snapshot->added_rows, &next))
        return error_set(err, ERROR_VALIDATION,
                         "added-rows %lld exceeds the row ids that are left after next-row-id %lld",
                         (long long)snapshot->added_rows, (long long)draft->next_row_id);
    draft->next_row_id = next;
    return true;
}

bool update_add_snapshot(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *json = NULL;
    struct table_snapshot snapshot;
    TRY(json_get_object(update, "snapshot", &json, err));
    TRY(snapshot_read(json, &snapshot, err));
    TRY(manifests_check(draft, json, err));
    TRY(snapshot_is_addable(draft, &snapshot, err));
    TRY(sequence_advance(draft, &snapshot, err));
    TRY(row_ids_advance(draft, &snapshot, err));
    TRY(snapshot_text(draft, json, &snapshot, err));
    return draft_snapshot_add(draft, &snapshot, err);
}

static bool is_in_set(const void *context, const struct draft_item *item)
{
    return id_set_has(context, item->id);
}

/* Statistics that were never tied to a snapshot of the table stay. */
static bool statistics_remove(struct table_draft *draft, struct draft_list *list,
                              const struct id_set *removed, struct error *err)
{
    TRY(draft_list_load(draft, list, err));
    draft_list_remove(list, is_in_set, removed);
    return true;
}

/* Marks what is there of the ids as removed and notes it in `removed`. */
static bool snapshots_mark(struct table_draft *draft, const json_t *ids, struct id_set *removed,
                           struct error *err)
{
    size_t i = 0;
    json_t *id = NULL;
    json_array_foreach((json_t *)ids, i, id) {
        size_t index = NO_ITEM;
        if (!json_is_integer(id))
            return error_set(err, ERROR_BAD_REQUEST, "snapshot-ids must be an array of integers");
        index = draft_snapshot_find(draft, json_integer_value(id));
        if (index == NO_ITEM)
            continue;
        TRY(draft_snapshot_remove(draft, index, err));
        id_set_add(removed, json_integer_value(id));
    }
    return id_set_seal(removed, "snapshot-ids", err);
}

static bool refs_remove_dangling(struct table_draft *draft, struct error *err)
{
    json_t *refs = NULL, *ref = NULL;
    const char *name = NULL;
    void *next = NULL;
    TRY(draft_refs(draft, &refs, err));
    json_object_foreach_safe(refs, next, name, ref) {
        int64_t id = 0;
        size_t index = NO_ITEM;
        bool removed = false;
        TRY(json_get_int64(ref, "snapshot-id", &id, err));
        index = draft_snapshot_find(draft, id);
        if (index == NO_ITEM)
            TRY(draft_ref_remove(draft, name, &removed, err));
    }
    return true;
}

static bool snapshots_remove(struct table_draft *draft, const json_t *ids, struct id_set *removed,
                             struct error *err)
{
    TRY(snapshots_mark(draft, ids, removed, err));
    if (id_set_count(removed) == 0)
        return true;
    TRY(statistics_remove(draft, &draft->statistics, removed, err));
    TRY(statistics_remove(draft, &draft->partition_statistics, removed, err));
    return refs_remove_dangling(draft, err);
}

/* Ids that are not there are no error: two clean-ups may run at once. */
bool update_remove_snapshots(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *ids = NULL;
    struct id_set removed;
    TRY(json_get_array(update, "snapshot-ids", &ids, err));
    id_set_init(&removed);
    bool ok = snapshots_remove(draft, ids, &removed, err);
    id_set_finish(&removed);
    return ok;
}
