#include "catalog/warehouse.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/format_policy.h"
#include "catalog/planning_mode.h"
#include "catalog/rebase_policy.h"
#include "catalog/retention.h"
#include "catalog/warehouse_place.h"
#include "catalog/warehouse_set.h"
#include "catalog/warehouse_storage.h"
#include "storage/location.h"

/* The words that stand where a prefix stands in the routes without one. */
static const char *const reserved_names[] = {
    "namespaces", "tables", "views", "transactions", "config", "oauth", "aws",
};

static bool name_matches(const struct warehouse *warehouse, const void *context)
{
    const struct slice *name = context;
    return name->len == 0 ? warehouse->is_default : slice_equals(warehouse->name, *name);
}

static bool location_matches(const struct warehouse *warehouse, const void *context)
{
    return slice_equals(warehouse->canonical, *(const struct slice *)context);
}

bool warehouse_find(struct catalog *catalog, struct slice name, const struct warehouse **ret,
                    struct error *err)
{
    const struct warehouse *found = warehouse_set_find(catalog->warehouses, name_matches, &name);
    if (found == NULL && name.len == 0)
        return error_set(err, ERROR_NO_SUCH_WAREHOUSE,
                         "No warehouse was named and none is the default one");
    if (found == NULL)
        return error_set(err, ERROR_NO_SUCH_WAREHOUSE, "Warehouse does not exist: %.*s",
                         SLICE_ARG(name));
    *ret = found;
    return true;
}

bool warehouse_find_any(struct catalog *catalog, struct slice name_or_location,
                        const struct warehouse **ret, struct error *err)
{
    if (warehouse_find(catalog, name_or_location, ret, err))
        return true;
    struct arena arena;
    struct slice canonical;
    arena_init(&arena, MAX_REQUEST_ARENA);
    const struct warehouse *found = NULL;
    if (location_canonical(name_or_location, &arena, &canonical, NULL))
        found = warehouse_set_find(catalog->warehouses, location_matches, &canonical);
    arena_finish(&arena);
    if (found == NULL)
        return false;
    error_clear(err);
    *ret = found;
    return true;
}

