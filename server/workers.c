/*
 * Threads sleep in a stack of their own, fibers in no list at all: whoever wakes a fiber puts it
 * into the list of those that go on, which come before new items, since they answer and free.
 *
 * A thread that is woken wakes the next where it leaves work behind. So work never lies about while
 * a thread sleeps, and a burst of it does not wake them all, who would take turns at the processors
 * and keep the database's writer from them. The one that has slept least is woken: few threads do
 * all the work then, and what they allocate and look at is still in their caches.
 *
 * There are no more fibers than threads: however many wait for something that only another fiber
 * can bring, there is a thread for that one.
 */
#include "server/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "base/limits.h"
#include "base/timed_wait.h"

/* SQLite, jansson and our own recursion (JSON_TEXT_MAX_DEPTH levels) stay far below it, also in a
 * build for the thread sanitizer, whose frames outgrew 1 MiB; only what is touched becomes
 * resident. */
#define FIBER_STACK_SIZE (4 * MIB)
/* Threads themselves only take and give. */
#define THREAD_STACK_SIZE (256 * KIB)

/* A fiber, and what it works on. */
struct task {
    struct waiter waiter; /* first: a pointer to it is one to the task */
    struct workers *workers;
    struct fiber *fiber;
    struct task *next; /* idle, or going on */
    struct work_item *item;
    int64_t lane; /* of what it works on; WORK_ANY: of nothing that is counted */
    bool is_stream; /* what it works on */
    bool is_waiting;
    bool is_woken; /* before it was seen to wait */
};

struct worker {
    struct workers *workers;
    pthread_t thread;
    pthread_cond_t wake;
    struct worker *next; /* that has slept longer */
    bool is_woken;
};

struct workers {
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    struct work_item *first, *last;
    struct task *going_on, **going_on_end;
    struct task *idle;
    size_t reserved; /* places taken, queued items included, running ones not */
    size_t reserved_streams; /* of them */
    size_t limit;
    size_t running; /* tasks that have an item */
    struct worker *sleeping;
    bool is_waking; /* one was woken, and does not run yet */
    bool is_stopping;
    size_t task_count;
    struct task *tasks;
    size_t lane_limit; /* of tasks of one lane, and of streams */
    size_t thread_count;
    struct worker threads[];
};

/* --- tasks -------------------------------------------------------------------------------- */

/* The mutex is held, in what follows. */

static bool has_room(const struct workers *workers, const struct work_item *item)
{
    size_t in_lane = 0, streams = 0;
    if (item->lane == WORK_ANY && !item->is_stream)
        return true;
    for (size_t i = 0; i < workers->task_count; i++) {
        in_lane += workers->tasks[i].lane == item->lane;
        streams += workers->tasks[i].is_stream;
    }
    return (item->lane == WORK_ANY || in_lane < workers->lane_limit) &&
           (!item->is_stream || streams < workers->lane_limit);
}

/* The first item that there is room for, and the one before it; NULL where there is none. */
static struct work_item *find_next(const struct workers *workers, struct work_item **ret_before)
{
    struct work_item *before = NULL, *item = workers->first;
    while (item && !has_room(workers, item)) {
        before = item;
        item = item->next;
    }
    *ret_before = before;
    return item;
}

static bool has_work(const struct workers *workers)
{
    struct work_item *before;
    return workers->going_on || (workers->idle && find_next(workers, &before));
}

static struct worker *take_sleeping(struct workers *workers)
{
    struct worker *worker = workers->sleeping;
    workers->sleeping = worker->next;
    worker->is_woken = true;
    return worker;
}

/* The thread that is to be woken, which the caller does without the mutex: it will want it. NULL:
 * none. */
static struct worker *wanted_thread(struct workers *workers)
{
    if (workers->is_waking || workers->sleeping == NULL || !has_work(workers))
        return NULL;
    workers->is_waking = true;
    return take_sleeping(workers);
}

static void wake(struct worker *worker)
{
    if (worker)
        pthread_cond_signal(&worker->wake);
}

static void wake_all(struct workers *workers)
{
    while (workers->sleeping)
        wake(take_sleeping(workers));
}

static void sleep_until_woken(struct worker *worker)
{
    struct workers *workers = worker->workers;
    worker->is_woken = false;
    worker->next = workers->sleeping;
    workers->sleeping = worker;
    while (!worker->is_woken)
        pthread_cond_wait(&worker->wake, &workers->mutex);
    workers->is_waking = false;
}

static void go_on(struct workers *workers, struct task *task)
{
    task->is_waiting = task->is_woken = false;
    task->next = NULL;
    *workers->going_on_end = task;
    workers->going_on_end = &task->next;
}

static struct task *take_going_on(struct workers *workers)
{
    struct task *task = workers->going_on;
    workers->going_on = task->next;
    if (workers->going_on == NULL)
        workers->going_on_end = &workers->going_on;
    return task;
}

static struct task *take_new(struct workers *workers)
{
    struct work_item *before, *item = find_next(workers, &before);
    struct task *task = workers->idle;
    if (before)
        before->next = item->next;
    else
        workers->first = item->next;
    if (workers->last == item)
        workers->last = before;
    workers->idle = task->next;
    workers->reserved--;
    workers->reserved_streams -= item->is_stream;
    workers->running++;
    task->item = item;
    task->lane = item->lane;
    task->is_stream = item->is_stream;
    item->waiter = &task->waiter;
    return task;
}

