/*
 * What the thread that stands by does at its first look. Each look makes a deadline first
 * (timed_wait_deadline, wrapped), which is far away from the second on. Whoever else sleeps calls
 * pthread_cond_wait (wrapped): a thread that has just begun counts as awake until then.
 */
#include "server/workers.h"

#include <pthread.h>
#include <semaphore.h>

#include "base/timed_wait.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/server/workers_fixture.h"

#define CROWD 24
#define AWAKE 3
#define LOOK_MS 1234 /* by which a look's deadline is known */
#define NEVER_MS (60 * 60 * 1000)

static atomic_int looks;

struct timespec __real_timed_wait_deadline(int64_t wait_ms);
struct timespec __wrap_timed_wait_deadline(int64_t wait_ms);
struct timespec __wrap_timed_wait_deadline(int64_t wait_ms)
{
    if (wait_ms != LOOK_MS)
        return __real_timed_wait_deadline(wait_ms);
    return __real_timed_wait_deadline(atomic_fetch_add(&looks, 1) == 0 ? 1 : NEVER_MS);
}

static atomic_int sleepers;

int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    atomic_fetch_add(&sleepers, 1);
    return __real_pthread_cond_wait(condition, mutex);
}

struct hanging {
    struct work_item item;
    sem_t *posted;
    atomic_int *began;
};

static void run_hanging(struct work_item *item)
{
    struct hanging *hanging = (struct hanging *)item;
    atomic_fetch_add(hanging->began, 1);
    while (sem_wait(hanging->posted) != 0)
        continue; /* a signal */
}

static void test_workers__let_twice_as_many_begin_where_all_hang(void **state)
{
    struct workers *workers = workers_make_with(&(struct workers_options){
        .threads = CROWD, .awake = AWAKE, .standby_ms = LOOK_MS, .queue_limit = CROWD});
    struct hanging all[CROWD];
    atomic_int began = 0;
    sem_t posted;
    (void)state;
    assert_int_equal(sem_init(&posted, 0, 0), 0);
    wait_for_count(&sleepers, CROWD);
    for (int i = 0; i < CROWD; i++) {
        if (i == AWAKE)
            wait_for_count(&began, AWAKE);
        all[i] = (struct hanging){{.run = run_hanging}, &posted, &began};
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &all[i].item);
    }
    wait_for_count(&began, AWAKE + 2 * AWAKE);
    assert_false(workers_drain(workers, 20));
    assert_int_equal(atomic_load(&began), AWAKE + 2 * AWAKE);
    for (int i = 0; i < CROWD; i++)
        sem_post(&posted);
    assert_true(workers_drain(workers, 10000));
    workers_destroy(workers);
    sem_destroy(&posted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers__let_twice_as_many_begin_where_all_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
