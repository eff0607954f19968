/* What operators look at: the change log, the purge queue, the counters (server/op.h). */
#include "server/op.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "catalog/purge.h"
#include "catalog/warehouse.h"
#include "server/listing.h"
#include "server/server.h"

#define MAX_LOG_ANSWER (256 * MIB)

static void write_text(struct json_writer *writer, const char *name, struct slice text)
{
    json_write_key(writer, name);
    if (text.ptr && text.len > 0)
        json_write_string(writer, text);
    else
        json_write_null(writer);
}

static void write_change(struct json_writer *writer, const struct change_row *row)
{
    json_write_object_begin(writer);
    json_write_int64_member(writer, "sequence", row->sequence);
    json_write_int64_member(writer, "time-ms", row->time_ms);
    write_text(writer, "operation", slice_from_string(row->operation));
    json_write_int64_member(writer, "warehouse-id", row->warehouse_id);
    json_write_key(writer, "namespace");
    listing_write_levels(writer, row->namespace_path, (struct slice){NULL, 0});
    write_text(writer, "name", row->name);
    write_text(writer, "uuid", row->entity_uuid);
    write_text(writer, "old-location", row->old_location);
    write_text(writer, "new-location", row->new_location);
    write_text(writer, "actor", row->actor);
    write_text(writer, "request-id", row->request_id);
    json_write_object_end(writer);
}

/* ?warehouse= narrows the log to one; 0 is all of them. */
static bool read_warehouse(struct op *op, int64_t *ret_id, struct error *err)
{
    struct slice name;
    const struct warehouse *warehouse = NULL;
    TRY(request_query(op->request, "warehouse", &name, err));
    *ret_id = 0;
    if (name.ptr == NULL || name.len == 0)
        return true;
    TRY(warehouse_find(op->server->catalog, name, &warehouse, err));
    *ret_id = warehouse->id;
    warehouse_unref(warehouse);
    return true;
}

static bool read_changes(struct op *op, struct change_row **ret_rows, size_t *ret_count,
                         struct error *err)
{
    struct pointer_view *view = NULL;
    int64_t warehouse_id = 0, after = 0, limit = DEFAULT_PAGE_SIZE;
    TRY(read_warehouse(op, &warehouse_id, err));
    TRY(request_query_int64(op->request, "after", 0, INT64_MAX, &after, err));
    TRY(request_query_int64(op->request, "limit", 1, MAX_PAGE_SIZE, &limit, err));
    TRY(pointer_view_begin(op->server->pointers, &view, err));
    bool ok = pointer_change_list(view, warehouse_id, after, limit, op->call.arena, ret_rows,
                                  ret_count, err);
    pointer_view_end(view);
    return ok;
}

bool op_list_changes(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct change_row *rows = NULL;
    struct buffer body;
    struct json_writer writer;
    size_t count = 0;
    TRY(read_changes(op, &rows, &count, err));
    buffer_init(&body, MAX_LOG_ANSWER);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "changes");
    json_write_array_begin(&writer);
    for (size_t i = 0; i < count; i++)
        write_change(&writer, &rows[i]);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}

static void write_purge(struct json_writer *writer, const struct purge_row *row)
{
    json_write_object_begin(writer);
    json_write_int64_member(writer, "id", row->id);
    json_write_int64_member(writer, "warehouse-id", row->warehouse_id);
    write_text(writer, "location", row->location);
    write_text(writer, "metadata-location", row->metadata_location);
    json_write_int64_member(writer, "attempts", row->attempts);
    json_write_int64_member(writer, "files-left", row->files_left);
    write_text(writer, "reason", row->reason);
    json_write_object_end(writer);
}

bool op_list_purges(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct purge_row *rows = NULL;
    struct buffer body;
    struct json_writer writer;
    size_t count = 0;
    int64_t limit = DEFAULT_PAGE_SIZE;
    TRY(request_query_int64(op->request, "limit", 1, MAX_PAGE_SIZE, &limit, err));
    TRY(purge_list(&op->call, limit, &rows, &count, err));
    buffer_init(&body, MAX_LOG_ANSWER);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "purges");
    json_write_array_begin(&writer);
    for (size_t i = 0; i < count; i++)
        write_purge(&writer, &rows[i]);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}

bool op_get_counters(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    struct json_writer writer;
    buffer_init(&body, MAX_LOG_ANSWER);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    json_write_int64_member(&writer, "since-ms", op->server->started_ms);
    json_write_key(&writer, "counters");
    json_write_object_begin(&writer);
    for (enum counter i = 0; i < COUNTER_COUNT; i++)
        json_write_int64_member(&writer, counter_name(i),
                                (int64_t)counter_get(&op->server->counters, i));
    json_write_object_end(&writer);
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}
