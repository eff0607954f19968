/*
 * pointer_writer.h — the one thread that changes the database: jobs queue up, run in batches, and
 * are answered when their batch is durable.
 *
 * Owns:     the write connection, the thread that writes, and two that sync and answer where syncs
 *           are slow; a waiting job lives in its caller's memory
 * Errors:   as pointer_store.h; after ERROR_COMMIT_UNKNOWN the connection is opened anew, and the
 *           outcome made final, before anything else is written
 * Threads:  submit and wait from any thread but the writer's own
 */
#ifndef STORAGE_POINTER_WRITER_H
#define STORAGE_POINTER_WRITER_H

#include "storage/log_gate.h"
#include "storage/pointer_cache.h"
#include "storage/sqlite_connection.h"

struct pointer_writer;

/* Opens and migrates the database, then starts the thread. `options`, `cache` and `clock` are
 * borrowed until pointer_writer_destroy. */
bool pointer_writer_create(const struct connection_options *options, struct pointer_cache *cache,
                           const struct clock *clock, struct pointer_writer **ret_writer,
                           struct error *err);
/* Runs what waits, checkpoints, closes. NULL is fine. */
void pointer_writer_destroy(struct pointer_writer *writer);

/* Jobs run in the order of their submission. */
void pointer_writer_submit(struct pointer_writer *writer, pointer_job_fn job, void *context,
                           struct waiter *waiter, struct pointer_write *write);
/* Waits until the job's transaction is durable or has failed. */
bool pointer_writer_wait(struct pointer_write *write, struct error *err);

/* What views pass (log_gate.h), as long as the writer lives. */
struct log_gate *pointer_writer_gate(struct pointer_writer *writer);

/* How many jobs each batch had, of histogram_batch. */
const struct histogram *pointer_writer_batches(const struct pointer_writer *writer);

#endif
