/*
 * plan_explain.h — what a plan did and why, in numbers and in words.
 *
 * A plan_visitor that gathers while the plan is run; afterwards it is written as JSON, with lines
 * for people among its members.
 *
 * Owns:     its arena and an array, until plan_explain_finish; borrows the plan
 * Errors:   ERROR_NO_MEMORY
 * Threads:  one thread at a time
 */
#ifndef SCAN_PLAN_EXPLAIN_H
#define SCAN_PLAN_EXPLAIN_H

#include "base/json_write.h"
#include "scan/plan.h"

/* As many different residuals as are told apart: a filter has few, unless it has many columns that
 * are partitioned by identity. */
#define EXPLAINED_RESIDUALS 8

enum explained_delete { EXPLAINED_POSITIONS, EXPLAINED_VECTORS, EXPLAINED_EQUALITIES };
#define EXPLAINED_DELETES 3

struct explained_residual {
    const struct residual *key; /* tells them apart while the plan runs */
    struct slice text;          /* for people */
    uint64_t files;
};

struct plan_explain {
    const struct plan *plan;
    struct arena arena;
    int64_t bind_us; /* what went before the plan is opened: the caller measures it */
    uint64_t bytes;
    uint64_t rows;
    uint64_t files_with_deletes;
    uint8_t *attached; /* of the plan's delete files: 1 for those that a task has; NULL: none yet */
    uint64_t deletes[EXPLAINED_DELETES]; /* attached ones */
    uint64_t delete_bytes;
    struct explained_residual residuals[EXPLAINED_RESIDUALS];
    size_t residual_count;
    uint64_t files_of_other_residuals;
};

void plan_explain_init(struct plan_explain *explain, const struct plan *plan);
void plan_explain_finish(struct plan_explain *explain);

/* A plan_visitor's function; the context is the struct plan_explain. */
bool plan_explain_visit(void *context, const struct plan_task *task, struct error *err);

/* A JSON object, after the run. */
void plan_explain_write(const struct plan_explain *explain, struct json_writer *json);

/* Its member "words": lines, as strings of an array (plan_words.c). */
void plan_explain_write_words(const struct plan_explain *explain, struct json_writer *json);

#endif
