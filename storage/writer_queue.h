/*
 * writer_queue.h — the way of a job from its caller to its answer: it waits, is taken by the
 * writer, and, where syncs are slow, lies in the log until a sync has made it durable and another
 * thread has told of it. The writer meanwhile takes the next jobs.
 *
 *     waiting → (the writer's batch) → written → syncing → durable → (told, answered)
 *
 * Owns:     struct writer_queue, in its owner's memory; a job lives in its caller's
 * Threads:  add and stop from any; the others from the one that the section names
 */
#ifndef STORAGE_WRITER_QUEUE_H
#define STORAGE_WRITER_QUEUE_H

#include <pthread.h>

#include "storage/gather_pace.h"
#include "storage/write_batch.h"

struct writer_queue {
    pthread_mutex_t lock;   /* guards all the rest */
    pthread_cond_t work;    /* what the writer waits for, to have something to do */
    pthread_cond_t drained; /* the same, to be alone with the log */
    pthread_cond_t sync;    /* what the thread waits for that syncs */
    pthread_cond_t tell;    /* what the thread waits for that tells and answers */
    struct write_batch waiting;
    struct write_batch written;
    struct write_batch syncing;
    struct write_batch durable;
    size_t taken;   /* jobs of the writer's batch */
    size_t telling; /* jobs that are just told of */
    size_t wake_at; /* so many that wait wake the writer; 0: it is at work */
    bool is_lost;   /* the sync of what is syncing has failed, and nothing is synced any more */
    struct error reason; /* why */
    bool is_stopping;
    bool is_closing; /* the writer has ended */
    struct gather_pace pace;
};

void writer_queue_init(struct writer_queue *queue);
void writer_queue_destroy(struct writer_queue *queue);

/* False where the queue is stopping: then the job was not taken. Jobs run in the order in which
 * they are added. */
bool writer_queue_add(struct writer_queue *queue, struct pointer_write *job);
/* What waits is still run. */
void writer_queue_stop(struct writer_queue *queue);

/* --- the writer --------------------------------------------------------------------------- */

/* Waits until it is worth beginning a batch, which is empty before. Where it is empty afterwards, a
 * sync has failed. False: the writer is to end. */
bool writer_queue_take(struct writer_queue *queue, struct write_batch *batch);
/* For a batch all of whose jobs have run: the first of those that join it, or NULL where it is to
 * be committed: where the next ones are better run beside its sync, or that of the one before.
 * Else it waits for others as long as they are worth it (gather_pace.h). */
struct pointer_write *writer_queue_take_more(struct writer_queue *queue, struct write_batch *batch);
/* Do syncs take so long that the next jobs are worth running beside them? */
bool writer_queue_syncs_slowly(struct writer_queue *queue);
/* The batch is in the log: it is another's from here on. */
void writer_queue_wrote(struct writer_queue *queue, struct write_batch *batch);
/* Waits until all that was written is durable and told. False: a sync has failed. */
bool writer_queue_drain(struct writer_queue *queue);
bool writer_queue_is_drained(struct writer_queue *queue);
bool writer_queue_is_lost(struct writer_queue *queue);
/* After that: all that was written and is not durable, in order, and why. */
struct write_batch writer_queue_take_lost(struct writer_queue *queue, struct error *ret_reason);
/* And when it has been dealt with. */
void writer_queue_found(struct writer_queue *queue);
/* The jobs of the batch come first again. */
void writer_queue_put_back(struct writer_queue *queue, struct write_batch *batch);
/* The writer itself is about to answer a batch, whose commit took so long (0: there was none). */
void writer_queue_done(struct writer_queue *queue, const struct write_batch *batch,
                       int64_t commit_us);
/* The writer ends: so do the other two, when they have nothing left to do. */
void writer_queue_close(struct writer_queue *queue);

/* --- the thread that syncs ---------------------------------------------------------------- */

/* Waits for something that was written. NULL: the thread is to end. */
const struct write_batch *writer_queue_next_sync(struct writer_queue *queue);
void writer_queue_synced(struct writer_queue *queue, int64_t took_us);
/* Waits until the writer has dealt with it. */
void writer_queue_lost(struct writer_queue *queue, const struct error *reason);

/* --- the thread that tells and answers ---------------------------------------------------- */

/* Waits for something durable. False: the thread is to end. */
bool writer_queue_next_durable(struct writer_queue *queue, struct write_batch *batch);
/* It was told, and is about to be answered. */
void writer_queue_told(struct writer_queue *queue, const struct write_batch *batch);

#endif
