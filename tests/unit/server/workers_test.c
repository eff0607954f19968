#include "server/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "tests/unit/cmocka_all.h"
#include "tests/unit/server/workers_fixture.h"

struct job {
    struct work_item item;
    pthread_mutex_t *gate; /* NULL: does not wait */
    atomic_int *done;
};

static void run(struct work_item *item)
{
    struct job *job = (struct job *)item;
    if (job->gate) {
        pthread_mutex_lock(job->gate);
        pthread_mutex_unlock(job->gate);
    }
    atomic_fetch_add(job->done, 1);
}

static void submit(struct workers *workers, struct job *job)
{
    job->item.run = run;
    workers_submit(workers, &job->item);
}

static void test_workers__run_what_was_submitted(void **state)
{
    struct workers *workers = workers_make(4, 100);
    atomic_int done = 0;
    struct job jobs[100];
    (void)state;
    for (int i = 0; i < 100; i++) {
        jobs[i] = (struct job){.done = &done};
        assert_true(workers_reserve(workers, false));
        submit(workers, &jobs[i]);
    }
    assert_true(workers_drain(workers, 10000));
    assert_int_equal(atomic_load(&done), 100);
    workers_destroy(workers);
}

/* Waits until the one thread has taken its job, so that the queue's places are all free. */
static void wait_until_taken(struct workers *workers)
{
    const struct timespec step = {.tv_nsec = 1000000};
    struct workers_load load = {.running = 0};
    while (load.running == 0) {
        nanosleep(&step, NULL);
        workers_get_load(workers, &load);
    }
}

static void test_workers__refuse_when_the_queue_is_full(void **state)
{
    struct workers *workers = workers_make(1, 2);
    atomic_int done = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job jobs[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        jobs[i] = (struct job){.gate = &gate, .done = &done};
    pthread_mutex_lock(&gate);
    assert_true(workers_reserve(workers, false));
    submit(workers, &jobs[0]);
    wait_until_taken(workers);
    assert_true(workers_reserve(workers, false));
    assert_true(workers_reserve(workers, false));
    assert_false(workers_reserve(workers, false));
    submit(workers, &jobs[1]);
    submit(workers, &jobs[2]);
    assert_false(workers_drain(workers, 20));
    pthread_mutex_unlock(&gate);
    assert_true(workers_drain(workers, 10000));
    assert_int_equal(atomic_load(&done), 3);
    workers_destroy(workers);
}

static void test_workers__finish_the_queue_when_destroyed(void **state)
{
    struct workers *workers = workers_make(2, 50);
    atomic_int done = 0;
    struct job jobs[50];
    (void)state;
    for (int i = 0; i < 50; i++) {
        jobs[i] = (struct job){.done = &done};
        assert_true(workers_reserve(workers, false));
        submit(workers, &jobs[i]);
    }
    workers_destroy(workers);
    assert_int_equal(atomic_load(&done), 50);
}

/* Of four threads two at most are one lane's, however much of it is queued before the others. */
static void test_workers__keep_threads_for_other_lanes(void **state)
{
    struct workers *workers = workers_make(4, 100);
    atomic_int held = 0, free_ones = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job slow[6], quick[3];
    (void)state;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 6; i++) {
        slow[i] = (struct job){.item.lane = 7, .gate = &gate, .done = &held};
        assert_true(workers_reserve(workers, false));
        submit(workers, &slow[i]);
    }
    for (int i = 0; i < 3; i++) {
        quick[i] = (struct job){.item.lane = i == 2 ? 8 : WORK_ANY, .done = &free_ones};
        assert_true(workers_reserve(workers, false));
        submit(workers, &quick[i]);
    }
    while (atomic_load(&free_ones) < 3)
        sched_yield();
    assert_int_equal(atomic_load(&held), 0);
    pthread_mutex_unlock(&gate);
    assert_true(workers_drain(workers, 10000));
    assert_int_equal(atomic_load(&held), 6);
    workers_destroy(workers);
}

/* Nor are more than two an answer's whose client reads slowly, whatever the lanes. */
static void test_workers__keep_threads_from_streams(void **state)
{
    struct workers *workers = workers_make(4, 100);
    atomic_int held = 0, free_ones = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job slow[6], quick[3];
    struct workers_load load = {.running = 0};
    (void)state;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 6; i++) {
        slow[i] = (struct job){
            .item = {.lane = i % 3, .is_stream = true}, .gate = &gate, .done = &held};
        assert_true(workers_reserve(workers, true));
        submit(workers, &slow[i]);
    }
    for (int i = 0; i < 3; i++) {
        quick[i] = (struct job){.item.lane = i, .done = &free_ones};
        assert_true(workers_reserve(workers, false));
        submit(workers, &quick[i]);
    }
    while (atomic_load(&free_ones) < 3)
        sched_yield();
    while (load.running != 2) {
        sched_yield();
        workers_get_load(workers, &load);
    }
    pthread_mutex_unlock(&gate);
    assert_true(workers_drain(workers, 10000));
    assert_int_equal(atomic_load(&held), 6);
    workers_destroy(workers);
}

