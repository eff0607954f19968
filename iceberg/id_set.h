/*
 * id_set.h — a sorted set of ids: is one listed twice, is one listed at all.
 *
 * Owns:     its ids, until id_set_finish
 * Errors:   ERROR_NO_MEMORY from id_set_seal: adding is sticky, like a buffer's appends
 * Threads:  one thread at a time
 */
#ifndef ICEBERG_ID_SET_H
#define ICEBERG_ID_SET_H

#include "base/buffer.h"

struct id_set {
    struct buffer ids; /* int64_t, sorted once sealed */
};

void id_set_init(struct id_set *set);
void id_set_finish(struct id_set *set);

void id_set_add(struct id_set *set, int64_t id);
size_t id_set_count(const struct id_set *set);

/* Sorts; before it no question may be asked. `what` names the ids where memory was short. */
bool id_set_seal(struct id_set *set, const char *what, struct error *err);
bool id_set_has(const struct id_set *set, int64_t id);
/* True where an id was added twice; *ret_id is one of them. */
bool id_set_has_duplicate(const struct id_set *set, int64_t *ret_id);

#endif
