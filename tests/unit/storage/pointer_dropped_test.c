#include "storage/pointer_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/storage/store_fixture.h"

#define UUID "11111111-2222-4333-8444-555555555555" /* of every entity of the fixture */

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

struct job {
    int64_t id;
    int64_t namespace_id;
    int64_t keep_ms;
    bool purge;
    struct slice name;
};

static bool job_drop(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    return pointer_entity_drop(txn, job->id, job->keep_ms, job->purge, err);
}

static bool job_restore(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    struct entity_row row = {.id = job->id, .kind = ENTITY_TABLE};
    return pointer_dropped_restore(txn, &row, job->namespace_id, job->name, err);
}

static bool job_forget(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_dropped_delete(txn, ((struct job *)context)->id, err);
}

static void drop(struct fixture *fixture, int64_t id, int64_t keep_ms, bool purge)
{
    struct job job = {.id = id, .keep_ms = keep_ms, .purge = purge};
    must_write(fixture, job_drop, &job);
}

static size_t page(struct fixture *fixture, struct dropped_place after, int64_t limit,
                   struct dropped_row **ret_rows)
{
    struct error err = {0};
    size_t count = 0;
    struct pointer_view *view = must_view(fixture);
    if (!pointer_dropped_list(view, fixture->warehouse_id, after, limit, &fixture->arena, ret_rows,
                              &count, &err))
        fail_msg("%s", err.message);
    pointer_view_end(view);
    return count;
}

static size_t due(struct fixture *fixture, int64_t until_ms, struct dropped_row **ret_rows)
{
    struct error err = {0};
    size_t count = 0;
    struct pointer_view *view = must_view(fixture);
    if (!pointer_dropped_due(view, until_ms, 10, &fixture->arena, ret_rows, &count, &err))
        fail_msg("%s", err.message);
    pointer_view_end(view);
    return count;
}

static void test_drop__keeps_the_row_and_frees_the_name(void **state)
{
    struct fixture *fixture = *state;
    struct entity_row before, row;
    struct dropped_row *rows = NULL;
    bool swapped = false;
    struct error err = {0};
    int64_t id = must_table(fixture, "t", "file:///w/db/t");
    assert_true(write_swap(fixture->store, id, "m0", "m1", &swapped, &err));
    assert_true(read_entity(fixture, "db", "t", &before));
    drop(fixture, id, 60000, true);
    assert_false(read_entity(fixture, "db", "t", &row));
    assert_false(peek_entity(fixture, "db", "t", &row));
    assert_int_equal(page(fixture, DROPPED_FROM_START, 10, &rows), 1);
    assert_int_equal(rows[0].entity.id, id);
    assert_int_equal(rows[0].entity.namespace_id, fixture->namespace_id);
    assert_int_equal(rows[0].entity.warehouse_id, fixture->warehouse_id);
    assert_int_equal(rows[0].entity.version, before.version);
    assert_true(rows[0].entity.is_dropped);
    assert_true(slice_equals_string(rows[0].entity.namespace_path, "db"));
    assert_true(slice_equals_string(rows[0].entity.name, "t"));
    assert_true(slice_equals(rows[0].entity.uuid, before.uuid));
    assert_true(slice_equals(rows[0].entity.location, before.location));
    assert_true(points_at(&rows[0].entity, "m1"));
    assert_true(rows[0].purge);
    assert_true(rows[0].dropped_ms >= before.updated_ms);
    assert_int_equal(rows[0].until_ms, rows[0].dropped_ms + 60000);
    assert_true(must_table(fixture, "t", "file:///w/db/t-2") > id);
}

static void test_restore__gives_the_same_row_elsewhere(void **state)
{
    struct fixture *fixture = *state;
    struct entity_row before, row;
    struct dropped_row *rows = NULL;
    struct error err = {0};
    int64_t other = 0, id = must_table(fixture, "t", "file:///w/db/t");
    assert_true(write_namespace(fixture->store, fixture->warehouse_id, 0, "db2", &other, &err));
    assert_true(read_entity(fixture, "db", "t", &before));
    drop(fixture, id, 1000, false);
    assert_false(peek_entity(fixture, "db2", "u", &row));
    struct job job = {.id = id, .namespace_id = other, .name = SLICE_LITERAL("u")};
    must_write(fixture, job_restore, &job);
    assert_true(peek_entity(fixture, "db2", "u", &row));
    assert_true(read_entity(fixture, "db2", "u", &row));
    assert_int_equal(row.id, id);
    assert_int_equal(row.kind, ENTITY_TABLE);
    assert_int_equal(row.version, before.version);
    assert_false(row.is_dropped);
    assert_true(slice_equals(row.uuid, before.uuid));
    assert_true(slice_equals(row.location, before.location));
    assert_true(points_at(&row, "m0"));
    assert_int_equal(page(fixture, DROPPED_FROM_START, 10, &rows), 0);
    /* No id is given twice, whatever came back. */
    assert_true(must_table(fixture, "v", "file:///w/db/v") > id);
}

