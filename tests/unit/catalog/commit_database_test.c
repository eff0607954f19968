/* Whatever change of SQLite's files fails, the state is before or after, never between
 * (catalog_trial.h says what that means). */
#include "tests/unit/catalog/catalog_trial.h"

#include <sqlite3.h>


static void run_database_plans(const struct scenario *scenario)
{
    trial_run_database(scenario, (struct fault_plan){.code = SQLITE_FULL});
    trial_run_database(scenario, (struct fault_plan){.code = SQLITE_IOERR, .is_persistent = true});
    trial_run_database(scenario, (struct fault_plan){.code = SQLITE_IOERR, .is_done = true});
}

/* Rule 10. */
static void test_database__commit(void **state)
{
    (void)state;
    run_database_plans(&commit_scenario);
    trial_run_database(&commit_scenario, (struct fault_plan){.code = SQLITE_IOERR});
    trial_run_database(&commit_scenario, (struct fault_plan){.code = SQLITE_IOERR,
                                                       .is_done = true,
                                                       .is_persistent = true});
}

/* Rule 10. */
static void test_database__create(void **state)
{
    (void)state;
    run_database_plans(&create_scenario);
}

/* Rules 10, 11. */
static void test_database__transaction(void **state)
{
    (void)state;
    run_database_plans(&transaction_scenario);
}

static void test_database__rename(void **state)
{
    (void)state;
    run_database_plans(&rename_scenario);
}

static void test_database__drop(void **state)
{
    (void)state;
    run_database_plans(&drop_scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_database__commit),
        cmocka_unit_test(test_database__create),
        cmocka_unit_test(test_database__transaction),
        cmocka_unit_test(test_database__rename),
        cmocka_unit_test(test_database__drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
