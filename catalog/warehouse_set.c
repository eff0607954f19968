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

static bool fill(struct shared_warehouse *shared, const struct warehouse_row *row,
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
    return location_canonical(value->location, &shared->arena, &value->canonical, err);
}

static bool shared_create(const struct warehouse_row *row, struct shared_warehouse **ret,
                          struct error *err)
{
    struct shared_warehouse *shared = calloc(1, sizeof(*shared));
    if (shared == NULL)
        return error_no_memory(err, "the warehouses");
    atomic_init(&shared->references, 1);
    arena_init(&shared->arena, 4 * MAX_PROPERTIES_SIZE);
    if (!fill(shared, row, err)) {
        warehouse_unref(&shared->value);
        return false;
    }
    *ret = shared;
    return true;
}

static bool items_create(const struct warehouse_row *rows, size_t count,
                         struct shared_warehouse ***ret_items, struct error *err)
{
    struct shared_warehouse **items = calloc(count + 1, sizeof(struct shared_warehouse *));
    if (items == NULL)
        return error_no_memory(err, "the warehouses");
    for (size_t i = 0; i < count; i++) {
        if (!shared_create(&rows[i], &items[i], err)) {
            items_free(items, i);
            return false;
        }
    }
    *ret_items = items;
    return true;
}

static bool rows_read(struct catalog *catalog, struct arena *arena, struct warehouse_row **ret_rows,
                      size_t *ret_count, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(catalog->pointers, &view, err));
    bool ok = pointer_warehouse_list(view, arena, ret_rows, ret_count, err);
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

bool warehouse_set_load(struct catalog *catalog, struct error *err)
{
    struct warehouse_set *set = catalog->warehouses;
    struct shared_warehouse **items = NULL;
    struct warehouse_row *rows = NULL;
    size_t count = 0;
    struct arena arena;

    /* Read and replaced under one lock: of two loads at once the later read is the one that stays.
     */
    pthread_mutex_lock(&set->mutex);
    arena_init(&arena, MAX_REQUEST_ARENA);
    bool ok = rows_read(catalog, &arena, &rows, &count, err) &&
              items_create(rows, count, &items, err);
    if (ok && !confine(catalog, items, count, &arena, err)) {
        items_free(items, count);
        ok = false;
    }
    arena_finish(&arena);
    if (ok) {
        items_free(set->items, set->count);
        set->items = items;
        set->count = count;
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
