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

/* --- warehouses --------------------------------------------------------------------------- */

static struct warehouse_row *warehouses(struct fixture *fixture, size_t *ret_count)
{
    struct error err = {0};
    struct warehouse_row *rows = NULL;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_warehouse_list(view, &fixture->arena, &rows, ret_count, &err));
    pointer_view_end(view);
    return rows;
}

static void test_warehouse__refuses_a_second_one_of_the_name(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    assert_false(write_warehouse(fixture->store, "main", false, &id, &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
    assert_string_equal(err.message, "Warehouse already exists: main");
    assert_int_equal(id, 0);
}

static void test_warehouse__default_moves_from_its_holder(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    assert_true(write_warehouse(fixture->store, "aux", true, &id, &err));
    size_t count = 0;
    struct warehouse_row *rows = warehouses(fixture, &count);
    assert_int_equal(count, 2);
    assert_true(slice_equals_string(rows[0].name, "aux"));
    assert_true(rows[0].is_default);
    assert_false(rows[1].is_default);
    assert_true(slice_equals_string(rows[1].location, "file:///w"));
    assert_true(rows[1].created_ms > 0);
}

static bool job_warehouse_update(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_warehouse_update(txn, context, err);
}

static bool job_warehouse_delete(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_warehouse_delete(txn, *(int64_t *)context, err);
}

static void test_warehouse__update_changes_what_is_given(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct warehouse_row row = {.id = fixture->warehouse_id,
                                .name = SLICE_LITERAL("renamed"),
                                .location = SLICE_LITERAL("s3://b"),
                                .properties = SLICE_LITERAL("{\"a\":\"b\"}")};
    must_write(fixture, job_warehouse_update, &row);
    size_t count = 0;
    struct warehouse_row *rows = warehouses(fixture, &count);
    assert_int_equal(count, 1);
    assert_true(slice_equals_string(rows[0].name, "renamed"));
    assert_true(slice_equals_string(rows[0].location, "s3://b"));
    assert_true(slice_equals_string(rows[0].properties, "{\"a\":\"b\"}"));
    assert_false(rows[0].is_default);
    row.id = 999;
    row.name = SLICE_LITERAL("other");
    assert_false(pointer_store_write(fixture->store, job_warehouse_update, &row, &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_WAREHOUSE);
}

static void test_warehouse__is_deleted_only_without_namespaces(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = fixture->warehouse_id;
    assert_false(pointer_store_write(fixture->store, job_warehouse_delete, &id, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_true(write_namespace_drop(fixture->store, fixture->namespace_id, &err));
    must_write(fixture, job_warehouse_delete, &id);
    assert_false(pointer_store_write(fixture->store, job_warehouse_delete, &id, &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_WAREHOUSE);
}

/* --- namespaces --------------------------------------------------------------------------- */

static void test_namespace__refuses_a_second_one_of_the_path(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    assert_true(write_namespace(fixture->store, fixture->warehouse_id, fixture->namespace_id,
                                "db\x1F"
                                "sub",
                                &id, &err));
    assert_false(write_namespace(fixture->store, fixture->warehouse_id, fixture->namespace_id,
                                 "db\x1F"
                                 "sub",
                                 &id, &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
    assert_string_equal(err.message, "Namespace already exists: db.sub");
}

static void test_namespace__names_compare_byte_by_byte(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct namespace_row row;
    int64_t id = 0;
    assert_true(write_namespace(fixture->store, fixture->warehouse_id, 0, "DB", &id, &err));
    assert_true(read_namespace(fixture, "DB", &row));
    assert_int_equal(row.id, id);
    assert_false(read_namespace(fixture, "Db", &row));
}

static void test_namespace__needs_its_parent_and_warehouse(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    assert_false(write_namespace(fixture->store, 999, 0, "x", &id, &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_NAMESPACE);
    assert_false(write_namespace(fixture->store, fixture->warehouse_id, 999, "x", &id, &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_NAMESPACE);
}

static void test_namespace__lists_children_in_pages(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    static const char *const paths[] = {"db\x1F"
                                        "c",
                                        "db\x1F"
                                        "a",
                                        "db\x1F"
                                        "b"};
    for (size_t i = 0; i < 3; i++)
        assert_true(write_namespace(fixture->store, fixture->warehouse_id, fixture->namespace_id,
                                    paths[i], &id, &err));
    struct namespace_row *rows = NULL;
    size_t count = 0;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_namespace_list(view, fixture->warehouse_id, fixture->namespace_id,
                                       SLICE_EMPTY, 2, &fixture->arena, &rows, &count, &err));
    assert_int_equal(count, 2);
    assert_true(slice_equals_string(rows[0].path, "db\x1F"
                                                  "a"));
    assert_true(slice_equals_string(rows[1].path, "db\x1F"
                                                  "b"));
    assert_true(pointer_namespace_list(view, fixture->warehouse_id, fixture->namespace_id,
                                       SLICE_LITERAL("b"), 2, &fixture->arena, &rows, &count,
                                       &err));
    assert_int_equal(count, 1);
    assert_true(slice_equals_string(rows[0].path, "db\x1F"
                                                  "c"));
    assert_true(pointer_namespace_list(view, fixture->warehouse_id, 0, SLICE_EMPTY, 10,
                                       &fixture->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_true(slice_equals_string(rows[0].path, "db"));
    pointer_view_end(view);
}

static bool job_properties(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_namespace_set_properties(txn, *(int64_t *)context, SLICE_LITERAL("{\"k\":1}"),
                                            err);
}

static void test_namespace__properties_are_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct namespace_row row;
    must_write(fixture, job_properties, &fixture->namespace_id);
    assert_true(read_namespace(fixture, "db", &row));
    assert_true(slice_equals_string(row.properties, "{\"k\":1}"));
    int64_t id = 999;
    assert_false(pointer_store_write(fixture->store, job_properties, &id, &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_NAMESPACE);
}

static void test_namespace__is_dropped_only_when_empty(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t child = 0;
    int64_t table = must_table(fixture, "t", "file:///w/t");
    int64_t view = 0;
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_VIEW, "v", "file:///w/v",
                             &view, &err));
    assert_true(write_namespace(fixture->store, fixture->warehouse_id, fixture->namespace_id,
                                "db\x1F"
                                "c",
                                &child, &err));
    assert_false(write_namespace_drop(fixture->store, fixture->namespace_id, &err));
    assert_int_equal(err.kind, ERROR_NAMESPACE_NOT_EMPTY);
    assert_non_null(strstr(err.message, "Namespace db is not empty: it holds tables views "
                                        "namespaces"));
    assert_true(write_drop(fixture->store, table, &err));
    assert_false(write_namespace_drop(fixture->store, fixture->namespace_id, &err));
    assert_true(write_drop(fixture->store, view, &err));
    assert_false(write_namespace_drop(fixture->store, fixture->namespace_id, &err));
    assert_true(write_namespace_drop(fixture->store, child, &err));
    assert_true(write_namespace_drop(fixture->store, fixture->namespace_id, &err));
    assert_false(write_namespace_drop(fixture->store, fixture->namespace_id, &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_NAMESPACE);
}

/* --- transactions and views --------------------------------------------------------------- */

struct half {
    int64_t namespace_id;
    bool saw_own_row;
};

static bool job_half(struct pointer_txn *txn, void *context, struct error *err)
{
    struct half *half = context;
    struct entity_row row = {.namespace_id = half->namespace_id,
                             .kind = ENTITY_TABLE,
                             .name = SLICE_LITERAL("half"),
                             .uuid = SLICE_LITERAL("u"),
                             .location = SLICE_LITERAL("file:///h"),
                             .metadata_location = SLICE_LITERAL("m")};
    int64_t id = 0;
    TRY(pointer_entity_insert(txn, &row, &id, err));
    struct arena arena;
    arena_init(&arena, 65536);
    bool ok = pointer_entity_get(pointer_txn_view(txn), 1, SLICE_LITERAL("db"),
                                 SLICE_LITERAL("half"), &arena, &row, &half->saw_own_row, err);
    arena_finish(&arena);
    return ok && error_set(err, ERROR_VALIDATION, "second thoughts");
}

static void test_write__a_failed_job_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    struct half half = {.namespace_id = fixture->namespace_id};
    assert_false(pointer_store_write(fixture->store, job_half, &half, &err));
    assert_int_equal(err.kind, ERROR_VALIDATION);
    assert_string_equal(err.message, "second thoughts");
    assert_true(half.saw_own_row);
    assert_false(read_entity(fixture, "db", "half", &row));
    assert_false(peek_entity(fixture, "db", "half", &row));
}

static bool job_silent(struct pointer_txn *txn, void *context, struct error *err)
{
    (void)txn;
    (void)context;
    (void)err;
    return false;
}

static void test_write__a_job_that_fails_without_a_reason_is_a_bug(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    assert_false(pointer_store_write(fixture->store, job_silent, NULL, &err));
    assert_int_equal(err.kind, ERROR_INTERNAL);
}

static void test_view__sees_one_moment_until_it_ends(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    bool found = true;
    bool swapped = false;
    int64_t id = must_table(fixture, "t", "file:///w/t");
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_entity_get(view, fixture->warehouse_id, SLICE_LITERAL("db"),
                                   SLICE_LITERAL("t"), &fixture->arena, &row, &found, &err));
    assert_true(write_swap(fixture->store, id, "m0", "m1", &swapped, &err));
    assert_true(pointer_entity_get(view, fixture->warehouse_id, SLICE_LITERAL("db"),
                                   SLICE_LITERAL("t"), &fixture->arena, &row, &found, &err));
    assert_true(points_at(&row, "m0"));
    /* What the old view found must not have come into the map. */
    assert_true(peek_entity(fixture, "db", "t", &row));
    assert_true(points_at(&row, "m1"));
    pointer_view_end(view);
    assert_true(read_entity(fixture, "db", "t", &row));
    assert_true(points_at(&row, "m1"));
}

static void test_peek__knows_what_was_written_or_read(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    assert_false(peek_entity(fixture, "db", "t", &row));
    int64_t id = must_table(fixture, "t", "file:///w/t");
    assert_true(peek_entity(fixture, "db", "t", &row));
    assert_int_equal(row.id, id);
    assert_true(slice_equals_string(row.namespace_path, "db"));
    assert_true(write_rename(fixture->store, id, fixture->namespace_id, "u", &err));
    assert_false(peek_entity(fixture, "db", "t", &row));
    assert_true(peek_entity(fixture, "db", "u", &row));
    fixture_close(fixture);
    fixture_open(fixture);
    assert_false(peek_entity(fixture, "db", "u", &row));
    assert_true(read_entity(fixture, "db", "u", &row));
    assert_true(peek_entity(fixture, "db", "u", &row));
    assert_true(points_at(&row, "m0"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_warehouse__refuses_a_second_one_of_the_name),
        TEST(test_warehouse__default_moves_from_its_holder),
        TEST(test_warehouse__update_changes_what_is_given),
        TEST(test_warehouse__is_deleted_only_without_namespaces),
        TEST(test_namespace__refuses_a_second_one_of_the_path),
        TEST(test_namespace__names_compare_byte_by_byte),
        TEST(test_namespace__needs_its_parent_and_warehouse),
        TEST(test_namespace__lists_children_in_pages),
        TEST(test_namespace__properties_are_replaced),
        TEST(test_namespace__is_dropped_only_when_empty),
        TEST(test_write__a_failed_job_leaves_nothing),
        TEST(test_write__a_job_that_fails_without_a_reason_is_a_bug),
        TEST(test_view__sees_one_moment_until_it_ends),
        TEST(test_peek__knows_what_was_written_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
