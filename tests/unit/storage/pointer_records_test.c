#include "storage/pointer_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/storage/store_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_finish(*state);
    return 0;
}

/* --- records ------------------------------------------------------------------------------ */

struct put_job {
    struct idempotency_row row;
    int64_t oldest_ms;
    bool is_new;
};

static bool job_idempotency(struct pointer_txn *txn, void *context, struct error *err)
{
    struct put_job *job = context;
    return pointer_idempotency_put(txn, &job->row, job->oldest_ms, &job->is_new, err);
}

static bool job_expire(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_idempotency_expire(txn, *(int64_t *)context, err);
}

static bool idempotency(struct fixture *fixture, const char *key, struct idempotency_row *ret_row)
{
    struct error err = {0};
    bool found = false;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_idempotency_get(view, slice_from_string(key), &fixture->arena, ret_row,
                                        &found, &err));
    pointer_view_end(view);
    return found;
}

static void test_idempotency__stays_until_it_is_expired(void **state)
{
    struct fixture *fixture = *state;
    struct idempotency_row got;
    struct put_job job = {.row = {.key = SLICE_LITERAL("k"),
                                  .request_digest = SLICE_LITERAL("d"),
                                  .status = 409,
                                  .error_kind = SLICE_LITERAL("commit_failed"),
                                  .error_message = SLICE_LITERAL("moved"),
                                  .metadata_location = SLICE_EMPTY,
                                  .body = SLICE_LITERAL("{}"),
                                  .created_ms = 100}};
    must_write(fixture, job_idempotency, &job);
    assert_true(job.is_new);
    assert_true(idempotency(fixture, "k", &got));
    assert_int_equal(got.status, 409);
    assert_true(slice_equals_string(got.request_digest, "d"));
    assert_true(slice_equals_string(got.error_kind, "commit_failed"));
    assert_true(slice_equals_string(got.error_message, "moved"));
    assert_int_equal(got.metadata_location.len, 0);
    assert_true(slice_equals_string(got.body, "{}"));
    job.row.status = 200;
    job.row.body = SLICE_EMPTY;
    job.row.created_ms = 200;
    job.oldest_ms = 100;
    must_write(fixture, job_idempotency, &job);
    assert_false(job.is_new);
    assert_true(idempotency(fixture, "k", &got));
    assert_int_equal(got.status, 409);
    job.oldest_ms = 101;
    must_write(fixture, job_idempotency, &job);
    assert_true(job.is_new);
    assert_true(idempotency(fixture, "k", &got));
    assert_int_equal(got.status, 200);
    assert_int_equal(got.body.len, 0);
    assert_int_equal(got.created_ms, 200);
    int64_t before = 200;
    must_write(fixture, job_expire, &before);
    assert_true(idempotency(fixture, "k", &got));
    before = 201;
    must_write(fixture, job_expire, &before);
    assert_false(idempotency(fixture, "k", &got));
}

static bool job_purge_add(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_purge_add(txn, context, err);
}

static bool job_purge_failed(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_purge_failed(txn, context, err);
}

static bool job_purge_revive(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_purge_revive(txn, *(int64_t *)context, err);
}

static bool job_purge_done(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_purge_done(txn, *(int64_t *)context, err);
}

static struct purge_row *purges(struct fixture *fixture, size_t *ret_count)
{
    struct error err = {0};
    struct purge_row *rows = NULL;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_purge_list(view, 10, &fixture->arena, &rows, ret_count, &err));
    pointer_view_end(view);
    return rows;
}

static void test_purge__what_failed_waits_behind_the_rest(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 0;
    struct purge_row row = {.warehouse_id = 1,
                            .kind = ENTITY_TABLE,
                            .location = SLICE_LITERAL("file:///w/a"),
                            .metadata_location = SLICE_LITERAL("a")};
    must_write(fixture, job_purge_add, &row);
    row.metadata_location = SLICE_LITERAL("b");
    must_write(fixture, job_purge_add, &row);
    struct purge_row *rows = purges(fixture, &count);
    assert_int_equal(count, 2);
    int64_t first = rows[0].id;
    struct purge_row failed = {.id = first, .files_left = 3, .reason = SLICE_LITERAL("because")};
    must_write(fixture, job_purge_failed, &failed);
    rows = purges(fixture, &count);
    assert_int_equal(count, 2);
    assert_true(slice_equals_string(rows[0].metadata_location, "b"));
    assert_int_equal(rows[1].id, first);
    assert_int_equal(rows[1].attempts, 1);
    assert_int_equal(rows[1].files_left, 3);
    assert_true(slice_equals_string(rows[1].reason, "because"));
    must_write(fixture, job_purge_done, &first);
    (void)purges(fixture, &count);
    assert_int_equal(count, 1);
}

