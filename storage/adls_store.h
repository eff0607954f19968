/*
 * adls_store.h — objects on Azure Data Lake Storage and Blob Storage: abfss://, abfs://, wasbs://
 * and wasb://container@account.dfs.core.windows.net/path.
 *
 * Spec:     Azure Storage REST API, Blob service: Get Blob, Get Blob Properties, Put Blob,
 *           Delete Blob, List Blobs
 * Owns:     its places, and connections through the transport, which is borrowed and outlives it
 * Errors:   as storage/adls_fault.h and storage/http_transport.h say
 * Threads:  any; every call blocks
 * Rule:     put_new never replaces an object (If-None-Match: *). Equal bytes count as its own: the
 *           answer to an earlier try may have been lost
 *
 * The Blob service has the objects of a hierarchical namespace too, whose directories it shows as
 * blobs with a mark: they are no objects. How a location is reached storage/place_roots.h finds
 * out.
 */
#ifndef STORAGE_ADLS_STORE_H
#define STORAGE_ADLS_STORE_H

#include "storage/adls_place.h"
#include "storage/object_store.h"

struct adls_store_options {
    struct http_transport *transport;
    environment_fn environment;
    bool lends_machine_keys; /* see storage/place_roots.h */
};

bool adls_store_create(const struct adls_store_options *options, struct object_store **ret_store,
                       struct error *err);

/* The place that serves a location, with a reference: for who makes credentials for clients. */
bool adls_store_find_place(struct object_store *store, struct slice uri,
                           struct adls_place **ret_place, struct error *err);
/* What it sends its requests through; borrowed. */
struct http_transport *adls_store_transport(struct object_store *store);

#endif
