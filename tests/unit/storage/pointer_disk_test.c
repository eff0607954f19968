/*
 * Each write, sync, truncation and growth of the log's index fails in its turn. A transaction that
 * moves two pointers is then looked at in three ways: in the store as it goes on, after a clean
 * restart, and in a copy of the files as a crash right after the answer would have left them. In
 * each of them both pointers have moved or neither.
 */
#include "storage/pointer_store.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/store_fixture.h"

/* More calls than any transaction of these tests makes. */
#define MAX_CALLS 200

enum state { STATE_BEFORE, STATE_AFTER };

struct pair {
    int64_t ids[2];
};

static bool job_pair(struct pointer_txn *txn, void *context, struct error *err)
{
    struct pair *pair = context;
    for (size_t i = 0; i < 2; i++) {
        bool swapped = false;
        TRY(pointer_entity_swap(txn, pair->ids[i], SLICE_LITERAL("m0"), SLICE_LITERAL("m1"),
                                SLICE_LITERAL("file:///w/t"), &swapped, err));
        if (!swapped)
            return error_set(err, ERROR_COMMIT_FAILED, "moved");
        struct change_row change = {.warehouse_id = 1, .operation = "commitTransaction"};
        TRY(pointer_change_append(txn, &change, err));
    }
    return true;
}

static enum state state_of(struct fixture *fixture)
{
    struct entity_row rows[2];
    assert_true(read_entity(fixture, "db", "a", &rows[0]));
    assert_true(read_entity(fixture, "db", "b", &rows[1]));
    bool moved = points_at(&rows[0], "m1");
    assert_int_equal(moved, points_at(&rows[1], "m1"));
    struct entity_row peeked;
    assert_true(peek_entity(fixture, "db", "a", &peeked));
    assert_true(slice_equals(peeked.metadata_location, rows[0].metadata_location));
    return moved ? STATE_AFTER : STATE_BEFORE;
}

static enum state crash_state(const struct fixture *fixture)
{
    struct fixture copy;
    (void)fixture_crash(fixture, &copy);
    fixture_open(&copy);
    enum state state = state_of(&copy);
    fixture_finish(&copy);
    return state;
}

/* So slow a disk that after the four commits of `start` the sync leaves the commit. */
#define SLOW_US 12000

/* A store with tables a and b at m0, on the VFS that fails. */
static void start(struct fixture *fixture, struct pair *ret_pair)
{
    struct error err = {0};
    fixture_init(fixture);
    fixture->vfs = FAULT_VFS_NAME;
    fixture_open(fixture);
    assert_true(write_warehouse(fixture->store, "main", true, &fixture->warehouse_id, &err));
    assert_true(write_namespace(fixture->store, fixture->warehouse_id, 0, "db",
                                &fixture->namespace_id, &err));
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_TABLE, "a", "file:///a",
                             &ret_pair->ids[0], &err));
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_TABLE, "b", "file:///b",
                             &ret_pair->ids[1], &err));
}

static void check_answer(bool ok, const struct error *err, enum state live, enum state crashed,
                         bool is_persistent)
{
    if (ok) {
        assert_int_equal(live, STATE_AFTER);
        assert_int_equal(crashed, STATE_AFTER);
    } else if (err->kind != ERROR_COMMIT_UNKNOWN) {
        assert_int_equal(live, STATE_BEFORE);
        assert_int_equal(crashed, STATE_BEFORE);
    } else if (!is_persistent) {
        /* The store has settled: what a view says is what a crash would leave. */
        assert_int_equal(live, crashed);
    }
}

/* One run with one failure. False where the plan was never reached: the sweep is done. */
static bool run_once(struct fault_plan plan, unsigned slow_us, size_t *unknown_count)
{
    struct fixture fixture;
    struct pair pair;
    struct error err = {0};
    fault_vfs_slow(slow_us);
    start(&fixture, &pair);
    /* A reader's connection stays open, so that the writer's is not the last one to be closed. */
    assert_int_equal(state_of(&fixture), STATE_BEFORE);
    fault_vfs_plan(plan);
    bool ok = pointer_store_write(fixture.store, job_pair, &pair, &err);
    bool was_hit = fault_vfs_clear();
    fault_vfs_slow(0);
    enum state crashed = crash_state(&fixture);
    enum state live = state_of(&fixture);
    check_answer(ok, &err, live, crashed, plan.is_persistent);
    if (!ok && err.kind == ERROR_COMMIT_UNKNOWN)
        (*unknown_count)++;
    if (!ok && plan.code == SQLITE_FULL && err.kind != ERROR_COMMIT_UNKNOWN)
        assert_true(err.kind == ERROR_STORAGE_FULL || err.kind == ERROR_STORAGE);

    /* The store goes on: the next write settles what was open, and is durable. */
    int64_t id = 0;
    struct entity_row row;
    assert_true(write_namespace(fixture.store, fixture.warehouse_id, 0, "next", &id, &err));
    assert_int_equal(state_of(&fixture), live);
    assert_int_equal(crash_state(&fixture), live);
    fixture_close(&fixture);
    fixture_open(&fixture);
    assert_int_equal(state_of(&fixture), live);
    assert_false(read_entity(&fixture, "db", "c", &row));
    fixture_finish(&fixture);
    return was_hit;
}

