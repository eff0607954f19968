/* Late appends, where it takes more than HTTP to see what becomes of them. */
#include "catalog/append_rebase.h"

#include <stdio.h>

#include "tests/unit/catalog/append_fixture.h"

#define APPENDS 3

static const struct table_snapshot *newest(const struct table_metadata *metadata)
{
    return table_metadata_snapshot(metadata, metadata->current_snapshot_id);
}

/* Three appends on one base, of 10, 11 and 12 rows. */
static void append_late(struct world *world)
{
    struct made_append appends[APPENDS];
    for (int i = 0; i < APPENDS; i++)
        append_make(world, NAME("t"), 100 + i, 10 + i, &appends[i]);
    for (int i = 0; i < APPENDS; i++)
        assert_ok(append_commit(world, NAME("t"), &appends[i]), &world->client.err);
}

/* Rule 61: "A manifest's first_row_id is assigned when writing the manifest list"; "a snapshot's
 * first-row-id is set to the table's next-row-id" (table spec, "Row Lineage Assignment"). */
static void test_append_rebase__hands_out_row_ids_once(void **state)
{
    struct world *world = *state;
    static const int64_t first[APPENDS] = {21, 10, 0}; /* the newest first */
    struct table_result result = {0};
    assert_ok(make_table_with(world, NAME("t"), REBASES_V3, NULL), &world->client.err);
    append_late(world);
    struct manifest_list *list = head_list(world, NAME("t"));
    assert_int_equal(list->count, APPENDS);
    for (size_t i = 0; i < APPENDS; i++) {
        assert_int_equal(list->entries[i].first_row_id, first[i]);
        assert_int_equal(list->entries[i].sequence_number, APPENDS - i);
        assert_int_equal(list->entries[i].snapshot_id, 102 - i);
    }
    manifest_list_unref(list);
    assert_ok(load_table(world, NAME("t"), &result), &world->client.err);
    assert_int_equal(newest(result.metadata)->first_row_id, 21);
    assert_int_equal(newest(result.metadata)->added_rows, 12);
    assert_int_equal(result.metadata->next_row_id, 33);
    table_result_finish(&result);
}

/* Manifests of a list from before the upgrade have no row ids, which its copy would keep so. */
static void test_append_rebase__waits_for_the_first_list_after_an_upgrade(void **state)
{
    struct world *world = *state;
    struct made_append late;
    struct table_result result = {0};
    append_make_late(world, NAME("t"), &late);
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS,
                           "[{'action':'upgrade-format-version','format-version':3}]", &result),
              &world->client.err);
    table_result_finish(&result);
    assert_false(append_commit(world, NAME("t"), &late));
    assert_error_has(world, ERROR_COMMIT_FAILED, "before the upgrade to format version 3");
}

/* Readers look up "the snapshot as of a time" in the log. */
static void test_append_rebase__goes_not_back_in_time(void **state)
{
    struct world *world = *state;
    struct made_append late;
    struct table_result result = {0};
    append_make_late(world, NAME("t"), &late);
    world->skew_ms = -3600000;
    assert_ok(append_commit(world, NAME("t"), &late), &world->client.err);
    assert_ok(load_table(world, NAME("t"), &result), &world->client.err);
    const struct table_snapshot *snapshot = newest(result.metadata);
    const struct table_snapshot *parent =
        table_metadata_snapshot(result.metadata, snapshot->parent_id);
    assert_int_equal(parent->snapshot_id, 1);
    assert_int_equal(snapshot->timestamp_ms, parent->timestamp_ms);
    table_result_finish(&result);
}

/* What is not certain of the past is not made up: the parent says no totals. */
static void test_append_rebase__has_no_totals_where_its_parent_has_none(void **state)
{
    struct world *world = *state;
    assert_ok(make_table_with(world, NAME("t"), REBASES, NULL), &world->client.err);
    append_late(world);
    struct table_result result = {0};
    assert_ok(load_table(world, NAME("t"), &result), &world->client.err);
    struct slice text = newest(result.metadata)->text;
    assert_null(memmem(text.ptr, text.len, "total-", 6));
    assert_non_null(memmem(text.ptr, text.len, "added-records", 13));
    table_result_finish(&result);
}

/* The head's list is read from its file where the cache has lost it, and where that is gone the
 * commit is as late as it was. */
static void test_append_rebase__needs_the_list_of_the_head(void **state)
{
    struct world *world = *state;
    struct made_append appends[APPENDS];
    assert_ok(make_table_with(world, NAME("t"), REBASES, NULL), &world->client.err);
    for (int i = 0; i < APPENDS; i++)
        append_make(world, NAME("t"), 100 + i, 10, &appends[i]);
    assert_ok(append_commit(world, NAME("t"), &appends[0]), &world->client.err);
    world_reopen(world);
    assert_ok(append_commit(world, NAME("t"), &appends[1]), &world->client.err);
    world_reopen(world);
    struct slice list = head_list_location(world, NAME("t"));
    file_delete(arena_string(&world->client.arena, list));
    size_t files = world_files(world);
    assert_false(append_commit(world, NAME("t"), &appends[2]));
    assert_error_has(world, ERROR_COMMIT_FAILED, "not carried over to the new head");
    assert_int_equal(world_files(world), files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_append_rebase__hands_out_row_ids_once, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(
            test_append_rebase__waits_for_the_first_list_after_an_upgrade, world_setup,
            world_teardown),
        cmocka_unit_test_setup_teardown(test_append_rebase__goes_not_back_in_time, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_append_rebase__has_no_totals_where_its_parent_has_none,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_append_rebase__needs_the_list_of_the_head, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