static void test_purge__counts_as_not_tried_once_revived(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 0;
    struct purge_row row = {.warehouse_id = 1,
                            .kind = ENTITY_TABLE,
                            .uuid = SLICE_LITERAL("u"),
                            .location = SLICE_LITERAL("file:///w/a"),
                            .metadata_location = SLICE_LITERAL("a")};
    must_write(fixture, job_purge_add, &row);
    struct purge_row failed = {.id = purges(fixture, &count)[0].id};
    must_write(fixture, job_purge_failed, &failed);
    must_write(fixture, job_purge_failed, &failed);
    int64_t attempts = 3;
    must_write(fixture, job_purge_revive, &attempts);
    assert_int_equal(purges(fixture, &count)[0].attempts, 2);
    attempts = 2;
    must_write(fixture, job_purge_revive, &attempts);
    assert_int_equal(purges(fixture, &count)[0].attempts, 0);
}

struct found_purge {
    bool by_uuid;
    bool by_location;
    int64_t last;
};

static struct found_purge find_purge(struct fixture *fixture, const char *uuid,
                                     const char *location)
{
    struct found_purge found = {0};
    struct purge_row row;
    struct error err = {0};
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_purge_by_uuid(view, slice_from_string(uuid), &fixture->arena, &row,
                                      &found.by_uuid, &err));
    assert_true(pointer_purge_overlap(view, slice_from_string(location), &fixture->arena, &row,
                                      &found.by_location, &err));
    assert_true(pointer_purge_last(view, &found.last, &err));
    pointer_view_end(view);
    return found;
}

static void test_purge__is_found_by_its_table_and_its_place(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 0;
    struct purge_row row = {.warehouse_id = 1,
                            .kind = ENTITY_TABLE,
                            .uuid = SLICE_LITERAL("aB-1"),
                            .location = SLICE_LITERAL("file:///w/a"),
                            .metadata_location = SLICE_LITERAL("a")};
    assert_int_equal(find_purge(fixture, "aB-1", "file:///w/a").last, 0);
    must_write(fixture, job_purge_add, &row);
    struct found_purge found = find_purge(fixture, "Ab-1", "file:///w/a2");
    assert_true(found.by_uuid);
    assert_false(found.by_location);
    static const char *const places[] = {"file:///w/a", "file:///w/a/b", "file:///w"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        found = find_purge(fixture, "ab-2", places[i]);
        assert_false(found.by_uuid);
        assert_true(found.by_location);
    }
    int64_t id = purges(fixture, &count)[0].id;
    must_write(fixture, job_purge_done, &id);
    found = find_purge(fixture, "aB-1", "file:///w/a");
    assert_false(found.by_uuid || found.by_location);
    assert_int_equal(found.last, id);
}

struct metrics_job {
    struct metrics_row row;
    int64_t per_entity;
    int64_t in_all;
};

static bool job_metrics(struct pointer_txn *txn, void *context, struct error *err)
{
    struct metrics_job *job = context;
    return pointer_metrics_add(txn, &job->row, job->per_entity, job->in_all, err);
}

static size_t metrics_count(struct fixture *fixture, const char *uuid, int64_t *ret_newest)
{
    struct error err = {0};
    struct metrics_row *rows = NULL;
    size_t count = 0;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_metrics_list(view, slice_from_string(uuid), 100, &fixture->arena, &rows,
                                     &count, &err));
    pointer_view_end(view);
    if (count)
        *ret_newest = rows[0].time_ms;
    return count;
}

static void test_metrics__keeps_the_newest_of_each_and_of_all(void **state)
{
    struct fixture *fixture = *state;
    struct metrics_job job = {.row = {.report = SLICE_LITERAL("{}")}, .per_entity = 3, .in_all = 5};
    int64_t newest = 0;
    for (int i = 0; i < 12; i++) {
        job.row.entity_uuid = i < 6 ? SLICE_LITERAL("a") : SLICE_LITERAL("b");
        job.row.time_ms = i;
        must_write(fixture, job_metrics, &job);
    }
    assert_int_equal(metrics_count(fixture, "b", &newest), 3);
    assert_int_equal(newest, 11);
    assert_int_equal(metrics_count(fixture, "a", &newest), 2);
    assert_int_equal(newest, 5);
}

static bool job_secret(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_secret_insert(txn, context, err);
}

static struct secret_row secret_of(struct fixture *fixture, const char *name, bool *ret_found)
{
    struct error err = {0};
    struct secret_row row = {.version = 0};
    struct pointer_view *view = must_view(fixture);
    assert_true(
        pointer_secret_get(view, slice_from_string(name), &fixture->arena, &row, ret_found, &err));
    pointer_view_end(view);
    return row;
}