static size_t sweep_slow(struct fault_plan plan, unsigned slow_us)
{
    size_t unknown_count = 0;
    for (plan.fail_at = 1; plan.fail_at < MAX_CALLS; plan.fail_at++) {
        if (!run_once(plan, slow_us, &unknown_count)) {
            assert_true(plan.fail_at > 1);
            return unknown_count;
        }
    }
    fail_msg("the sweep did not end");
    return 0;
}

static size_t sweep(struct fault_plan plan)
{
    return sweep_slow(plan, 0);
}

static void test_write__disk_full_at_each_call_is_before_or_after(void **state)
{
    (void)state;
    (void)sweep((struct fault_plan){.code = SQLITE_FULL});
    (void)sweep((struct fault_plan){.code = SQLITE_FULL, .is_persistent = true});
}

static void test_write__io_error_at_each_call_is_before_or_after(void **state)
{
    (void)state;
    assert_true(sweep((struct fault_plan){.code = SQLITE_IOERR_WRITE}) > 0);
    assert_true(sweep((struct fault_plan){.code = SQLITE_IOERR_WRITE, .is_persistent = true}) > 0);
}

/* The call has done its work and reports a failure all the same: what was written is there. */
static void test_write__io_error_after_the_work_is_before_or_after(void **state)
{
    (void)state;
    struct fault_plan plan = {.code = SQLITE_IOERR_WRITE, .is_done = true};
    assert_true(sweep(plan) > 0);
    plan.is_persistent = true;
    assert_true(sweep(plan) > 0);
}

/* The sync comes after the commit then. */
static void test_write__io_error_on_a_slow_disk_is_before_or_after(void **state)
{
    (void)state;
    struct fault_plan plan = {.code = SQLITE_IOERR_WRITE};
    assert_true(sweep_slow(plan, SLOW_US) > 0);
    plan.is_done = true;
    assert_true(sweep_slow(plan, SLOW_US) > 0);
    plan = (struct fault_plan){.code = SQLITE_IOERR_WRITE, .is_persistent = true};
    assert_true(sweep_slow(plan, SLOW_US) > 0);
    (void)sweep_slow((struct fault_plan){.code = SQLITE_FULL}, SLOW_US);
}

/* A store whose log is as a crash left it: its open must write and sync too. */
static bool open_once(const struct fixture *crashed, struct fault_plan plan)
{
    struct fixture copy;
    struct error err = {0};
    (void)fixture_crash(crashed, &copy);
    fault_vfs_plan(plan);
    bool ok = fixture_try_open(&copy, &err);
    bool was_hit = fault_vfs_clear();
    if (!ok) {
        assert_true(err.kind == ERROR_STORAGE || err.kind == ERROR_STORAGE_FULL);
        assert_null(copy.store);
        fixture_open(&copy);
    }
    assert_int_equal(state_of(&copy), STATE_AFTER);
    fixture_finish(&copy);
    return was_hit;
}

static void test_open__after_a_crash_a_failing_call_loses_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct pair pair;
    struct error err = {0};
    start(&fixture, &pair);
    assert_true(pointer_store_write(fixture.store, job_pair, &pair, &err));
    struct fault_plan plan = {.code = SQLITE_IOERR_WRITE};
    for (plan.fail_at = 1; open_once(&fixture, plan); plan.fail_at++)
        assert_true(plan.fail_at < MAX_CALLS);
    plan.code = SQLITE_FULL;
    for (plan.fail_at = 1; open_once(&fixture, plan); plan.fail_at++)
        assert_true(plan.fail_at < MAX_CALLS);
    fixture_finish(&fixture);
}

static bool create_once(struct fault_plan plan)
{
    struct fixture fixture;
    struct error err = {0};
    int64_t id = 0;
    fixture_init(&fixture);
    fixture.vfs = FAULT_VFS_NAME;
    fault_vfs_plan(plan);
    bool ok = fixture_try_open(&fixture, &err);
    bool was_hit = fault_vfs_clear();
    if (!ok) {
        assert_null(fixture.store);
        fixture_open(&fixture);
    }
    assert_true(write_warehouse(fixture.store, "main", true, &id, &err));
    fixture_finish(&fixture);
    return was_hit;
}

static void test_open__a_first_start_that_fails_can_be_repeated(void **state)
{
    (void)state;
    struct fault_plan plan = {.code = SQLITE_IOERR_WRITE};
    for (plan.fail_at = 1; create_once(plan); plan.fail_at++)
        assert_true(plan.fail_at < MAX_CALLS);
    plan = (struct fault_plan){.code = SQLITE_FULL, .is_persistent = true};
    for (plan.fail_at = 1; create_once(plan); plan.fail_at++)
        assert_true(plan.fail_at < MAX_CALLS);
}

int main(void)
{
    fault_vfs_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__disk_full_at_each_call_is_before_or_after),
        cmocka_unit_test(test_write__io_error_at_each_call_is_before_or_after),
        cmocka_unit_test(test_write__io_error_after_the_work_is_before_or_after),
        cmocka_unit_test(test_write__io_error_on_a_slow_disk_is_before_or_after),
        cmocka_unit_test(test_open__after_a_crash_a_failing_call_loses_nothing),
        cmocka_unit_test(test_open__a_first_start_that_fails_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
