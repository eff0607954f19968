#include "storage/writer_queue.h"

#include "base/timed_wait.h"

/* More jobs in one transaction would make the first of them wait long for the last. */
#define MAX_BATCH_JOBS 256

/* glibc's locks take no memory of their own: none of this can fail there. */
void writer_queue_init(struct writer_queue *queue)
{
    *queue = (struct writer_queue){0};
    pthread_mutex_init(&queue->lock, NULL);
    timed_wait_init(&queue->work);
    pthread_cond_init(&queue->drained, NULL);
    pthread_cond_init(&queue->sync, NULL);
    pthread_cond_init(&queue->tell, NULL);
}

void writer_queue_destroy(struct writer_queue *queue)
{
    pthread_cond_destroy(&queue->tell);
    pthread_cond_destroy(&queue->sync);
    pthread_cond_destroy(&queue->drained);
    pthread_cond_destroy(&queue->work);
    pthread_mutex_destroy(&queue->lock);
}

/* --- whoever adds ------------------------------------------------------------------------- */

/* The writer is woken without the lock, which it will want first of all. */
bool writer_queue_add(struct writer_queue *queue, struct pointer_write *job)
{
    pthread_mutex_lock(&queue->lock);
    bool is_taken = !queue->is_stopping;
    if (is_taken) {
        write_batch_add(&queue->waiting, job);
        gather_pace_arrival(&queue->pace, clock_measure_us());
    }
    bool is_wanted = is_taken && queue->waiting.count == queue->wake_at;
    pthread_mutex_unlock(&queue->lock);
    if (is_wanted)
        pthread_cond_signal(&queue->work);
    return is_taken;
}

void writer_queue_stop(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_stopping = true;
    pthread_cond_broadcast(&queue->work);
    pthread_mutex_unlock(&queue->lock);
}

/* --- the writer --------------------------------------------------------------------------- */

/* Under the lock: callers that cannot come, because they wait for their answer. */
static size_t in_flight(const struct writer_queue *queue)
{
    return queue->taken + queue->written.count + queue->syncing.count + queue->durable.count +
           queue->telling;
}

/* Under the lock: half of the callers that are still to come. */
static size_t half_of_rest(const struct writer_queue *queue)
{
    size_t callers = queue->pace.callers, gone = in_flight(queue);
    return callers > gone ? (callers - gone + 1) / 2 : 1;
}

/* Under the lock: beside a sync a batch is to have some size, and little is to be left for the last
 * one when the sync ends. */
static size_t worth_beginning(const struct writer_queue *queue)
{
    bool is_beside = queue->syncing.count > 0 && !gather_pace_is_together(&queue->pace);
    return is_beside && !queue->is_stopping ? half_of_rest(queue) : 1;
}

/* Under the lock: moves what waits to the end of the batch, and gives the first of it. */
static struct pointer_write *move(struct writer_queue *queue, struct write_batch *batch)
{
    struct write_batch more = write_batch_cut(&queue->waiting, MAX_BATCH_JOBS - batch->count);
    struct pointer_write *first = more.first;
    write_batch_append(batch, &more);
    queue->taken = batch->count;
    return first;
}

bool writer_queue_take(struct writer_queue *queue, struct write_batch *batch)
{
    pthread_mutex_lock(&queue->lock);
    queue->taken = 0;
    while (!queue->is_lost && !(queue->is_stopping && queue->waiting.count == 0) &&
           queue->waiting.count < (queue->wake_at = worth_beginning(queue)))
        pthread_cond_wait(&queue->work, &queue->lock);
    queue->wake_at = 0;
    if (!queue->is_lost)
        (void)move(queue, batch);
    bool goes_on = batch->first || queue->is_lost;
    pthread_mutex_unlock(&queue->lock);
    return goes_on;
}

/* Under the lock. */
static bool log_is_idle(const struct writer_queue *queue)
{
    return queue->syncing.count == 0 && queue->written.count == 0;
}

/* Under the lock: is there more to run, or no reason to wait for it? */
static bool stops_waiting(const struct writer_queue *queue)
{
    return queue->waiting.count >= queue->wake_at || queue->is_stopping || queue->is_lost;
}

/* Under the lock: until the log is idle, by halves, so that most run while the rest are still
 * coming and the writer is not woken for each. */
static void wait_beside_sync(struct writer_queue *queue)
{
    queue->wake_at = half_of_rest(queue);
    while (!log_is_idle(queue) && !stops_waiting(queue))
        pthread_cond_wait(&queue->work, &queue->lock);
    queue->wake_at = 0;
}

/* Under the lock: in the same way, at most so long. */
static void gather(struct writer_queue *queue, int64_t wait_us)
{
    struct timespec until = timed_wait_deadline_us(wait_us);
    int timed_out = 0;
    queue->wake_at = half_of_rest(queue);
    while (!stops_waiting(queue) && !timed_out)
        timed_out = pthread_cond_timedwait(&queue->work, &queue->lock, &until);
    queue->wake_at = 0;
}

/* Under the lock: waits for those that are better served by this batch than by the next. */
static void wait_together(struct writer_queue *queue, const struct write_batch *batch)
{
    if (queue->waiting.count == 0)
        wait_beside_sync(queue);
    int64_t wait_us = gather_pace_wait_us(&queue->pace, batch->count);
    if (queue->waiting.count == 0 && wait_us > 0)
        gather(queue, wait_us);
}

