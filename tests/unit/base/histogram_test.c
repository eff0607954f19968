#include "base/histogram.h"

#include "tests/unit/cmocka_all.h"

static void test_histogram_add__puts_a_bound_into_the_range_that_it_ends(void **state)
{
    static struct histogram histogram;
    (void)state;
    histogram_add(&histogram, &histogram_batch, 0);
    histogram_add(&histogram, &histogram_batch, 1);
    histogram_add(&histogram, &histogram_batch, 2);
    histogram_add(&histogram, &histogram_batch, 3);
    histogram_add(&histogram, &histogram_batch, 128);
    histogram_add(&histogram, &histogram_batch, 129);
    const uint64_t expected[] = {2, 1, 1, 0, 0, 0, 0, 1, 1};
    for (size_t i = 0; i <= histogram_batch.count; i++)
        assert_int_equal(histogram_count(&histogram, i), expected[i]);
    assert_int_equal(histogram_sum(&histogram), 0 + 1 + 2 + 3 + 128 + 129);
}

static void assert_ascends(const struct histogram_scale *scale)
{
    assert_in_range(scale->count, 1, HISTOGRAM_MAX_BOUNDS);
    for (size_t i = 1; i < scale->count; i++)
        assert_true(scale->bounds[i - 1] < scale->bounds[i]);
}

static void test_histogram_scales__ascend(void **state)
{
    (void)state;
    assert_ascends(&histogram_latency);
    assert_ascends(&histogram_batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram_add__puts_a_bound_into_the_range_that_it_ends),
        cmocka_unit_test(test_histogram_scales__ascend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