/* The next task, or NULL when there is nothing left and there will not be. */
static struct task *take(struct worker *worker)
{
    struct workers *workers = worker->workers;
    while (!has_work(workers)) {
        if (workers->is_stopping && workers->running == 0 && workers->first == NULL)
            return NULL;
        sleep_until_woken(worker);
    }
    return workers->going_on ? take_going_on(workers) : take_new(workers);
}

static void put_back(struct workers *workers, struct task *task, bool has_ended)
{
    if (has_ended) {
        task->lane = WORK_ANY;
        task->is_stream = false;
        task->next = workers->idle;
        workers->idle = task;
        workers->running--;
        pthread_cond_signal(&workers->finished);
        if (workers->is_stopping && workers->running == 0)
            wake_all(workers);
    } else if (task->is_woken) {
        go_on(workers, task);
    } else {
        task->is_waiting = true;
    }
}

/* --- waiting -------------------------------------------------------------------------------- */

/* On the fiber. The thread that it leaves says that it waits, when nothing of it runs any more. */
static void task_wait(struct waiter *waiter)
{
    fiber_pause(((struct task *)waiter)->fiber);
}

/* Signals with the mutex: without it, the task may have ended and the workers be gone. */
static void task_wake(struct waiter *waiter)
{
    struct task *task = (struct task *)waiter;
    struct workers *workers = task->workers;
    pthread_mutex_lock(&workers->mutex);
    if (!task->is_waiting) {
        task->is_woken = true;
    } else {
        go_on(workers, task);
        wake(wanted_thread(workers));
    }
    pthread_mutex_unlock(&workers->mutex);
}

/* --- threads ------------------------------------------------------------------------------ */

static void run_item(void *context)
{
    struct work_item *item = context;
    item->run(item);
}

/* Without the mutex. True: the item has been done, and may be gone. */
static bool run(struct task *task)
{
    struct work_item *item = task->item;
    task->item = NULL;
    return item ? fiber_start(task->fiber, run_item, item) : fiber_resume(task->fiber);
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct workers *workers = worker->workers;
    struct task *task;
    pthread_setname_np(pthread_self(), "firn-worker");
    pthread_mutex_lock(&workers->mutex);
    while ((task = take(worker)) != NULL) {
        struct worker *next = wanted_thread(workers);
        pthread_mutex_unlock(&workers->mutex);
        wake(next);
        bool has_ended = run(task);
        pthread_mutex_lock(&workers->mutex);
        put_back(workers, task, has_ended);
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

static bool make_tasks(struct workers *workers, size_t count, struct error *err)
{
    workers->tasks = calloc(count, sizeof(*workers->tasks));
    if (workers->tasks == NULL)
        return error_no_memory(err, "the workers");
    for (; workers->task_count < count; workers->task_count++) {
        struct task *task = &workers->tasks[workers->task_count];
        *task = (struct task){.waiter = {task_wait, task_wake}, .workers = workers};
        TRY(fiber_create(FIBER_STACK_SIZE, &task->fiber, err));
        task->next = workers->idle;
        workers->idle = task;
    }
    return true;
}

static bool start_threads(struct workers *workers, size_t count, struct error *err)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
    int failed = 0;
    while (!failed && workers->thread_count < count) {
        struct worker *worker = &workers->threads[workers->thread_count];
        worker->workers = workers;
        timed_wait_init(&worker->wake);
        failed = pthread_create(&worker->thread, &attributes, work, worker);
        if (failed)
            pthread_cond_destroy(&worker->wake);
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
    timed_wait_init(&workers->finished);
    workers->going_on_end = &workers->going_on;
    if (!make_tasks(workers, thread_count, err) || !start_threads(workers, thread_count, err)) {
        workers_destroy(workers);
        return false;
    }
    *ret_workers = workers;
    return true;
}

bool workers_reserve(struct workers *workers, bool is_stream)
{
    pthread_mutex_lock(&workers->mutex);
    size_t stream_limit = (workers->limit + 1) / 2;
    bool ok = workers->reserved < workers->limit && !workers->is_stopping &&
              (!is_stream || workers->reserved_streams < stream_limit);
    workers->reserved += ok;
    workers->reserved_streams += ok && is_stream;
    pthread_mutex_unlock(&workers->mutex);
    return ok;
}

void workers_submit(struct workers *workers, struct work_item *item)
{
    item->next = NULL;
    pthread_mutex_lock(&workers->mutex);
    if (workers->last)
        workers->last->next = item;
    else
        workers->first = item;
    workers->last = item;
    struct worker *worker = wanted_thread(workers);
    pthread_mutex_unlock(&workers->mutex);
    wake(worker);
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
    wake_all(workers);
    pthread_mutex_unlock(&workers->mutex);
    for (size_t i = 0; i < workers->thread_count; i++) {
        pthread_join(workers->threads[i].thread, NULL);
        pthread_cond_destroy(&workers->threads[i].wake);
    }
    for (size_t i = 0; i < workers->task_count; i++)
        fiber_destroy(workers->tasks[i].fiber);
    free(workers->tasks);
    pthread_cond_destroy(&workers->finished);
    pthread_mutex_destroy(&workers->mutex);
    free(workers);
}
