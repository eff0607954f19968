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

#include "storage/remote_store.h"

bool gcs_store_create(const struct remote_store_options *options, struct object_store **ret_store,
                      struct error *err);

#endif
