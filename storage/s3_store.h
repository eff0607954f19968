/*
 * s3_store.h — objects on S3 and on what speaks like it: s3://, s3a:// and s3n://bucket/key.
 *
 * Spec:     Amazon S3 API reference: GetObject, HeadObject, PutObject (conditional writes),
 *           DeleteObject, DeleteObjects, ListObjectsV2
 * Owns:     its places, and connections through the transport, which is borrowed and outlives it
 * Errors:   as storage/s3_fault.h and storage/http_transport.h say
 * Threads:  any; every call blocks
 * Rule:     put_new never replaces an object: by If-None-Match where the store knows it, else by a
 *           look before the write. Equal bytes count as its own: the answer to an earlier try may
 *           have been lost
 *
 * How a location is reached storage/place_roots.h finds out.
 */
#ifndef STORAGE_S3_STORE_H
#define STORAGE_S3_STORE_H

#include "storage/object_store.h"
#include "storage/s3_keys.h"

struct s3_store_options {
    struct http_transport *transport;
    environment_fn environment;
    bool lends_machine_keys; /* to places that nobody has told of: commands do, a server does not */
};

bool s3_store_create(const struct s3_store_options *options, struct object_store **ret_store,
                     struct error *err);

/* The place that serves a location, with a reference: for those who sign for clients, or make
 * credentials for them. */
struct s3_place;
bool s3_store_find_place(struct object_store *store, struct slice uri, struct s3_place **ret_place,
                         struct error *err);
/* What it sends its requests through; borrowed. */
struct http_transport *s3_store_transport(struct object_store *store);

#endif
