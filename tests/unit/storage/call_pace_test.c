#include "storage/call_pace.h"

#include "tests/unit/cmocka_all.h"

#define FAST_US 50
#define SLOW_US 5000

static void note(struct call_pace *pace, int64_t took_us, int times)
{
    for (int i = 0; i < times; i++)
        call_pace_note(pace, took_us);
}

static void test_call_pace__is_slow_after_two_slow_calls(void **state)
{
    struct call_pace pace = {0};
    (void)state;
    note(&pace, FAST_US, 1000);
    assert_false(call_pace_is_slow(&pace));
    note(&pace, SLOW_US, 1);
    assert_false(call_pace_is_slow(&pace));
    note(&pace, SLOW_US, 1);
    assert_true(call_pace_is_slow(&pace));
}

static void test_call_pace__is_fast_again_soon(void **state)
{
    struct call_pace pace = {0};
    (void)state;
    note(&pace, SLOW_US, 1000);
    note(&pace, FAST_US, 10);
    assert_true(call_pace_is_slow(&pace));
    note(&pace, FAST_US, 40);
    assert_false(call_pace_is_slow(&pace));
}

static void test_call_pace__forgives_a_slow_call_among_many(void **state)
{
    struct call_pace pace = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        note(&pace, SLOW_US, 1);
        assert_false(call_pace_is_slow(&pace));
        note(&pace, FAST_US, 5);
    }
}

static void test_call_pace__is_slow_where_every_other_call_is(void **state)
{
    struct call_pace pace = {0};
    (void)state;
    for (int i = 0; i < 100; i++) {
        note(&pace, SLOW_US, 1);
        note(&pace, FAST_US, 1);
    }
    assert_true(call_pace_is_slow(&pace));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_pace__is_slow_after_two_slow_calls),
        cmocka_unit_test(test_call_pace__is_fast_again_soon),
        cmocka_unit_test(test_call_pace__forgives_a_slow_call_among_many),
        cmocka_unit_test(test_call_pace__is_slow_where_every_other_call_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
