#include "catalog/warehouse_set.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/format_policy.h"
#include "catalog/planning_mode.h"
#include "catalog/rebase_policy.h"
#include "catalog/retention.h"
#include "catalog/warehouse_storage.h"
#include "storage/location.h"

struct shared_warehouse {
    struct warehouse value; /* first: callers hold a pointer to it */
    atomic_size_t references;
    struct arena arena;
};

struct warehouse_set {
    pthread_mutex_t mutex;
    struct shared_warehouse **items;
    size_t count;
};

bool warehouse_set_create(struct warehouse_set **ret_set, struct error *err)
{
    struct warehouse_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return error_no_memory(err, "the warehouses");
    pthread_mutex_init(&set->mutex, NULL);
    *ret_set = set;
    return true;
}

void warehouse_unref(const struct warehouse *warehouse)
{
    /* Every warehouse that is handed out is the first member of a shared_warehouse. */
    struct shared_warehouse *shared = (struct shared_warehouse *)(uintptr_t)warehouse;
    if (shared == NULL || atomic_fetch_sub(&shared->references, 1) != 1)
        return;
    arena_finish(&shared->arena);
    free(shared);
}

static void items_free(struct shared_warehouse **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        warehouse_unref(&items[i]->value);
    free(items);
}

void warehouse_set_destroy(struct warehouse_set *set)
{
    if (set == NULL)
        return;
    items_free(set->items, set->count);
    pthread_mutex_destroy(&set->mutex);
    free(set);
}

static bool read_properties(struct warehouse *warehouse, struct error *err)
{
    json_t *properties = NULL;
    TRY(json_tree_parse(warehouse->properties, "warehouse properties", &properties, err));
    const json_t *mode = json_object_get(properties, PLANNING_MODE_PROPERTY);
    warehouse->planning_mode =
        planning_mode_of_text(json_is_string(mode) ? json_slice(mode) : SLICE_EMPTY);
    bool ok = format_versions_read(properties, &warehouse->format_versions, err) &&
              rebase_policy_read(properties, &warehouse->rebases_appends, err) &&
              retention_read(properties, &warehouse->retention_ms, err);
    json_decref(properties);
    return ok;
}

/* What the database has of all warehouses. */
struct stored_rows {
    struct warehouse_row *warehouses;
    size_t count;
    struct storage_row *storages;
    size_t storage_count;
};

/* Secrets that cannot be opened make one warehouse useless, and no other: it says why. */
static bool fill_storage(const struct catalog *catalog, struct shared_warehouse *shared,
                         const struct storage_row *row, struct error *err)
{
    struct warehouse *value = &shared->value;
    struct storage_profile *profile = NULL;
    struct error fault = {.kind = ERROR_NONE};
    value->storage_json = arena_slice(&shared->arena, row->profile);
    if (value->storage_json.ptr == NULL)
        return error_no_memory(err, "the warehouses");
    if (storage_row_open(catalog, value->name, row, &shared->arena, &profile, &fault)) {
        value->storage = profile;
        return true;
    }
    value->storage_fault = arena_slice(&shared->arena, slice_from_string(fault.message));
    return value->storage_fault.ptr != NULL || error_no_memory(err, "the warehouses");
}

static bool fill(const struct catalog *catalog, struct shared_warehouse *shared,
                 const struct warehouse_row *row, const struct storage_row *storage,
                 struct error *err)
{
    struct warehouse *value = &shared->value;
    value->id = row->id;
    value->is_default = row->is_default;
    value->name = arena_slice(&shared->arena, row->name);
    value->location = arena_slice(&shared->arena, location_strip_slash(row->location));
    value->properties = arena_slice(&shared->arena, row->properties);
    if (!value->name.ptr || !value->location.ptr || !value->properties.ptr)
        return error_no_memory(err, "the warehouses");
    TRY(read_properties(value, err));
    if (storage)
        TRY(fill_storage(catalog, shared, storage, err));
    return location_canonical(value->location, &shared->arena, &value->canonical, err);
}

static bool shared_create(const struct catalog *catalog, const struct warehouse_row *row,
                          const struct storage_row *storage, struct shared_warehouse **ret,
                          struct error *err)
{
    struct shared_warehouse *shared = calloc(1, sizeof(*shared));
    if (shared == NULL)
        return error_no_memory(err, "the warehouses");
    atomic_init(&shared->references, 1);
    arena_init(&shared->arena, 4 * MAX_PROPERTIES_SIZE);
    if (!fill(catalog, shared, row, storage, err)) {
        warehouse_unref(&shared->value);
        return false;
    }
    *ret = shared;
    return true;
}

static bool items_create(const struct catalog *catalog, const struct stored_rows *rows,
                         struct shared_warehouse ***ret_items, struct error *err)
{
    struct shared_warehouse **items = calloc(rows->count + 1, sizeof(struct shared_warehouse *));
    if (items == NULL)
        return error_no_memory(err, "the warehouses");
    for (size_t i = 0; i < rows->count; i++) {
        const struct warehouse_row *row = &rows->warehouses[i];
        const struct storage_row *storage =
            storage_row_find(rows->storages, rows->storage_count, row->id);
        if (!shared_create(catalog, row, storage, &items[i], err)) {
            items_free(items, i);
            return false;
        }
    }
    *ret_items = items;
    return true;
}