/* Those that wait for their half of the threads leave half of the queue to others. */
static void test_workers__keep_places_from_streams(void **state)
{
    struct workers *workers = workers_make(2, 4);
    atomic_int held = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job slow[2], other;
    (void)state;
    pthread_mutex_lock(&gate);
    for (int round = 0; round < 2; round++) {
        assert_true(workers_reserve(workers, true));
        assert_true(workers_reserve(workers, true));
        assert_false(workers_reserve(workers, true));
        assert_true(workers_reserve(workers, false));
        for (int i = 0; i < 2; i++) {
            slow[i] = (struct job){.item.is_stream = true, .gate = &gate, .done = &held};
            submit(workers, &slow[i]);
        }
        other = (struct job){.gate = &gate, .done = &held};
        submit(workers, &other);
        pthread_mutex_unlock(&gate);
        assert_true(workers_drain(workers, 10000));
        pthread_mutex_lock(&gate);
    }
    assert_int_equal(atomic_load(&held), 6);
    pthread_mutex_unlock(&gate);
    workers_destroy(workers);
}

static void test_workers__finish_a_lanes_queue_when_destroyed(void **state)
{
    struct workers *workers = workers_make(3, 50);
    atomic_int done = 0;
    struct job jobs[50];
    (void)state;
    for (int i = 0; i < 50; i++) {
        jobs[i] = (struct job){.item.lane = 1 + i % 2, .done = &done};
        assert_true(workers_reserve(workers, false));
        submit(workers, &jobs[i]);
    }
    workers_destroy(workers);
    assert_int_equal(atomic_load(&done), 50);
}

/* --- waiting -------------------------------------------------------------------------------- */

#define WAITS 3
#define MANY 64

struct waiting {
    struct work_item item;
    atomic_int *arrived; /* how many waits have begun, of all items */
    atomic_int *done;
    struct waiter *_Atomic waiter;
};

static void run_waiting(struct work_item *item)
{
    struct waiting *waiting = (struct waiting *)item;
    for (int i = 0; i < WAITS; i++) {
        atomic_store(&waiting->waiter, item->waiter);
        atomic_fetch_add(waiting->arrived, 1);
        item->waiter->wait(item->waiter);
    }
    atomic_fetch_add(waiting->done, 1);
}

/* Woken as soon as they say that they are about to wait, often before they do. */
static void test_workers__go_on_when_they_are_woken(void **state)
{
    struct workers *workers = workers_make(MANY, MANY);
    atomic_int done = 0, arrived = 0;
    static struct waiting all[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        all[i] = (struct waiting){.item = {.run = run_waiting}, .done = &done,
                                  .arrived = &arrived};
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &all[i].item);
    }
    for (int left = MANY * WAITS; left > 0;) {
        for (int i = 0; i < MANY; i++) {
            struct waiter *waiter = atomic_exchange(&all[i].waiter, NULL);
            if (waiter) {
                waiter->wake(waiter);
                left--;
            }
        }
    }
    assert_true(workers_drain(workers, 10000));
    assert_int_equal(atomic_load(&done), MANY);
    workers_destroy(workers);
}

/* An item that waits is one that is worked on, and a stop waits for it. */
static void test_workers__finish_what_waits(void **state)
{
    struct workers *workers = workers_make(4, 4);
    atomic_int done = 0, arrived = 0;
    struct waiting all[4];
    struct workers_load load;
    (void)state;
    for (int i = 0; i < 4; i++) {
        all[i] = (struct waiting){.item = {.run = run_waiting}, .done = &done,
                                  .arrived = &arrived};
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &all[i].item);
    }
    wait_for_count(&arrived, 4);
    workers_get_load(workers, &load);
    assert_int_equal(load.running, 4);
    assert_false(workers_drain(workers, 20));
    for (int wait = 1; wait <= WAITS; wait++) {
        wait_for_count(&arrived, 4 * wait);
        for (int i = 3; i >= 0; i--) {
            struct waiter *waiter = atomic_exchange(&all[i].waiter, NULL);
            waiter->wake(waiter);
        }
    }
    workers_destroy(workers); /* what waited is finished */
    assert_int_equal(atomic_load(&done), 4);
}

struct noting_job {
    struct work_item item;
    pthread_t thread;
};

static void note_thread(struct work_item *item)
{
    ((struct noting_job *)item)->thread = pthread_self();
}

/* Behind the gate all threads work at once: all have gone to sleep when those jobs are drained. */
static void test_workers__wake_the_thread_that_slept_least(void **state)
{
    struct workers *workers = workers_make(4, 4);
    atomic_int done = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job gated[4];
    pthread_t first = 0;
    (void)state;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 4; i++) {
        gated[i] = (struct job){.gate = &gate, .done = &done};
        assert_true(workers_reserve(workers, false));
        submit(workers, &gated[i]);
    }
    struct workers_load load = {.running = 0};
    while (load.running < 4) {
        sched_yield();
        workers_get_load(workers, &load);
    }
    pthread_mutex_unlock(&gate);
    assert_true(workers_drain(workers, 10000));
    for (int i = 0; i < 20; i++) {
        struct noting_job job = {.item = {.run = note_thread}};
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &job.item);
        assert_true(workers_drain(workers, 10000));
        first = i == 0 ? job.thread : first;
        assert_true(pthread_equal(job.thread, first));
    }
    workers_destroy(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers__run_what_was_submitted),
        cmocka_unit_test(test_workers__keep_threads_for_other_lanes),
        cmocka_unit_test(test_workers__keep_threads_from_streams),
        cmocka_unit_test(test_workers__keep_places_from_streams),
        cmocka_unit_test(test_workers__finish_a_lanes_queue_when_destroyed),
        cmocka_unit_test(test_workers__refuse_when_the_queue_is_full),
        cmocka_unit_test(test_workers__finish_the_queue_when_destroyed),
        cmocka_unit_test(test_workers__go_on_when_they_are_woken),
        cmocka_unit_test(test_workers__finish_what_waits),
        cmocka_unit_test(test_workers__wake_the_thread_that_slept_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
