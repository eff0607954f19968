/*
 * remote_store.h — what the stores behind a network have in common: connections, and places under
 * the warehouses' roots (storage/place_roots.h).
 *
 * A location is reached as the place with the longest root above it says, or not at all; a command,
 * which acts for whoever runs it, reaches one that no root is above as its own environment says.
 *
 * Owns:     its places, and connections through the transport, which is borrowed and outlives it
 * Errors:   as storage/place_roots.h
 * Threads:  any
 */
#ifndef STORAGE_REMOTE_STORE_H
#define STORAGE_REMOTE_STORE_H

#include "storage/object_store.h"
#include "storage/place_roots.h"

struct remote_store_options {
    struct http_transport *transport;
    environment_fn environment;
    bool lends_machine_keys; /* to places that nobody has told of: commands do, a server does not */
};

bool remote_store_create(const struct object_store_ops *ops, const struct place_kind *kind,
                         const struct remote_store_options *options,
                         struct object_store **ret_store, struct error *err);

/* For the ops. */
bool remote_store_set_profiles(struct object_store *self, const struct slice *roots,
                               const struct storage_profile *const *profiles, size_t count,
                               struct error *err);
void remote_store_destroy(struct object_store *self);

/* The place that serves a location, with a reference: of the store's own kind. */
bool remote_store_find_place(struct object_store *store, struct slice uri,
                             struct store_place **ret_place, struct error *err);
/* How many of the URIs, from the first on, are objects of one bucket (storage/bucket_object.h) and
 * of that place; their names are views. */
size_t remote_store_of_one_bucket(struct object_store *store, const struct store_place *place,
                                  const struct slice *uris, size_t count, struct slice *ret_names);
/* What it sends its requests through; borrowed. */
struct http_transport *remote_store_transport(struct object_store *store);

#endif
