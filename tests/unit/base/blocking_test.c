#include "base/blocking.h"

#include <errno.h>
#include <stdbool.h>

#include "base/timed_wait.h"
#include "tests/unit/cmocka_all.h"

struct counting_hook {
    struct blocking_hook hook;
    int begun, ended;
};

static void count_begin(struct blocking_hook *hook)
{
    ((struct counting_hook *)hook)->begun++;
    errno = EINVAL;
}

static void count_end(struct blocking_hook *hook)
{
    struct counting_hook *counting = (struct counting_hook *)hook;
    counting->ended++;
    assert_int_equal(counting->begun, counting->ended);
    errno = EINVAL;
}

static const struct counting_hook counting_new = {.hook = {count_begin, count_end}};

static void test_blocking__tells_the_hook_of_its_thread_and_keeps_errno(void **state)
{
    struct counting_hook counting = counting_new;
    (void)state;
    blocking_begin();
    blocking_end();
    assert_int_equal(counting.begun, 0);
    blocking_set_hook(&counting.hook);
    errno = ENOENT;
    blocking_begin();
    assert_int_equal(errno, ENOENT);
    assert_int_equal(counting.ended, 0);
    blocking_end();
    assert_int_equal(errno, ENOENT);
    assert_int_equal(counting.ended, 1);
    blocking_set_hook(NULL);
    blocking_begin();
    blocking_end();
    assert_int_equal(counting.begun, 1);
}

static void *unhooked(void *context)
{
    blocking_begin();
    blocking_end();
    return context;
}

static void test_blocking__tells_nobody_of_other_threads(void **state)
{
    struct counting_hook counting = counting_new;
    pthread_t thread;
    (void)state;
    blocking_set_hook(&counting.hook);
    assert_int_equal(pthread_create(&thread, NULL, unhooked, NULL), 0);
    pthread_join(thread, NULL);
    blocking_set_hook(NULL);
    assert_int_equal(counting.begun, 0);
}

struct flag {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_set;
};

static void *set_flag(void *context)
{
    struct flag *flag = context;
    pthread_mutex_lock(&flag->mutex);
    flag->is_set = true;
    pthread_cond_signal(&flag->changed);
    pthread_mutex_unlock(&flag->mutex);
    return NULL;
}

static void test_blocking__waits_as_a_condition_does(void **state)
{
    struct counting_hook counting = counting_new;
    struct flag flag = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct timespec past = timed_wait_deadline(0);
    pthread_t thread;
    (void)state;
    timed_wait_init(&flag.changed);
    blocking_set_hook(&counting.hook);
    pthread_mutex_lock(&flag.mutex);
    assert_int_equal(blocking_wait_until(&flag.changed, &flag.mutex, &past), ETIMEDOUT);
    assert_int_equal(counting.ended, 1);
    assert_int_equal(pthread_create(&thread, NULL, set_flag, &flag), 0);
    while (!flag.is_set)
        blocking_wait(&flag.changed, &flag.mutex);
    pthread_mutex_unlock(&flag.mutex);
    pthread_join(thread, NULL);
    blocking_set_hook(NULL);
    assert_true(counting.ended >= 2);
    pthread_cond_destroy(&flag.changed);
}

struct locking {
    struct counting_hook counting; /* first: a pointer to its hook is one to this */
    pthread_mutex_t mutex;
};

/* Whoever is told that the lock is waited for gives it. */
static void unlock_at_begin(struct blocking_hook *hook)
{
    count_begin(hook);
    pthread_mutex_unlock(&((struct locking *)hook)->mutex);
}

static void test_blocking__tells_of_a_lock_only_where_it_is_held(void **state)
{
    struct locking locking = {.counting = {.hook = {unlock_at_begin, count_end}},
                              .mutex = PTHREAD_MUTEX_INITIALIZER};
    (void)state;
    blocking_set_hook(&locking.counting.hook);
    blocking_lock(&locking.mutex);
    assert_int_equal(locking.counting.begun, 0);
    blocking_lock(&locking.mutex);
    assert_int_equal(locking.counting.ended, 1);
    blocking_sleep(1); /* lets it go once more */
    assert_int_equal(locking.counting.ended, 2);
    blocking_set_hook(NULL);
}

struct sharing {
    struct counting_hook counting; /* first: a pointer to its hook is one to this */
    pthread_rwlock_t lock;
};

static void unlock_shared_at_begin(struct blocking_hook *hook)
{
    count_begin(hook);
    pthread_rwlock_unlock(&((struct sharing *)hook)->lock);
}

static void test_blocking__tells_of_a_shared_lock_only_where_it_is_held(void **state)
{
    struct sharing sharing = {.counting = {.hook = {unlock_shared_at_begin, count_end}},
                              .lock = PTHREAD_RWLOCK_INITIALIZER};
    (void)state;
    blocking_set_hook(&sharing.counting.hook);
    blocking_write_lock(&sharing.lock);
    assert_int_equal(sharing.counting.begun, 0);
    blocking_read_lock(&sharing.lock);
    assert_int_equal(sharing.counting.ended, 1);
    blocking_read_lock(&sharing.lock);
    pthread_rwlock_unlock(&sharing.lock);
    assert_int_equal(sharing.counting.ended, 1);
    blocking_write_lock(&sharing.lock);
    assert_int_equal(sharing.counting.ended, 2);
    pthread_rwlock_unlock(&sharing.lock);
    blocking_set_hook(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocking__tells_the_hook_of_its_thread_and_keeps_errno),
        cmocka_unit_test(test_blocking__tells_nobody_of_other_threads),
        cmocka_unit_test(test_blocking__waits_as_a_condition_does),
        cmocka_unit_test(test_blocking__tells_of_a_lock_only_where_it_is_held),
        cmocka_unit_test(test_blocking__tells_of_a_shared_lock_only_where_it_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
