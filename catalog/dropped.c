#include "catalog/dropped.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/lookup.h"
#include "catalog/purge.h"

/* A name that was dropped more often than this is not searched through: it takes a uuid. */
#define MAX_CANDIDATES 100
/* Retentions that one transaction ends. */
#define EXPIRE_BATCH 100
/* So many uuids of one name are said in an error. */
#define MAX_NAMED 3

static struct entity_name name_of(const struct dropped_row *row)
{
    return (struct entity_name){row->entity.namespace_path, row->entity.name};
}

static const char *kind_text(const struct dropped_row *row)
{
    return row->entity.kind == ENTITY_VIEW ? "view" : "table";
}

/* --- list --------------------------------------------------------------------------------- */

bool dropped_list(struct call *call, struct dropped_place after, int64_t size,
                  struct dropped_page *ret_page, struct error *err)
{
    struct pointer_view *view = NULL;
    struct dropped_page page = {0};
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = pointer_dropped_list(view, call->warehouse->id, after, size + 1, call->arena,
                                   &page.rows, &page.count, err);
    pointer_view_end(view);
    TRY(ok);
    page.has_more = (int64_t)page.count > size;
    page.count -= page.has_more;
    *ret_page = page;
    return true;
}

/* --- which one ---------------------------------------------------------------------------- */

struct selector {
    struct slice uuid; /* empty: any */
    struct entity_name name;
    bool has_name;
};

static bool selector_parse(const struct call *call, const json_t *request, struct selector *ret,
                           struct error *err)
{
    struct selector selector = {.uuid = SLICE_EMPTY};
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "The request body must be a JSON object");
    TRY(json_opt_string(request, "uuid", &selector.uuid, err));
    if (selector.uuid.len > 0 && !uuid_is_valid(selector.uuid.ptr, selector.uuid.len))
        return error_set(err, ERROR_BAD_REQUEST, "'%.*s' is not a uuid", SLICE_ARG(selector.uuid));
    selector.has_name = json_object_get(request, "name") || json_object_get(request, "namespace");
    if (selector.has_name)
        TRY(entity_name_parse(call, request, &selector.name, err));
    else if (selector.uuid.len == 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Say what was dropped: by its uuid, or by its namespace and name");
    *ret = selector;
    return true;
}

static bool matches(const struct call *call, const struct selector *selector,
                    const struct dropped_row *row)
{
    if (row->entity.warehouse_id != call->warehouse->id ||
        (selector->uuid.len > 0 && !slice_equals_ignore_case(row->entity.uuid, selector->uuid)))
        return false;
    return !selector->has_name ||
           (slice_equals(row->entity.namespace_path, selector->name.namespace_path) &&
            slice_equals(row->entity.name, selector->name.name));
}

static bool not_kept(const struct call *call, const struct selector *selector, struct error *err)
{
    return error_set(err, ERROR_NO_SUCH_TABLE,
                     "Nothing that was dropped from warehouse %.*s and is kept is %s: see GET "
                     "/management/v1/warehouses/%.*s/dropped, or firn undrop --list",
                     SLICE_ARG(call->warehouse->name),
                     selector->has_name ? entity_name_text(call->arena, selector->name)
                                        : arena_string(call->arena, selector->uuid),
                     SLICE_ARG(call->warehouse->name));
}

/* The last drop first, as the list has them. */
static bool not_unique(const struct call *call, const struct dropped_row *rows, size_t count,
                       struct error *err)
{
    (void)error_set(err, ERROR_CONFLICT,
                    "%s was dropped more than once: choose by uuid, and by name where that does "
                    "not tell them apart:",
                    entity_name_text(call->arena, name_of(&rows[0])));
    for (size_t i = 0; err && i < count && i < MAX_NAMED; i++) {
        const struct dropped_row *row = &rows[count - 1 - i];
        char when[32];
        time_format_iso(row->dropped_ms, when, sizeof when);
        (void)error_set(err, err->kind, "%s%s %s %.*s (%s)", err->message, i > 0 ? "," : "",
                        kind_text(row), SLICE_ARG(row->entity.uuid), when);
    }
    if (err && count > MAX_NAMED)
        (void)error_set(err, err->kind, "%s, and others (firn undrop --list)", err->message);
    return false;
}

/* The one that the selector means. */
static bool find(const struct call *call, struct pointer_view *view,
                 const struct selector *selector, struct dropped_row *ret_row, struct error *err)
{
    struct dropped_row *rows = NULL;
    size_t found = 0, count = 0;
    if (selector->uuid.len > 0)
        TRY(pointer_dropped_by_uuid(view, selector->uuid, MAX_CANDIDATES, call->arena, &rows,
                                    &found, err));
    else
        TRY(pointer_dropped_by_name(view, call->warehouse->id, selector->name.namespace_path,
                                    selector->name.name, MAX_CANDIDATES, call->arena, &rows, &found,
                                    err));
    for (size_t i = 0; i < found; i++)
        if (matches(call, selector, &rows[i]))
            rows[count++] = rows[i];
    if (count == 0)
        return not_kept(call, selector, err);
    if (count > 1)
        return not_unique(call, rows, count, err);
    *ret_row = rows[0];
    return true;
}

