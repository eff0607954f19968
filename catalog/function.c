#include "catalog/function.h"

#include <stdlib.h>

#include "base/limits.h"
#include "catalog/entity.h"
#include "catalog/location_policy.h"
#include "catalog/lookup.h"
#include "catalog/metadata_store.h"
#include "iceberg/function_metadata.h"

/* Each round means that a replace went through meanwhile. */
#define MAX_LOAD_ROUNDS 20

static bool find_function(const struct call *call, struct pointer_view *view,
                          struct entity_name name, struct entity_row *ret_row, bool *ret_found,
                          struct error *err)
{
    return pointer_function_get(view, call->warehouse->id, name.namespace_path, name.name,
                                call->arena, ret_row, ret_found, err);
}

static bool function_must_exist(const struct call *call, struct pointer_view *view,
                                struct entity_name name, struct entity_row *ret_row,
                                struct error *err)
{
    struct namespace_row above;
    bool found = false;
    TRY(namespace_must_exist(call, view, name.namespace_path, &above, err));
    TRY(find_function(call, view, name, ret_row, &found, err));
    return found || error_set(err, ERROR_NO_SUCH_FUNCTION, "Function does not exist: %s",
                              entity_name_text(call->arena, name));
}

bool function_list(struct call *call, struct slice namespace_path, const struct page_request *page,
                   struct name_page *ret_page, struct error *err)
{
    return entity_list(call, namespace_path, ENTITY_FUNCTION, page, ret_page, err);
}

static bool load_once(struct call *call, const struct entity_row *row, struct slice *ret_metadata,
                      struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, MAX_BODY_SIZE);
    bool ok = object_get(call->catalog->objects, row->metadata_location, &bytes, err);
    return buffer_to_arena(&bytes, ok, "the function", call->arena, ret_metadata, err);
}

static bool load_row(struct call *call, struct entity_name name, struct entity_row *ret_row,
                     struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = function_must_exist(call, view, name, ret_row, err);
    pointer_view_end(view);
    return ok;
}

/* A replace may delete the file between the read of the pointer and that of the file: it is gone
 * for the client only where the pointer still names it. */
bool function_load(struct call *call, struct entity_name name, struct slice *ret_metadata,
                   struct slice *ret_metadata_location, struct error *err)
{
    struct slice tried = SLICE_EMPTY;
    struct error cause = {0};
    for (int round = 0; round < MAX_LOAD_ROUNDS; round++) {
        struct entity_row row;
        TRY(load_row(call, name, &row, err));
        if (round > 0 && slice_equals(row.metadata_location, tried))
            break;
        if (load_once(call, &row, ret_metadata, &cause)) {
            *ret_metadata_location = row.metadata_location;
            return true;
        }
        if (cause.kind != ERROR_NOT_FOUND)
            break;
        tried = row.metadata_location;
    }
    if (err)
        *err = cause;
    return false;
}

/* --- put and drop --------------------------------------------------------------------------- */

struct function_job {
    struct call *call;
    struct entity_name name;
    struct slice uuid;
    struct slice location;
    struct carried_file file;
    struct entity_row old; /* what was replaced or dropped */
    bool is_new;
};

/* The change is done: a file that cannot be deleted now is only an orphan. */
static void delete_old_file(const struct function_job *job)
{
    struct call *call = job->call;
    if (location_is_deletable(call->catalog, call->warehouse, job->old.location,
                              job->old.metadata_location, call->arena))
        object_remove(call->catalog->objects, job->old.metadata_location, NULL);
}

static bool insert_function(struct pointer_txn *txn, struct function_job *job, struct error *err)
{
    struct namespace_row above;
    int64_t id = 0;
    TRY(namespace_must_exist(job->call, pointer_txn_view(txn), job->name.namespace_path, &above,
                             err));
    struct entity_row row = {
        .warehouse_id = job->call->warehouse->id,
        .namespace_id = above.id,
        .kind = ENTITY_FUNCTION,
        .namespace_path = job->name.namespace_path,
        .name = job->name.name,
        .uuid = job->uuid,
        .location = job->location,
        .metadata_location = job->file.location,
    };
    return pointer_entity_insert(txn, &row, &id, err);
}

