/* Whatever allocation or file call fails, the state is before or after, never between
 * (catalog_trial.h says what that means). */
#include "tests/unit/catalog/catalog_faults.h"

#include <errno.h>

/* --- memory ------------------------------------------------------------------------------- */

static void test_memory__commit(void **state)
{
    (void)state;
    faults_run_memory(&commit_scenario);
}

static void test_memory__create(void **state)
{
    (void)state;
    faults_run_memory(&create_scenario);
}

static void test_memory__transaction(void **state)
{
    (void)state;
    faults_run_memory(&transaction_scenario);
}

static void test_memory__rename(void **state)
{
    (void)state;
    faults_run_memory(&rename_scenario);
}

static void test_memory__drop(void **state)
{
    (void)state;
    faults_run_memory(&drop_scenario);
}

/* --- files -------------------------------------------------------------------------------- */

/* Rule 10. */
static void test_files__commit(void **state)
{
    (void)state;
    faults_run_files(&commit_scenario, EIO, false);
    faults_run_files(&commit_scenario, ENOSPC, true);
}

static void test_files__create(void **state)
{
    (void)state;
    faults_run_files(&create_scenario, EIO, false);
    faults_run_files(&create_scenario, ENOSPC, true);
}

static void test_files__transaction(void **state)
{
    (void)state;
    faults_run_files(&transaction_scenario, EIO, false);
    faults_run_files(&transaction_scenario, ENOSPC, true);
}

static void test_files__rename(void **state)
{
    (void)state;
    faults_run_files(&rename_scenario, EIO, true);
}

static void test_files__drop(void **state)
{
    (void)state;
    faults_run_files(&drop_scenario, EIO, false);
    faults_run_files(&drop_scenario, EROFS, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory__commit),
        cmocka_unit_test(test_memory__create),
        cmocka_unit_test(test_memory__transaction),
        cmocka_unit_test(test_memory__rename),
        cmocka_unit_test(test_memory__drop),
        cmocka_unit_test(test_files__commit),
        cmocka_unit_test(test_files__create),
        cmocka_unit_test(test_files__transaction),
        cmocka_unit_test(test_files__rename),
        cmocka_unit_test(test_files__drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
