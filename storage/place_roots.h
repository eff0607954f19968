/*
 * place_roots.h — which place of a store serves a location: the one with the longest root above it.
 *
 * A store says what its places are (struct place_kind); here they are kept under the roots that
 * set_profiles names (storage/object_store.h), and found. A location that no root is above is
 * reached as the machine's own environment says, by who may lend that; by others not at all.
 *
 * Owns:     references to its places, and copies of the roots
 * Errors:   ERROR_STORAGE (no root is above), those of location_canonical, those of the kind's
 *           create
 * Threads:  any; one mutex, a leaf but for create
 */
#ifndef STORAGE_PLACE_ROOTS_H
#define STORAGE_PLACE_ROOTS_H

#include "base/environment.h"
#include "storage/store_place.h"

struct http_transport;

/* What places are made with, beside a profile. */
struct place_source {
    struct http_transport *transport;
    environment_fn environment;
    bool lends_machine; /* a place that nobody has told of is reached as the machine's environment
                           says: for commands, not for a server */
};

struct place_kind {
    enum storage_type type;
    /* `profile` NULL: as the environment says. */
    bool (*create)(const struct storage_profile *profile, const struct place_source *source,
                   struct store_place **ret_place, struct error *err);
};

struct place_roots;

/* `kind` must stay as long as it does. */
bool place_roots_create(const struct place_kind *kind, const struct place_source *source,
                        struct place_roots **ret_roots, struct error *err);
void place_roots_destroy(struct place_roots *roots); /* NULL is fine */

/* Takes the place of all that there were; those of other schemes and types are left out. */
bool place_roots_set(struct place_roots *roots, const struct slice *locations,
                     const struct storage_profile *const *profiles, size_t count,
                     struct error *err);

/* With a reference. */
bool place_roots_find(struct place_roots *roots, struct slice uri, struct store_place **ret_place,
                      struct error *err);

#endif
