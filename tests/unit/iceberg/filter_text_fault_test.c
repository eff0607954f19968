#include "iceberg/filter_text.h"

#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"

#define ARENA_CEILING ((size_t)1024 * 1024)

static void test_filter_text__every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] =
        "(not `a b`.c in (1, 'x''y', \"z\", true) or bucket(4, id) >= 1.5) and n not like 'a%' "
        "and 3 < id and m not between 1 and 2 and k is not nan and false";
    size_t failures = 0;
    fault_alloc_reset();
    long live = fault_alloc_live();
    for (size_t n = 1;; n++) {
        struct arena arena;
        struct error err = {0};
        json_t *json = NULL;
        arena_init(&arena, ARENA_CEILING);
        fault_alloc_fail_at(n);
        bool is_done = filter_text_parse(slice_from_string(text), &arena, &json, NULL, &err);
        bool is_hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        assert_true(is_done == !is_hit);
        failures += is_hit;
        json_decref(json);
        arena_finish(&arena);
        assert_int_equal(fault_alloc_live(), live);
        if (!is_hit)
            break;
    }
    assert_true(failures > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter_text__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
