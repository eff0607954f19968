#include "base/fiber.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"

#define STACK_SIZE ((size_t)256 * 1024)
#define PAUSES 100

struct counting {
    struct fiber *fiber;
    int pauses;
    int reached;
};

/* Uses some stack of its own on each side of a pause. */
static void count_up(void *context)
{
    struct counting *counting = context;
    char mark[512];
    for (int i = 0; i < counting->pauses; i++) {
        memset(mark, i, sizeof(mark));
        counting->reached = i + 1;
        fiber_pause(counting->fiber);
        for (size_t at = 0; at < sizeof(mark); at++)
            assert_int_equal(mark[at], (char)i);
    }
}

static struct counting make(int pauses)
{
    struct counting counting = {.pauses = pauses};
    struct error err = {0};
    assert_ok(fiber_create(STACK_SIZE, &counting.fiber, &err), &err);
    return counting;
}

static void test_fiber__goes_on_where_it_was_set_aside(void **state)
{
    (void)state;
    struct counting counting = make(PAUSES);
    bool has_ended = fiber_start(counting.fiber, count_up, &counting);
    for (int i = 1; i <= PAUSES; i++) {
        assert_false(has_ended);
        assert_int_equal(counting.reached, i);
        has_ended = fiber_resume(counting.fiber);
    }
    assert_true(has_ended);
    fiber_destroy(counting.fiber);
}

static void test_fiber__can_be_started_again(void **state)
{
    (void)state;
    struct counting counting = make(0);
    for (int i = 0; i < PAUSES; i++)
        assert_true(fiber_start(counting.fiber, count_up, &counting));
    fiber_destroy(counting.fiber);
}

static void test_fiber__many_take_turns(void **state)
{
    (void)state;
    struct counting all[8];
    for (int i = 0; i < 8; i++) {
        all[i] = make(i);
        assert_int_equal(fiber_start(all[i].fiber, count_up, &all[i]), i == 0);
    }
    for (int round = 1; round < 8; round++)
        for (int i = round; i < 8; i++)
            assert_int_equal(fiber_resume(all[i].fiber), i == round);
    for (int i = 0; i < 8; i++)
        fiber_destroy(all[i].fiber);
}

static void *resume_once(void *context)
{
    return fiber_resume(((struct counting *)context)->fiber) ? context : NULL;
}

static void test_fiber__goes_on_in_another_thread(void **state)
{
    (void)state;
    struct counting counting = make(10);
    assert_false(fiber_start(counting.fiber, count_up, &counting));
    for (int i = 2; i <= 11; i++) {
        pthread_t thread;
        void *has_ended = NULL;
        assert_int_equal(pthread_create(&thread, NULL, resume_once, &counting), 0);
        assert_int_equal(pthread_join(thread, &has_ended), 0);
        assert_int_equal(has_ended != NULL, i == 11);
    }
    fiber_destroy(counting.fiber);
}

static bool blocks_usr1(void)
{
    sigset_t mask;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    return sigismember(&mask, SIGUSR1) == 1;
}

struct looking {
    struct fiber *fiber;
    bool is_blocked[2]; /* before the pause, behind it */
};

static void look_twice(void *context)
{
    struct looking *looking = context;
    looking->is_blocked[0] = blocks_usr1();
    fiber_pause(looking->fiber);
    looking->is_blocked[1] = blocks_usr1();
}

/* A switch that kept the mask would ask the kernel for it, twice on each side. */
static void test_fiber__leaves_the_signal_mask_to_the_thread(void **state)
{
    (void)state;
    struct looking looking = {.fiber = NULL};
    struct error err = {0};
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    assert_ok(fiber_create(STACK_SIZE, &looking.fiber, &err), &err);
    assert_false(fiber_start(looking.fiber, look_twice, &looking));
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0);
    assert_true(fiber_resume(looking.fiber));
    assert_false(looking.is_blocked[0]);
    assert_true(looking.is_blocked[1]);
    assert_true(blocks_usr1());
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL), 0);
    fiber_destroy(looking.fiber);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fiber__goes_on_where_it_was_set_aside),
        cmocka_unit_test(test_fiber__can_be_started_again),
        cmocka_unit_test(test_fiber__many_take_turns),
        cmocka_unit_test(test_fiber__goes_on_in_another_thread),
        cmocka_unit_test(test_fiber__leaves_the_signal_mask_to_the_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
