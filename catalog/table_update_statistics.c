/*
 * Updates of statistics files: at most one of each kind for a snapshot.
 */
#include "base/json_tree.h"
#include "base/tree_copy.h"
#include "catalog/table_draft.h"

static bool is_for_snapshot(const void *context, const struct draft_item *item)
{
    return item->id == *(const int64_t *)context;
}

static bool blob_fields_check(const json_t *fields, struct error *err)
{
    size_t i = 0;
    json_t *id = NULL;
    json_array_foreach((json_t *)fields, i, id) {
        if (!json_is_integer(id) || json_integer_value(id) < INT32_MIN ||
            json_integer_value(id) > INT32_MAX)
            return error_set(err, ERROR_BAD_REQUEST, "fields must be an array of field ids");
    }
    return true;
}

static bool blob_check(const json_t *blob, struct error *err)
{
    json_t *fields = NULL, *properties = NULL;
    struct slice type = SLICE_EMPTY;
    int64_t number = 0;
    TRY(json_get_string(blob, "type", &type, err));
    TRY(json_get_int64(blob, "snapshot-id", &number, err));
    TRY(json_get_int64(blob, "sequence-number", &number, err));
    TRY(json_get_array(blob, "fields", &fields, err));
    TRY(blob_fields_check(fields, err));
    return json_opt_string_map(blob, "properties", &properties, err);
}

/* Readers take properties that are there for a map, so a null one is left out. */
static bool blobs_check(struct table_draft *draft, const json_t **file, struct error *err)
{
    json_t *blobs = NULL, *blob = NULL, *copy = tree_copy_deep(*file);
    size_t i = 0;
    TRY(table_draft_keep(draft, copy, err));
    TRY(json_get_array(copy, "blob-metadata", &blobs, err));
    json_array_foreach(blobs, i, blob) {
        TRY(blob_check(blob, err));
        if (json_is_null(json_object_get(blob, "properties")))
            json_object_del(blob, "properties");
    }
    *file = copy;
    return true;
}

static bool file_read(const json_t *file, int64_t *ret_snapshot_id, struct error *err)
{
    struct slice path = SLICE_EMPTY;
    int64_t size = 0;
    TRY(json_get_int64(file, "snapshot-id", ret_snapshot_id, err));
    TRY(json_get_string(file, "statistics-path", &path, err));
    return json_get_int64(file, "file-size-in-bytes", &size, err);
}

/* One file per snapshot: a later one takes the place of the former. */
static bool list_put(struct table_draft *draft, struct draft_list *list, const json_t *file,
                     int64_t snapshot_id, struct error *err)
{
    struct draft_item item = {.id = snapshot_id, .key = SLICE_EMPTY};
    TRY(draft_list_load(draft, list, err));
    TRY(table_draft_text(draft, file, &item.text, err));
    draft_list_remove(list, is_for_snapshot, &snapshot_id);
    list->is_changed = draft->is_changed = true;
    return draft_list_add(draft, list, item, err);
}

static bool list_drop(struct table_draft *draft, struct draft_list *list, const json_t *update,
                      struct error *err)
{
    int64_t snapshot_id = 0;
    TRY(json_get_int64(update, "snapshot-id", &snapshot_id, err));
    TRY(draft_list_load(draft, list, err));
    if (draft_list_remove(list, is_for_snapshot, &snapshot_id))
        draft->is_changed = true;
    return true;
}

/* The update's own snapshot-id is deprecated: the file's counts. */
bool update_set_statistics(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *json = NULL;
    int64_t snapshot_id = 0, footer = 0;
    TRY(json_get_object(update, "statistics", &json, err));
    const json_t *file = json;
    TRY(file_read(file, &snapshot_id, err));
    TRY(json_get_int64(file, "file-footer-size-in-bytes", &footer, err));
    TRY(blobs_check(draft, &file, err));
    return list_put(draft, &draft->statistics, file, snapshot_id, err);
}

bool update_remove_statistics(struct table_draft *draft, const json_t *update, struct error *err)
{
    return list_drop(draft, &draft->statistics, update, err);
}

bool update_set_partition_statistics(struct table_draft *draft, const json_t *update,
                                     struct error *err)
{
    json_t *file = NULL;
    int64_t snapshot_id = 0;
    TRY(json_get_object(update, "partition-statistics", &file, err));
    TRY(file_read(file, &snapshot_id, err));
    return list_put(draft, &draft->partition_statistics, file, snapshot_id, err);
}

bool update_remove_partition_statistics(struct table_draft *draft, const json_t *update,
                                        struct error *err)
{
    return list_drop(draft, &draft->partition_statistics, update, err);
}
