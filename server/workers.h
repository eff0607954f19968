/*
 * workers.h — a fixed number of threads for what waits, behind a bounded queue. As many items as
 * there are threads are worked on at one time, each on a fiber: one that waits with its `waiter`
 * gives its thread back, so that few threads serve many commits.
 *
 * As many threads run at one time as there are processors. One that waits for something else does
 * not count, where it says so (base/blocking.h) at once, else after some milliseconds: so nothing
 * that blocks keeps others waiting, as long as there are threads.
 *
 * What may hang together (all that asks one object store) has a lane: it takes half of the threads
 * at most, and what is queued behind it in other lanes goes past. So does what waits for clients:
 * answers that are sent while they are made have half of the threads at most, in all lanes, and
 * half of the queue.
 *
 * Owns:     its threads; items belong to whoever submits them and live until their `run` returns
 * Errors:   workers_reserve is false where the queue is full: the caller answers 429
 * Threads:  any; one mutex inside, below all others in the lock order
 * Rule:     what was submitted is run, at a stop too
 */
#ifndef SERVER_WORKERS_H
#define SERVER_WORKERS_H

#include "base/clock.h"
#include "base/error.h"
#include "base/waiter.h"

struct workers;

/* Placed in the object that it is about. */
struct work_item {
    void (*run)(struct work_item *item);
    int64_t lane; /* WORK_ANY: bounded by nothing */
    bool is_stream; /* its answer is sent while it is made: a slow client holds its thread */
    struct work_item *next;
    struct waiter *waiter; /* set before it is run: to wait with, one event at a time */
};

#define WORK_ANY 0

struct workers_options {
    size_t threads;     /* and items that are worked on at one time */
    size_t awake;       /* threads that run at one time: processors; two at least */
    int64_t standby_ms; /* for how long a thread counts as running that does not end its item */
    size_t queue_limit;
};

/* A request from memory takes 0.1 to 1 ms of a processor. What blocks, or is long, keeps others
 * waiting for once or twice this time, and while work waits a thread wakes so often. */
#define WORKERS_STANDBY_MS 2

bool workers_create(const struct workers_options *options, struct workers **ret_workers,
                    struct error *err);
/* Takes a place in the queue; every place taken must be followed by a submit of such an item. */
bool workers_reserve(struct workers *workers, bool is_stream);
/* Cannot fail: the place was reserved. */
void workers_submit(struct workers *workers, struct work_item *item);
struct workers_load {
    size_t threads;
    size_t running; /* items that are worked on, waiting ones included */
    size_t queued;
    size_t limit; /* of the queue */
};

void workers_get_load(struct workers *workers, struct workers_load *ret_load);
/* Waits until the queue is empty and every thread idle, at most wait_ms. False: not yet. */
bool workers_drain(struct workers *workers, int64_t wait_ms);
/* Runs what is queued, then ends the threads. NULL is fine. */
void workers_destroy(struct workers *workers);

#endif
