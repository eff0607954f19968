/*
 * A slow disk: the sync of the log comes after the commit, which views might see before it is
 * durable, and the next jobs run beside it. Syncs are held here, so that each test stands where it
 * wants to.
 */
#include <pthread.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/pointer_internal.h"
#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/store_fixture.h"

/* After so many commits on so slow a disk the store knows that it is one. */
#define SLOW_US 12000
#define COMMITS_TO_LEARN 8
/* Longer than anything here takes that nobody holds. */
#define PATIENCE_MS 20000

static int setup(void **state)
{
    static struct fixture fixture;
    struct error err = {0};
    fixture_init(&fixture);
    fixture.vfs = FAULT_VFS_NAME;
    fixture_open(&fixture);
    fault_vfs_slow(SLOW_US);
    assert_true(write_warehouse(fixture.store, "main", true, &fixture.warehouse_id, &err));
    assert_true(
        write_namespace(fixture.store, fixture.warehouse_id, 0, "db", &fixture.namespace_id, &err));
    for (int i = 0; i < COMMITS_TO_LEARN; i++)
        assert_true(pointer_store_probe(fixture.store, &err));
    fault_vfs_slow(0);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_finish(*state);
    return 0;
}

/* A job that makes a table, and waits before that until `gate`, if it has one, is open. */
struct making {
    struct pointer_write write;
    int64_t namespace_id;
    const char *name;
    struct gate *gate;
    atomic_int runs;
};

static bool job_make(struct pointer_txn *txn, void *context, struct error *err)
{
    struct making *making = context;
    struct error ignored = {0};
    struct entity_row row = {.namespace_id = making->namespace_id,
                             .kind = ENTITY_TABLE,
                             .name = slice_from_string(making->name),
                             .uuid = SLICE_LITERAL("u"),
                             .location = slice_from_string(making->name),
                             .metadata_location = SLICE_LITERAL("m0")};
    int64_t id = 0;
    atomic_fetch_add(&making->runs, 1);
    if (making->gate)
        (void)job_gate(txn, making->gate, &ignored);
    return pointer_entity_insert(txn, &row, &id, err);
}

static void make(struct fixture *fixture, struct making *making)
{
    making->namespace_id = fixture->namespace_id;
    pointer_store_submit(fixture->store, job_make, making, NULL, &making->write);
}

static void await_runs(struct making *making, int count)
{
    for (int waited_ms = 0; atomic_load(&making->runs) < count; waited_ms++) {
        assert_true(waited_ms < PATIENCE_MS);
        usleep(1000);
    }
}

struct reading {
    struct fixture *fixture;
    pthread_t thread;
    bool has_table;
    atomic_bool is_done;
};

static void *read_table(void *context)
{
    struct reading *reading = context;
    struct entity_row row;
    reading->has_table = read_entity(reading->fixture, "db", "t", &row);
    atomic_store(&reading->is_done, true);
    return NULL;
}

static void reading_start(struct reading *reading, struct fixture *fixture)
{
    *reading = (struct reading){.fixture = fixture};
    assert_int_equal(pthread_create(&reading->thread, NULL, read_table, reading), 0);
    usleep(50000);
    assert_false(atomic_load(&reading->is_done));
}

static void test_slow_sync__a_view_waits_until_what_it_shows_is_durable(void **state)
{
    struct fixture *fixture = *state;
    struct making making = {.name = "t"};
    struct error err = {0};
    struct reading reading;
    fault_vfs_hold();
    make(fixture, &making);
    fault_vfs_await_held();
    reading_start(&reading, fixture);
    fault_vfs_release(true);
    pthread_join(reading.thread, NULL);
    assert_true(reading.has_table);
    assert_true(pointer_store_wait(&making.write, &err));
}

