/*
 * plan_answer.h — what a plan finds, as the members of an answer, in pieces as they are made.
 *
 * Memory is bounded whatever the table's size: each hand has one piece and one manifest.
 *
 * Spec:     REST protocol, ScanTasks
 * Owns:     pieces, until the sink takes them
 * Errors:   those of plan_run_shared and scan/task_json.h, and what the sink gives
 * Threads:  the sink is called by one thread at a time, though by several in turn
 */
#ifndef SCAN_PLAN_ANSWER_H
#define SCAN_PLAN_ANSWER_H

#include "base/json_write.h"
#include "scan/plan.h"

/* Pieces are handed on once they have this size: large enough that handing them on costs nothing,
 * small enough that a client soon has something to read. */
#define PLAN_PIECE_SIZE ((size_t)64 * 1024)

struct plan_sink {
    /* Takes the buffer's bytes and leaves it empty. May wait. False ends the plan. */
    bool (*take)(void *context, struct buffer *piece, struct error *err);
    void *context;
};

struct plan_work {
    struct plan_window window;
    struct crew *crew; /* NULL: no help */
    size_t hands;      /* that may work at one time, this thread's included; 1 at least */
};

/* Hands the buffer on where it is a piece. */
bool plan_sink_feed(const struct plan_sink *sink, struct buffer *out, struct error *err);

/* The members "file-scan-tasks" and "delete-files" of the object that `json` is in. What is left in
 * its buffer afterwards is the caller's to hand on. Once for each plan. */
bool plan_answer_files(struct plan *plan, const struct plan_work *work,
                       const struct plan_sink *sink, struct json_writer *json, struct error *err);

#endif