static bool rows_read(struct catalog *catalog, struct arena *arena, struct stored_rows *rows,
                      struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(catalog->pointers, &view, err));
    bool ok = pointer_warehouse_list(view, arena, &rows->warehouses, &rows->count, err) &&
              pointer_storage_list(view, arena, &rows->storages, &rows->storage_count, err);
    pointer_view_end(view);
    return ok;
}

/* No file of a warehouse or an allowed location may lead out of all of them. */
static bool confine(struct catalog *catalog, struct shared_warehouse *const *items, size_t count,
                    struct arena *arena, struct error *err)
{
    size_t allowed = catalog->allowed_location_count;
    struct slice *roots = ARENA_ARRAY(arena, struct slice, allowed + count + 1);
    if (roots == NULL)
        return error_no_memory(err, "the warehouses");
    for (size_t i = 0; i < allowed; i++)
        roots[i] = catalog->allowed_locations[i];
    for (size_t i = 0; i < count; i++)
        roots[allowed + i] = items[i]->value.canonical;
    return object_stores_confine(catalog->objects, roots, allowed + count, err);
}

/* What the operator has opened without a profile is reached by what the machine has; a warehouse
 * whose secrets cannot be opened is not reached at all. */
static bool tell_profiles(struct catalog *catalog, struct shared_warehouse *const *items,
                          size_t count, struct arena *arena, struct error *err)
{
    size_t most = catalog->allowed_location_count + count + 1, told = 0;
    struct slice *roots = ARENA_ARRAY(arena, struct slice, most);
    const struct storage_profile **profiles =
        ARENA_ARRAY(arena, const struct storage_profile *, most);
    if (roots == NULL || profiles == NULL)
        return error_no_memory(err, "the warehouses");
    for (size_t i = 0; i < count; i++) {
        const struct warehouse *warehouse = &items[i]->value;
        if (warehouse->storage_fault.len > 0)
            continue;
        roots[told] = warehouse->canonical;
        profiles[told++] = warehouse->storage;
    }
    for (size_t i = 0; i < catalog->allowed_location_count; i++)
        roots[told++] = catalog->allowed_locations[i];
    return object_stores_profiles(catalog->objects, roots, profiles, told, err);
}

bool warehouse_set_load(struct catalog *catalog, struct error *err)
{
    struct warehouse_set *set = catalog->warehouses;
    struct shared_warehouse **items = NULL;
    struct stored_rows rows = {.count = 0};
    struct arena arena;

    /* Read and replaced under one lock: of two loads at once the later read is the one that stays.
     */
    pthread_mutex_lock(&set->mutex);
    arena_init(&arena, MAX_REQUEST_ARENA);
    bool ok = rows_read(catalog, &arena, &rows, err) && items_create(catalog, &rows, &items, err);
    if (ok && (!confine(catalog, items, rows.count, &arena, err) ||
               !tell_profiles(catalog, items, rows.count, &arena, err))) {
        items_free(items, rows.count);
        ok = false;
    }
    arena_finish(&arena);
    if (ok) {
        items_free(set->items, set->count);
        set->items = items;
        set->count = rows.count;
    }
    pthread_mutex_unlock(&set->mutex);
    return ok;
}

bool warehouse_set_is_empty(struct warehouse_set *set)
{
    pthread_mutex_lock(&set->mutex);
    bool is_empty = set->count == 0;
    pthread_mutex_unlock(&set->mutex);
    return is_empty;
}

const struct warehouse *warehouse_set_find(struct warehouse_set *set,
                                           bool (*matches)(const struct warehouse *, const void *),
                                           const void *context)
{
    const struct warehouse *found = NULL;
    pthread_mutex_lock(&set->mutex);
    for (size_t i = 0; i < set->count && !found; i++) {
        if (matches(&set->items[i]->value, context)) {
            atomic_fetch_add(&set->items[i]->references, 1);
            found = &set->items[i]->value;
        }
    }
    pthread_mutex_unlock(&set->mutex);
    return found;
}

bool warehouse_set_list(struct warehouse_set *set, struct arena *arena,
                        const struct warehouse ***ret, size_t *ret_count, struct error *err)
{
    pthread_mutex_lock(&set->mutex);
    const struct warehouse **list = ARENA_ARRAY(arena, const struct warehouse *, set->count + 1);
    for (size_t i = 0; list && i < set->count; i++) {
        atomic_fetch_add(&set->items[i]->references, 1);
        list[i] = &set->items[i]->value;
    }
    size_t count = set->count;
    pthread_mutex_unlock(&set->mutex);
    if (list == NULL)
        return error_no_memory(err, "the warehouses");
    *ret = list;
    *ret_count = count;
    return true;
}