static uint64_t listing_version(struct fixture *fixture)
{
    return pointer_store_listing_version(fixture->store, fixture->warehouse_id,
                                         SLICE_LITERAL("db"));
}

static void test_listing__is_another_after_a_drop_and_after_a_restore(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = must_table(fixture, "t", "file:///w/db/t");
    uint64_t made = listing_version(fixture);
    drop(fixture, id, 1000, false);
    uint64_t dropped = listing_version(fixture);
    assert_true(dropped != made);
    struct job job = {
        .id = id, .namespace_id = fixture->namespace_id, .name = SLICE_LITERAL("t")};
    must_write(fixture, job_restore, &job);
    assert_true(listing_version(fixture) != dropped);
}

static void test_restore__onto_a_taken_name_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct dropped_row *rows = NULL;
    struct error err = {0};
    int64_t id = must_table(fixture, "t", "file:///w/db/t");
    drop(fixture, id, 1000, false);
    must_table(fixture, "t", "file:///w/db/t-2");
    struct job job = {.id = id, .namespace_id = fixture->namespace_id, .name = SLICE_LITERAL("t")};
    assert_false(pointer_store_write(fixture->store, job_restore, &job, &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
    assert_string_equal(err.message, "Table already exists: db.t");
    assert_int_equal(page(fixture, DROPPED_FROM_START, 10, &rows), 1);
}

static void test_namespace__holds_what_was_dropped_from_it(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = must_table(fixture, "t", "file:///w/db/t");
    drop(fixture, id, 1000, false);
    assert_false(write_namespace_drop(fixture->store, fixture->namespace_id, &err));
    assert_int_equal(err.kind, ERROR_NAMESPACE_NOT_EMPTY);
    assert_non_null(strstr(err.message, "the table db.t was dropped"));
    struct job job = {.id = id};
    must_write(fixture, job_forget, &job);
    assert_true(write_namespace_drop(fixture->store, fixture->namespace_id, &err));
}

static void test_location__of_a_dropped_table_stays_taken(void **state)
{
    static const char *const taken[] = {"file:///w/db/t", "file:///w/db/t/x", "file:///w/db"};
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t view_id = 0, id = must_table(fixture, "t", "file:///w/db/t");
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_VIEW, "v",
                             "file:///w/views/v", &view_id, &err));
    drop(fixture, id, 1000, false);
    drop(fixture, view_id, 1000, false);
    struct pointer_view *view = must_view(fixture);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        struct entity_row row = {0};
        bool found = false;
        assert_true(pointer_location_overlap(view, slice_from_string(taken[i]), 0, &fixture->arena,
                                             &row, &found, &err));
        assert_true(found && row.is_dropped && row.id == id);
        assert_true(pointer_location_overlap(view, slice_from_string(taken[i]), id, &fixture->arena,
                                             &row, &found, &err));
        assert_false(found);
    }
    struct entity_row row;
    bool found = true;
    assert_true(pointer_location_overlap(view, SLICE_LITERAL("file:///w/views/v"), 0,
                                         &fixture->arena, &row, &found, &err));
    assert_false(found);
    pointer_view_end(view);
}

static void test_metadata__of_what_was_dropped_is_found_by_its_name(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row *rows = NULL;
    size_t count = 0;
    int64_t id = 0;
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_VIEW, "v",
                             "file:///w/db/v", &id, &err));
    drop(fixture, id, 1000, false);
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_entity_by_metadata_name(view, SLICE_LITERAL("m0"), &fixture->arena, &rows,
                                                &count, &err));
    pointer_view_end(view);
    assert_int_equal(count, 1);
    assert_true(rows[0].is_dropped);
}

