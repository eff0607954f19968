/*
 * gcs_store.h — objects on Google Cloud Storage: gs://bucket/name.
 *
 * Spec:     Cloud Storage JSON API: Objects: get, insert (media upload, ifGenerationMatch), delete,
 *           list; batch requests
 * Owns:     its places, and connections through the transport, which is borrowed and outlives it
 * Errors:   as storage/gcs_call.h and storage/http_transport.h say
 * Threads:  any; a lock of storage/place_roots.h. Every call blocks
 * Rule:     put_new never replaces an object: ifGenerationMatch=0. Equal bytes count as its own:
 *           the answer to an earlier try may have been lost
 *
 * A location is reached as the place with the longest root above it says, or not at all; a command,
 * which acts for whoever runs it, reaches one that no root is above as its own environment says.
 */
#ifndef STORAGE_GCS_STORE_H
#define STORAGE_GCS_STORE_H

#include "storage/gcs_place.h"
#include "storage/object_store.h"

struct gcs_store_options {
    struct http_transport *transport;
    environment_fn environment;
    bool lends_machine_keys; /* to places that nobody has told of: commands do, a server does not */
};

bool gcs_store_create(const struct gcs_store_options *options, struct object_store **ret_store,
                      struct error *err);

/* The place that serves a location, with a reference: for who makes credentials for clients. */
bool gcs_store_find_place(struct object_store *store, struct slice uri,
                          struct gcs_place **ret_place, struct error *err);
/* What it sends its requests through; borrowed. */
struct http_transport *gcs_store_transport(struct object_store *store);

#endif
