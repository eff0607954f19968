#include "storage/pointer_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

/* --- entities ----------------------------------------------------------------------------- */

static void test_entity__is_read_as_it_was_written(void **state)
{
    struct fixture *fixture = *state;
    struct entity_row row;
    int64_t id = must_table(fixture, "t", "file:///w/t");
    assert_true(read_entity(fixture, "db", "t", &row));
    assert_int_equal(row.id, id);
    assert_int_equal(row.warehouse_id, fixture->warehouse_id);
    assert_int_equal(row.namespace_id, fixture->namespace_id);
    assert_int_equal(row.kind, ENTITY_TABLE);
    assert_int_equal(row.version, 1);
    assert_true(row.updated_ms > 0);
    assert_true(slice_equals_string(row.namespace_path, "db"));
    assert_true(slice_equals_string(row.name, "t"));
    assert_true(slice_equals_string(row.uuid, "11111111-2222-4333-8444-555555555555"));
    assert_true(slice_equals_string(row.location, "file:///w/t"));
    assert_true(points_at(&row, "m0"));
    assert_false(read_entity(fixture, "db", "T", &row));
    assert_false(read_entity(fixture, "other", "t", &row));
}

static void expect_taken(struct fixture *fixture, enum entity_kind kind, const char *name,
                         const char *sentence)
{
    struct error err = {0};
    int64_t id = 0;
    assert_false(
        write_entity(fixture->store, fixture->namespace_id, kind, name, "file:///x", &id, &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
    assert_string_equal(err.message, sentence);
}

/* Rule 57: tables and views share one name space. */
static void test_entity__tables_and_views_share_names(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    (void)must_table(fixture, "t", "file:///w/t");
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_VIEW, "v", "file:///w/v",
                             &id, &err));
    expect_taken(fixture, ENTITY_TABLE, "t", "Table already exists: db.t");
    expect_taken(fixture, ENTITY_VIEW, "t", "Table with same name already exists: db.t");
    expect_taken(fixture, ENTITY_VIEW, "v", "View already exists: db.v");
    expect_taken(fixture, ENTITY_TABLE, "v", "View with same name already exists: db.v");
}

