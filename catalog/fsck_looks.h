/*
 * fsck_looks.h — files that are only looked for, many at a time: a look at an object store is a
 * round trip, and a table has thousands of files.
 *
 * Owns:     copies of the paths until they were told of
 * Errors:   ERROR_NO_MEMORY, and what the told function says
 * Threads:  one adds and is told; its hands look. Files of a local store are looked for at once
 */
#ifndef CATALOG_FSCK_LOOKS_H
#define CATALOG_FSCK_LOOKS_H

#include "base/arena.h"
#include "storage/object_store.h"

struct crew;
struct look;

struct fsck_looks {
    struct object_stores *objects;
    struct crew **crew; /* of the run, made at the first look at a store that is not local */
    /* `cause` is NULL where the store has answered. */
    bool (*told)(void *context, struct slice path, bool exists, const struct error *cause,
                 struct error *err);
    void *context;
    struct arena arena;
    struct look *items;
    size_t count;
};

void fsck_looks_finish(struct fsck_looks *looks);
/* Told of now or by a later call, in the order of adding. */
bool fsck_looks_add(struct fsck_looks *looks, struct slice path, struct error *err);
/* Tells of all that were added. */
bool fsck_looks_end(struct fsck_looks *looks, struct error *err);

#endif
