/*
 * entity_lock.h — commits to one table follow each other instead of colliding.
 *
 * A hint for fairness, not what makes commits correct: that is the compare-and-swap of the pointer.
 *
 * Owns:     a fixed number of mutexes; names are spread over them
 * Threads:  any. Several locks are taken at once only through entity_locks_take with all names,
 *           which takes them in ascending order. They come before the pointer store's locks.
 */
#ifndef CATALOG_ENTITY_LOCK_H
#define CATALOG_ENTITY_LOCK_H

#include "catalog/catalog.h"

struct entity_locks;

bool entity_locks_create(struct entity_locks **ret_locks, struct error *err);
void entity_locks_destroy(struct entity_locks *locks);

/* Which mutexes are held: one bit each. */
struct entity_hold {
    uint64_t bits[4];
};

void entity_locks_take(struct entity_locks *locks, int64_t warehouse_id,
                       const struct entity_name *names, size_t count,
                       struct entity_hold *ret_hold);
void entity_locks_give(struct entity_locks *locks, const struct entity_hold *hold);

#endif