static void test_secrets__the_newest_of_a_name_counts(void **state)
{
    struct fixture *fixture = *state;
    bool is_there = true;
    secret_of(fixture, "a", &is_there);
    assert_false(is_there);
    struct secret_row rows[] = {{SLICE_LITERAL("a"), 1, SLICE_LITERAL("one")},
                                {SLICE_LITERAL("b"), 1, SLICE_LITERAL("other")},
                                {SLICE_LITERAL("a"), 2, SLICE_LITERAL("two")}};
    for (size_t i = 0; i < 3; i++)
        must_write(fixture, job_secret, &rows[i]);
    struct secret_row row = secret_of(fixture, "a", &is_there);
    assert_true(is_there);
    assert_int_equal(row.version, 2);
    assert_true(slice_equals_string(row.value, "two"));
}

static bool job_change(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_change_append(txn, context, err);
}

static void test_change_log__is_read_in_order_and_by_warehouse(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct change_row row = {.operation = "createTable",
                             .entity_uuid = SLICE_LITERAL("u"),
                             .namespace_path = SLICE_LITERAL("db"),
                             .name = SLICE_LITERAL("t"),
                             .new_location = SLICE_LITERAL("m1"),
                             .actor = SLICE_LITERAL("anonymous"),
                             .request_id = SLICE_LITERAL("r"),
                             .time_ms = 7};
    for (int i = 1; i <= 4; i++) {
        row.warehouse_id = 1 + i % 2;
        must_write(fixture, job_change, &row);
    }
    struct change_row *rows = NULL;
    size_t count = 0;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_change_list(view, 0, 0, 10, &fixture->arena, &rows, &count, &err));
    assert_int_equal(count, 4);
    assert_string_equal(rows[0].operation, "createTable");
    assert_true(slice_equals_string(rows[0].new_location, "m1"));
    assert_int_equal(rows[0].old_location.len, 0);
    assert_true(rows[0].sequence < rows[1].sequence);
    int64_t second = rows[1].sequence;
    assert_true(pointer_change_list(view, 1, second, 10, &fixture->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_true(rows[0].sequence > second);
    pointer_view_end(view);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* --- object stores ------------------------------------------------------------------------ */

static bool job_warehouse(struct pointer_txn *txn, void *context, struct error *err)
{
    struct storage_row *row = context;
    struct warehouse_row warehouse = {.name = SLICE_LITERAL("lake"),
                                      .location = SLICE_LITERAL("s3://lake"),
                                      .properties = SLICE_LITERAL("{}")};
    return pointer_warehouse_insert(txn, &warehouse, &row->warehouse_id, err) &&
           pointer_storage_put(txn, row, err);
}

static bool job_storage(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_storage_put(txn, context, err);
}

static bool job_remove(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_warehouse_delete(txn, *(int64_t *)context, err);
}

static size_t storage_rows(struct fixture *fixture, struct storage_row *ret_first)
{
    struct error err = {0};
    struct storage_row *rows = NULL;
    size_t count = 0;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_storage_list(view, &fixture->arena, &rows, &count, &err));
    pointer_view_end(view);
    if (count > 0)
        *ret_first = rows[0];
    return count;
}

static void must_run(struct fixture *fixture, pointer_job_fn job, void *context)
{
    struct error err = {0};
    if (!pointer_store_write(fixture->store, job, context, &err))
        fail_msg("%s", err.message);
}

static void test_storage__belongs_to_its_warehouse(void **state)
{
    struct fixture *fixture = *state;
    struct storage_row got,
        row = {.profile = SLICE_LITERAL("{\"type\":\"s3\"}"), .secrets = SLICE_LITERAL("1.box")};
    assert_int_equal(storage_rows(fixture, &got), 0);
    must_run(fixture, job_warehouse, &row);
    assert_int_equal(storage_rows(fixture, &got), 1);
    assert_int_equal(got.warehouse_id, row.warehouse_id);
    assert_true(slice_equals(got.profile, row.profile));
    assert_true(slice_equals(got.secrets, row.secrets));
    row.secrets = SLICE_EMPTY;
    must_run(fixture, job_storage, &row);
    assert_int_equal(storage_rows(fixture, &got), 1);
    assert_int_equal(got.secrets.len, 0);
    row.profile = SLICE_EMPTY;
    must_run(fixture, job_storage, &row);
    assert_int_equal(storage_rows(fixture, &got), 0);
    row.profile = SLICE_LITERAL("{}");
    must_run(fixture, job_storage, &row);
    assert_int_equal(storage_rows(fixture, &got), 1);
    must_run(fixture, job_remove, &row.warehouse_id);
    assert_int_equal(storage_rows(fixture, &got), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_storage__belongs_to_its_warehouse, setup, teardown),
        TEST(test_idempotency__stays_until_it_is_expired),
        TEST(test_purge__what_failed_waits_behind_the_rest),
        TEST(test_purge__counts_as_not_tried_once_revived),
        TEST(test_purge__is_found_by_its_table_and_its_place),
        TEST(test_metrics__keeps_the_newest_of_each_and_of_all),
        TEST(test_secrets__the_newest_of_a_name_counts),
        TEST(test_change_log__is_read_in_order_and_by_warehouse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
