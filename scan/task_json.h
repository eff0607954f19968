/*
 * task_json.h — a plan's files as the protocol's JSON, straight into a buffer.
 *
 * Tasks come first and delete files last, because which delete files an answer needs is known only
 * when its tasks are. References count within the answer, so that it never lists a delete file that
 * none of its tasks has.
 *
 * Spec:     REST protocol, FileScanTask, DataFile, PositionDeleteFile, EqualityDeleteFile
 * Owns:     two arrays and a scratch buffer, until task_writer_finish; borrows plan and buffer
 * Errors:   ERROR_CORRUPT for a path or partition value that is no UTF-8, ERROR_NO_MEMORY; a buffer
 *           that is full is ERROR_TOO_LARGE at the visit that found it so
 * Threads:  one thread at a time
 */
#ifndef SCAN_TASK_JSON_H
#define SCAN_TASK_JSON_H

#include "base/json_write.h"
#include "scan/plan.h"

struct task_writer {
    struct json_writer *json;
    const struct plan *plan;
    struct buffer text; /* paths, which rest in two pieces */
    uint32_t *places;   /* of the plan's delete files in this answer, plus 1; 0: not in it */
    uint32_t *used;     /* the numbers of those in it, in the order of the answer */
    size_t used_count;
    size_t task_count;
};

void task_writer_init(struct task_writer *writer, const struct plan *plan,
                      struct json_writer *json);
void task_writer_finish(struct task_writer *writer);

/* A plan_visitor's function; the context is the writer, within "file-scan-tasks". */
bool task_writer_visit(void *context, const struct plan_task *task, struct error *err);

/* The member "delete-files", where there are any. After the last task. */
bool task_writer_deletes(struct task_writer *writer, struct error *err);

#endif
