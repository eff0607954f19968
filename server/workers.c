/*
 * Threads sleep in a stack of their own, fibers in no list at all: whoever wakes a fiber puts it
 * into the list of those that go on, which come before new items, since they answer and free.
 *
 * A thread that is woken wakes the next where it leaves work behind, until as many are awake as
 * there are processors. So a burst of work does not wake them all, who would take turns at the
 * processors and keep the database's writer from them. The one that has slept least is woken: few
 * threads do all the work then, and what they allocate and look at is still in their caches.
 *
 * Awake is a thread that neither sleeps nor is away:
 *
 *            is woken                     says that it blocks, or is overdue
 *   ASLEEP ------------------> AWAKE ------------------------------------------> AWAY
 *          <------------------       <------------------------------------------
 *       no work, or too many         blocks no more, or has ended its turn
 *
 * Whoever sleeps or goes away lets another be woken, so work is left behind only while as many as
 * may be are awake. They come for it when they have ended what they do. What they do may be long,
 * or block where nobody says so (a file system that hangs): so as long as work is left behind, the
 * thread that has slept longest stands by. It wakes every few milliseconds and takes those for
 * overdue that are in the same turn as when it looked last. Threads that come back from being away
 * are too many for a while: then whoever ends a turn sleeps, though there is work.
 *
 * Where most of those that may be awake were overdue, twice as many may be, until two looks in a
 * row have found nobody: so a burst of n requests that hang, or are long, keeps what is queued
 * behind it waiting for some log n looks, not for n.
 *
 * There are no more fibers than threads: however many wait for something that only another fiber
 * can bring, there is a thread for that one.
 */
#include "server/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/blocking.h"
#include "base/fiber.h"
#include "base/limits.h"
#include "base/timed_wait.h"

/* SQLite, jansson and our own recursion (JSON_TEXT_MAX_DEPTH levels) stay far below it, also in a
 * build for the thread sanitizer, whose frames outgrew 1 MiB; only what is touched becomes
 * resident. */
#define FIBER_STACK_SIZE (4 * MIB)
/* Threads themselves only take and give. */
#define THREAD_STACK_SIZE (256 * KIB)

/* With one alone, each short wait that nobody has told of would leave the processor idle. */
#define MIN_AWAKE 2

/* A fiber, and what it works on. */
struct task {
    struct waiter waiter; /* first: a pointer to it is one to the task */
    struct workers *workers;
    struct fiber *fiber;
    struct task *next; /* idle, or going on */
    struct work_item *item;
    int64_t lane;   /* of what it works on; WORK_ANY: of nothing that is counted */
    bool is_stream; /* what it works on */
    bool is_waiting;
    bool is_woken; /* before it was seen to wait */
};

struct worker {
    struct blocking_hook hook; /* first: a pointer to it is one to the worker */
    struct workers *workers;
    pthread_t thread;
    pthread_cond_t wake;
    struct worker *next; /* that has slept longer */
    bool is_woken;
    bool is_awake; /* as it counts */
    bool is_at_work;
    uint64_t turn;      /* changes when it takes a task, and when it has blocked */
    uint64_t seen_turn; /* by the one that stands by */
};

struct workers {
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    struct work_item *first, *last;
    struct task *going_on, **going_on_end;
    struct task *idle;
    size_t reserved;         /* places taken, queued items included, running ones not */
    size_t reserved_streams; /* of them */
    size_t limit;
    size_t running; /* tasks that have an item */
    struct worker *sleeping, *sleeping_longest;
    bool is_waking; /* one was woken, and does not run yet */
    size_t awake;   /* threads that count as such, one that is_waking included */
    size_t awake_limit;
    struct worker *standby; /* one of those that sleep */
    size_t more_awake;      /* than the limit, as long as somebody stands by */
    bool was_overdue;       /* somebody, at the last look */
    int64_t standby_ms;
    bool is_left; /* work was, since the one that stands by has looked */
    bool is_stopping;
    size_t task_count;
    struct task *tasks;
    size_t lane_limit; /* of tasks of one lane, and of streams */
    size_t thread_count;
    struct worker threads[];
};

/* --- what there is to do; the mutex is held, up to where it says otherwise ----------------- */

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

static bool is_refused(const struct workers *workers, const struct work_item *item,
                       const struct work_item *refused)
{
    bool is_like_it =
        refused && item->lane == refused->lane && item->is_stream == refused->is_stream;
    return is_like_it || !has_room(workers, item);
}

/* The first item that there is room for, and the one before it; NULL where there is none. A store
 * that hangs fills the queue with what goes to it: all of one lane, so room is looked for once. */
