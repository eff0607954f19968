/*
 * manifest_appended.h — what a manifest holds that a snapshot is said to add.
 *
 * A manifest can be carried over to another parent and sequence number only where nothing in it was
 * written for the first one: each entry is ADDED, a data file, and inherits its sequence numbers
 * and row ids.
 *
 * Spec:     table spec, "Manifests", "Sequence Number Inheritance", "First Row ID Inheritance"
 * Errors:   ERROR_VALIDATION with what an entry is instead, ERROR_CORRUPT for bytes that are no
 *           manifest, ERROR_TOO_LARGE, ERROR_NO_MEMORY
 * Threads:  pure functions
 */
#ifndef ICEBERG_MANIFEST_APPENDED_H
#define ICEBERG_MANIFEST_APPENDED_H

#include "base/error.h"
#include "base/slice.h"

struct manifest_appended {
    int64_t files;
    int64_t rows;
};

bool manifest_appended_check(struct slice bytes, int64_t snapshot_id,
                             struct manifest_appended *ret_appended, struct error *err);

#endif
