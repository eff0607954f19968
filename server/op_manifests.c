/* The manifests of a table's snapshot (server/op.h): for people who look at what a table is. */
#include "catalog/table.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "scan/plan_files.h"
#include "scan/snapshot_range.h"
#include "server/op.h"
#include "server/plan_reach.h"
#include "server/server.h"

/* A manifest list of MAX_MANIFEST_LIST_SIZE bytes has no more text than this in it. */
#define MAX_MANIFESTS_ANSWER (256 * MIB)

static void write_number(struct json_writer *json, const char *name, int64_t value, int64_t none)
{
    json_write_key(json, name);
    if (value == none)
        json_write_null(json);
    else
        json_write_int64(json, value);
}

/* The names of the table spec's "Manifest Lists". */
static void write_entry(struct json_writer *json, const struct manifest_list_entry *entry)
{
    json_write_object_begin(json);
    json_write_string_member(json, "path", entry->path);
    json_write_int64_member(json, "length", entry->length);
    json_write_string_member(json, "content",
                             entry->content == MANIFEST_DATA ? SLICE_LITERAL("data")
                                                             : SLICE_LITERAL("deletes"));
    json_write_int64_member(json, "partition-spec-id", entry->spec_id);
    json_write_int64_member(json, "sequence-number", entry->sequence_number);
    json_write_int64_member(json, "min-sequence-number", entry->min_sequence_number);
    write_number(json, "added-snapshot-id", entry->snapshot_id, MANIFEST_NO_ID);
    write_number(json, "added-files-count", entry->added_files, MANIFEST_COUNT_UNKNOWN);
    write_number(json, "existing-files-count", entry->existing_files, MANIFEST_COUNT_UNKNOWN);
    write_number(json, "deleted-files-count", entry->deleted_files, MANIFEST_COUNT_UNKNOWN);
    write_number(json, "added-rows-count", entry->added_rows, MANIFEST_COUNT_UNKNOWN);
    write_number(json, "existing-rows-count", entry->existing_rows, MANIFEST_COUNT_UNKNOWN);
    write_number(json, "deleted-rows-count", entry->deleted_rows, MANIFEST_COUNT_UNKNOWN);
    json_write_object_end(json);
}

static bool answer(int64_t snapshot_id, const struct manifest_list *list, struct reply **ret_reply,
                   struct error *err)
{
    struct buffer body;
    struct json_writer json;
    buffer_init(&body, MAX_MANIFESTS_ANSWER);
    json_writer_init(&json, &body);
    json_write_object_begin(&json);
    write_number(&json, "snapshot-id", snapshot_id, NO_SNAPSHOT);
    json_write_key(&json, "manifests");
    json_write_array_begin(&json);
    for (size_t i = 0; list && i < list->count; i++)
        write_entry(&json, &list->entries[i]);
    json_write_array_end(&json);
    json_write_object_end(&json);
    return reply_json(200, &body, ret_reply, err);
}

static bool read_list(struct op *op, const struct table_metadata *metadata, int64_t snapshot_id,
                      struct manifest_list **ret_list, struct error *err)
{
    const struct table_snapshot *snapshot = NULL;
    struct plan_reach reach;
    struct plan_files files;
    TRY(snapshot_find(metadata, snapshot_id, &snapshot, err));
    plan_reach_init(&reach, &op->call, metadata);
    plan_files_init(&files, op->server->objects, op->server->cache, &reach.guard);
    bool ok = plan_files_list(&files, snapshot, ret_list, err);
    plan_files_finish(&files);
    return ok;
}

static bool list_manifests(struct op *op, const struct table_metadata *metadata,
                           struct reply **ret_reply, struct error *err)
{
    struct manifest_list *list = NULL;
    int64_t snapshot_id = metadata->current_snapshot_id;
    TRY(request_query_int64(op->request, "snapshot-id", INT64_MIN, INT64_MAX, &snapshot_id, err));
    bool ok = (snapshot_id == NO_SNAPSHOT || read_list(op, metadata, snapshot_id, &list, err)) &&
              answer(snapshot_id, list, ret_reply, err);
    manifest_list_unref(list);
    return ok;
}

bool op_list_manifests(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct table_result table = {0};
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    TRY(table_load(&op->call, name, &table, err));
    bool ok = list_manifests(op, table.metadata, ret_reply, err);
    table_result_finish(&table);
    return ok;
}