static void test_slow_sync__the_next_jobs_run_beside_it(void **state)
{
    struct fixture *fixture = *state;
    struct making first = {.name = "t"}, same = {.name = "t"}, next = {.name = "u"};
    struct error err = {0};
    fault_vfs_hold();
    make(fixture, &first);
    fault_vfs_await_held();
    make(fixture, &same);
    make(fixture, &next);
    await_runs(&next, 1);
    fault_vfs_release(true);
    assert_true(pointer_store_wait(&first.write, &err));
    assert_true(pointer_store_wait(&next.write, &err));
    assert_false(pointer_store_wait(&same.write, &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
}

/* Nobody hears of a refusal that only a lost commit has caused. */
static void test_slow_sync__a_refusal_waits_until_its_reason_is_durable(void **state)
{
    struct fixture *fixture = *state;
    struct making first = {.name = "t"}, same = {.name = "t"};
    struct error err = {0};
    struct entity_row row;
    fault_vfs_hold();
    make(fixture, &first);
    fault_vfs_await_held();
    make(fixture, &same);
    await_runs(&same, 1);
    fault_vfs_release(false);
    assert_false(pointer_store_wait(&first.write, &err));
    assert_int_equal(err.kind, ERROR_COMMIT_UNKNOWN);
    bool made = pointer_store_wait(&same.write, &err);
    assert_true(made || err.kind == ERROR_STORAGE);
    assert_int_equal(read_entity(fixture, "db", "t", &row), made);
}

static void expect_tables(struct fixture *fixture, bool has_t, bool has_u)
{
    struct entity_row row;
    assert_int_equal(read_entity(fixture, "db", "t", &row), has_t);
    assert_int_equal(peek_entity(fixture, "db", "t", &row), has_t);
    assert_int_equal(read_entity(fixture, "db", "u", &row), has_u);
}

static void test_slow_sync__that_fails_takes_its_commit_back(void **state)
{
    struct fixture *fixture = *state;
    struct gate gate = GATE_CLOSED;
    struct making first = {.name = "t"}, next = {.name = "u", .gate = &gate};
    struct error err = {0};
    struct reading reading;
    fault_vfs_hold();
    make(fixture, &first);
    fault_vfs_await_held();
    reading_start(&reading, fixture);
    make(fixture, &next);
    await_runs(&next, 1);
    fault_vfs_release(false);
    usleep(20000); /* the sync has failed, while the next job is at work */
    gate_open(&gate);
    assert_false(pointer_store_wait(&first.write, &err));
    assert_int_equal(err.kind, ERROR_COMMIT_UNKNOWN);
    pthread_join(reading.thread, NULL);
    assert_false(reading.has_table);
    /* It ran on what was taken back, and ran again; or, where nobody had heard of the failure yet,
     * it was committed and taken back as well. */
    bool made = pointer_store_wait(&next.write, &err);
    assert_int_equal(atomic_load(&next.runs), made ? 2 : 1);
    assert_true(made || err.kind == ERROR_COMMIT_UNKNOWN);
    expect_tables(fixture, false, made);
    fixture_close(fixture);
    fixture_open(fixture);
    expect_tables(fixture, false, made);
}

/* A connection that no gate keeps from what is not durable, and whose syncs nobody holds. */
static sqlite3 *open_beside(const struct fixture *fixture)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT count(*) FROM entities", NULL, NULL, NULL),
                     SQLITE_OK);
    return db;
}

static int count_rows(void *context, int columns, char **values, char **names)
{
    (void)columns;
    (void)values;
    (void)names;
    ++*(int *)context;
    return 0;
}

/* Until a table of this name is committed, durable or not. */
static void await_committed(sqlite3 *db, const char *name)
{
    char sql[128];
    int count = 0;
    (void)snprintf(sql, sizeof sql, "SELECT 1 FROM entities WHERE name = '%s'", name);
    for (int waited_ms = 0; count == 0; waited_ms++) {
        assert_true(waited_ms < PATIENCE_MS);
        assert_int_equal(sqlite3_exec(db, sql, count_rows, &count, NULL), SQLITE_OK);
        usleep(1000);
    }
}

/* What is committed beside a sync that fails is lost with it, and the store goes on. */
static void test_slow_sync__that_fails_takes_back_what_was_committed_beside_it(void **state)
{
    struct fixture *fixture = *state;
    struct making first = {.name = "t"}, next = {.name = "u"}, last = {.name = "t"};
    struct error err = {0};
    sqlite3 *beside = open_beside(fixture);
    fault_vfs_hold();
    make(fixture, &first);
    fault_vfs_await_held();
    make(fixture, &next);
    await_committed(beside, "u");
    assert_int_equal(sqlite3_close(beside), SQLITE_OK);
    fault_vfs_release(false);
    assert_false(pointer_store_wait(&first.write, &err));
    assert_int_equal(err.kind, ERROR_COMMIT_UNKNOWN);
    assert_false(pointer_store_wait(&next.write, &err));
    assert_int_equal(err.kind, ERROR_COMMIT_UNKNOWN);
    expect_tables(fixture, false, false);
    make(fixture, &last);
    assert_true(pointer_store_wait(&last.write, &err));
    expect_tables(fixture, true, false);
    fixture_close(fixture);
    fixture_open(fixture);
    expect_tables(fixture, true, false);
}

/* All that is in the log is copied back, so that the next commit begins it anew. */
static void copy_log_back(struct fixture *fixture)
{
    sqlite3 *db = open_beside(fixture);
    int log_pages = 0, copied = 0;
    assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log_pages,
                                               &copied),
                     SQLITE_OK);
    assert_true(log_pages > 0);
    assert_int_equal(copied, log_pages);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What the log held before is gone, in the file and in its index: nothing is left to go back
 * to. */
