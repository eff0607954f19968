#include "storage/place_roots.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "storage/location.h"

#define LOCATION_ARENA_SIZE (256 * KIB)

struct rooted_place {
    struct slice root; /* canonical; owned */
    struct store_place *place;
};

struct place_roots {
    const struct place_kind *kind;
    struct place_source source;
    pthread_mutex_t mutex; /* guards the places */
    struct rooted_place *places;
    size_t count;
    struct store_place *machine; /* as the environment says */
};

bool place_roots_create(const struct place_kind *kind, const struct place_source *source,
                        struct place_roots **ret_roots, struct error *err)
{
    struct place_roots *roots = calloc(1, sizeof *roots);
    if (!roots)
        return error_no_memory(err, "an object store");
    roots->kind = kind;
    roots->source = *source;
    if (!kind->create(NULL, source, &roots->machine, err)) {
        free(roots);
        return false;
    }
    pthread_mutex_init(&roots->mutex, NULL);
    *ret_roots = roots;
    return true;
}

static void places_free(struct rooted_place *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)places[i].root.ptr);
        store_place_unref(places[i].place);
    }
    free(places);
}

void place_roots_destroy(struct place_roots *roots)
{
    if (!roots)
        return;
    places_free(roots->places, roots->count);
    store_place_unref(roots->machine);
    pthread_mutex_destroy(&roots->mutex);
    free(roots);
}

/* One of an equal profile that is known already keeps its keys and connections. */
static bool place_for(struct place_roots *roots, const struct storage_profile *profile,
                      struct store_place **ret_place, struct error *err)
{
    if (!profile) {
        *ret_place = store_place_ref(roots->machine);
        return true;
    }
    for (size_t i = 0; i < roots->count; i++) {
        if (store_place_is_of(roots->places[i].place, profile)) {
            *ret_place = store_place_ref(roots->places[i].place);
            return true;
        }
    }
    return roots->kind->create(profile, &roots->source, ret_place, err);
}

static bool is_ours(const struct place_roots *roots, struct slice root,
                    const struct storage_profile *profile)
{
    enum storage_type type = roots->kind->type;
    return slice_equals_string(location_scheme(root), storage_type_scheme(type)) &&
           (!profile || profile->type == type);
}

static bool add_place(struct place_roots *roots, struct slice root,
                      const struct storage_profile *profile, struct rooted_place *ret_place,
                      struct error *err)
{
    char *text = strndup(root.ptr, root.len);
    if (!text)
        return error_no_memory(err, "a warehouse's location");
    if (!place_for(roots, profile, &ret_place->place, err)) {
        free(text);
        return false;
    }
    ret_place->root = slice_make(text, root.len);
    return true;
}

bool place_roots_set(struct place_roots *roots, const struct slice *locations,
                     const struct storage_profile *const *profiles, size_t count, struct error *err)
{
    struct rooted_place *list = calloc(count + 1, sizeof *list);
    size_t made = 0;
    if (!list)
        return error_no_memory(err, "the warehouses' locations");
    pthread_mutex_lock(&roots->mutex);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        if (is_ours(roots, locations[i], profiles[i]))
            ok = add_place(roots, locations[i], profiles[i], &list[made], err) && ++made;
    if (ok) {
        struct rooted_place *old = roots->places;
        size_t old_count = roots->count;
        roots->places = list;
        roots->count = made;
        list = old;
        made = old_count;
    }
    places_free(list, made);
    pthread_mutex_unlock(&roots->mutex);
    return ok;
}

/* NULL: none. */
static struct store_place *find_place(struct place_roots *roots, struct slice canonical)
{
    pthread_mutex_lock(&roots->mutex);
    const struct rooted_place *best = NULL;
    for (size_t i = 0; i < roots->count; i++)
        if (location_is_within(canonical, roots->places[i].root) &&
            (!best || roots->places[i].root.len > best->root.len))
            best = &roots->places[i];
    struct store_place *place = best                          ? best->place
                                : roots->source.lends_machine ? roots->machine
                                                              : NULL;
    if (place)
        store_place_ref(place);
    pthread_mutex_unlock(&roots->mutex);
    return place;
}

bool place_roots_find(struct place_roots *roots, struct slice uri, struct store_place **ret_place,
                      struct error *err)
{
    struct arena arena;
    struct slice canonical;
    arena_init(&arena, LOCATION_ARENA_SIZE);
    bool ok = location_canonical(uri, &arena, &canonical, err);
    struct store_place *place = ok ? find_place(roots, canonical) : NULL;
    if (ok && !place)
        ok = error_set(err, ERROR_STORAGE,
                       "'%.*s' lies below no warehouse whose storage is known: give the warehouse "
                       "its storage, secrets included, or start the server with --allow-location",
                       SLICE_ARG(uri));
    if (ok)
        *ret_place = place;
    arena_finish(&arena);
    return ok;
}