struct pointer_write *writer_queue_take_more(struct writer_queue *queue, struct write_batch *batch)
{
    struct pointer_write *more = NULL;
    pthread_mutex_lock(&queue->lock);
    bool is_together = gather_pace_is_together(&queue->pace);
    if (is_together && batch->count < MAX_BATCH_JOBS)
        wait_together(queue, batch);
    if ((is_together || !gather_pace_is_slow(&queue->pace)) && !queue->is_lost)
        more = move(queue, batch);
    pthread_mutex_unlock(&queue->lock);
    return more;
}

bool writer_queue_syncs_slowly(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool is_slow = gather_pace_is_slow(&queue->pace);
    pthread_mutex_unlock(&queue->lock);
    return is_slow;
}

void writer_queue_wrote(struct writer_queue *queue, struct write_batch *batch)
{
    pthread_mutex_lock(&queue->lock);
    write_batch_append(&queue->written, batch);
    queue->taken = 0;
    bool is_idle = queue->syncing.count == 0;
    pthread_mutex_unlock(&queue->lock);
    if (is_idle)
        pthread_cond_signal(&queue->sync);
}

/* Under the lock. */
static bool is_told(const struct writer_queue *queue)
{
    return queue->durable.count == 0 && queue->telling == 0;
}

bool writer_queue_drain(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (!is_told(queue) || (!log_is_idle(queue) && !queue->is_lost))
        pthread_cond_wait(&queue->drained, &queue->lock);
    bool is_lost = queue->is_lost;
    pthread_mutex_unlock(&queue->lock);
    return !is_lost;
}

bool writer_queue_is_drained(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool is_drained = log_is_idle(queue) && is_told(queue);
    pthread_mutex_unlock(&queue->lock);
    return is_drained;
}

bool writer_queue_is_lost(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool is_lost = queue->is_lost;
    pthread_mutex_unlock(&queue->lock);
    return is_lost;
}

struct write_batch writer_queue_take_lost(struct writer_queue *queue, struct error *ret_reason)
{
    struct write_batch lost = {0};
    pthread_mutex_lock(&queue->lock);
    *ret_reason = queue->reason;
    write_batch_append(&lost, &queue->syncing);
    write_batch_append(&lost, &queue->written);
    pthread_mutex_unlock(&queue->lock);
    return lost;
}

void writer_queue_found(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_lost = false;
    pthread_cond_signal(&queue->sync);
    pthread_mutex_unlock(&queue->lock);
}

void writer_queue_put_back(struct writer_queue *queue, struct write_batch *batch)
{
    pthread_mutex_lock(&queue->lock);
    write_batch_append(batch, &queue->waiting);
    write_batch_append(&queue->waiting, batch);
    queue->taken = 0;
    pthread_mutex_unlock(&queue->lock);
}

/* Under the lock. */
static void note_answered(struct writer_queue *queue, size_t count)
{
    size_t others = queue->waiting.count + in_flight(queue);
    gather_pace_answered(&queue->pace, count, others, clock_measure_us());
}

void writer_queue_done(struct writer_queue *queue, const struct write_batch *batch,
                       int64_t commit_us)
{
    pthread_mutex_lock(&queue->lock);
    queue->taken = 0;
    if (commit_us > 0)
        gather_pace_commit(&queue->pace, commit_us);
    note_answered(queue, batch->count);
    pthread_mutex_unlock(&queue->lock);
}

void writer_queue_close(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_closing = true;
    pthread_cond_broadcast(&queue->sync);
    pthread_cond_broadcast(&queue->tell);
    pthread_mutex_unlock(&queue->lock);
}

/* --- the thread that syncs ---------------------------------------------------------------- */

const struct write_batch *writer_queue_next_sync(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->written.count == 0 && !queue->is_closing)
        pthread_cond_wait(&queue->sync, &queue->lock);
    write_batch_append(&queue->syncing, &queue->written);
    bool goes_on = queue->syncing.count > 0;
    pthread_mutex_unlock(&queue->lock);
    return goes_on ? &queue->syncing : NULL;
}

/* The writer is woken where the log is idle now, and it waits for more than have come. */
void writer_queue_synced(struct writer_queue *queue, int64_t took_us)
{
    pthread_mutex_lock(&queue->lock);
    gather_pace_commit(&queue->pace, took_us);
    write_batch_append(&queue->durable, &queue->syncing);
    bool is_wanted = queue->written.count == 0 && queue->wake_at > 0;
    pthread_mutex_unlock(&queue->lock);
    pthread_cond_signal(&queue->tell);
    if (is_wanted)
        pthread_cond_signal(&queue->work);
}

void writer_queue_lost(struct writer_queue *queue, const struct error *reason)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_lost = true;
    queue->reason = *reason;
    pthread_cond_signal(&queue->work);
    pthread_cond_signal(&queue->drained);
    while (queue->is_lost)
        pthread_cond_wait(&queue->sync, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

/* --- the thread that tells and answers ---------------------------------------------------- */

bool writer_queue_next_durable(struct writer_queue *queue, struct write_batch *batch)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->durable.count == 0 && !(queue->is_closing && log_is_idle(queue)))
        pthread_cond_wait(&queue->tell, &queue->lock);
    write_batch_append(batch, &queue->durable);
    queue->telling = batch->count;
    pthread_mutex_unlock(&queue->lock);
    return batch->count > 0;
}

void writer_queue_told(struct writer_queue *queue, const struct write_batch *batch)
{
    pthread_mutex_lock(&queue->lock);
    queue->telling = 0;
    note_answered(queue, batch->count);
    pthread_cond_signal(&queue->drained);
    pthread_mutex_unlock(&queue->lock);
}