static bool swap_function(struct pointer_txn *txn, struct function_job *job,
                          const struct entity_row *row, struct error *err)
{
    bool is_swapped = false;
    if (!slice_equals_ignore_case(row->uuid, job->uuid))
        return error_set(err, ERROR_VALIDATION,
                         "Function %s has the function-uuid %.*s: it cannot become %.*s",
                         entity_name_text(job->call->arena, job->name), SLICE_ARG(row->uuid),
                         SLICE_ARG(job->uuid));
    TRY(pointer_entity_swap(txn, row->id, row->metadata_location, job->file.location,
                            job->location, &is_swapped, err));
    return is_swapped ||
           error_set(err, ERROR_INTERNAL, "a function changed in its own transaction");
}

static bool store_function(struct pointer_txn *txn, void *context, struct error *err)
{
    struct function_job *job = context;
    bool found = false;
    TRY(find_function(job->call, pointer_txn_view(txn), job->name, &job->old, &found, err));
    job->is_new = !found;
    job->call->outcome.status = found ? 200 : 201;
    TRY(found ? swap_function(txn, job, &job->old, err) : insert_function(txn, job, err));
    return metadata_carry(txn, &job->file, err);
}

static bool place_function(struct function_job *job, struct error *err)
{
    struct namespace_row above;
    struct slice base;
    struct call *call = job->call;
    TRY(namespace_load(call, job->name.namespace_path, &above, err));
    TRY(location_default(call, above.path, above.properties, job->name.name,
                         SLICE_LITERAL("function"), &base, err));
    return location_check(call, base, "function location", &job->location, err);
}

static bool write_metadata(struct function_job *job, const json_t *request, struct error *err)
{
    struct slice directory = arena_printf(job->call->arena, "%.*s/metadata",
                                          (int)job->location.len, job->location.ptr);
    char *text = json_dumps(request, JSON_COMPACT);
    bool ok = directory.ptr && text;
    if (ok)
        ok = metadata_write(job->call, slice_from_string(text), directory, SLICE_EMPTY,
                            METADATA_CODEC_NONE, &job->file, err);
    else
        error_no_memory(err, "the function");
    free(text);
    return ok;
}

bool function_put(struct call *call, struct entity_name name, const json_t *request,
                  bool *ret_is_new, struct error *err)
{
    struct function_job job = {.call = call, .name = name};
    struct error cause = {0};
    TRY(name_check(name.name, "function", err));
    TRY(function_metadata_check(request, &job.uuid, err));
    TRY(place_function(&job, err));
    TRY(write_metadata(&job, request, err));
    struct change_row change = {
        .entity_uuid = job.uuid,
        .namespace_path = name.namespace_path,
        .name = name.name,
        .new_location = job.file.location,
    };
    if (call_write(call, store_function, &job, &change, 1, &cause)) {
        metadata_carried(call->catalog, &job.file);
        if (!job.is_new)
            delete_old_file(&job);
        *ret_is_new = job.is_new;
        return true;
    }
    if (cause.kind != ERROR_COMMIT_UNKNOWN)
        object_remove(call->catalog->objects, job.file.location, NULL);
    if (err)
        *err = cause;
    return false;
}

static bool delete_function(struct pointer_txn *txn, void *context, struct error *err)
{
    struct function_job *job = context;
    TRY(function_must_exist(job->call, pointer_txn_view(txn), job->name, &job->old, err));
    return pointer_entity_delete(txn, job->old.id, err);
}

bool function_drop(struct call *call, struct entity_name name, struct error *err)
{
    struct function_job job = {.call = call, .name = name};
    struct change_row change = {.namespace_path = name.namespace_path, .name = name.name};
    call->outcome.status = 204;
    TRY(call_write(call, delete_function, &job, &change, 1, err));
    delete_old_file(&job);
    return true;
}
