#include "base/timed_wait.h"

#include <errno.h>

#include "tests/unit/cmocka_all.h"

static int64_t ms_between(struct timespec from, struct timespec to)
{
    return (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
}

static void test_timed_wait_deadline__carries_into_the_seconds(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < 3000; ms += 37) {
        struct timespec now, until = timed_wait_deadline(ms);
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
        assert_in_range(until.tv_nsec, 0, 999999999);
        assert_true(ms_between(now, until) <= ms);
        assert_true(ms_between(now, until) > ms - 1000);
    }
}

static void test_timed_wait__ends_at_the_deadline(void **state)
{
    (void)state;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    struct timespec before, after, until = timed_wait_deadline(20);
    timed_wait_init(&condition);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &before), 0);
    pthread_mutex_lock(&mutex);
    int code = 0;
    while (code == 0)
        code = pthread_cond_timedwait(&condition, &mutex, &until);
    pthread_mutex_unlock(&mutex);
    assert_int_equal(code, ETIMEDOUT);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &after), 0);
    assert_true(ms_between(before, after) >= 15);
    pthread_cond_destroy(&condition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timed_wait_deadline__carries_into_the_seconds),
        cmocka_unit_test(test_timed_wait__ends_at_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
