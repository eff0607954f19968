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

#include "storage/remote_store.h"

bool adls_store_create(const struct remote_store_options *options, struct object_store **ret_store,
                       struct error *err);

#endif
