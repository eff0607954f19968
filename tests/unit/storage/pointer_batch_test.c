/*
 * Jobs that share a transaction. A gate job holds the writer while the others queue up behind it,
 * so that they come to form one batch; what is asserted holds however they were grouped.
 */
#include <pthread.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/pointer_internal.h"
#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/store_fixture.h"

#define MAX_JOBS 8

struct queued {
    struct pointer_write write;
    bool ok;
    struct error error;
};

struct batch {
    struct fixture fixture;
    struct gate gate;
    struct queued jobs[MAX_JOBS];
    size_t count;
};

static struct queued *batch_add(struct batch *batch, pointer_job_fn job, void *context)
{
    struct queued *queued = &batch->jobs[batch->count++];
    pointer_store_submit(batch->fixture.store, job, context, NULL, &queued->write);
    return queued;
}

static int setup(void **state)
{
    static struct batch batch;
    batch = (struct batch){.gate = GATE_CLOSED};
    struct error err = {0};
    fixture_init(&batch.fixture);
    batch.fixture.vfs = FAULT_VFS_NAME;
    fixture_open(&batch.fixture);
    assert_true(
        write_warehouse(batch.fixture.store, "main", true, &batch.fixture.warehouse_id, &err));
    assert_true(write_namespace(batch.fixture.store, batch.fixture.warehouse_id, 0, "db",
                                &batch.fixture.namespace_id, &err));
    (void)batch_add(&batch, job_gate, &batch.gate);
    *state = &batch;
    return 0;
}

static int teardown(void **state)
{
    struct batch *batch = *state;
    fixture_finish(&batch->fixture);
    return 0;
}

static void batch_finish(struct batch *batch)
{
    gate_open(&batch->gate);
    for (size_t i = 0; i < batch->count; i++)
        batch->jobs[i].ok = pointer_store_wait(&batch->jobs[i].write, &batch->jobs[i].error);
}

/* --- jobs --------------------------------------------------------------------------------- */

struct table {
    int64_t namespace_id;
    const char *name;
    int runs;
};

static bool job_table(struct pointer_txn *txn, void *context, struct error *err)
{
    struct table *table = context;
    int64_t id = 0;
    struct entity_row row = {.namespace_id = table->namespace_id,
                             .kind = ENTITY_TABLE,
                             .name = slice_from_string(table->name),
                             .uuid = SLICE_LITERAL("u"),
                             .location = SLICE_LITERAL("file:///t"),
                             .metadata_location = SLICE_LITERAL("m0")};
    table->runs++;
    return pointer_entity_insert(txn, &row, &id, err);
}

/* Fails when it has changed something. */
static bool job_fails_half_way(struct pointer_txn *txn, void *context, struct error *err)
{
    TRY(job_table(txn, context, err));
    return error_set(err, ERROR_CONFLICT, "no further");
}

/* What of a statement that a damaged database ends is left, nobody knows. */
static bool job_finds_damage(struct pointer_txn *txn, void *context, struct error *err)
{
    struct table *table = context;
    (void)txn;
    table->runs++;
    return error_set(err, ERROR_CORRUPT, "the database is damaged");
}

/* As SQLite does where the disk is full: the whole transaction is gone. */
static bool job_breaks(struct pointer_txn *txn, void *context, struct error *err)
{
    (void)context;
    TRY(connection_run(txn->view.connection, STATEMENT_BATCH_ROLLBACK, err));
    return error_set(err, ERROR_STORAGE_FULL, "the disk is full");
}

/* The same, by a job that does not notice. */
static bool job_breaks_silently(struct pointer_txn *txn, void *context, struct error *err)
{
    (void)context;
    return connection_run(txn->view.connection, STATEMENT_BATCH_ROLLBACK, err);
}

/* --- tests -------------------------------------------------------------------------------- */

static void test_batch__a_failed_job_is_undone_alone(void **state)
{
    struct batch *batch = *state;
    struct entity_row row;
    struct table first = {batch->fixture.namespace_id, "t", 0};
    struct table same = first;
    struct table last = {batch->fixture.namespace_id, "u", 0};
    struct queued *a = batch_add(batch, job_table, &first);
    struct queued *b = batch_add(batch, job_table, &same);
    struct queued *c = batch_add(batch, job_table, &last);
    batch_finish(batch);
    assert_true(a->ok);
    assert_false(b->ok);
    assert_int_equal(b->error.kind, ERROR_ALREADY_EXISTS);
    assert_true(c->ok);
    assert_true(read_entity(&batch->fixture, "db", "t", &row));
    assert_true(read_entity(&batch->fixture, "db", "u", &row));
    /* It had changed nothing. */
    assert_int_equal(first.runs + same.runs + last.runs, 3);
}

/* A table, half of a job, and another table. */
static int runs_beside_half_a_job(struct batch *batch, const char *before, const char *after)
{
    struct entity_row row;
    struct table first = {batch->fixture.namespace_id, before, 0};
    struct table half = {batch->fixture.namespace_id, "half", 0};
    struct table last = {batch->fixture.namespace_id, after, 0};
    struct queued *a = batch_add(batch, job_table, &first);
    struct queued *b = batch_add(batch, job_fails_half_way, &half);
    struct queued *c = batch_add(batch, job_table, &last);
    batch_finish(batch);
    assert_true(a->ok);
    assert_false(b->ok);
    assert_int_equal(b->error.kind, ERROR_CONFLICT);
    assert_true(c->ok);
    assert_true(read_entity(&batch->fixture, "db", before, &row));
    assert_false(read_entity(&batch->fixture, "db", "half", &row));
    assert_true(read_entity(&batch->fixture, "db", after, &row));
    return first.runs + half.runs + last.runs;
}

