/*
 * counters.h — what this process has done since it started, in numbers that only grow.
 *
 * One table of rows; whoever shows counters, in whatever form, goes through it.
 *
 * Threads:  any; each counter is an atomic of its own, so that two read together may be of moments
 *           that lie a little apart
 */
#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include <stdatomic.h>

#include "scan/plan.h"

/* X(enumerator, name, what it counts) */
#define COUNTERS(X)                                                                                \
    X(COUNTER_PLANS_STARTED, "plans-started", "scans of which planning began")                     \
    X(COUNTER_PLANS_COMPLETED, "plans-completed", "scans whose plan was answered")                 \
    X(COUNTER_PLANS_FAILED, "plans-failed", "scans whose planning ended with an error")            \
    X(COUNTER_PLANS_SUBMITTED, "plans-submitted",                                                  \
      "scans that were answered 'submitted', and are planned behind")                              \
    X(COUNTER_PARTS_STARTED, "plan-parts-started", "plan tasks that were fetched")                 \
    X(COUNTER_PARTS_COMPLETED, "plan-parts-completed", "plan tasks that were answered")            \
    X(COUNTER_PARTS_FAILED, "plan-parts-failed", "plan tasks that ended with an error")            \
    X(COUNTER_PLAN_TASKS, "plan-tasks-written", "plan tasks in answers")                           \
    X(COUNTER_FILE_TASKS, "file-tasks-written", "file scan tasks in answers")                      \
    X(COUNTER_FILES_SKIPPED, "files-skipped",                                                      \
      "live data and delete files left out by partition or statistics")                            \
    X(COUNTER_MANIFESTS_READ, "manifests-read", "manifests gone through, from wherever they came") \
    X(COUNTER_MANIFESTS_SKIPPED, "manifests-skipped",                                              \
      "manifests left out by their summaries or because no live file is in them")                  \
    X(COUNTER_MANIFESTS_FROM_CACHE, "manifests-from-cache", "of those read: kept in memory")       \
    X(COUNTER_DELETE_INDEXES, "delete-indexes-built", "indexes of delete files that were made")    \
    X(COUNTER_DELETE_INDEXES_FROM_CACHE, "delete-indexes-from-cache",                              \
      "indexes of delete files that were kept in memory")                                          \
    X(COUNTER_PLANNING_FILES_READ, "planning-files-read",                                          \
      "manifests and manifest lists that were read from storage")                                  \
    X(COUNTER_PLANNING_BYTES_READ, "planning-bytes-read", "their bytes")                           \
    X(COUNTER_PLANNING_BYTES_INFLATED, "planning-bytes-inflated",                                  \
      "bytes that manifests' blocks were inflated to")

enum counter {
#define X(enumerator, name, help) enumerator,
    COUNTERS(X)
#undef X
        COUNTER_COUNT
};

struct counters {
    atomic_uint_fast64_t values[COUNTER_COUNT];
};

void counters_init(struct counters *counters);
const char *counter_name(enum counter counter);
/* What it counts, in words. */
const char *counter_help(enum counter counter);
uint64_t counter_get(const struct counters *counters, enum counter counter);

static inline void counter_add(struct counters *counters, enum counter counter, uint64_t more)
{
    atomic_fetch_add_explicit(&counters->values[counter], more, memory_order_relaxed);
}

/* What an ended plan, or a part of one, has done. NULL is fine: it never began to read. */
void counters_add_plan(struct counters *counters, const struct plan *plan);
/* The same of one whose files were written into no answer. */
void counters_add_reading(struct counters *counters, const struct plan *plan);

#endif