static struct work_item *find_next(const struct workers *workers, struct work_item **ret_before)
{
    struct work_item *before = NULL, *item = workers->first;
    while (item && is_refused(workers, item, before)) {
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

/* --- who is awake --------------------------------------------------------------------------- */

static size_t may_be_awake(const struct workers *workers)
{
    return workers->awake_limit + workers->more_awake;
}

static void set_standby(struct workers *workers, struct worker *worker)
{
    workers->standby = worker;
    workers->more_awake = 0;
    workers->was_overdue = false;
}

static void count_awake(struct worker *worker, bool is_awake)
{
    if (worker->is_awake == is_awake)
        return;
    worker->is_awake = is_awake;
    if (is_awake)
        worker->workers->awake++;
    else
        worker->workers->awake--;
}

static void push_sleeping(struct worker *worker)
{
    struct workers *workers = worker->workers;
    count_awake(worker, false);
    worker->is_woken = false;
    worker->next = workers->sleeping;
    if (workers->sleeping == NULL)
        workers->sleeping_longest = worker;
    workers->sleeping = worker;
}

static struct worker *take_sleeping(struct workers *workers)
{
    struct worker *worker = workers->sleeping;
    workers->sleeping = worker->next;
    if (workers->standby == worker)
        set_standby(workers, NULL);
    worker->is_woken = true;
    count_awake(worker, true);
    return worker;
}

static void see_turns(struct workers *workers)
{
    for (size_t i = 0; i < workers->thread_count; i++)
        workers->threads[i].seen_turn = workers->threads[i].turn;
}

/* A turn begins between two looks and is overdue at the second after it. */
static void widen(struct workers *workers, size_t overdue)
{
    if (2 * overdue > may_be_awake(workers) && workers->more_awake < workers->thread_count)
        workers->more_awake += may_be_awake(workers);
    else if (overdue == 0 && !workers->was_overdue)
        workers->more_awake = 0;
    workers->was_overdue = overdue > 0;
}

/* Those that were in the same turn before are away. */
static void look_at_turns(struct workers *workers)
{
    size_t overdue = workers->awake;
    for (size_t i = 0; i < workers->thread_count; i++) {
        struct worker *worker = &workers->threads[i];
        if (worker->is_at_work && worker->seen_turn == worker->turn)
            count_awake(worker, false);
    }
    overdue -= workers->awake;
    widen(workers, overdue);
    see_turns(workers);
}

/* Work may be left behind. The thread that is to be told to stand by; NULL where one does. */
static struct worker *wanted_standby(struct workers *workers)
{
    if ((workers->standby && workers->is_left) || !has_work(workers))
        return NULL;
    workers->is_left = true;
    if (workers->standby)
        return NULL;
    see_turns(workers);
    set_standby(workers, workers->sleeping_longest);
    return workers->standby;
}

/* The thread that is to be woken, which the caller does without the mutex: it will want it. NULL:
 * none. */
static struct worker *wanted_thread(struct workers *workers)
{
    if (workers->sleeping == NULL)
        return NULL;
    if (workers->awake >= may_be_awake(workers))
        return wanted_standby(workers);
    if (workers->is_waking || !has_work(workers))
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

/* Until it is woken, or nothing has been left behind for as long as it stood by. */
static void stand_by(struct worker *worker)
{
    struct workers *workers = worker->workers;
    struct timespec until = timed_wait_deadline(workers->standby_ms);
    int timed_out = 0;
    while (!worker->is_woken && !timed_out)
        timed_out = pthread_cond_timedwait(&worker->wake, &workers->mutex, &until);
    if (worker->is_woken)
        return;
    bool was_left = workers->is_left;
    workers->is_left = false;
    look_at_turns(workers);
    wake(wanted_thread(workers));
    if (!was_left && !workers->is_left && workers->standby == worker)
        set_standby(workers, NULL);
}

static void sleep_until_woken(struct worker *worker)
{
    struct workers *workers = worker->workers;
    bool leaves_work = workers->awake > may_be_awake(workers);
    push_sleeping(worker);
    if (leaves_work) /* and may be the only one that can stand by */
        wake(wanted_thread(workers));
    while (!worker->is_woken) {
        if (workers->standby == worker)
            stand_by(worker);
        else
            pthread_cond_wait(&worker->wake, &workers->mutex);
    }
    workers->is_waking = false;
}

/* --- taking and putting back ---------------------------------------------------------------- */

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
    while (workers->awake > may_be_awake(workers) || !has_work(workers)) {
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

/* --- waiting; without the mutex ------------------------------------------------------------- */

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

static void worker_blocks(struct blocking_hook *hook)
{
    struct worker *worker = (struct worker *)hook;
    struct workers *workers = worker->workers;
    pthread_mutex_lock(&workers->mutex);
    count_awake(worker, false);
    struct worker *next = wanted_thread(workers);
    pthread_mutex_unlock(&workers->mutex);
    wake(next);
}

static void worker_goes_on(struct blocking_hook *hook)
{
    struct worker *worker = (struct worker *)hook;
    pthread_mutex_lock(&worker->workers->mutex);
    worker->turn++;
    count_awake(worker, true);
    pthread_mutex_unlock(&worker->workers->mutex);
}

/* With the mutex, which it gives back meanwhile. */
static void work_on(struct worker *worker, struct task *task)
{
    struct workers *workers = worker->workers;
    worker->turn++;
    worker->is_at_work = true;
    struct worker *next = wanted_thread(workers);
    pthread_mutex_unlock(&workers->mutex);
    wake(next);
    bool has_ended = run(task);
    pthread_mutex_lock(&workers->mutex);
    worker->is_at_work = false;
    count_awake(worker, true);
    put_back(workers, task, has_ended);
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct workers *workers = worker->workers;
    struct task *task;
    pthread_setname_np(pthread_self(), "firn-worker");
    blocking_set_hook(&worker->hook);
    pthread_mutex_lock(&workers->mutex);
    count_awake(worker, true);
    while ((task = take(worker)) != NULL)
        work_on(worker, task);
    count_awake(worker, false);
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
        worker->hook = (struct blocking_hook){worker_blocks, worker_goes_on};
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

bool workers_create(const struct workers_options *options, struct workers **ret_workers,
                    struct error *err)
{
    size_t thread_count = options->threads;
    struct workers *workers = calloc(1, sizeof(*workers) + thread_count * sizeof(struct worker));
    if (workers == NULL)
        return error_no_memory(err, "the workers");
    workers->limit = options->queue_limit;
    workers->awake_limit = options->awake > MIN_AWAKE ? options->awake : MIN_AWAKE;
    workers->standby_ms = options->standby_ms;
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
