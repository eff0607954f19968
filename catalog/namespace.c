#include "catalog/namespace.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/lookup.h"

/* The part before the last separator: empty for a top-level namespace. */
static struct slice parent_path(struct slice path)
{
    for (size_t i = path.len; i-- > 0;)
        if (path.ptr[i] == NAMESPACE_SEPARATOR)
            return slice_make(path.ptr, i);
    return slice_make(path.ptr, 0);
}

static struct slice last_level(struct slice path)
{
    struct slice parent = parent_path(path);
    return parent.len == 0 ? path : slice_from(path, parent.len + 1);
}

/* --- list --------------------------------------------------------------------------------- */

static bool list_in_view(struct call *call, struct pointer_view *view, struct slice parent,
                         const struct page_request *page, struct name_page *ret_page,
                         struct error *err)
{
    struct namespace_row above = {.id = 0}, *rows = NULL;
    size_t count = 0;
    if (parent.len > 0)
        TRY(namespace_must_exist(call, view, parent, &above, err));
    TRY(pointer_namespace_list(view, call->warehouse->id, above.id, page_after(page),
                               page_limit(page), call->arena, &rows, &count, err));
    struct slice *names = ARENA_ARRAY(call->arena, struct slice, count + 1);
    if (names == NULL)
        return error_no_memory(err, "the list of namespaces");
    for (size_t i = 0; i < count; i++)
        names[i] = rows[i].path;
    struct name_page result = page_of_names(page, names, count);
    if (result.next.ptr)
        result.next = last_level(result.next);
    *ret_page = result;
    return true;
}

bool namespace_list(struct call *call, struct slice parent, const struct page_request *page,
                    struct name_page *ret_page, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = list_in_view(call, view, parent, page, ret_page, err);
    pointer_view_end(view);
    return ok;
}

/* --- create, load, drop ------------------------------------------------------------------- */

struct namespace_job {
    struct call *call;
    struct namespace_row row;
};

static bool insert_namespace(struct pointer_txn *txn, void *context, struct error *err)
{
    struct namespace_job *job = context;
    struct namespace_row above = {.id = 0};
    struct slice parent = parent_path(job->row.path);
    if (parent.len > 0)
        TRY(namespace_must_exist(job->call, pointer_txn_view(txn), parent, &above, err));
    return pointer_namespace_insert(txn, job->call->warehouse->id, above.id, job->row.path,
                                    job->row.properties, &job->row.id, err);
}

/* Compact JSON text of a tree, in the arena. */
static bool properties_text(struct arena *arena, const json_t *properties, struct slice *ret_text,
                            struct error *err)
{
    char *text = json_dumps(properties, JSON_COMPACT);
    if (text == NULL)
        return error_no_memory(err, "the properties");
    struct slice copy = arena_slice(arena, slice_from_string(text));
    free(text);
    if (copy.ptr == NULL)
        return error_no_memory(err, "the properties");
    if (copy.len > MAX_PROPERTIES_SIZE)
        return error_set(err, ERROR_BAD_REQUEST,
                         "The properties take %zu bytes, the most allowed are %zu", copy.len,
                         MAX_PROPERTIES_SIZE);
    *ret_text = copy;
    return true;
}

bool namespace_create(struct call *call, const json_t *request, struct namespace_row *ret_row,
                      struct error *err)
{
    struct namespace_job job = {.call = call,
                                .row = {.warehouse_id = call->warehouse->id,
                                        .properties = SLICE_LITERAL("{}")}};
    json_t *levels = NULL, *properties = NULL;
    TRY(json_get_array(request, "namespace", &levels, err));
    TRY(namespace_path_parse(call, levels, false, &job.row.path, err));
    TRY(namespace_path_check_size(job.row.path, err));
    TRY(json_opt_string_map(request, "properties", &properties, err));
    if (properties)
        TRY(properties_text(call->arena, properties, &job.row.properties, err));
    struct change_row change = {.namespace_path = job.row.path};
    call->outcome.status = 200;
    TRY(call_write(call, insert_namespace, &job, &change, 1, err));
    *ret_row = job.row;
    return true;
}

bool namespace_load(struct call *call, struct slice path, struct namespace_row *ret_row,
                    struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = namespace_must_exist(call, view, path, ret_row, err);
    pointer_view_end(view);
    return ok;
}