/* --- undrop ------------------------------------------------------------------------------- */

struct dropped_job {
    struct call *call;
    struct selector selector;
    struct entity_name destination;
    bool has_destination;
    struct change_row change;
};

static json_t *levels_tree(struct slice path)
{
    json_t *levels = json_array();
    for (struct slice rest = path; levels && rest.len > 0;) {
        size_t end = slice_find(rest, NAMESPACE_SEPARATOR);
        if (json_array_append_new(levels, json_from_slice(slice_make(rest.ptr, end))) != 0) {
            json_decref(levels);
            return NULL;
        }
        rest = slice_from(rest, end + 1);
    }
    return levels;
}

/* What it is now, or was: the answer, also to a repeated Idempotency-Key. */
static bool keep_answer(struct call *call, const struct dropped_row *row, struct entity_name name,
                        struct error *err)
{
    json_auto_t *tree =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:b}", "type", kind_text(row), "namespace",
                  levels_tree(name.namespace_path), "name", json_from_slice(name.name), "uuid",
                  json_from_slice(row->entity.uuid), "metadata-location",
                  json_from_slice(row->entity.metadata_location), "purge-requested", row->purge);
    call->outcome.status = 200;
    char *text = tree ? json_dumps(tree, JSON_COMPACT) : NULL;
    call->outcome.body = text ? arena_slice(call->arena, slice_from_string(text)) : SLICE_EMPTY;
    bool ok = text && call->outcome.body.ptr;
    free(text);
    return ok || error_no_memory(err, "the answer");
}

static bool check_name(const struct dropped_job *job, struct pointer_view *view,
                       const struct dropped_row *row, struct entity_name name, struct error *err)
{
    if (entity_must_not_exist(job->call, view, name, row->entity.kind, err))
        return true;
    if (err && err->kind == ERROR_ALREADY_EXISTS)
        error_prefix(err, "The %s cannot come back under this name, give it another one",
                     kind_text(row));
    return false;
}

static bool restore(struct pointer_txn *txn, void *context, struct error *err)
{
    struct dropped_job *job = context;
    struct pointer_view *view = pointer_txn_view(txn);
    struct namespace_row above;
    struct dropped_row row;
    TRY(find(job->call, view, &job->selector, &row, err));
    struct entity_name name = job->has_destination ? job->destination : name_of(&row);
    TRY(namespace_must_exist(job->call, view, name.namespace_path, &above, err));
    TRY(check_name(job, view, &row, name, err));
    TRY(pointer_dropped_restore(txn, &row.entity, above.id, name.name, err));
    job->change.entity_uuid = row.entity.uuid;
    job->change.namespace_path = name.namespace_path;
    job->change.name = name.name;
    job->change.new_location = row.entity.metadata_location;
    return keep_answer(job->call, &row, name, err);
}

/* call_submit borrows the change: the job fills it before it is written. */
static bool write_job(struct dropped_job *job, pointer_job_fn run, struct error *err)
{
    job->change = (struct change_row){.entity_uuid = SLICE_EMPTY};
    return call_write(job->call, run, job, &job->change, 1, err);
}

bool dropped_undrop(struct call *call, const json_t *request, struct error *err)
{
    struct dropped_job job = {.call = call};
    json_t *destination = NULL;
    TRY(selector_parse(call, request, &job.selector, err));
    TRY(json_opt_object(request, "destination", &destination, err));
    job.has_destination = destination != NULL;
    if (job.has_destination) {
        TRY(entity_name_parse(call, destination, &job.destination, err));
        TRY(namespace_path_check_size(job.destination.namespace_path, err));
    }
    return write_job(&job, restore, err);
}

/* --- the end ------------------------------------------------------------------------------ */

static bool end_retention(struct pointer_txn *txn, const struct dropped_row *row, struct error *err)
{
    struct purge_row purge = {
        .warehouse_id = row->entity.warehouse_id,
        .kind = row->entity.kind,
        .uuid = row->entity.uuid,
        .location = row->entity.location,
        .metadata_location = row->entity.metadata_location,
    };
    TRY(pointer_dropped_delete(txn, row->entity.id, err));
    return !row->purge || pointer_purge_add(txn, &purge, err);
}

