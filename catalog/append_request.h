/*
 * append_request.h — a commit that does nothing but append a snapshot to a branch, as the client
 * sends it, and as it would have sent it on another head.
 *
 * Spec:     REST protocol, AddSnapshotUpdate, SetSnapshotRefUpdate, AssertRefSnapshotId; table
 *           spec, "Snapshots", "Optional Snapshot Summary Fields"; SnapshotProducer of the
 *           reference for the totals
 * Owns:     a request borrows the client's JSON; what is made anew is the caller's
 * Errors:   ERROR_VALIDATION with what else the commit does
 * Threads:  pure functions
 */
#ifndef CATALOG_APPEND_REQUEST_H
#define CATALOG_APPEND_REQUEST_H

#include <jansson.h>

#include "base/error.h"
#include "iceberg/table_metadata.h"

struct append_request {
    const json_t *requirements; /* the client's two lists */
    const json_t *updates;
    size_t requirement; /* where the branch's head is asserted */
    size_t update;      /* where the snapshot is added */
    struct slice branch;
    const json_t *snapshot;
    int64_t snapshot_id;
    int64_t parent_id; /* NO_SNAPSHOT: the branch is to be new */
    int64_t sequence_number;
    int64_t first_row_id; /* NO_ROW_ID: none */
    int64_t schema_id;
    struct slice manifest_list;
};

/* Whether a list of updates adds a snapshot at all. */
bool append_request_is_likely(const json_t *updates);

bool append_request_read(const json_t *requirements, const json_t *updates,
                         struct append_request *ret_request, struct error *err);

/* The same append on another head. */
struct append_target {
    int64_t parent_id;          /* NO_SNAPSHOT: none */
    const json_t *head_summary; /* of the parent; NULL: it has none, or there is no parent */
    int64_t sequence_number;
    int64_t timestamp_ms;
    int64_t first_row_id; /* NO_ROW_ID before format version 3 */
    int64_t added_rows;
    size_t kept_manifests; /* of the parent */
    struct slice manifest_list;
};

/* The caller owns the results. ERROR_NO_MEMORY. */
bool append_request_requirements(const struct append_request *request, int64_t parent_id,
                                 json_t **ret_requirements, struct error *err);
bool append_request_updates(const struct append_request *request,
                            const struct append_target *target, json_t **ret_updates,
                            struct error *err);

#endif