static void test_entity__needs_its_namespace(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    assert_false(write_entity(fixture->store, 999, ENTITY_TABLE, "t", "file:///x", &id, &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_NAMESPACE);
}

static void test_entity__swap_needs_the_expected_pointer(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    bool swapped = false;
    int64_t id = must_table(fixture, "t", "file:///w/t");
    assert_true(write_swap(fixture->store, id, "m0", "m1", &swapped, &err));
    assert_true(swapped);
    assert_true(write_swap(fixture->store, id, "m0", "m2", &swapped, &err));
    assert_false(swapped);
    assert_true(read_entity(fixture, "db", "t", &row));
    assert_true(points_at(&row, "m1"));
    assert_int_equal(row.version, 2);
}

static void test_entity__swap_moves_the_location(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    bool swapped = false;
    int64_t id = must_table(fixture, "t", "file:///w/before");
    assert_true(write_swap(fixture->store, id, "m9", "m1", &swapped, &err));
    assert_false(swapped);
    assert_true(read_entity(fixture, "db", "t", &row));
    assert_true(slice_equals_string(row.location, "file:///w/before"));
    assert_true(write_swap(fixture->store, id, "m0", "m1", &swapped, &err));
    assert_true(swapped);
    assert_true(read_entity(fixture, "db", "t", &row));
    assert_true(points_at(&row, "m1"));
    assert_true(slice_equals_string(row.location, "file:///w/t"));
    assert_int_equal(row.version, 2);
}

/* Rule 57: rename keeps uuid and location; renaming to itself is allowed. */
static void test_entity__rename_moves_the_name_alone(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    int64_t other = 0;
    int64_t id = must_table(fixture, "t", "file:///w/t");
    assert_true(write_namespace(fixture->store, fixture->warehouse_id, 0, "db2", &other, &err));
    assert_true(write_rename(fixture->store, id, other, "u", &err));
    assert_false(read_entity(fixture, "db", "t", &row));
    assert_true(read_entity(fixture, "db2", "u", &row));
    assert_int_equal(row.id, id);
    assert_true(slice_equals_string(row.location, "file:///w/t"));
    assert_true(points_at(&row, "m0"));
    assert_true(write_rename(fixture->store, id, other, "u", &err));
    assert_true(write_rename(fixture->store, id, other, "U", &err));
    assert_true(read_entity(fixture, "db2", "U", &row));
}

static void test_entity__rename_refuses_what_is_taken_or_missing(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    int64_t id = must_table(fixture, "t", "file:///w/t");
    (void)must_table(fixture, "u", "file:///w/u");
    assert_false(write_rename(fixture->store, id, fixture->namespace_id, "u", &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
    assert_false(write_rename(fixture->store, id, 999, "x", &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_NAMESPACE);
    assert_false(write_rename(fixture->store, 999, fixture->namespace_id, "x", &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_TABLE);
    assert_true(peek_entity(fixture, "db", "t", &row));
}

static void test_entity__drop_makes_the_name_free(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    int64_t id = must_table(fixture, "t", "file:///w/t");
    assert_true(write_drop(fixture->store, id, &err));
    assert_false(read_entity(fixture, "db", "t", &row));
    assert_false(peek_entity(fixture, "db", "t", &row));
    assert_false(write_drop(fixture->store, id, &err));
    assert_int_equal(err.kind, ERROR_NO_SUCH_TABLE);
    int64_t again = must_table(fixture, "t", "file:///w/t");
    assert_true(again > id);
}

static void test_entity__lists_one_kind_in_pages(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    char name[16];
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "t%02d", i);
        (void)must_table(fixture, name, "file:///w/x");
    }
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_VIEW, "t05v",
                             "file:///w/v", &id, &err));
    struct entity_row *rows = NULL;
    size_t count = 0;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_entity_list(view, fixture->namespace_id, ENTITY_TABLE, SLICE_LITERAL("t04"),
                                    30, &fixture->arena, &rows, &count, &err));
    assert_int_equal(count, 30);
    assert_true(slice_equals_string(rows[0].name, "t05"));
    assert_true(slice_equals_string(rows[1].name, "t06"));
    assert_true(slice_equals_string(rows[29].name, "t34"));
    assert_true(pointer_entity_list(view, fixture->namespace_id, ENTITY_VIEW, SLICE_EMPTY, 30,
                                    &fixture->arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_true(slice_equals_string(rows[0].name, "t05v"));
    pointer_view_end(view);
}

/* --- overlap ------------------------------------------------------------------------------ */

static const char *overlap(struct fixture *fixture, const char *location, int64_t except_id)
{
    struct error err = {0};
    struct entity_row row;
    bool found = false;
    struct pointer_view *view = must_view(fixture);
    if (!pointer_location_overlap(view, slice_from_string(location), except_id, &fixture->arena,
                                  &row, &found, &err))
        fail_msg("%s", err.message);
    pointer_view_end(view);
    return found ? row.name.ptr : "";
}

/* Rule 50: prefix checks need a '/' boundary (`orders` and `orders2`). */
static void test_overlap__finds_equal_above_and_below(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    int64_t orders = must_table(fixture, "orders", "s3://b/db/orders");
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_VIEW, "v",
                             "s3://b/views/v", &id, &err));
    assert_string_equal(overlap(fixture, "s3://b/db/orders", 0), "orders");
    assert_string_equal(overlap(fixture, "s3://b/db/orders/part/x", 0), "orders");
    assert_string_equal(overlap(fixture, "s3://b/db", 0), "orders");
    assert_string_equal(overlap(fixture, "s3://b", 0), "orders");
    assert_string_equal(overlap(fixture, "s3://b/db/orders2", 0), "");
    assert_string_equal(overlap(fixture, "s3://b/db/order", 0), "");
    assert_string_equal(overlap(fixture, "s3://b/db/orders", orders), "");
    assert_string_equal(overlap(fixture, "s3://b/db", orders), "");
    assert_string_equal(overlap(fixture, "s3://b/views/v", 0), "");
    assert_string_equal(overlap(fixture, "s3://b/views", 0), "");
}

static void test_overlap__knows_the_root_of_files(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = must_table(fixture, "t", "file:///w/t");
    assert_string_equal(overlap(fixture, "file:///", 0), "t");
    assert_string_equal(overlap(fixture, "file:///w", 0), "t");
    assert_string_equal(overlap(fixture, "file:///x", 0), "");
    struct error err = {0};
    assert_true(write_drop(fixture->store, id, &err));
    (void)must_table(fixture, "root", "file:///");
    assert_string_equal(overlap(fixture, "file:///x/y", 0), "root");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_entity__is_read_as_it_was_written),
        TEST(test_entity__tables_and_views_share_names),
        TEST(test_entity__needs_its_namespace),
        TEST(test_entity__swap_needs_the_expected_pointer),
        TEST(test_entity__swap_moves_the_location),
        TEST(test_entity__rename_moves_the_name_alone),
        TEST(test_entity__rename_refuses_what_is_taken_or_missing),
        TEST(test_entity__drop_makes_the_name_free),
        TEST(test_entity__lists_one_kind_in_pages),
        TEST(test_overlap__finds_equal_above_and_below),
        TEST(test_overlap__knows_the_root_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
