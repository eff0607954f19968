#include "catalog/fsck_looks.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/crew.h"
#include "base/limits.h"

/* Requests at a time: half of what an endpoint is asked by one process (storage/http_transport.c),
 * and from there on stores answer no more of them a second, only each of them later. */
#define HANDS 16
/* Files that wait to be looked for, and their paths. */
#define MOST_LOOKS 1024
#define LOOKS_ARENA_CEILING (64 * MIB)

struct look {
    struct slice path;
    bool is_known;
    bool exists;
    struct error cause;
};

struct round {
    struct fsck_looks *looks;
    atomic_size_t next;
};

static void look_for_some(void *context, size_t hand)
{
    struct round *round = context;
    struct fsck_looks *looks = round->looks;
    (void)hand;
    for (;;) {
        size_t i = atomic_fetch_add(&round->next, 1);
        if (i >= looks->count)
            return;
        struct look *look = &looks->items[i];
        look->is_known = object_exists(looks->objects, look->path, &look->exists, &look->cause);
    }
}

static bool tell(struct fsck_looks *looks, const struct look *look, struct error *err)
{
    return looks->told(looks->context, look->path, look->exists,
                       look->is_known ? NULL : &look->cause, err);
}

static void forget(struct fsck_looks *looks)
{
    looks->count = 0;
    arena_finish(&looks->arena);
}

bool fsck_looks_end(struct fsck_looks *looks, struct error *err)
{
    struct round round = {.looks = looks};
    bool ok = true;
    if (looks->count == 0)
        return true;
    /* Where no thread can be started this one looks alone. */
    if (*looks->crew == NULL)
        (void)crew_create(HANDS - 1, looks->crew, NULL);
    crew_share(*looks->crew, HANDS, look_for_some, &round);
    for (size_t i = 0; ok && i < looks->count; i++)
        ok = tell(looks, &looks->items[i], err);
    forget(looks);
    return ok;
}

static bool look_now(struct fsck_looks *looks, struct slice path, struct error *err)
{
    struct look look = {.path = path};
    look.is_known = object_exists(looks->objects, path, &look.exists, &look.cause);
    return tell(looks, &look, err);
}

/* What no store serves is told of at once, too. */
static bool is_far(const struct fsck_looks *looks, struct slice path)
{
    struct object_store *store = NULL;
    return object_stores_find(looks->objects, path, &store, NULL) && !store->ops->is_local;
}

bool fsck_looks_add(struct fsck_looks *looks, struct slice path, struct error *err)
{
    if (!is_far(looks, path))
        return fsck_looks_end(looks, err) && look_now(looks, path, err);
    if (looks->items == NULL)
        looks->items = calloc(MOST_LOOKS, sizeof(*looks->items));
    if (looks->count == 0)
        arena_init(&looks->arena, LOOKS_ARENA_CEILING);
    struct slice copy = looks->items ? arena_slice(&looks->arena, path) : SLICE_EMPTY;
    if (copy.ptr == NULL) {
        if (looks->count == 0)
            arena_finish(&looks->arena);
        return error_no_memory(err, "the files of a snapshot");
    }
    looks->items[looks->count++] = (struct look){.path = copy};
    return looks->count < MOST_LOOKS || fsck_looks_end(looks, err);
}

void fsck_looks_finish(struct fsck_looks *looks)
{
    if (looks->count > 0)
        forget(looks);
    free(looks->items);
}
