/* A late append that is carried over, while one call after the other fails. */
#include "tests/unit/catalog/catalog_faults.h"

#include <errno.h>

static void test_memory__append(void **state)
{
    (void)state;
    faults_run_memory(&append_scenario);
}

static void test_files__append(void **state)
{
    (void)state;
    faults_run_files(&append_scenario, EIO, false);
    faults_run_files(&append_scenario, ENOSPC, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory__append),
        cmocka_unit_test(test_files__append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