static void test_slow_sync__that_fails_in_a_log_begun_anew_shows_the_state_before(void **state)
{
    struct fixture *fixture = *state;
    struct making first = {.name = "t"}, next = {.name = "u"};
    struct error err = {0};
    copy_log_back(fixture);
    fault_vfs_hold();
    make(fixture, &first);
    fault_vfs_await_held();
    fault_vfs_pass_one(); /* of the log's new header */
    fault_vfs_await_held();
    fault_vfs_release(false);
    assert_false(pointer_store_wait(&first.write, &err));
    assert_int_equal(err.kind, ERROR_COMMIT_UNKNOWN);
    expect_tables(fixture, false, false);
    make(fixture, &next);
    assert_true(pointer_store_wait(&next.write, &err));
    expect_tables(fixture, false, true);
    fixture_close(fixture);
    fixture_open(fixture);
    expect_tables(fixture, false, true);
}

/* A checkpoint sees the commit that is not durable, and copies nothing of it; but of the pages that
 * this has changed it does not copy what was there before either. */
static void test_slow_sync__that_fails_after_a_checkpoint_loses_nothing_before(void **state)
{
    struct fixture *fixture = *state;
    struct making kept = {.name = "t"}, lost = {.name = "u"};
    struct error err = {0};
    int log_pages = 0, copied = 0;
    make(fixture, &kept);
    assert_true(pointer_store_wait(&kept.write, &err));
    sqlite3 *reader = open_beside(fixture), *copier = open_beside(fixture);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM entities", NULL, NULL, NULL),
                     SQLITE_OK);
    fault_vfs_hold();
    make(fixture, &lost);
    fault_vfs_await_held();
    assert_int_equal(sqlite3_wal_checkpoint_v2(copier, NULL, SQLITE_CHECKPOINT_PASSIVE, &log_pages,
                                               &copied),
                     SQLITE_OK);
    assert_true(copied > 0 && copied < log_pages);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    fault_vfs_release(false);
    assert_false(pointer_store_wait(&lost.write, &err));
    assert_int_equal(err.kind, ERROR_COMMIT_UNKNOWN);
    expect_tables(fixture, true, false);
    assert_int_equal(sqlite3_close(copier), SQLITE_OK);
    fixture_close(fixture);
    fixture_open(fixture);
    expect_tables(fixture, true, false);
}

/* Does a crash right now leave the table? */
static bool crash_leaves(const struct fixture *fixture, const char *name)
{
    struct fixture copy;
    struct entity_row row;
    assert_true(fixture_crash(fixture, &copy));
    fixture_open(&copy);
    bool is_there = read_entity(&copy, "db", name, &row);
    fixture_finish(&copy);
    return is_there;
}

static bool job_probe(struct pointer_txn *txn, void *context, struct error *err)
{
    (void)context;
    return connection_run(pointer_txn_view(txn)->connection, STATEMENT_PROBE, err);
}

/* What settles must not be the very frame that a lost commit began with: those behind it would
 * follow it again. The connection beside keeps the log from being removed. */
static void test_slow_sync__what_is_lost_stays_lost_after_a_crash(void **state)
{
    struct fixture *fixture = *state;
    struct making lost = {.name = "t"};
    struct pointer_write probe;
    struct error err = {0};
    sqlite3 *beside = open_beside(fixture);
    fault_vfs_hold();
    pointer_store_submit(fixture->store, job_probe, NULL, NULL, &probe);
    fault_vfs_await_held();
    make(fixture, &lost);
    await_committed(beside, "t");
    fault_vfs_release(false);
    assert_false(pointer_store_wait(&probe, &err));
    assert_false(pointer_store_wait(&lost.write, &err));
    assert_int_equal(err.kind, ERROR_COMMIT_UNKNOWN);
    expect_tables(fixture, false, false);
    assert_false(crash_leaves(fixture, "t"));
    assert_int_equal(sqlite3_close(beside), SQLITE_OK);
}

static void test_slow_sync__a_store_that_closes_waits_for_it(void **state)
{
    struct fixture *fixture = *state;
    struct making first = {.name = "t"}, next = {.name = "u"};
    struct error err = {0};
    fault_vfs_slow(SLOW_US);
    make(fixture, &first);
    make(fixture, &next);
    fixture_close(fixture);
    fault_vfs_slow(0);
    assert_true(pointer_store_wait(&first.write, &err));
    assert_true(pointer_store_wait(&next.write, &err));
    fixture_open(fixture);
    struct entity_row row;
    assert_true(read_entity(fixture, "db", "t", &row) && read_entity(fixture, "db", "u", &row));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    fault_vfs_register();
    const struct CMUnitTest tests[] = {
        TEST(test_slow_sync__a_view_waits_until_what_it_shows_is_durable),
        TEST(test_slow_sync__the_next_jobs_run_beside_it),
        TEST(test_slow_sync__a_refusal_waits_until_its_reason_is_durable),
        TEST(test_slow_sync__that_fails_takes_its_commit_back),
        TEST(test_slow_sync__that_fails_takes_back_what_was_committed_beside_it),
        TEST(test_slow_sync__that_fails_in_a_log_begun_anew_shows_the_state_before),
        TEST(test_slow_sync__that_fails_after_a_checkpoint_loses_nothing_before),
        TEST(test_slow_sync__what_is_lost_stays_lost_after_a_crash),
        TEST(test_slow_sync__a_store_that_closes_waits_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
