/*
 * plan_internal.h — a plan as its two halves know it: bound in plan.c, run in plan_run.c.
 *
 * Owns:     see struct plan
 * Threads:  one thread at a time
 */
#ifndef SCAN_PLAN_INTERNAL_H
#define SCAN_PLAN_INTERNAL_H

#include "scan/plan.h"
#include "scan/snapshot_range.h"

/* The filter as one spec sees it, made with the first manifest of the spec. */
struct plan_filter {
    const struct plan_spec *spec;
    bool is_ready;
    struct expression projected; /* inclusive */
    struct residual_cache residuals;
};

struct plan {
    struct arena arena;
    struct table_metadata *metadata; /* a reference */
    const struct plan_request *request;
    struct plan_table table;
    struct plan_filter *filters; /* one for each of the table's specs, in their order */
    struct expression filter;    /* bound */
    int32_t *stats_ids;
    size_t stats_count;
    bool is_range;
    struct snapshot_range range;  /* one snapshot, none, or those of a range */
    struct plan_run *run;         /* NULL before plan_open */
    struct delete_index *deletes; /* NULL before the run, and where nothing can be deleted */
    struct plan_counts counts;
};

/* Gives back what plan_open took. NULL is fine. */
void plan_run_close(struct plan_run *run);

/* Sorts ids and drops repeated ones; how many are left. */
size_t plan_ids_sort(int32_t *ids, size_t count);

#endif
