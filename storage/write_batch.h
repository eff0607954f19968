/*
 * write_batch.h — jobs of the writer that share a transaction, or several with one sync, and what
 * is done with all of them.
 *
 * Owns:     a batch is its owner's memory, which may be moved; a job lives in its caller's until it
 *           is answered
 * Threads:  one at a time
 */
#ifndef STORAGE_WRITE_BATCH_H
#define STORAGE_WRITE_BATCH_H

#include "storage/log_gate.h"
#include "storage/pointer_cache.h"

/* All zero: an empty one. */
struct write_batch {
    struct pointer_write *first;
    struct pointer_write *last;
    size_t count;
    /* Of a batch that is in the log: */
    size_t commits;       /* transactions */
    sqlite3_file *log;    /* what makes it durable is a sync of this file */
    struct log_mark mark; /* how far the log counted before the first of them */
    uint64_t shown;       /* by log_gate_show, of the last of them */
};

void write_batch_add(struct write_batch *batch, struct pointer_write *job);
/* Takes all that `more` has; it is empty afterwards. */
void write_batch_append(struct write_batch *batch, struct write_batch *more);
/* The first `count` jobs, or all where there are fewer. */
struct write_batch write_batch_cut(struct write_batch *batch, size_t count);

/* What the job did does not count. Always false. */
bool write_job_fail(struct pointer_write *job, const struct error *reason);
/* Its caller runs on; the job may be gone. */
void write_job_answer(struct pointer_write *job);

bool write_batch_has_success(const struct write_batch *batch);
void write_batch_fail(struct write_batch *batch, const struct error *reason);
/* Each keeps its own error, if it has one, and has changed nothing. */
void write_batch_forget(struct write_batch *batch);
/* ERROR_COMMIT_UNKNOWN for those that had succeeded. */
void write_batch_fail_unknown(struct write_batch *batch, const struct error *reason);
/* Tells memory what has changed; in the order of the commits. */
void write_batch_publish(struct write_batch *batch, struct pointer_cache *cache);
/* Wakes all callers: the batch is empty afterwards. */
void write_batch_answer(struct write_batch *batch);

#endif
