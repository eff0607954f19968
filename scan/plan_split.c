#include "scan/plan_split.h"

#include "base/json_tree.h"
#include "base/limits.h"

/* A window's numbers and the braces around the request. */
#define WINDOW_SIZE 80

/* A count that the list does not give is taken for a full answer. */
static uint64_t files_of(const struct manifest_list_entry *entry, uint64_t unknown)
{
    if (entry->added_files < 0 || entry->existing_files < 0)
        return unknown;
    return (uint64_t)entry->added_files + (uint64_t)entry->existing_files;
}

bool plan_split_is_due(const struct plan *plan, uint64_t max_files)
{
    size_t count = 0;
    uint64_t files = 0;
    const struct plan_manifest *manifests = plan_manifests(plan, &count);
    for (size_t i = 0; i < count && files <= max_files; i++)
        files += files_of(manifests[i].entry, max_files);
    return files > max_files && count > 1;
}

/* --- writing -------------------------------------------------------------------------------- */

static void write_snapshots(struct json_writer *json, const struct plan *plan)
{
    const struct plan_request *request = plan_request_of(plan);
    if (!request->has_range) {
        json_write_key(json, "snapshot-id");
        json_write_int64(json, plan_snapshot_id(plan));
        return;
    }
    json_write_key(json, "start-snapshot-id");
    json_write_int64(json, request->start_snapshot_id);
    json_write_key(json, "end-snapshot-id");
    json_write_int64(json, request->end_snapshot_id);
}

/* What all tasks of a plan have in common, as a JSON object. */
static void write_request(struct buffer *out, const struct plan *plan)
{
    const struct plan_request *request = plan_request_of(plan);
    struct json_writer json;
    json_writer_init(&json, out);
    json_write_object_begin(&json);
    write_snapshots(&json, plan);
    json_write_key(&json, "schema-id");
    json_write_int64(&json, plan_schema_id(plan));
    json_write_key(&json, "case-sensitive");
    json_write_bool(&json, request->is_case_sensitive);
    if (request->stats_fields) {
        json_write_key(&json, "stats-fields");
        json_write_tree(&json, request->stats_fields);
    }
    if (request->has_filter) {
        json_write_key(&json, "filter");
        json_write_raw(&json, SLICE_EMPTY);
        expression_write_json(&request->filter, out);
    }
    json_write_object_end(&json);
}

/* Tokens are made in an arena of their own: a plan may have thousands. */
static bool write_task(struct slice request, struct plan_window window,
                       const struct plan_sealer *sealer, struct json_writer *json,
                       struct error *err)
{
    struct arena scratch;
    struct slice text;
    struct buffer payload;
    arena_init(&scratch, MAX_REQUEST_ARENA);
    buffer_init(&payload, MAX_BODY_SIZE + WINDOW_SIZE);
    buffer_printf(&payload, "{\"first\":%zu,\"end\":%zu,\"request\":", window.first, window.end);
    buffer_append_slice(&payload, request);
    buffer_append_byte(&payload, '}');
    bool ok =
        buffer_check(&payload, "a plan task", err) &&
        plan_token_seal(sealer, PLAN_TOKEN_TASK, buffer_slice(&payload), &scratch, &text, err);
    if (ok)
        json_write_string(json, text);
    buffer_finish(&payload);
    arena_finish(&scratch);
    return ok && buffer_check(json->out, "the answer", err);
}

static bool write_tasks(const struct plan *plan, uint64_t max_files, struct slice request,
                        const struct plan_sealer *sealer, struct json_writer *json,
                        struct error *err)
{
    size_t count = 0, begin = 0;
    uint64_t files = 0;
    const struct plan_manifest *manifests = plan_manifests(plan, &count);
    for (size_t i = 0; i < count; i++) {
        uint64_t more = files_of(manifests[i].entry, max_files);
        if (i > begin && files + more > max_files) {
            struct plan_window window = {manifests[begin].place, manifests[i].place};
            TRY(write_task(request, window, sealer, json, err));
            begin = i;
            files = 0;
        }
        files += more;
    }
    struct plan_window rest = {manifests[begin].place, manifests[count - 1].place + 1};
    return write_task(request, rest, sealer, json, err);
}

bool plan_split_write(const struct plan *plan, uint64_t max_files, const struct plan_sealer *sealer,
                      struct json_writer *json, struct error *err)
{
    struct buffer request;
    buffer_init(&request, MAX_BODY_SIZE);
    write_request(&request, plan);
    bool ok = buffer_check(&request, "a plan task", err) &&
              write_tasks(plan, max_files, buffer_slice(&request), sealer, json, err);
    buffer_finish(&request);
    return ok;
}

/* --- reading -------------------------------------------------------------------------------- */

static bool read_part(struct plan_part *part, struct arena *arena, struct error *err)
{
    json_t *request = NULL;
    int64_t first = 0, end = 0;
    TRY(json_get_int64(part->tree, "first", &first, err));
    TRY(json_get_int64(part->tree, "end", &end, err));
    TRY(json_get_object(part->tree, "request", &request, err));
    TRY(plan_request_parse(request, arena, &part->request, err));
    TRY(json_get_int32(request, "schema-id", &part->request.schema_id, err));
    part->request.has_schema_id = true;
    part->window = (struct plan_window){(size_t)first, (size_t)end};
    return true;
}

bool plan_part_read(struct slice task, const struct plan_sealer *sealer, struct arena *arena,
                    struct plan_part *ret_part, struct error *err)
{
    struct slice payload;
    struct plan_part part = {0};
    TRY(plan_token_open(sealer, PLAN_TOKEN_TASK, task, arena, &payload, err));
    TRY(json_tree_parse(payload, "plan task", &part.tree, err));
    if (!read_part(&part, arena, err)) {
        plan_part_finish(&part);
        return false;
    }
    *ret_part = part;
    return true;
}

void plan_part_finish(struct plan_part *part)
{
    json_decref(part->tree);
}
