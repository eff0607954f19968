#include "scan/plan_split.h"

#include "base/json_tree.h"
#include "base/limits.h"

/* A window's numbers and the braces around the request. */
#define WINDOW_SIZE 160

/* Where the list does not say, the manifest is read. */
static bool count_files(struct plan *plan, const struct plan_manifest *manifest,
                        uint64_t *ret_files, struct error *err)
{
    const struct manifest_list_entry *entry = manifest->entry;
    if (entry->added_files < 0 || entry->existing_files < 0)
        return plan_manifest_rows(plan, manifest, ret_files, err);
    *ret_files = (uint64_t)entry->added_files + (uint64_t)entry->existing_files;
    return true;
}

bool plan_split_is_due(struct plan *plan, uint64_t max_files, bool *ret_is_due, struct error *err)
{
    size_t count = 0;
    uint64_t files = 0, more = 0;
    const struct plan_manifest *manifests = plan_manifests(plan, &count);
    for (size_t i = 0; i < count && files <= max_files; i++) {
        TRY(count_files(plan, &manifests[i], &more, err));
        files += more;
    }
    *ret_is_due = files > max_files;
    return true;
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

void plan_request_write(const struct plan *plan, struct buffer *out)
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

/* While the tasks of a plan are written. */
struct split {
    struct plan *plan;
    uint64_t max_files;
    struct slice request; /* what all tasks have in common */
    const struct plan_sealer *sealer;
    const struct plan_sink *sink;
    struct json_writer *json;
    struct plan_window window; /* manifests that wait for their task; none where end is 0 */
    uint64_t files;            /* theirs */
};

/* Tokens are made in an arena of their own: a plan may have thousands. */
static bool write_task(struct split *split, struct plan_window window, struct error *err)
{
    struct arena scratch;
    struct slice text;
    struct buffer payload;
    arena_init(&scratch, MAX_REQUEST_ARENA);
    buffer_init(&payload, MAX_BODY_SIZE + WINDOW_SIZE);
    buffer_printf(&payload,
                  "{\"first\":%zu,\"end\":%zu,\"row\":%zu,\"rows\":%zu,\"request\":", window.first,
                  window.end, window.first_row, window.row_count);
    buffer_append_slice(&payload, split->request);
    buffer_append_byte(&payload, '}');
    bool ok = buffer_check(&payload, "a plan task", err) &&
              plan_token_seal(split->sealer, PLAN_TOKEN_TASK, buffer_slice(&payload), &scratch,
                              &text, err);
    if (ok) {
        json_write_string(split->json, text);
        plan_count_task(split->plan);
    }
    buffer_finish(&payload);
    arena_finish(&scratch);
    return ok && buffer_check(split->json->out, "the answer", err) &&
           plan_sink_feed(split->sink, split->json->out, err);
}

static bool write_waiting(struct split *split, struct error *err)
{
    struct plan_window window = split->window;
    split->window = (struct plan_window){0};
    split->files = 0;
    return window.end == 0 || write_task(split, window, err);
}

/* A manifest of too many files, by ranges of its entries. The last has no end, so that nothing is
 * lost where the list counts too few. */
static bool divide(struct split *split, const struct plan_manifest *manifest, struct error *err)
{
    uint64_t rows = 0;
    TRY(plan_manifest_rows(split->plan, manifest, &rows, err));
    for (uint64_t first = 0; first < rows; first += split->max_files) {
        bool is_last = rows - first <= split->max_files;
        struct plan_window window = {manifest->place, manifest->place + 1, (size_t)first,
                                     is_last ? 0 : (size_t)split->max_files};
        TRY(write_task(split, window, err));
    }
    return true;
}

static bool add_manifest(struct split *split, const struct plan_manifest *manifest,
                         struct error *err)
{
    uint64_t files = 0;
    TRY(count_files(split->plan, manifest, &files, err));
    if (files > split->max_files)
        return write_waiting(split, err) && divide(split, manifest, err);
    if (split->files + files > split->max_files)
        TRY(write_waiting(split, err));
    if (split->window.end == 0)
        split->window.first = manifest->place;
    split->window.end = manifest->place + 1;
    split->files += files;
    return true;
}

static bool write_tasks(struct split *split, struct error *err)
{
    size_t count = 0;
    const struct plan_manifest *manifests = plan_manifests(split->plan, &count);
    for (size_t i = 0; i < count; i++)
        TRY(add_manifest(split, &manifests[i], err));
    return write_waiting(split, err);
}

bool plan_split_write(struct plan *plan, uint64_t max_files, const struct plan_sealer *sealer,
                      const struct plan_sink *sink, struct json_writer *json, struct error *err)
{
    struct buffer request;
    buffer_init(&request, MAX_BODY_SIZE);
    plan_request_write(plan, &request);
    struct split split = {.plan = plan,
                          .max_files = max_files,
                          .request = buffer_slice(&request),
                          .sealer = sealer,
                          .sink = sink,
                          .json = json};
    bool ok = buffer_check(&request, "a plan task", err) && write_tasks(&split, err);
    buffer_finish(&request);
    return ok;
}

/* --- reading -------------------------------------------------------------------------------- */

static bool read_request(struct plan_part *part, const json_t *request, struct arena *arena,
                         struct error *err)
{
    TRY(plan_request_parse(request, arena, &part->request, err));
    TRY(json_get_int32(request, "schema-id", &part->request.schema_id, err));
    part->request.has_schema_id = true;
    return true;
}

static bool read_part(struct plan_part *part, struct arena *arena, struct error *err)
{
    json_t *request = NULL;
    int64_t first = 0, end = 0, row = 0, rows = 0;
    TRY(json_get_int64(part->tree, "first", &first, err));
    TRY(json_get_int64(part->tree, "end", &end, err));
    TRY(json_get_int64(part->tree, "row", &row, err));
    TRY(json_get_int64(part->tree, "rows", &rows, err));
    TRY(json_get_object(part->tree, "request", &request, err));
    TRY(read_request(part, request, arena, err));
    part->window = (struct plan_window){(size_t)first, (size_t)end, (size_t)row, (size_t)rows};
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

bool plan_request_read(struct slice text, struct arena *arena, struct plan_part *ret_part,
                       struct error *err)
{
    struct plan_part part = {.window = PLAN_WINDOW_ALL};
    TRY(json_tree_parse(text, "a submitted plan", &part.tree, err));
    if (!read_request(&part, part.tree, arena, err)) {
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
