/* Drops that are kept, undrop and forget: whatever fails, the state is before or after, never
 * between (catalog_trial.h says what that means). */
#include "catalog/dropped.h"

#include <sqlite3.h>

#include "tests/unit/catalog/catalog_faults.h"

/* --- the three changes ---------------------------------------------------------------------- */

static struct entity_name name_of(struct trial *trial)
{
    return NAME(trial->names[0]);
}

static void prepare_drop(struct trial *trial)
{
    if (trial->world->warehouse->retention_ms == 0)
        set_retention(trial->world, "1d");
    assert_ok(make_table(trial->world, name_of(trial)), &trial->world->client.err);
}

/* The highest id that an entry of the purge queue has had: the entry itself goes with its files. */
static int64_t last_purge(struct trial *trial)
{
    struct pointer_view *view = NULL;
    int64_t id = 0;
    assert_true(pointer_view_begin(trial->world->pointers, &view, NULL));
    assert_true(pointer_purge_last(view, &id, NULL));
    pointer_view_end(view);
    return id;
}

static int64_t purge_before; /* of the trial that runs */

static void prepare_dropped(struct trial *trial)
{
    prepare_drop(trial);
    assert_ok(drop_table(trial->world, name_of(trial), true), &trial->world->client.err);
    trial->request = json_of_text("{'namespace':['ns'],'name':'%s'}", trial->names[0]);
    purge_before = last_purge(trial);
}

static bool act_drop(struct trial *trial, struct call *call, struct error *err)
{
    return table_drop(call, name_of(trial), true, err);
}

static bool act_undrop(struct trial *trial, struct call *call, struct error *err)
{
    return dropped_undrop(call, trial->request, err);
}

static bool act_forget(struct trial *trial, struct call *call, struct error *err)
{
    return dropped_forget(call, trial->request, err);
}

static int is_kept(struct trial *trial)
{
    struct world *world = trial->world;
    struct pointer_view *view = NULL;
    struct dropped_row *rows = NULL;
    size_t count = 0;
    assert_true(pointer_view_begin(world->pointers, &view, NULL));
    bool ok = pointer_dropped_by_name(view, world->warehouse->id, SLICE_LITERAL("ns"),
                                      slice_from_string(trial->names[0]), 2, &world->client.arena,
                                      &rows, &count, NULL);
    pointer_view_end(view);
    assert_true(ok);
    assert_true(count < 2);
    return (int)count;
}

static int done_drop(struct trial *trial)
{
    return !has_table(trial->world, name_of(trial)) + is_kept(trial);
}

static int done_undrop(struct trial *trial)
{
    return has_table(trial->world, name_of(trial)) + !is_kept(trial);
}

static int done_forget(struct trial *trial)
{
    return !is_kept(trial) + (last_purge(trial) > purge_before);
}

static const struct scenario keep_scenario = {prepare_drop, act_drop, done_drop, 2};
static const struct scenario undrop_scenario = {prepare_dropped, act_undrop, done_undrop, 2};
static const struct scenario forget_scenario = {prepare_dropped, act_forget, done_forget, 2};

/* --- what fails ------------------------------------------------------------------------------- */

/* Rule 63. */
static void test_memory__drop_undrop_forget(void **state)
{
    (void)state;
    faults_run_memory(&keep_scenario);
    faults_run_memory(&undrop_scenario);
    faults_run_memory(&forget_scenario);
}

/* Rule 63. */
static void test_database__drop_undrop_forget(void **state)
{
    (void)state;
    trial_run_database(&keep_scenario, (struct fault_plan){.code = SQLITE_FULL});
    trial_run_database(&undrop_scenario, (struct fault_plan){.code = SQLITE_FULL});
    trial_run_database(&undrop_scenario,
                       (struct fault_plan){.code = SQLITE_IOERR, .is_persistent = true});
    trial_run_database(&forget_scenario,
                       (struct fault_plan){.code = SQLITE_IOERR, .is_done = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory__drop_undrop_forget),
        cmocka_unit_test(test_database__drop_undrop_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
