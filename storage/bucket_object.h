/*
 * bucket_object.h — the parts of a location in a store of buckets: "s3://bucket/key",
 * "gs://bucket/key".
 *
 * Owns:     nothing: parts are views
 * Errors:   ERROR_BAD_REQUEST
 * Threads:  pure functions
 */
#ifndef STORAGE_BUCKET_OBJECT_H
#define STORAGE_BUCKET_OBJECT_H

#include "base/error.h"
#include "base/slice.h"

/* The key is taken as it is written, percent signs and all, as the Java and Python clients take
 * it. */
struct bucket_object {
    struct slice scheme;
    struct slice bucket;
    struct slice key; /* empty: the bucket itself */
};

/* "s3://bucket": a view. */
struct slice bucket_object_root(const struct bucket_object *object);

/* Any scheme is fine. ERROR_BAD_REQUEST for no bucket, a name that is none, or a NUL. */
bool bucket_object_parse(struct slice uri, struct bucket_object *ret_object, struct error *err);

#endif
