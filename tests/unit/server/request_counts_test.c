#include "server/request_counts.h"

#include "tests/unit/cmocka_all.h"

static void test_request_counts__count_by_operation_and_status(void **state)
{
    static struct request_counts counts;
    const struct operation *load = &operations[OPERATION_loadTable];
    (void)state;
    request_counts_add(&counts, load, 200, 90);
    request_counts_add(&counts, load, 200, 110);
    request_counts_add(&counts, load, 404, 90);
    request_counts_add(&counts, NULL, 404, 90);
    request_counts_add(&counts, NULL, 418, 90);
    assert_int_equal(request_counts_get(&counts, OPERATION_loadTable, REQUEST_STATUS_200), 2);
    assert_int_equal(request_counts_get(&counts, OPERATION_loadTable, REQUEST_STATUS_404), 1);
    assert_int_equal(request_counts_get(&counts, REQUEST_ROW_NONE, REQUEST_STATUS_404), 1);
    assert_int_equal(request_counts_get(&counts, REQUEST_ROW_NONE, REQUEST_STATUS_OTHER), 1);
    assert_int_equal(request_counts_get(&counts, OPERATION_updateTable, REQUEST_STATUS_200), 0);
    const struct histogram *latency = &counts.rows[OPERATION_loadTable].latency;
    assert_int_equal(histogram_count(latency, 0), 2);
    assert_int_equal(histogram_count(latency, 1), 1);
    assert_int_equal(histogram_sum(latency), 290);
}

static void test_request_counts__have_names(void **state)
{
    (void)state;
    assert_string_equal(request_row_name(OPERATION_loadTable), "loadTable");
    assert_string_equal(request_row_name(REQUEST_ROW_NONE), "none");
    assert_string_equal(request_status_name(REQUEST_STATUS_507), "507");
    assert_string_equal(request_status_name(REQUEST_STATUS_OTHER), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_counts__count_by_operation_and_status),
        cmocka_unit_test(test_request_counts__have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