bool warehouse_list(struct call *call, const struct warehouse ***ret, size_t *ret_count,
                    struct error *err)
{
    return warehouse_set_list(call->catalog->warehouses, call->arena, ret, ret_count, err);
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

static bool warehouse_name_check(struct slice name, struct error *err)
{
    bool ok = name.len >= 1 && name.len <= MAX_WAREHOUSE_NAME && name.ptr[0] != '.';
    for (size_t i = 0; ok && i < name.len; i++)
        ok = is_name_character(name.ptr[i]);
    for (size_t i = 0; ok && i < sizeof(reserved_names) / sizeof(reserved_names[0]); i++)
        ok = !slice_equals_string(name, reserved_names[i]);
    return ok || error_set(err, ERROR_BAD_REQUEST,
                           "Invalid warehouse name '%.*s': use 1 to %d of A-Z a-z 0-9 _ - . and "
                           "no word of the routes, such as 'namespaces'",
                           SLICE_ARG(name), MAX_WAREHOUSE_NAME);
}

static bool row_set_properties(struct call *call, const json_t *properties,
                               struct warehouse_row *row, struct error *err)
{
    unsigned unused = 0;
    bool rebases = false;
    int64_t retention_ms = 0;
    TRY(planning_mode_check_warehouse(properties, err));
    TRY(format_versions_read(properties, &unused, err));
    TRY(rebase_policy_read(properties, &rebases, err));
    TRY(retention_read(properties, &retention_ms, err));
    char *text = json_dumps(properties, JSON_COMPACT);
    if (text == NULL)
        return error_no_memory(err, "the warehouse's properties");
    row->properties = arena_slice(call->arena, slice_from_string(text));
    free(text);
    if (row->properties.ptr == NULL)
        return error_no_memory(err, "the warehouse's properties");
    return row->properties.len <= MAX_PROPERTIES_SIZE ||
           error_set(err, ERROR_BAD_REQUEST,
                     "The properties take %zu bytes, the most allowed are %zu", row->properties.len,
                     MAX_PROPERTIES_SIZE);
}

/* Fields that create and alter share; what is absent keeps the row's value. */
static bool row_apply_request(struct call *call, const json_t *request, struct warehouse_row *row,
                              struct error *err)
{
    json_t *properties = NULL;
    struct slice canonical;
    struct object_store *store;
    TRY(json_opt_string(request, "location", &row->location, err));
    TRY(json_opt_bool(request, "default", &row->is_default, err));
    TRY(json_opt_string_map(request, "properties", &properties, err));
    if (row->location.len > MAX_URI_SIZE)
        return error_set(err, ERROR_BAD_REQUEST,
                         "The location has %zu bytes, the most allowed are %zu", row->location.len,
                         MAX_URI_SIZE);
    TRY(location_canonical(row->location, call->arena, &canonical, err));
    TRY(object_stores_find(call->catalog->objects, row->location, &store, err));
    return properties == NULL || row_set_properties(call, properties, row, err);
}

struct warehouse_job {
    struct call *call;
    const json_t *request;
    struct warehouse_row row; /* of an alter: its id and name, the rest is read in the job */
    struct storage_change storage;
    struct change_row change;
};

static bool insert_warehouse(struct pointer_txn *txn, void *context, struct error *err)
{
    struct warehouse_job *job = context;
    struct warehouse_row row = job->row;
    struct storage_row storage = job->storage.row;
    TRY(pointer_warehouse_insert(txn, &row, &row.id, err));
    TRY(warehouse_place_check(job->call, txn, &row, &job->storage, err));
    storage.warehouse_id = row.id;
    return !job->storage.is_changed || pointer_storage_put(txn, &storage, err);
}

/* A warehouse may stay where it is, whatever the policy became: unless it is to be reached by other
 * credentials of the machine's own. */
static bool check_move(struct warehouse_job *job, struct pointer_txn *txn, struct slice from,
                       struct error *err)
{
    struct slice old, now;
    TRY(location_canonical(from, job->call->arena, &old, err));
    TRY(location_canonical(job->row.location, job->call->arena, &now, err));
    bool is_reached_anew = job->storage.is_changed && !job->storage.is_kept;
    return (slice_equals(old, now) && !is_reached_anew) ||
           warehouse_place_check(job->call, txn, &job->row, &job->storage, err);
}

/* In this very transaction, as read_row. */
static bool change_storage(struct warehouse_job *job, struct pointer_txn *txn, struct error *err)
{
    const struct storage_row none = {.warehouse_id = job->row.id};
    struct storage_row *rows = NULL;
    size_t count = 0;
    TRY(pointer_storage_list(pointer_txn_view(txn), job->call->arena, &rows, &count, err));
    const struct storage_row *old = storage_row_find(rows, count, job->row.id);
    TRY(storage_change_make(job->call, job->row.name, json_object_get(job->request, "storage"),
                            old ? old : &none, &job->storage, err));
    return !job->storage.is_changed || pointer_storage_put(txn, &job->storage.row, err);
}

/* The row as it is in this very transaction: another alter may have run since the request came. */
static bool read_row(struct warehouse_job *job, struct pointer_txn *txn, struct error *err)
{
    struct warehouse_row *rows = NULL;
    size_t count = 0;
    TRY(pointer_warehouse_list(pointer_txn_view(txn), job->call->arena, &rows, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (rows[i].id == job->row.id) {
            job->row = rows[i];
            return true;
        }
    }
    return error_set(err, ERROR_NO_SUCH_WAREHOUSE, "Warehouse does not exist: %.*s",
                     SLICE_ARG(job->row.name));
}

/* Fields that the request leaves out keep what the last alter gave them. */
static bool update_warehouse(struct pointer_txn *txn, void *context, struct error *err)
{
    struct warehouse_job *job = context;
    TRY(read_row(job, txn, err));
    bool was_default = job->row.is_default;
    struct slice from = job->row.location;
    TRY(row_apply_request(job->call, job->request, &job->row, err));
    TRY(change_storage(job, txn, err));
    TRY(check_move(job, txn, from, err));
    if (was_default && !job->row.is_default)
        return error_set(err, ERROR_CONFLICT,
                         "Warehouse %.*s is the default one: make another the default instead",
                         SLICE_ARG(job->row.name));
    job->change.new_location = job->row.location;
    return pointer_warehouse_update(txn, &job->row, err);
}

static bool delete_warehouse(struct pointer_txn *txn, void *context, struct error *err)
{
    struct warehouse_job *job = context;
    return pointer_warehouse_delete(txn, job->row.id, err);
}

static bool write_warehouse(struct call *call, pointer_job_fn run, struct warehouse_job *job,
                            struct error *err)
{
    job->change = (struct change_row){
        .warehouse_id = job->row.id,
        .name = job->row.name,
        .new_location = job->row.location,
    };
    TRY(call_write(call, run, job, &job->change, 1, err));
    return warehouse_set_load(call->catalog, err);
}

bool warehouse_create(struct call *call, const json_t *request, const struct warehouse **ret,
                      struct error *err)
{
    struct warehouse_job job = {.call = call, .row = {.properties = SLICE_LITERAL("{}")}};
    job.row.created_ms = clock_now_ms(call->catalog->clock);
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "A warehouse must be a JSON object");
    TRY(json_get_string(request, "name", &job.row.name, err));
    TRY(warehouse_name_check(job.row.name, err));
    TRY(json_get_string(request, "location", &job.row.location, err));
    TRY(row_apply_request(call, request, &job.row, err));
    TRY(storage_change_make(call, job.row.name, json_object_get(request, "storage"),
                            &job.storage.row, &job.storage, err));
    TRY(write_warehouse(call, insert_warehouse, &job, err));
    return warehouse_find(call->catalog, job.row.name, ret, err);
}

bool warehouse_alter(struct call *call, struct slice name, const json_t *request,
                     const struct warehouse **ret, struct error *err)
{
    const struct warehouse *old = NULL;
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "A warehouse must be a JSON object");
    TRY(warehouse_find(call->catalog, name, &old, err));
    struct warehouse_job job = {.call = call,
                                .request = request,
                                .row = {.id = old->id, .name = old->name}};
    bool ok = write_warehouse(call, update_warehouse, &job, err);
    warehouse_unref(old);
    return ok && warehouse_find(call->catalog, name, ret, err);
}

bool warehouse_remove(struct call *call, struct slice name, struct error *err)
{
    const struct warehouse *old = NULL;
    TRY(warehouse_find(call->catalog, name, &old, err));
    struct warehouse_job job = {
        .row = {.id = old->id, .name = old->name, .location = old->location}};
    bool ok = !old->is_default ||
              error_set(err, ERROR_CONFLICT,
                        "Warehouse %.*s is the default one: make another the default first",
                        SLICE_ARG(name));
    ok = ok && write_warehouse(call, delete_warehouse, &job, err);
    warehouse_unref(old);
    return ok;
}
