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

#include "storage/remote_store.h"

bool s3_store_create(const struct remote_store_options *options, struct object_store **ret_store,
                     struct error *err);

#endif
