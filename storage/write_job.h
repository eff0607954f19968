/*
 * write_job.h — one job in the writer's transaction, and how it is undone.
 *
 * Threads:  the writer's alone
 */
#ifndef STORAGE_WRITE_JOB_H
#define STORAGE_WRITE_JOB_H

#include "storage/pointer_internal.h"

/* Runs it: its `ok`, `error` and `changes` are set. Guarded by a savepoint, a job that fails is
 * undone. Without one it has nothing to undo, as a rule: refusals come before changes.
 *
 * False where the job has failed and the transaction is gone, and with it what the jobs before this
 * one did; or, for one without a savepoint, where the transaction goes on and a part of the job may
 * be in it. */
bool write_job_run(struct pointer_write *job, struct sqlite_connection *connection, int64_t now_ms,
                   bool is_guarded);

#endif