static bool delete_namespace(struct pointer_txn *txn, void *context, struct error *err)
{
    struct namespace_job *job = context;
    struct namespace_row row;
    TRY(namespace_must_exist(job->call, pointer_txn_view(txn), job->row.path, &row, err));
    return pointer_namespace_delete(txn, row.id, err);
}

bool namespace_drop(struct call *call, struct slice path, struct error *err)
{
    struct namespace_job job = {.call = call, .row = {.path = path}};
    struct change_row change = {.namespace_path = path};
    call->outcome.status = 204;
    return call_write(call, delete_namespace, &job, &change, 1, err);
}

/* --- properties --------------------------------------------------------------------------- */

struct properties_job {
    struct call *call;
    struct slice path;
    json_t *updates;  /* borrowed; NULL: none */
    json_t *removals; /* borrowed; NULL: none */
    json_t *answer;   /* owned by the job's caller, made anew by each run */
};

static bool check_removal(const json_t *updates, const json_t *key, struct error *err)
{
    if (!json_is_string(key))
        return error_set(err, ERROR_BAD_REQUEST, "removals must be an array of strings");
    if (updates == NULL || json_object_get(updates, json_string_value(key)) == NULL)
        return true;
    return error_set(err, ERROR_UNPROCESSABLE,
                     "Cannot both update and remove the property %s: name it once",
                     json_string_value(key));
}

static bool check_disjoint(const struct properties_job *job, struct error *err)
{
    size_t i;
    json_t *key;
    json_array_foreach(job->removals, i, key)
        TRY(check_removal(job->updates, key, err));
    return true;
}

static bool apply_updates(const struct properties_job *job, json_t *properties, json_t *updated)
{
    const char *key;
    json_t *value;
    json_object_foreach(job->updates, key, value)
        if (json_object_set(properties, key, value) != 0 ||
            json_array_append_new(updated, json_string(key)) != 0)
            return false;
    return true;
}

static bool apply_removals(const struct properties_job *job, json_t *properties, json_t *removed,
                           json_t *missing)
{
    json_auto_t *seen = json_object();
    size_t i;
    json_t *key;
    json_array_foreach(job->removals, i, key) {
        const char *name = json_string_value(key);
        if (json_object_get(seen, name))
            continue;
        bool is_there = json_object_del(properties, name) == 0;
        if (json_object_set_new(seen, name, json_true()) != 0 ||
            json_array_append(is_there ? removed : missing, key) != 0)
            return false;
    }
    return true;
}

static json_t *apply_properties(const struct properties_job *job, json_t *properties)
{
    json_t *updated = json_array(), *removed = json_array(), *missing = json_array();
    bool ok = updated && removed && missing && apply_updates(job, properties, updated) &&
              apply_removals(job, properties, removed, missing);
    /* "o" takes the references over, also where packing fails. */
    json_t *answer = json_pack("{s:o,s:o,s:o}", "updated", updated, "removed", removed, "missing",
                               missing);
    if (ok)
        return answer;
    json_decref(answer);
    return NULL;
}

static bool store_properties(struct pointer_txn *txn, void *context, struct error *err)
{
    struct properties_job *job = context;
    struct namespace_row row;
    struct slice text;
    json_t *properties = NULL;
    TRY(namespace_must_exist(job->call, pointer_txn_view(txn), job->path, &row, err));
    TRY(json_tree_parse(row.properties, "stored properties", &properties, err));
    json_decref(job->answer);
    job->answer = apply_properties(job, properties);
    bool ok = job->answer ? properties_text(job->call->arena, properties, &text, err)
                          : error_no_memory(err, "the properties");
    json_decref(properties);
    if (!ok)
        return false;
    TRY(properties_text(job->call->arena, job->answer, &job->call->outcome.body, err));
    return pointer_namespace_set_properties(txn, row.id, text, err);
}

bool namespace_update_properties(struct call *call, struct slice path, const json_t *request,
                                 json_t **ret_answer, struct error *err)
{
    struct properties_job job = {.call = call, .path = path};
    struct change_row change = {.namespace_path = path};
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "The request body must be a JSON object");
    TRY(json_opt_string_map(request, "updates", &job.updates, err));
    TRY(json_opt_array(request, "removals", &job.removals, err));
    TRY(check_disjoint(&job, err));
    call->outcome.status = 200;
    if (!call_write(call, store_properties, &job, &change, 1, err)) {
        json_decref(job.answer);
        return false;
    }
    *ret_answer = job.answer;
    return true;
}
