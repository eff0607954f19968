/*
 * plan.h — from a request and a table's metadata to the files that a scan reads.
 *
 * A plan is bound first (plan_create: names, snapshots, ranges; what the client got wrong is said
 * here), then opened (which manifests the lists leave), and then run over them or a part of them,
 * with every file handed to a visitor as soon as it is known.
 *
 * Spec:     REST protocol, planTableScan; table spec, "Scan Planning"
 * Owns:     its arena, references to the delete index and the metadata; columns of manifests are
 *           held while their files are visited, those of delete files as long as the plan
 * Errors:   ERROR_BAD_REQUEST (unknown column, literal of another type), ERROR_VALIDATION (unknown
 *           snapshot, a range whose start is no ancestor of its end), ERROR_NOT_FOUND (a file is
 *           gone), ERROR_CORRUPT with the file's path
 * Threads:  one thread at a time, but for the hands of plan_run_shared; the stores and the cache
 *           are shared
 * Rule:     a plan reads what its snapshot names, whatever is committed meanwhile
 */
#ifndef SCAN_PLAN_H
#define SCAN_PLAN_H

#include "base/cache.h"
#include "base/crew.h"
#include "iceberg/manifest_list.h"
#include "scan/delete_index.h"
#include "scan/plan_files.h"
#include "scan/plan_request.h"
#include "scan/plan_table.h"
#include "scan/residual.h"
#include "storage/object_store.h"

/* One file to read. Everything is valid during the visit, and delete files as long as the plan. */
struct plan_task {
    const struct manifest_columns *columns;
    size_t row;
    size_t manifest; /* rises from one manifest to the next that a visitor sees; from 1 */
    const struct plan_spec *spec;
    bool has_first_row_id;
    int64_t first_row_id;
    const uint32_t *deletes; /* numbers in the plan's delete index */
    size_t delete_count;
    const struct residual *residual;
};

struct plan_visitor {
    bool (*visit)(void *context, const struct plan_task *task, struct error *err);
    void *context;
};

/* Manifests of one content. A plan of no data manifest reads no delete manifest either, and one
 * that stops early does not read all that it may. */
struct plan_manifest_counts {
    uint64_t listed;          /* by the manifest lists */
    uint64_t not_live;        /* left out: no live file, or none that the range added */
    uint64_t ruled_out;       /* left out: their partition summaries exclude the filter */
    uint64_t read;            /* from files or from the cache */
    uint64_t files_ruled_out; /* live files of those ruled out, as far as the lists say */
};

/* Live entries of the manifests that were read. */
struct plan_entry_counts {
    uint64_t seen;
    uint64_t by_partition;  /* left out: their partition excludes the filter */
    uint64_t by_statistics; /* left out: their statistics do */
};

/* Where a plan's time goes; X(enumerator, name, in words). */
#define PLAN_STAGES(X)                                                   \
    X(PLAN_LISTS, "manifest-lists", "for manifest lists")                \
    X(PLAN_PRUNING, "manifest-pruning", "to prune manifests")            \
    X(PLAN_DELETE_MANIFESTS, "delete-manifests", "for delete manifests") \
    X(PLAN_DELETE_INDEX, "delete-index", "to find and index deletes")    \
    X(PLAN_MANIFESTS, "manifests", "for data manifests")                 \
    X(PLAN_MATCHING, "matching", "to match and write files")

enum plan_stage {
#define X(enumerator, name, words) enumerator,
    PLAN_STAGES(X)
#undef X
        PLAN_STAGE_COUNT
};

/* What a plan did, for people and counters. The arrays are indexed by enum manifest_content. */
struct plan_counts {
    struct plan_manifest_counts manifests[2];
    struct plan_entry_counts entries[2];
    uint64_t files_planned;
    uint64_t delete_files; /* left by the filter: whether a task refers to them or not */
    uint64_t plan_tasks;   /* written by plan_split_write */
    uint64_t delete_indexes_built;
    uint64_t delete_indexes_from_cache;
    struct plan_files_counts files;
    int64_t stage_us[PLAN_STAGE_COUNT]; /* of all threads together; 0 without plan_measure */
};

struct plan;

/* `request` and its tree must outlive the plan. */
bool plan_create(struct table_metadata *metadata, const struct plan_request *request,
                 struct plan **ret_plan, struct error *err);
void plan_destroy(struct plan *plan); /* NULL is fine */

/* Has the stages of the plan timed by that clock, in microseconds. Before plan_open. */
void plan_measure(struct plan *plan, int64_t (*now_us)(void));

/* Reads the manifest lists, once for each plan. `cache` may be NULL; `guard` (NULL: every file may
 * be read) must outlive the plan. */
bool plan_open(struct plan *plan, struct object_stores *objects, struct cache *cache,
               const struct plan_guard *guard, struct error *err);

/* A manifest of data files that is to be read. Its place is its number among all manifests that the
 * snapshot names: who plans the same request later, with whatever pruning, finds it there. */
struct plan_manifest {
    const struct manifest_list_entry *entry;
    size_t place;
};
const struct plan_manifest *plan_manifests(const struct plan *plan, size_t *ret_count);

/* How many entries the manifest has, of any status: from the list, or from the manifest where the
 * list does not say. */
bool plan_manifest_rows(struct plan *plan, const struct plan_manifest *manifest, uint64_t *ret_rows,
                        struct error *err);

/* Manifests at places from `first` up to but not with `end`; of each of them the entries from
 * `first_row` on, at most `row_count` of them (0: all there are). */
struct plan_window {
    size_t first;
    size_t end;
    size_t first_row;
    size_t row_count;
};
#define PLAN_WINDOW_ALL ((struct plan_window){0, SIZE_MAX, 0, 0})

/* Once for each plan. Stops where the visitor returns false. Files come in the order of the
 * manifests and their entries. */
bool plan_run(struct plan *plan, struct plan_window window, const struct plan_visitor *visitor,
              struct error *err);

/* The same by several hands, one for each visitor: each reads manifests and hands their files to
 * its own visitor, so that a visitor is called by one thread at a time, and files come in any
 * order. The first failure ends all. */
bool plan_run_shared(struct plan *plan, struct plan_window window, struct crew *crew,
                     const struct plan_visitor *visitors, size_t visitor_count, struct error *err);

const struct plan_request *plan_request_of(const struct plan *plan);
int32_t plan_schema_id(const struct plan *plan);
/* NO_SNAPSHOT for a table that has none. */
int64_t plan_snapshot_id(const struct plan *plan);
/* Up to now; all 0 before plan_open. */
struct plan_counts plan_counts(const struct plan *plan);
/* To be told by who writes a plan task (scan/plan_split.h). */
void plan_count_task(struct plan *plan);
/* Fields whose statistics the client asked for, ascending. */
const int32_t *plan_stats_ids(const struct plan *plan, size_t *ret_count);
/* A delete file by the number that a task has, and its spec. */
bool plan_delete_file(const struct plan *plan, uint32_t number, struct delete_file *ret_file,
                      const struct plan_spec **ret_spec, struct error *err);
/* Delete files have numbers below this; 0 where no delete file is left by the filter. */
size_t plan_delete_count(const struct plan *plan);

#endif
