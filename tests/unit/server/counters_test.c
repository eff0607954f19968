#include "server/counters.h"

#include "tests/unit/cmocka_all.h"

static void test_counters__begin_at_zero_and_grow(void **state)
{
    (void)state;
    struct counters counters;
    counters_init(&counters);
    for (enum counter i = 0; i < COUNTER_COUNT; i++)
        assert_int_equal(counter_get(&counters, i), 0);
    counter_add(&counters, COUNTER_PLANS_STARTED, 1);
    counter_add(&counters, COUNTER_PLANS_STARTED, 2);
    assert_int_equal(counter_get(&counters, COUNTER_PLANS_STARTED), 3);
    assert_int_equal(counter_get(&counters, COUNTER_PLANS_COMPLETED), 0);
    counters_add_plan(&counters, NULL);
    assert_int_equal(counter_get(&counters, COUNTER_FILE_TASKS), 0);
}

static void test_counters__have_a_name_each(void **state)
{
    (void)state;
    for (enum counter i = 0; i < COUNTER_COUNT; i++) {
        assert_true(strlen(counter_name(i)) > 0);
        for (enum counter j = 0; j < i; j++)
            assert_string_not_equal(counter_name(i), counter_name(j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters__begin_at_zero_and_grow),
        cmocka_unit_test(test_counters__have_a_name_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
