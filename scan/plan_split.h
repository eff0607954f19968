/*
 * plan_split.h — a plan that is too large for one answer, as tasks that the client fetches one by
 * one.
 *
 * A task is a sealed text of all that planning its part needs: the request with its snapshot and
 * schema pinned, and a window of manifests or of
 * one manifest's entries. The server keeps nothing.
 *
 * Spec:     REST protocol, PlanTask, fetchScanTasks
 * Owns:     results lie in the arena; a task read back owns its tree until plan_part_finish
 * Errors:   those of scan/plan_token.h
 */
#ifndef SCAN_PLAN_SPLIT_H
#define SCAN_PLAN_SPLIT_H

#include "scan/plan_answer.h"
#include "scan/plan_token.h"

/* Does the opened plan have more files than one answer may hold? Counts come from the manifest
 * lists, before any filter on files; a manifest that its list does not count is read. */
bool plan_split_is_due(struct plan *plan, uint64_t max_files, bool *ret_is_due, struct error *err);

/* The elements of "plan-tasks": each of as many manifests as have `max_files` together, or of that
 * many entries of one manifest that has more. What is left in the buffer of `json` is the caller's
 * to hand on. */
bool plan_split_write(struct plan *plan, uint64_t max_files, const struct plan_sealer *sealer,
                      const struct plan_sink *sink, struct json_writer *json, struct error *err);

struct plan_part {
    json_t *tree;
    struct plan_request request;
    struct plan_window window;
};

bool plan_part_read(struct slice task, const struct plan_sealer *sealer, struct arena *arena,
                    struct plan_part *ret_part, struct error *err);
void plan_part_finish(struct plan_part *part);

/* The request of a plan as a JSON object, with its snapshot and schema pinned, and the whole plan
 * that is read back from it, whenever that may be. */
void plan_request_write(const struct plan *plan, struct buffer *out);
bool plan_request_read(struct slice text, struct arena *arena, struct plan_part *ret_part,
                       struct error *err);

#endif
