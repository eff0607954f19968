/* Declared in catalog/purge.h: the thread that empties the queue. */
#include "catalog/purge.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/timed_wait.h"
#include "catalog/dropped.h"
#include "catalog/idempotency.h"
#include "storage/pointer_plan.h"

/*
 * The thread that ends the retention of what was dropped, empties the purge queue and, now and
 * then, forgets old idempotency records and submitted plans. It sleeps until it is woken by a drop,
 * until the next retention ends, or until the next round of housekeeping.
 */

#define PURGE_BATCH 100
/* Between rounds when nobody wakes it: also how long a failed entry waits for its next attempt. */
#define HOUSEKEEPING_INTERVAL_S 60

struct purge_worker {
    struct catalog *catalog;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_woken;
    bool is_stopping;
    /* Both by the monotonic clock: */
    struct timespec next_round; /* of housekeeping */
    struct timespec next_wake;  /* that or the end of a retention before it */
};

static bool worker_is_stopping(void *context)
{
    struct purge_worker *worker = context;
    pthread_mutex_lock(&worker->mutex);
    bool stopping = worker->is_stopping;
    pthread_mutex_unlock(&worker->mutex);
    return stopping;
}

static bool entry_done(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_purge_done(txn, *(const int64_t *)context, err);
}

static bool entry_failed(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_purge_failed(txn, context, err);
}

static bool revive_entries(struct pointer_txn *txn, void *context, struct error *err)
{
    (void)context;
    return pointer_purge_revive(txn, MAX_PURGE_ATTEMPTS, err);
}

static bool store_done(struct purge_worker *worker, int64_t id)
{
    return pointer_store_write(worker->catalog->pointers, entry_done, &id, NULL);
}

static bool store_failed(struct purge_worker *worker, int64_t id, int64_t files_left,
                         const struct error *cause)
{
    struct purge_row row = {.id = id,
                            .files_left = files_left,
                            .reason = slice_from_string(cause->message)};
    return pointer_store_write(worker->catalog->pointers, entry_failed, &row, NULL);
}

/* True where the entry's new state is stored. */
static bool work_on(struct purge_worker *worker, const struct purge_row *row)
{
    struct error cause = {0};
    int64_t files_left = 0;
    bool ok =
        purge_entry(worker->catalog, row, worker_is_stopping, worker, &files_left, &cause);
    if (!ok && worker_is_stopping(worker))
        return false;
    /* If this cannot be stored the entry stays as it is, and is worked on again. */
    return ok ? store_done(worker, row->id)
              : store_failed(worker, row->id, files_left, &cause);
}

/* Entries that failed before wait for the next round, however often drops wake the worker. */
static bool is_due(const struct purge_row *row, bool is_round)
{
    return row->attempts == 0 || (is_round && row->attempts < MAX_PURGE_ATTEMPTS);
}

/* True where there may be more to do: a full batch, and one that moved something (or a full disk
 * would turn this into a busy loop). */
static bool empty_batch(struct purge_worker *worker, bool is_round)
{
    struct arena arena;
    struct purge_row *rows = NULL;
    size_t count = 0, stored = 0;
    struct pointer_view *view = NULL;
    arena_init(&arena, MAX_REQUEST_ARENA);
    if (pointer_view_begin(worker->catalog->pointers, &view, NULL)) {
        pointer_purge_list(view, PURGE_BATCH, &arena, &rows, &count, NULL);
        pointer_view_end(view);
    }
    for (size_t i = 0; i < count && !worker_is_stopping(worker); i++)
        if (is_due(&rows[i], is_round) && work_on(worker, &rows[i]))
            stored++;
    arena_finish(&arena);
    return count == PURGE_BATCH && stored > 0;
}

/* The queue comes in the order of attempts: later batches meet only what was not tried. */
static void empty_queue(struct purge_worker *worker, bool is_round)
{
    while (empty_batch(worker, is_round))
        is_round = false;
}

