/*
 * As many threads run as there are processors, and what blocks keeps nobody waiting.
 */
#include "server/workers.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/blocking.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/server/workers_fixture.h"

#define AWAKE 3
#define CROWD 24
/* Longer than any test: nobody who stands by looks. */
#define NEVER_MS (60 * 60 * 1000)

static struct workers *make_crowd(int64_t standby_ms)
{
    return workers_make_with(&(struct workers_options){
        .threads = CROWD, .awake = AWAKE, .standby_ms = standby_ms, .queue_limit = 10 * CROWD});
}

/* Counts how many of its kind run at one time. */
struct counted {
    struct work_item item;
    atomic_int *now, *most, *done;
    pthread_mutex_t *gate;
    bool has_blocked; /* before it counts */
};

static void run_counted(struct work_item *item)
{
    struct counted *counted = (struct counted *)item;
    if (counted->has_blocked)
        blocking_sleep(1);
    int now = atomic_fetch_add(counted->now, 1) + 1;
    int most = atomic_load(counted->most);
    while (most < now && !atomic_compare_exchange_weak(counted->most, &most, now))
        continue;
    pthread_mutex_lock(counted->gate);
    pthread_mutex_unlock(counted->gate);
    atomic_fetch_sub(counted->now, 1);
    atomic_fetch_add(counted->done, 1);
}

/* Those at the gate count as running, as nobody looks. */
static void test_workers__run_as_many_as_may_be_awake(void **state)
{
    struct workers *workers = make_crowd(NEVER_MS);
    atomic_int now = 0, most = 0, done = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    static struct counted all[10 * CROWD];
    (void)state;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 10 * CROWD; i++) {
        all[i] = (struct counted){{.run = run_counted}, &now, &most, &done, &gate, false};
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &all[i].item);
    }
    wait_for_count(&now, AWAKE);
    assert_false(workers_drain(workers, 20));
    pthread_mutex_unlock(&gate);
    assert_true(workers_drain(workers, 10000));
    assert_int_equal(atomic_load(&done), 10 * CROWD);
    assert_int_equal(atomic_load(&most), AWAKE);
    workers_destroy(workers);
}

/* Who has blocked and goes on counts again. */
static void test_workers__count_again_what_blocks_no_more(void **state)
{
    struct workers *workers = make_crowd(NEVER_MS);
    atomic_int now = 0, most = 0, done = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct counted first, more[AWAKE];
    (void)state;
    pthread_mutex_lock(&gate);
    first = (struct counted){{.run = run_counted}, &now, &most, &done, &gate, true};
    assert_true(workers_reserve(workers, false));
    workers_submit(workers, &first.item);
    wait_for_count(&now, 1);
    for (int i = 0; i < AWAKE; i++) {
        more[i] = (struct counted){{.run = run_counted}, &now, &most, &done, &gate, false};
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &more[i].item);
    }
    wait_for_count(&now, AWAKE);
    assert_false(workers_drain(workers, 20));
    pthread_mutex_unlock(&gate);
    assert_true(workers_drain(workers, 10000));
    assert_int_equal(atomic_load(&done), 1 + AWAKE);
    assert_int_equal(atomic_load(&most), AWAKE);
    workers_destroy(workers);
}

struct semaphores {
    sem_t posted;
    atomic_int done;
};

struct meeting {
    struct work_item item;
    struct semaphores *semaphores;
    bool is_told; /* that it blocks */
};

static void run_blocked(struct work_item *item)
{
    struct meeting *meeting = (struct meeting *)item;
    if (meeting->is_told)
        blocking_begin();
    while (sem_wait(&meeting->semaphores->posted) != 0)
        continue; /* a signal */
    if (meeting->is_told)
        blocking_end();
    atomic_fetch_add(&meeting->semaphores->done, 1);
}

static void run_posting(struct work_item *item)
{
    struct meeting *meeting = (struct meeting *)item;
    sem_post(&meeting->semaphores->posted);
    atomic_fetch_add(&meeting->semaphores->done, 1);
}

/* All threads but one are blocked by what only those behind them in the queue bring. */
static void submit_meetings(struct workers *workers, struct meeting *meetings,
                            struct semaphores *semaphores, bool is_told)
{
    assert_int_equal(sem_init(&semaphores->posted, 0, 0), 0);
    atomic_init(&semaphores->done, 0);
    for (int i = 0; i < 2 * (CROWD - 1); i++) {
        meetings[i] = (struct meeting){.semaphores = semaphores, .is_told = is_told};
        meetings[i].item.run = i < CROWD - 1 ? run_blocked : run_posting;
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &meetings[i].item);
    }
}

