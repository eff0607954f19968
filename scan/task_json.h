/*
 * task_json.h — a plan's files as the protocol's JSON, straight into a buffer.
 *
 * Tasks come first and delete files last, because which delete files an answer needs is known only
 * when its tasks are. References count within the answer, so that it never lists a delete file that
 * none of its tasks has.
 *
 * Spec:     REST protocol, FileScanTask, DataFile, PositionDeleteFile, EqualityDeleteFile
 * Owns:     a writer its scratch buffers, until task_writer_finish; the deletes two arrays
 * Errors:   ERROR_CORRUPT for a path or partition value that is no UTF-8, ERROR_NO_MEMORY; a buffer
 *           that is full is ERROR_TOO_LARGE at the visit that found it so
 * Threads:  a writer belongs to one thread; the deletes are shared by all writers of an answer
 */
#ifndef SCAN_TASK_JSON_H
#define SCAN_TASK_JSON_H

#include <pthread.h>

#include "base/json_write.h"
#include "scan/plan.h"

/* The delete files that an answer has referred to so far. */
struct task_deletes {
    const struct plan *plan;
    pthread_mutex_t mutex; /* a leaf in the lock order */
    uint32_t *places;      /* of the plan's delete files in this answer, plus 1; 0: not in it */
    uint32_t *used;        /* the numbers of those in it, in the order of the answer */
    size_t used_count;
};

void task_deletes_init(struct task_deletes *deletes, const struct plan *plan);
void task_deletes_finish(struct task_deletes *deletes);

struct task_writer {
    struct buffer *out;
    struct task_deletes *deletes;
    struct buffer text; /* paths, which rest in two pieces */
    struct buffer head; /* how each task of the present manifest begins, its path included */
    size_t manifest;    /* the present one */
    const struct manifest_columns *delete_columns; /* of the delete file that was written last */
    struct task_tuple *tuples;                     /* the fields of its partition */
    size_t tuple_count;
    size_t tuple_capacity;
};

void task_writer_init(struct task_writer *writer, struct task_deletes *deletes, struct buffer *out);
void task_writer_finish(struct task_writer *writer);

/* A plan_visitor's function; the context is the writer. Each task begins with a comma: whoever puts
 * the list together takes the first away. */
bool task_writer_visit(void *context, const struct plan_task *task, struct error *err);

/* The n-th delete file of the answer, as an object. When all tasks are written. */
bool task_writer_delete(struct task_writer *writer, size_t number, struct error *err);

#endif
