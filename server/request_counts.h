/*
 * request_counts.h — requests by operation and status, and how long their answers took.
 *
 * Owns:     nothing; lives in struct server
 * Threads:  any; atomics
 * Rule:     bounded: a row for each operation and one for what matched none, a place for each
 *           status that this server gives and one for any other
 */
#ifndef SERVER_REQUEST_COUNTS_H
#define SERVER_REQUEST_COUNTS_H

#include "base/histogram.h"
#include "server/router.h"

/* Every status of server/reply.c; "other" comes last. */
#define REQUEST_STATUSES(X)                                                                        \
    X(200) X(204) X(304) X(400) X(403) X(404) X(405) X(406) X(409) X(413) X(414) X(415) X(422)     \
    X(429) X(500) X(503) X(507)

enum request_status {
#define X(status) REQUEST_STATUS_##status,
    REQUEST_STATUSES(X)
#undef X
        REQUEST_STATUS_OTHER,
    REQUEST_STATUS_COUNT
};

/* The row of requests that match no operation. */
#define REQUEST_ROW_NONE OPERATION_COUNT
#define REQUEST_ROW_COUNT (OPERATION_COUNT + 1)

struct request_counts {
    struct {
        atomic_uint_fast64_t by_status[REQUEST_STATUS_COUNT];
        struct histogram latency; /* microseconds, of histogram_latency */
    } rows[REQUEST_ROW_COUNT];
};

/* `operation` NULL: none matched. */
void request_counts_add(struct request_counts *counts, const struct operation *operation,
                        int status, uint64_t microseconds);

/* The operation's name, or "none". */
const char *request_row_name(size_t row);
/* "200", or "other". */
const char *request_status_name(enum request_status status);
/* All requests of a row and a status. */
uint64_t request_counts_get(const struct request_counts *counts, size_t row,
                            enum request_status status);

#endif
