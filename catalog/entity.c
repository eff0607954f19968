#include "catalog/entity.h"

#include "base/json_tree.h"
#include "catalog/location_policy.h"
#include "catalog/lookup.h"
#include "catalog/purge.h"
#include "catalog/purge_guard.h"

/* --- list --------------------------------------------------------------------------------- */

static bool list_in_view(struct call *call, struct pointer_view *view, struct slice path,
                         enum entity_kind kind, const struct page_request *page,
                         struct name_page *ret_page, struct error *err)
{
    struct namespace_row above;
    struct entity_row *rows = NULL;
    size_t count = 0;
    TRY(namespace_must_exist(call, view, path, &above, err));
    TRY(pointer_entity_list(view, above.id, kind, page_after(page), page_limit(page), call->arena,
                            &rows, &count, err));
    struct slice *names = ARENA_ARRAY(call->arena, struct slice, count + 1);
    if (names == NULL)
        return error_no_memory(err, "the list");
    for (size_t i = 0; i < count; i++)
        names[i] = rows[i].name;
    *ret_page = page_of_names(page, names, count);
    return true;
}

bool entity_list(struct call *call, struct slice namespace_path, enum entity_kind kind,
                 const struct page_request *page, struct name_page *ret_page, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = list_in_view(call, view, namespace_path, kind, page, ret_page, err);
    pointer_view_end(view);
    return ok;
}

/* --- insert ------------------------------------------------------------------------------- */

bool entity_insert(const struct call *call, struct pointer_txn *txn, struct entity_name name,
                   const struct entity_row *part, struct error *err)
{
    struct pointer_view *view = pointer_txn_view(txn);
    struct namespace_row above;
    struct entity_row row = *part;
    int64_t id = 0;
    TRY(namespace_must_exist(call, view, name.namespace_path, &above, err));
    TRY(entity_must_not_exist(call, view, name, part->kind, err));
    if (part->kind == ENTITY_TABLE) {
        TRY(location_check_free(view, call->arena, part->location, 0, err));
        TRY(purge_guard_admit(txn, part->uuid, call->arena, err));
    }
    row.warehouse_id = call->warehouse->id;
    row.namespace_id = above.id;
    row.namespace_path = name.namespace_path;
    row.name = name.name;
    return pointer_entity_insert(txn, &row, &id, err);
}

/* --- rename ------------------------------------------------------------------------------- */

struct rename_job {
    struct call *call;
    enum entity_kind kind;
    struct entity_name from;
    struct entity_name to;
    struct entity_row row;
};

static bool check_target(struct rename_job *job, struct pointer_view *view, struct error *err)
{
    struct entity_row other;
    struct arena *arena = job->call->arena;
    bool found = false;
    TRY(pointer_entity_get(view, job->call->warehouse->id, job->to.namespace_path, job->to.name,
                           arena, &other, &found, err));
    if (!found || other.id == job->row.id)
        return true;
    return error_set(err, ERROR_ALREADY_EXISTS, "Cannot rename %s to %s. %s already exists",
                     entity_name_text(arena, job->from), entity_name_text(arena, job->to),
                     other.kind == ENTITY_VIEW ? "View" : "Table");
}

static bool rename_entity(struct pointer_txn *txn, void *context, struct error *err)
{
    struct rename_job *job = context;
    struct pointer_view *view = pointer_txn_view(txn);
    struct namespace_row target;
    TRY(entity_must_exist(job->call, view, job->from, job->kind, &job->row, err));
    TRY(namespace_must_exist(job->call, view, job->to.namespace_path, &target, err));
    TRY(check_target(job, view, err));
    return pointer_entity_rename(txn, job->row.id, target.id, job->to.name, err);
}

bool entity_rename(struct call *call, const json_t *request, enum entity_kind kind,
                   struct error *err)
{
    struct rename_job job = {.call = call, .kind = kind};
    json_t *source = NULL, *destination = NULL;
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "The request body must be a JSON object");
    TRY(json_get_object(request, "source", &source, err));
    TRY(json_get_object(request, "destination", &destination, err));
    TRY(entity_name_parse(call, source, &job.from, err));
    TRY(entity_name_parse(call, destination, &job.to, err));
    TRY(namespace_path_check_size(job.to.namespace_path, err));
    /* Not by SLICE_ARG, which cuts: the log must have the whole name. */
    struct slice old_name = arena_printf(
        call->arena, "%.*s%c%.*s", (int)job.from.namespace_path.len, job.from.namespace_path.ptr,
        NAMESPACE_SEPARATOR, (int)job.from.name.len, job.from.name.ptr);
    if (old_name.ptr == NULL)
        return error_no_memory(err, "the rename");
    struct change_row change = {.namespace_path = job.to.namespace_path,
                                .name = job.to.name,
                                .old_location = old_name};
    call->outcome.status = 204;
    return call_write(call, rename_entity, &job, &change, 1, err);
}

/* --- leave -------------------------------------------------------------------------------- */

struct remove_job {
    struct call *call;
    struct entity_name name;
    const struct entity_row *row;
    enum removal removal;
    bool has_moved;
};

/* For good: what is purged now. */
static bool delete_entity(const struct remove_job *job, struct pointer_txn *txn,
                          const struct entity_row *row, struct error *err)
{
    struct purge_row purge = {
        .warehouse_id = row->warehouse_id,
        .kind = row->kind,
        .uuid = row->uuid,
        .location = row->location,
        .metadata_location = row->metadata_location,
    };
    TRY(pointer_entity_delete(txn, row->id, err));
    return job->removal != REMOVAL_PURGE || pointer_purge_add(txn, &purge, err);
}

static bool remove_entity(struct pointer_txn *txn, void *context, struct error *err)
{
    struct remove_job *job = context;
    struct entity_row now;
    TRY(entity_must_exist(job->call, pointer_txn_view(txn), job->name, job->row->kind, &now, err));
    job->has_moved = now.id != job->row->id ||
                     !slice_equals(now.metadata_location, job->row->metadata_location);
    if (job->has_moved)
        return error_set(err, ERROR_COMMIT_FAILED, "%s changed while it was dropped: try again",
                         entity_name_text(job->call->arena, job->name));
    int64_t keep_ms = job->call->warehouse->retention_ms;
    if (keep_ms > 0 && job->removal != REMOVAL_LET_GO)
        return pointer_entity_drop(txn, now.id, keep_ms, job->removal == REMOVAL_PURGE, err);
    return delete_entity(job, txn, &now, err);
}

bool entity_remove(struct call *call, struct entity_name name, const struct entity_row *row,
                   enum removal removal, bool *ret_moved, struct error *err)
{
    struct remove_job job = {.call = call, .name = name, .row = row, .removal = removal};
    struct change_row change = {
        .entity_uuid = row->uuid,
        .namespace_path = name.namespace_path,
        .name = name.name,
        .old_location = row->metadata_location,
    };
    struct error cause = {0};
    *ret_moved = false;
    if (call_write(call, remove_entity, &job, &change, 1, &cause)) {
        /* Files wait to be deleted, or a retention to be ended. */
        if (removal != REMOVAL_LET_GO)
            purge_worker_wake(call->catalog->purge);
        return true;
    }
    *ret_moved = job.has_moved;
    if (err)
        *err = cause;
    return false;
}