static bool expire_records(struct pointer_txn *txn, void *context, struct error *err)
{
    const int64_t *now_ms = context;
    int64_t oldest = idempotency_oldest_ms(*now_ms);
    return pointer_idempotency_expire(txn, oldest, err) && pointer_plan_expire(txn, *now_ms, err);
}

static void forget_old_records(struct purge_worker *worker)
{
    int64_t now_ms = clock_now_ms(worker->catalog->clock);
    pointer_store_write(worker->catalog->pointers, expire_records, &now_ms, NULL);
}

/* Where this fails the next round tries again. */
static bool end_retentions(struct purge_worker *worker)
{
    size_t count = 1;
    bool ok = true;
    while (ok && count > 0 && !worker_is_stopping(worker))
        ok = dropped_expire(worker->catalog, &count, NULL);
    return ok;
}

static void plan_round(struct purge_worker *worker)
{
    worker->next_round = timed_wait_deadline(HOUSEKEEPING_INTERVAL_S * 1000);
}

static bool is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static bool is_round_due(const struct purge_worker *worker)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return !is_before(now, worker->next_round);
}

/* Retentions end by the wall clock: where that jumps, the next round finds what is over. */
static void plan_wake(struct purge_worker *worker, bool has_ended_all)
{
    int64_t until_ms = INT64_MAX;
    worker->next_wake = worker->next_round;
    if (!has_ended_all || !dropped_next_end(worker->catalog, &until_ms, NULL))
        return;
    int64_t left_ms = until_ms - clock_now_ms(worker->catalog->clock);
    if (left_ms >= HOUSEKEEPING_INTERVAL_S * 1000)
        return;
    struct timespec end = timed_wait_deadline(left_ms > 0 ? left_ms : 0);
    if (is_before(end, worker->next_wake))
        worker->next_wake = end;
}

/* Returns true where it is time for housekeeping: drops that wake the worker do not put it off. */
static bool wait_for_work(struct purge_worker *worker)
{
    bool timed_out = false;
    pthread_mutex_lock(&worker->mutex);
    while (!worker->is_woken && !worker->is_stopping && !timed_out)
        timed_out =
            pthread_cond_timedwait(&worker->changed, &worker->mutex, &worker->next_wake) ==
            ETIMEDOUT;
    worker->is_woken = false;
    pthread_mutex_unlock(&worker->mutex);
    return is_round_due(worker);
}

static void *worker_main(void *context)
{
    struct purge_worker *worker = context;
    bool is_round = true;
    pthread_setname_np(pthread_self(), "firn-purge");
    plan_round(worker);
    /* Where this cannot be stored they wait for the next start. */
    pointer_store_write(worker->catalog->pointers, revive_entries, NULL, NULL);
    while (!worker_is_stopping(worker)) {
        bool has_ended_all = end_retentions(worker);
        empty_queue(worker, is_round);
        plan_wake(worker, has_ended_all);
        is_round = wait_for_work(worker);
        if (is_round) {
            forget_old_records(worker);
            plan_round(worker);
        }
    }
    return NULL;
}

static void worker_free(struct purge_worker *worker)
{
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}

bool purge_worker_start(struct catalog *catalog, struct purge_worker **ret_worker,
                        struct error *err)
{
    struct purge_worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL)
        return error_no_memory(err, "the purge worker");
    pthread_mutex_init(&worker->mutex, NULL);
    timed_wait_init(&worker->changed);
    worker->catalog = catalog;
    if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
        worker_free(worker);
        return error_set(err, ERROR_NO_MEMORY, "Cannot start the purge thread");
    }
    *ret_worker = worker;
    return true;
}

static void set_flag(struct purge_worker *worker, bool *flag)
{
    pthread_mutex_lock(&worker->mutex);
    *flag = true;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->mutex);
}

void purge_worker_wake(struct purge_worker *worker)
{
    set_flag(worker, &worker->is_woken);
}

void purge_worker_stop(struct purge_worker *worker)
{
    if (worker == NULL)
        return;
    set_flag(worker, &worker->is_stopping);
    pthread_join(worker->thread, NULL);
    worker_free(worker);
}