static void test_batch__what_a_job_has_done_before_it_fails_is_undone(void **state)
{
    struct batch *batch = *state;
    /* All that was run by then runs again; how much that is depends on how they were grouped. */
    assert_in_range(runs_beside_half_a_job(batch, "t", "u"), 4, 6);
    /* For a while then none has to. */
    batch->count = 0;
    assert_int_equal(runs_beside_half_a_job(batch, "v", "w"), 3);
}

static void test_batch__a_job_that_finds_damage_is_undone_as_well(void **state)
{
    struct batch *batch = *state;
    struct table first = {batch->fixture.namespace_id, "t", 0};
    struct table damage = first;
    struct queued *a = batch_add(batch, job_table, &first);
    struct queued *b = batch_add(batch, job_finds_damage, &damage);
    batch_finish(batch);
    assert_true(a->ok);
    assert_false(b->ok);
    assert_int_equal(b->error.kind, ERROR_CORRUPT);
    assert_int_equal(damage.runs, 2); /* now with a savepoint */
}

static void test_batch__neighbours_of_a_lost_transaction_run_again(void **state)
{
    struct batch *batch = *state;
    struct entity_row row;
    struct table first = {batch->fixture.namespace_id, "t", 0};
    struct table same = first;
    struct table last = {batch->fixture.namespace_id, "u", 0};
    struct queued *a = batch_add(batch, job_table, &first);
    struct queued *b = batch_add(batch, job_table, &same);
    struct queued *c = batch_add(batch, job_breaks, NULL);
    struct queued *d = batch_add(batch, job_table, &last);
    batch_finish(batch);
    assert_true(a->ok);
    assert_false(b->ok);
    assert_int_equal(b->error.kind, ERROR_ALREADY_EXISTS);
    assert_false(c->ok);
    assert_int_equal(c->error.kind, ERROR_STORAGE_FULL);
    assert_true(d->ok);
    assert_true(read_entity(&batch->fixture, "db", "t", &row));
    assert_true(peek_entity(&batch->fixture, "db", "u", &row));
    assert_int_equal(first.runs, 2);
}

static void test_batch__a_lost_transaction_is_noticed(void **state)
{
    struct batch *batch = *state;
    struct entity_row row;
    struct table first = {batch->fixture.namespace_id, "t", 0};
    struct queued *a = batch_add(batch, job_table, &first);
    struct queued *b = batch_add(batch, job_breaks_silently, NULL);
    batch_finish(batch);
    assert_true(a->ok);
    assert_false(b->ok);
    assert_int_equal(b->error.kind, ERROR_STORAGE);
    assert_true(read_entity(&batch->fixture, "db", "t", &row));
}

/* Rule 9: COMMIT fails for all: those that wrote do not know, those that had failed
 * changed nothing. */
static void test_batch__a_failed_commit_is_everyones(void **state)
{
    struct batch *batch = *state;
    struct entity_row row;
    struct error err = {0};
    int64_t id = 0;
    struct table first = {batch->fixture.namespace_id, "t", 0};
    struct table same = first;
    struct queued *a = batch_add(batch, job_table, &first);
    struct queued *b = batch_add(batch, job_table, &same);
    fault_vfs_plan(
        (struct fault_plan){.fail_at = 1, .code = SQLITE_IOERR_WRITE, .is_persistent = true});
    batch_finish(batch);
    assert_true(fault_vfs_clear());
    assert_int_equal(a->error.kind, ERROR_COMMIT_UNKNOWN);
    assert_int_equal(b->error.kind, ERROR_STORAGE);
    assert_false(peek_entity(&batch->fixture, "db", "t", &row));
    /* The disk is well again: the next write first makes the outcome final. */
    assert_true(write_entity(batch->fixture.store, batch->fixture.namespace_id, ENTITY_TABLE, "n",
                             "file:///n", &id, &err));
    assert_false(read_entity(&batch->fixture, "db", "t", &row));
}

static void test_batch__a_full_disk_is_definite_for_everyone(void **state)
{
    struct batch *batch = *state;
    struct entity_row row;
    struct table first = {batch->fixture.namespace_id, "t", 0};
    struct table last = {batch->fixture.namespace_id, "u", 0};
    struct queued *a = batch_add(batch, job_table, &first);
    struct queued *b = batch_add(batch, job_table, &last);
    fault_vfs_plan((struct fault_plan){.fail_at = 1, .code = SQLITE_FULL, .is_persistent = true});
    batch_finish(batch);
    assert_true(fault_vfs_clear());
    assert_int_equal(a->error.kind, ERROR_STORAGE_FULL);
    assert_int_equal(b->error.kind, ERROR_STORAGE_FULL);
    assert_false(read_entity(&batch->fixture, "db", "t", &row));
    assert_false(read_entity(&batch->fixture, "db", "u", &row));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    fault_vfs_register();
    const struct CMUnitTest tests[] = {
        TEST(test_batch__a_failed_job_is_undone_alone),
        TEST(test_batch__what_a_job_has_done_before_it_fails_is_undone),
        TEST(test_batch__a_job_that_finds_damage_is_undone_as_well),
        TEST(test_batch__neighbours_of_a_lost_transaction_run_again),
        TEST(test_batch__a_lost_transaction_is_noticed),
        TEST(test_batch__a_failed_commit_is_everyones),
        TEST(test_batch__a_full_disk_is_definite_for_everyone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
