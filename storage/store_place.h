/*
 * store_place.h — what every kind of place in an object store begins with: who shares it, and which
 * profile it was made of. A kind's own struct has it as its first member, `base`.
 *
 * Owns:     copies of texts in its arena; the whole is shared by reference count
 * Errors:   ERROR_NO_MEMORY
 * Threads:  any; immutable once it is made
 */
#ifndef STORAGE_STORE_PLACE_H
#define STORAGE_STORE_PLACE_H

#include <stdatomic.h>

#include "storage/storage_profile.h"

struct store_place {
    atomic_size_t references;
    struct arena arena;
    struct slice ca_bundle;                     /* a file; empty: the system's */
    struct slice identity;                      /* what equal profiles have equal; has secrets */
    void (*release)(struct store_place *place); /* what a kind has beside the arena */
};

/* `place`: zeroed, of calloc, and from here on to be ended by store_place_unref. */
void store_place_init(struct store_place *place, void (*release)(struct store_place *place));
/* Copies what every kind needs of the profile that it is made of. */
bool store_place_describe(struct store_place *place, const struct storage_profile *profile,
                          struct error *err);
/* Copies a text into the place's arena; false where memory is short. */
bool store_place_keep(struct store_place *place, struct slice text, struct slice *ret_text);
/* Was it made of an equal profile? Then its keys are as good. */
bool store_place_is_of(const struct store_place *place, const struct storage_profile *profile);

struct store_place *store_place_ref(struct store_place *place);
void store_place_unref(struct store_place *place); /* NULL is fine */

#endif