static struct change_row change_of_end(const struct dropped_row *row)
{
    return (struct change_row){
        .warehouse_id = row->entity.warehouse_id,
        .entity_uuid = row->entity.uuid,
        .namespace_path = row->entity.namespace_path,
        .name = row->entity.name,
        .old_location = row->entity.metadata_location,
    };
}

static bool forget(struct pointer_txn *txn, void *context, struct error *err)
{
    struct dropped_job *job = context;
    struct dropped_row row;
    TRY(find(job->call, pointer_txn_view(txn), &job->selector, &row, err));
    job->change = change_of_end(&row);
    return end_retention(txn, &row, err) && keep_answer(job->call, &row, name_of(&row), err);
}

bool dropped_forget(struct call *call, const json_t *request, struct error *err)
{
    struct dropped_job job = {.call = call};
    TRY(selector_parse(call, request, &job.selector, err));
    TRY(write_job(&job, forget, err));
    purge_worker_wake(call->catalog->purge);
    return true;
}

/* --- the end by time ---------------------------------------------------------------------- */

struct expire_job {
    struct arena arena;
    int64_t now_ms;
    size_t count;
};

static bool expire_row(struct pointer_txn *txn, const struct expire_job *job,
                       const struct dropped_row *row, struct error *err)
{
    struct change_row change = change_of_end(row);
    change.operation = "forgetDropped";
    change.actor = SLICE_LITERAL(RETENTION_ACTOR);
    change.time_ms = job->now_ms;
    return end_retention(txn, row, err) && pointer_change_append(txn, &change, err);
}

static bool expire(struct pointer_txn *txn, void *context, struct error *err)
{
    struct expire_job *job = context;
    struct dropped_row *rows = NULL;
    TRY(pointer_dropped_due(pointer_txn_view(txn), job->now_ms, EXPIRE_BATCH, &job->arena, &rows,
                            &job->count, err));
    for (size_t i = 0; i < job->count; i++)
        TRY(expire_row(txn, job, &rows[i], err));
    return true;
}

bool dropped_expire(struct catalog *catalog, size_t *ret_count, struct error *err)
{
    struct expire_job job = {.now_ms = clock_now_ms(catalog->clock)};
    int64_t next_ms = 0;
    TRY(dropped_next_end(catalog, &next_ms, err));
    *ret_count = 0;
    if (next_ms > job.now_ms)
        return true;
    arena_init(&job.arena, MAX_REQUEST_ARENA);
    bool ok = pointer_store_write(catalog->pointers, expire, &job, err);
    arena_finish(&job.arena);
    if (ok)
        *ret_count = job.count;
    return ok;
}

bool dropped_next_end(struct catalog *catalog, int64_t *ret_until_ms, struct error *err)
{
    struct pointer_view *view = NULL;
    struct dropped_row *rows = NULL;
    struct arena arena;
    size_t count = 0;
    TRY(pointer_view_begin(catalog->pointers, &view, err));
    arena_init(&arena, MAX_REQUEST_ARENA);
    bool ok = pointer_dropped_due(view, INT64_MAX, 1, &arena, &rows, &count, err);
    pointer_view_end(view);
    if (ok)
        *ret_until_ms = count > 0 ? rows[0].until_ms : INT64_MAX;
    arena_finish(&arena);
    return ok;
}

/* --- what comes in meanwhile -------------------------------------------------------------- */

/* Format 1 may lack the uuid: that is no table's. */
static bool find_table(struct pointer_view *view, struct slice uuid, struct arena *arena,
                       struct dropped_row *ret_row, bool *ret_found, struct error *err)
{
    struct dropped_row *rows = NULL;
    size_t count = 0;
    *ret_found = false;
    if (uuid.len == 0)
        return true;
    TRY(pointer_dropped_by_uuid(view, uuid, MAX_CANDIDATES, arena, &rows, &count, err));
    for (size_t i = 0; i < count && !*ret_found; i++) {
        *ret_found = rows[i].entity.kind == ENTITY_TABLE;
        *ret_row = rows[i];
    }
    return true;
}

bool dropped_is_kept(struct pointer_view *view, struct slice uuid, struct arena *arena,
                     bool *ret_is_kept, struct error *err)
{
    struct dropped_row row;
    return find_table(view, uuid, arena, &row, ret_is_kept, err);
}

bool dropped_admit(struct pointer_view *view, struct slice uuid, struct arena *arena,
                   struct error *err)
{
    struct dropped_row row;
    char until[32];
    bool found = false;
    TRY(find_table(view, uuid, arena, &row, &found, err));
    if (!found)
        return true;
    time_format_iso(row.until_ms, until, sizeof until);
    return error_set(err, ERROR_CONFLICT,
                     "Table %s, which has the same uuid, was dropped and is kept until %s: bring "
                     "it back instead, or forget it first (firn undrop)",
                     entity_name_text(arena, name_of(&row)), until);
}
