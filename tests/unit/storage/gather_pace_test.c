#include "storage/gather_pace.h"

#include "tests/unit/cmocka_all.h"

/* A batch of `count` is answered at *now; each of them comes again `each_us` after the one before;
 * then the next batch commits, which takes `commit_us`. Often enough for the means to settle. */
static struct gather_pace after_rounds(size_t count, size_t queued, int64_t each_us,
                                       int64_t commit_us)
{
    struct gather_pace pace = {0};
    int64_t now_us = 1000000;
    for (int round = 0; round < 100; round++) {
        gather_pace_answered(&pace, count, queued, now_us);
        for (size_t i = 0; i < count; i++)
            gather_pace_arrival(&pace, now_us += each_us);
        gather_pace_commit(&pace, commit_us);
        now_us += commit_us;
    }
    gather_pace_answered(&pace, count, queued, now_us);
    return pace;
}

static void test_gather_pace__waits_for_callers_that_are_quicker_than_a_sync(void **state)
{
    (void)state;
    struct gather_pace pace = after_rounds(8, 8, 100, 4000);
    assert_int_equal(pace.callers, 16);
    assert_in_range(gather_pace_wait_us(&pace, 8), 1900, 2000);
    assert_in_range(gather_pace_wait_us(&pace, 15), 1900, 2000);
    assert_int_equal(gather_pace_wait_us(&pace, 16), 0);
}

static void test_gather_pace__waits_for_nobody_where_all_need_longer_than_a_sync(void **state)
{
    (void)state;
    struct gather_pace pace = after_rounds(32, 32, 100, 4000);
    assert_int_equal(gather_pace_wait_us(&pace, 32), 0);
    assert_int_equal(gather_pace_wait_us(&pace, 1), 0);
}

static void test_gather_pace__waits_for_nobody_on_a_fast_disk(void **state)
{
    (void)state;
    struct gather_pace pace = after_rounds(8, 8, 10, 800);
    assert_int_equal(gather_pace_wait_us(&pace, 8), 0);
}

static void test_gather_pace__waits_no_longer_than_its_ceiling(void **state)
{
    (void)state;
    struct gather_pace pace = after_rounds(8, 8, 100, 100000);
    assert_int_equal(gather_pace_wait_us(&pace, 8), 5000);
}

static void test_gather_pace__one_caller_is_never_waited_for(void **state)
{
    (void)state;
    struct gather_pace pace = after_rounds(1, 0, 100, 4000);
    assert_int_equal(gather_pace_wait_us(&pace, 1), 0);
}

static void test_gather_pace__slow_is_what_most_commits_take(void **state)
{
    (void)state;
    struct gather_pace pace = after_rounds(8, 8, 100, 500);
    assert_false(gather_pace_is_slow(&pace));
    gather_pace_commit(&pace, 10000); /* it had to wait for a processor */
    assert_false(gather_pace_is_slow(&pace));
    for (int i = 0; i < 10; i++)
        gather_pace_commit(&pace, 10000);
    assert_true(gather_pace_is_slow(&pace));
    for (int i = 0; i < 20; i++)
        gather_pace_commit(&pace, 500);
    assert_false(gather_pace_is_slow(&pace));
}

static void test_gather_pace__all_together_where_they_are_quicker_than_a_sync(void **state)
{
    (void)state;
    struct gather_pace quick = after_rounds(8, 8, 100, 4000),
                       many = after_rounds(32, 32, 100, 4000);
    struct gather_pace fast_disk = after_rounds(8, 8, 10, 800);
    assert_true(gather_pace_is_together(&quick));
    assert_false(gather_pace_is_together(&many));
    assert_false(gather_pace_is_together(&fast_disk));
}

static void test_gather_pace__knows_nobody_at_first(void **state)
{
    (void)state;
    struct gather_pace pace = {0};
    assert_int_equal(gather_pace_wait_us(&pace, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather_pace__waits_for_callers_that_are_quicker_than_a_sync),
        cmocka_unit_test(test_gather_pace__waits_for_nobody_where_all_need_longer_than_a_sync),
        cmocka_unit_test(test_gather_pace__waits_for_nobody_on_a_fast_disk),
        cmocka_unit_test(test_gather_pace__waits_no_longer_than_its_ceiling),
        cmocka_unit_test(test_gather_pace__one_caller_is_never_waited_for),
        cmocka_unit_test(test_gather_pace__slow_is_what_most_commits_take),
        cmocka_unit_test(test_gather_pace__all_together_where_they_are_quicker_than_a_sync),
        cmocka_unit_test(test_gather_pace__knows_nobody_at_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
