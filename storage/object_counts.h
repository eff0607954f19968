/*
 * object_counts.h — calls to one object store: what became of them, and how long they took.
 *
 * Owns:     nothing; lives with the store's entry
 * Threads:  any; atomics
 * Rule:     bounded: a row for each kind of call, a place for each kind of error
 */
#ifndef STORAGE_OBJECT_COUNTS_H
#define STORAGE_OBJECT_COUNTS_H

#include "base/error.h"
#include "base/histogram.h"

/* X(enumerator, name). A `put` may be one that is synced later; `sync` and `remove` are of one
 * object or of many. */
#define OBJECT_CALLS(X)             \
    X(OBJECT_CALL_GET, "get")       \
    X(OBJECT_CALL_PUT, "put")       \
    X(OBJECT_CALL_SYNC, "sync")     \
    X(OBJECT_CALL_EXISTS, "exists") \
    X(OBJECT_CALL_REMOVE, "remove") \
    X(OBJECT_CALL_LIST, "list")

enum object_call {
#define X(enumerator, name) enumerator,
    OBJECT_CALLS(X)
#undef X
        OBJECT_CALL_COUNT
};

struct object_counts {
    struct {
        atomic_uint_fast64_t by_kind[ERROR_KIND_COUNT]; /* ERROR_NONE: it succeeded */
        struct histogram latency;                       /* microseconds, of histogram_latency */
    } calls[OBJECT_CALL_COUNT];
};

const char *object_call_name(enum object_call call);
void object_counts_add(struct object_counts *counts, enum object_call call, enum error_kind kind,
                       int64_t microseconds);

#endif
