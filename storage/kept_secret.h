/*
 * kept_secret.h — what opens a store for a while: fetched where it comes from, kept, and fetched
 * anew before it expires.
 *
 * Owns:     struct kept_secret owns the value that it keeps, and wipes it
 * Errors:   those of the fetch
 * Threads:  any; one mutex, a leaf. One fetches at a time: others go on with what is still good, or
 *           wait for it
 */
#ifndef STORAGE_KEPT_SECRET_H
#define STORAGE_KEPT_SECRET_H

#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"

/* What is kept: a plain value, which may be copied byte by byte, and is cleared where it was. */
struct secret_kind {
    size_t size;
    /* Into a cleared value. Blocks. *ret_expires_ms: wall time; 0: never. */
    bool (*fetch)(void *context, void *ret_value, int64_t *ret_expires_ms, struct error *err);
    bool (*equals)(const void *a, const void *b);
};

struct kept_secret;

/* `kind`, `context` and `clock` must stay as long as it does. Nothing is fetched yet. */
bool kept_secret_create(const struct secret_kind *kind, void *context, const struct clock *clock,
                        struct kept_secret **ret_kept, struct error *err);
void kept_secret_destroy(struct kept_secret *kept); /* NULL is fine */

/* One that is good for a while. Blocks where it has to be fetched. The caller wipes his copy. */
bool kept_secret_get(struct kept_secret *kept, void *ret_value, struct error *err);
/* Fetches another where less than `least_ms` are left of what is kept. What is kept stays where
 * none comes, and where somebody fetches already. */
void kept_secret_renew(struct kept_secret *kept, int64_t least_ms);
/* The store says that this one is good no more: where it is what is kept, it is fetched anew. */
void kept_secret_refused(struct kept_secret *kept, const void *value);

#endif
