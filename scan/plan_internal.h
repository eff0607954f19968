/*
 * plan_internal.h — a plan as its parts know it: bound in plan.c, run in plan_run.c, its deletes
 * found in plan_deletes.c, and its manifests read by hands in plan_hand.c.
 *
 * Owns:     see struct plan; a hand owns its decoder, matcher and residuals
 * Threads:  a plan and its run belong to one thread until plan_run shares the manifests: from then
 *           on they are only read, but for what is atomic, and each hand is one thread's own
 */
#ifndef SCAN_PLAN_INTERNAL_H
#define SCAN_PLAN_INTERNAL_H

#include <stdatomic.h>

#include "scan/delete_matcher.h"
#include "scan/plan.h"
#include "scan/plan_files.h"
#include "scan/snapshot_range.h"

/* The filter as one spec sees it, made with the first manifest of the spec. */
struct plan_filter {
    const struct plan_spec *spec;
    bool is_ready;
    struct expression projected; /* inclusive */
    struct residual_plan *residuals;
};

/* The delete files of a plan. */
struct plan_deletes {
    struct delete_index *index; /* a reference; NULL before the run, and where there are none */
    uint8_t *kept;              /* 1 for those that the filter leaves; NULL: all */
    size_t kept_count;
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
    struct snapshot_range range; /* one snapshot, none, or those of a range */
    struct plan_run *run;        /* NULL before plan_open */
    struct plan_deletes deletes;
    struct plan_counts counts;
    int64_t (*now_us)(void); /* NULL: nobody wants to know */
};

static inline int64_t plan_stage_begin(const struct plan *plan)
{
    return plan->now_us ? plan->now_us() : 0;
}

/* Adds the time since `start` to a stage; what the time is now, where the next one begins. */
static inline int64_t plan_stage_end(const struct plan *plan, struct plan_counts *counts,
                                     enum plan_stage stage, int64_t start)
{
    int64_t now = plan_stage_begin(plan);
    counts->stage_us[stage] += now - start;
    return now;
}

struct plan_run {
    struct plan *plan;
    struct plan_files files;
    struct manifest_list **lists; /* one for each snapshot */
    size_t list_count;
    size_t next_place;
    struct plan_manifest *data; /* the manifests that the list leaves */
    size_t data_count;
    const struct manifest_list_entry **deletes;
    size_t delete_count;
    struct manifest_projection projection; /* of data files */

    /* While hands work. */
    struct plan_window window;
    struct plan_hand *hands;
    atomic_size_t next_manifest;
    atomic_uint_fast64_t
        rows_promised;      /* that all match, without deletes: for min-rows-requested */
    atomic_bool is_over;    /* enough rows, or a failure */
    atomic_bool has_failed; /* who sets it writes `failure` */
    struct error failure;
};

/* One thread's part of a run. */
struct plan_hand {
    struct plan_run *run;
    const struct plan_visitor *visitor;
    struct plan_files files;
    struct residual_cache **residuals; /* for each spec; made with its first manifest */
    struct delete_matcher *matcher;    /* NULL: there are no delete files */
    struct plan_counts counts;
};

/* Gives back what plan_open took. NULL is fine. */
void plan_run_close(struct plan_run *run);

/* The filter of the manifest's spec, which plan_open made. */
bool plan_run_filter(struct plan *plan, const struct manifest_list_entry *entry,
                     struct plan_filter **ret_filter, struct error *err);

/* The rows of a data manifest, to the hand's visitor. */
bool plan_hand_scan(struct plan_hand *hand, const struct manifest_list_entry *entry, size_t number,
                    struct error *err);
bool plan_hand_init(struct plan_hand *hand, struct plan_run *run,
                    const struct plan_visitor *visitor, struct error *err);
void plan_hand_finish(struct plan_hand *hand); /* of one that is all 0, too */

/* The run's delete files: indexed, and pruned by the filter; manifests that must be read are shared
 * with the crew. */
bool plan_deletes_find(struct plan_run *run, struct crew *crew, size_t hands, struct error *err);
void plan_deletes_finish(struct plan_deletes *deletes);

/* A manifest's columns as the filter asks for them. */
struct plan_rows {
    const struct plan_filter *filter;
    const struct manifest_columns *columns;
    const struct partition_column **partitions; /* in the order of the spec's fields */
    const struct stats_column **stats;          /* in the order of the filter's */
};

/* plan_rows_unbind is due after a failure, too. */
bool plan_rows_bind(const struct plan *plan, const struct plan_filter *filter,
                    const struct manifest_columns *columns, struct plan_rows *ret_rows,
                    struct error *err);
void plan_rows_unbind(struct plan_rows *rows);
/* Narrows a mask, 1 for the rows in question, to those that the filter leaves. The same filter
 * serves data and delete files, "because both store metrics of the rows either inserted or
 * deleted". */
void plan_rows_prune(const struct plan *plan, const struct plan_rows *rows, size_t first,
                     size_t count, struct plan_entry_counts *counts, uint8_t *mask);
/* A row's data sequence number; ERROR_CORRUPT where it has none. */
bool plan_row_sequence(const struct manifest_columns *columns, size_t row,
                       const struct manifest_list_entry *entry, int64_t *ret_sequence,
                       struct error *err);

/* What a part of the plan's files did, to the whole's counts. */
void plan_counts_add_files(struct plan_files_counts *total, const struct plan_files *files);

/* Sorts ids and drops repeated ones; how many are left. */
size_t plan_ids_sort(int32_t *ids, size_t count);

#endif
