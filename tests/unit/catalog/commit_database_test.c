/* Whatever change of SQLite's files fails, the state is before or after, never between
 * (catalog_trial.h says what that means). */
#include "tests/unit/catalog/catalog_trial.h"

#include <sqlite3.h>

#include "tests/unit/storage/fault_vfs.h"

static void run_database(const struct scenario *scenario, struct fault_plan plan)
{
    struct world world;
    struct trial trial;
    bool hit = true;
    fault_vfs_register();
    trial_world_start(&world, &file_calls_real, FAULT_VFS_NAME);
    for (int n = 1; hit; n++) {
        assert_true(n < MAX_TRIALS);
        trial_prepare(&trial, scenario, &world, n);
        plan.fail_at = n;
        fault_vfs_plan(plan);
        trial_act(&trial, scenario);
        /* Closed first: the checkpoint at the end meets the failure, too. */
        world_close(&world);
        hit = fault_vfs_clear();
        world_open(&world);
        trial_check(&trial, scenario, false);
        trial_finish(&trial);
    }
    assert_true(trial.ok);
    trial_world_end(&world);
}

static void run_database_plans(const struct scenario *scenario)
{
    run_database(scenario, (struct fault_plan){.code = SQLITE_FULL});
    run_database(scenario, (struct fault_plan){.code = SQLITE_IOERR, .is_persistent = true});
    run_database(scenario, (struct fault_plan){.code = SQLITE_IOERR, .is_done = true});
}

/* Rule 10. */
static void test_database__commit(void **state)
{
    (void)state;
    run_database_plans(&commit_scenario);
    run_database(&commit_scenario, (struct fault_plan){.code = SQLITE_IOERR});
    run_database(&commit_scenario, (struct fault_plan){.code = SQLITE_IOERR,
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