static void meet(int64_t standby_ms, bool is_told, bool is_drained)
{
    struct workers *workers = make_crowd(standby_ms);
    struct meeting meetings[2 * (CROWD - 1)];
    struct semaphores semaphores;
    submit_meetings(workers, meetings, &semaphores, is_told);
    if (is_drained)
        assert_true(workers_drain(workers, 60000));
    workers_destroy(workers);
    assert_int_equal(atomic_load(&semaphores.done), 2 * (CROWD - 1));
    sem_destroy(&semaphores.posted);
}

static void test_workers__go_past_what_blocks_untold(void **state)
{
    (void)state;
    meet(1, false, true);
}

/* Nobody who stands by looks: each that blocks lets another begin. */
static void test_workers__go_past_what_says_that_it_blocks(void **state)
{
    (void)state;
    meet(NEVER_MS, true, true);
}

static void test_workers__are_destroyed_while_one_stands_by(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        meet(1, i % 2 == 0, false);
    meet(NEVER_MS, true, false);
}

/* The last thread of all to be blocked is the one that stood by. The first to come back has to
 * stand by in its place, or what is submitted then waits for the others. */
static void test_workers__find_another_to_stand_by(void **state)
{
    struct workers *workers = workers_make(4, 10);
    struct semaphores semaphores[4];
    struct meeting meetings[4];
    struct workers_load load = {.running = 0};
    atomic_int now = 0, most = 0, done = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct counted last = {{.run = run_counted}, &now, &most, &done, &gate, false};
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(sem_init(&semaphores[i].posted, 0, 0), 0);
        atomic_init(&semaphores[i].done, 0);
        meetings[i] = (struct meeting){.item.run = run_blocked, .semaphores = &semaphores[i]};
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &meetings[i].item);
    }
    while (load.running < 4) {
        sched_yield();
        workers_get_load(workers, &load);
    }
    sem_post(&semaphores[0].posted);
    while (load.running > 3) {
        sched_yield();
        workers_get_load(workers, &load);
    }
    assert_true(workers_reserve(workers, false));
    workers_submit(workers, &last.item);
    wait_for_count(&done, 1);
    for (int i = 1; i < 4; i++)
        sem_post(&semaphores[i].posted);
    assert_true(workers_drain(workers, 10000));
    workers_destroy(workers);
    for (int i = 0; i < 4; i++)
        sem_destroy(&semaphores[i].posted);
}

/* Those that were blocked and come back are too many: they take no more work until they are not. */
static void test_workers__are_as_many_again_after_all_were_blocked(void **state)
{
    struct workers *workers = make_crowd(NEVER_MS);
    atomic_int now = 0, most = 0, done = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct meeting meetings[2 * (CROWD - 1)];
    struct semaphores semaphores;
    static struct counted all[4 * CROWD];
    (void)state;
    pthread_mutex_lock(&gate);
    submit_meetings(workers, meetings, &semaphores, true);
    for (int i = 0; i < 4 * CROWD; i++) {
        all[i] = (struct counted){{.run = run_counted}, &now, &most, &done, &gate, false};
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &all[i].item);
    }
    wait_for_count(&semaphores.done, 2 * (CROWD - 1));
    assert_false(workers_drain(workers, 20));
    int in_between = atomic_load(&now);
    atomic_store(&most, 0);
    pthread_mutex_unlock(&gate);
    assert_true(workers_drain(workers, 10000));
    assert_int_equal(atomic_load(&done), 4 * CROWD);
    assert_true(in_between <= AWAKE);
    assert_true(atomic_load(&most) <= AWAKE);
    workers_destroy(workers);
    sem_destroy(&semaphores.posted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers__run_as_many_as_may_be_awake),
        cmocka_unit_test(test_workers__count_again_what_blocks_no_more),
        cmocka_unit_test(test_workers__go_past_what_blocks_untold),
        cmocka_unit_test(test_workers__go_past_what_says_that_it_blocks),
        cmocka_unit_test(test_workers__are_destroyed_while_one_stands_by),
        cmocka_unit_test(test_workers__find_another_to_stand_by),
        cmocka_unit_test(test_workers__are_as_many_again_after_all_were_blocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
