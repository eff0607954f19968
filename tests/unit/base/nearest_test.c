#include "base/nearest.h"

#include "tests/unit/cmocka_all.h"

static size_t distance(const char *a, const char *b)
{
    return nearest_distance(slice_from_string(a), slice_from_string(b));
}

static void test_nearest__distance_counts_changes(void **state)
{
    (void)state;
    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("abc", ""), 3);
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(distance("listen", "listn"), 1);
}

static void test_nearest__long_names_are_cut_and_not_overrun(void **state)
{
    char text[4096];
    (void)state;
    memset(text, 'x', sizeof(text));
    struct slice long_one = {text, sizeof(text)};
    assert_int_equal(nearest_distance(long_one, long_one), 0);
    assert_int_equal(nearest_distance(long_one, SLICE_EMPTY), NEAREST_MAX_SIZE);
    assert_int_equal(nearest_distance(SLICE_EMPTY, long_one), NEAREST_MAX_SIZE);
}

static void test_nearest__of_names_the_first_of_equals(void **state)
{
    (void)state;
    assert_slice_equal(nearest_of(SLICE_LITERAL("lst"), SLICE_LITERAL("show|list|drop")), "list");
    assert_slice_equal(nearest_of(SLICE_LITERAL("zz"), SLICE_LITERAL("ab|cd")), "ab");
    assert_slice_equal(nearest_of(SLICE_LITERAL("fsh"), SLICE_LITERAL("zsh|fish")), "fish");
    assert_slice_equal(nearest_of(SLICE_LITERAL("zz"), SLICE_EMPTY), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest__distance_counts_changes),
        cmocka_unit_test(test_nearest__long_names_are_cut_and_not_overrun),
        cmocka_unit_test(test_nearest__of_names_the_first_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
