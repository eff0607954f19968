/*
 * plan_request.h — what a client wants planned, read from JSON; nothing is looked up yet.
 *
 * Spec:     REST protocol, PlanTableScanRequest
 * Owns:     the filter lies in the arena; the lists of names are the request's tree, which must
 *           outlive it
 * Errors:   ERROR_BAD_REQUEST with the member's name
 */
#ifndef SCAN_PLAN_REQUEST_H
#define SCAN_PLAN_REQUEST_H

#include "iceberg/expression.h"

struct plan_request {
    bool has_snapshot_id;
    int64_t snapshot_id;
    bool has_range; /* appends after start, up to and with end */
    int64_t start_snapshot_id;
    int64_t end_snapshot_id;
    bool use_snapshot_schema;
    bool has_schema_id; /* no client's choice: a plan task stays with the schema of its plan */
    int32_t schema_id;
    bool is_case_sensitive;
    int64_t min_rows; /* 0: no hint */
    bool has_filter;
    struct expression filter; /* not bound */
    const json_t *select;     /* lists of texts; NULL where absent */
    const json_t *stats_fields;
};

/* Unknown members are ignored, as the protocol grows. */
bool plan_request_parse(const json_t *json, struct arena *arena, struct plan_request *ret_request,
                        struct error *err);

#endif
