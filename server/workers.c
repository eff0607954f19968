#include "server/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/timed_wait.h"

/* SQLite, jansson and our own recursion (JSON_TEXT_MAX_DEPTH levels) stay far below it, also in a
 * build for the thread sanitizer, whose frames outgrew 1 MiB; only what is touched becomes
 * resident. */
#define WORKER_STACK_SIZE (4 * MIB)

struct worker {
    struct workers *workers;
    pthread_t thread;
    int64_t lane; /* of what it runs; WORK_ANY: of nothing that is counted */
};

struct workers {
    pthread_mutex_t mutex;
    pthread_cond_t submitted;
    pthread_cond_t finished;
    struct work_item *first, *last;
    size_t reserved; /* places taken, queued items included, running ones not */
    size_t limit;
    size_t running;
    bool is_stopping;
    size_t thread_count;
    size_t lane_limit;
    struct worker threads[];
};

static bool has_room(const struct workers *workers, int64_t lane)
{
    size_t running = 0;
    for (size_t i = 0; lane != WORK_ANY && i < workers->thread_count; i++)
        running += workers->threads[i].lane == lane;
    return running < workers->lane_limit;
}

/* The first item whose lane has room, out of the queue; NULL where there is none. */
static struct work_item *unlink_next(struct workers *workers)
{
    struct work_item *before = NULL, *item = workers->first;
    while (item && !has_room(workers, item->lane)) {
        before = item;
        item = item->next;
    }
    if (item && before)
        before->next = item->next;
    else if (item)
        workers->first = item->next;
    if (item && workers->last == item)
        workers->last = before;
    return item;
}

/* The next item, or NULL when there is nothing left and there will not be. The mutex is held. */
static struct work_item *take(struct workers *workers)
{
    struct work_item *item;
    while ((item = unlink_next(workers)) == NULL) {
        if (workers->first == NULL && workers->is_stopping)
            return NULL;
        pthread_cond_wait(&workers->submitted, &workers->mutex);
    }
    workers->reserved--;
    workers->running++;
    return item;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct workers *workers = worker->workers;
    struct work_item *item;
    pthread_setname_np(pthread_self(), "firn-worker");
    pthread_mutex_lock(&workers->mutex);
    while ((item = take(workers)) != NULL) {
        worker->lane = item->lane;
        pthread_mutex_unlock(&workers->mutex);
        item->run(item); /* from here on the item may be gone */
        pthread_mutex_lock(&workers->mutex);
        bool had_lane = worker->lane != WORK_ANY;
        worker->lane = WORK_ANY;
        workers->running--;
        pthread_cond_signal(&workers->finished);
        /* What waited for room in the lane may not be what this thread takes next. */
        if (had_lane && workers->first)
            pthread_cond_signal(&workers->submitted);
    }
    /* Others may wait for room, and there is nothing left that wants it. */
    pthread_cond_broadcast(&workers->submitted);
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

static bool start_threads(struct workers *workers, size_t count, struct error *err)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WORKER_STACK_SIZE);
    int failed = 0;
    while (!failed && workers->thread_count < count) {
        struct worker *worker = &workers->threads[workers->thread_count];
        worker->workers = workers;
        failed = pthread_create(&worker->thread, &attributes, work, worker);
        workers->thread_count += !failed;
    }
    pthread_attr_destroy(&attributes);
    return !failed || error_set(err, ERROR_NO_MEMORY, "a worker thread cannot be started: %s",
                                strerror(failed));
}

bool workers_create(size_t thread_count, size_t queue_limit, struct workers **ret_workers,
                    struct error *err)
{
    struct workers *workers = calloc(1, sizeof(*workers) + thread_count * sizeof(struct worker));
    if (workers == NULL)
        return error_no_memory(err, "the workers");
    workers->limit = queue_limit;
    workers->lane_limit = thread_count > 1 ? thread_count / 2 : 1;
    pthread_mutex_init(&workers->mutex, NULL);
    timed_wait_init(&workers->submitted);
    timed_wait_init(&workers->finished);
    if (!start_threads(workers, thread_count, err)) {
        workers_destroy(workers);
        return false;
    }
    *ret_workers = workers;
    return true;
}

bool workers_reserve(struct workers *workers)
{
    pthread_mutex_lock(&workers->mutex);
    bool ok = workers->reserved < workers->limit && !workers->is_stopping;
    workers->reserved += ok;
    pthread_mutex_unlock(&workers->mutex);
    return ok;
}

/* The worker is woken when it can have the mutex: woken before, it would sleep again for that. */
void workers_submit(struct workers *workers, struct work_item *item)
{
    item->next = NULL;
    pthread_mutex_lock(&workers->mutex);
    if (workers->last)
        workers->last->next = item;
    else
        workers->first = item;
    workers->last = item;
    pthread_mutex_unlock(&workers->mutex);
    pthread_cond_signal(&workers->submitted);
}

void workers_get_load(struct workers *workers, struct workers_load *ret_load)
{
    pthread_mutex_lock(&workers->mutex);
    *ret_load = (struct workers_load){workers->thread_count, workers->running, workers->reserved,
                                      workers->limit};
    pthread_mutex_unlock(&workers->mutex);
}

bool workers_drain(struct workers *workers, int64_t wait_ms)
{
    struct timespec until = timed_wait_deadline(wait_ms);
    int timed_out = 0;
    pthread_mutex_lock(&workers->mutex);
    while ((workers->running > 0 || workers->reserved > 0) && !timed_out)
        timed_out = pthread_cond_timedwait(&workers->finished, &workers->mutex, &until);
    bool is_idle = workers->running == 0 && workers->reserved == 0;
    pthread_mutex_unlock(&workers->mutex);
    return is_idle;
}

void workers_destroy(struct workers *workers)
{
    if (workers == NULL)
        return;
    pthread_mutex_lock(&workers->mutex);
    workers->is_stopping = true;
    pthread_cond_broadcast(&workers->submitted);
    pthread_mutex_unlock(&workers->mutex);
    for (size_t i = 0; i < workers->thread_count; i++)
        pthread_join(workers->threads[i].thread, NULL);
    pthread_cond_destroy(&workers->submitted);
    pthread_cond_destroy(&workers->finished);
    pthread_mutex_destroy(&workers->mutex);
    free(workers);
}