/* Live and dropped ones in one order: one that changes sides between two pages is not missed. */
static void test_walk__meets_what_was_dropped_in_the_order_of_ids(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row *rows = NULL;
    size_t count = 0;
    int64_t ids[3] = {must_table(fixture, "a", "file:///w/db/a"),
                      must_table(fixture, "b", "file:///w/db/b"),
                      must_table(fixture, "c", "file:///w/db/c")};
    drop(fixture, ids[1], 1000, false);
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_entity_walk(view, 0, 10, &fixture->arena, &rows, &count, &err));
    pointer_view_end(view);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rows[i].id, ids[i]);
        assert_int_equal(rows[i].is_dropped, i == 1);
    }
}

static void test_list__pages_from_the_last_drop_to_the_first(void **state)
{
    struct fixture *fixture = *state;
    struct dropped_row *rows = NULL;
    struct dropped_place after = DROPPED_FROM_START;
    int64_t ids[5], seen = 0;
    char name[2] = "a", location[] = "file:///w/db/a";
    for (int i = 0; i < 5; i++) {
        name[0] = location[sizeof location - 2] = (char)('a' + i);
        ids[i] = must_table(fixture, name, location);
    }
    for (int i = 0; i < 5; i++)
        drop(fixture, ids[i], 1000, false);
    size_t count = 1;
    while (count > 0) {
        count = page(fixture, after, 2, &rows);
        for (size_t i = 0; i < count; i++, seen++) {
            assert_int_equal(rows[i].entity.id, ids[4 - seen]);
            after = (struct dropped_place){rows[i].dropped_ms, rows[i].entity.id};
        }
    }
    assert_int_equal(seen, 5);
}

static void test_find__by_name_and_by_uuid(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct dropped_row *rows = NULL;
    size_t count = 0;
    drop(fixture, must_table(fixture, "t", "file:///w/db/t"), 1000, false);
    drop(fixture, must_table(fixture, "t", "file:///w/db/t-2"), 1000, false);
    drop(fixture, must_table(fixture, "u", "file:///w/db/u"), 1000, false);
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_dropped_by_name(view, fixture->warehouse_id, SLICE_LITERAL("db"),
                                        SLICE_LITERAL("t"), 10, &fixture->arena, &rows, &count,
                                        &err));
    assert_int_equal(count, 2);
    assert_true(pointer_dropped_by_name(view, fixture->warehouse_id + 1, SLICE_LITERAL("db"),
                                        SLICE_LITERAL("t"), 10, &fixture->arena, &rows, &count,
                                        &err));
    assert_int_equal(count, 0);
    assert_true(pointer_dropped_by_uuid(view, SLICE_LITERAL(UUID), 10, &fixture->arena, &rows,
                                        &count, &err));
    assert_int_equal(count, 3);
    pointer_view_end(view);
}

static void test_due__is_in_the_order_of_the_ends(void **state)
{
    struct fixture *fixture = *state;
    struct dropped_row *rows = NULL;
    drop(fixture, must_table(fixture, "late", "file:///w/db/late"), 100000, false);
    drop(fixture, must_table(fixture, "soon", "file:///w/db/soon"), 0, false);
    assert_int_equal(due(fixture, INT64_MAX, &rows), 2);
    assert_true(slice_equals_string(rows[0].entity.name, "soon"));
    int64_t end = rows[0].until_ms;
    assert_int_equal(due(fixture, end, &rows), 1);
    assert_int_equal(due(fixture, end - 1, &rows), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_drop__keeps_the_row_and_frees_the_name),
        WITH_STORE(test_restore__gives_the_same_row_elsewhere),
        WITH_STORE(test_listing__is_another_after_a_drop_and_after_a_restore),
        WITH_STORE(test_restore__onto_a_taken_name_changes_nothing),
        WITH_STORE(test_namespace__holds_what_was_dropped_from_it),
        WITH_STORE(test_location__of_a_dropped_table_stays_taken),
        WITH_STORE(test_metadata__of_what_was_dropped_is_found_by_its_name),
        WITH_STORE(test_walk__meets_what_was_dropped_in_the_order_of_ids),
        WITH_STORE(test_list__pages_from_the_last_drop_to_the_first),
        WITH_STORE(test_find__by_name_and_by_uuid),
        WITH_STORE(test_due__is_in_the_order_of_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
