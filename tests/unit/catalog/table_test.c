#include "catalog/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "catalog/idempotency.h"
#include "tests/unit/catalog/catalog_fixture.h"

static const char *text_in(json_t *tree, const char *key)
{
    return json_string_value(json_object_get(tree, key));
}

/* --- create ------------------------------------------------------------------------------- */

static void test_table_create__stores_metadata_below_the_warehouse(void **state)
{
    struct world *world = *state;
    struct table_result made = {0}, loaded = {0};
    char expected[WORLD_PATH_SIZE];
    assert_ok(make_table_with(world, NAME("t"), "", &made), &world->client.err);
    (void)snprintf(expected, sizeof expected, "%s/ns/t", world->location);
    assert_slice_equal(made.metadata->location, expected);
    (void)snprintf(expected, sizeof expected, "%s/ns/t/metadata/00000-", world->location);
    assert_true(slice_starts_with(made.metadata_location, slice_from_string(expected)));
    assert_ok(load_table(world, NAME("t"), &loaded), &world->client.err);
    assert_true(slice_equals(loaded.metadata_location, made.metadata_location));
    assert_true(slice_equals(loaded.metadata->uuid, made.metadata->uuid));
    assert_int_equal(metadata_files(world), 1);
    table_result_finish(&made);
    table_result_finish(&loaded);
}

static void test_table_create__survives_a_restart(void **state)
{
    struct world *world = *state;
    struct table_result loaded = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    world_reopen(world);
    assert_ok(load_table(world, NAME("t"), &loaded), &world->client.err);
    table_result_finish(&loaded);
}

/* Rules K1, K6. */
static void test_table_create__needs_the_namespace(void **state)
{
    struct world *world = *state;
    assert_false(make_table(world, name_in("no\x1Fsuch", "t")));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no.such");
    assert_int_equal(world_files(world), 0);
}

/* Rules 57, K1, K14. */
static void test_table_create__refuses_a_taken_name(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(make_table(world, NAME("t")));
    assert_error(world, ERROR_ALREADY_EXISTS, "Table already exists: ns.t");
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_false(make_table(world, NAME("v")));
    assert_error(world, ERROR_ALREADY_EXISTS, "View with same name already exists: ns.v");
    assert_int_equal(metadata_files(world), 2);
}

static void test_table_create__refuses_wrong_requests(void **state)
{
    struct world *world = *state;
    struct table_result unused = {0};
    static const char *const wrong[] = {
        "[]",
        "{}",
        "{'name':'x'}",
        "{'name':'x','schema':[]}",
        "{'name':'','schema':" SCHEMA "}",
        "{'name':'..','schema':" SCHEMA "}",
        "{'name':5,'schema':" SCHEMA "}",
        "{'name':'x','schema':" SCHEMA ",'properties':{'a':1}}",
        "{'name':'x','schema':" SCHEMA ",'stage-create':'yes'}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *request = json_of_text("%s", wrong[i]);
        assert_fails(table_create(&world->client.call, slice_from_string("ns"), request, &unused,
                                  &world->client.err),
                     &world->client.err, ERROR_BAD_REQUEST);
        json_decref(request);
    }
    assert_int_equal(world_files(world), 0);
}

/* Rule 50. */
static void test_table_create__strips_a_locations_last_slash(void **state)
{
    struct world *world = *state;
    struct table_result made = {0};
    char more[WORLD_PATH_SIZE], expected[WORLD_PATH_SIZE];
    (void)snprintf(more, sizeof more, "'location':'%s/mine/'", world->allowed);
    (void)snprintf(expected, sizeof expected, "%s/mine", world->allowed);
    assert_ok(make_table_with(world, NAME("t"), more, &made), &world->client.err);
    assert_slice_equal(made.metadata->location, expected);
    table_result_finish(&made);
}

/* --- staged create ------------------------------------------------------------------------ */

/* Rule 14. */
static void test_table_create__staged_leaves_nothing(void **state)
{
    struct world *world = *state;
    struct table_result staged = {0};
    int64_t changes = change_count(world);
    assert_ok(make_table_with(world, NAME("t"), "'stage-create':true", &staged),
              &world->client.err);
    assert_int_equal(staged.metadata_location.len, 0);
    assert_int_equal(staged.metadata->uuid.len, 36);
    assert_false(has_table(world, NAME("t")));
    assert_int_equal(world_files(world), 0);
    assert_int_equal(change_count(world), changes);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    table_result_finish(&staged);
}

/* For writers that make no folders. One that could not be the metadata's is refused before. */
static void test_table_create__staged_makes_the_folder_of_the_metadata(void **state)
{
    struct world *world = *state;
    struct table_result staged = {0};
    char folder[WORLD_PATH_SIZE];
    struct stat status;
    assert_false(make_table_with(
        world, NAME("t"),
        "'stage-create':true,'properties':{'write.metadata.path':'file:///elsewhere/m'}", NULL));
    assert_int_equal(world->client.err.kind, ERROR_FORBIDDEN);
    assert_ok(make_table_with(world, NAME("t"), "'stage-create':true", &staged),
              &world->client.err);
    (void)snprintf(folder, sizeof folder, "%.*s/metadata", (int)staged.metadata->location.len - 7,
                   staged.metadata->location.ptr + 7);
    assert_int_equal(stat(folder, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    table_result_finish(&staged);
}

/* The updates that end a staged create, as clients send them. */
static char *staged_updates(const struct table_metadata *metadata)
{
    char *text = NULL;
    int size = asprintf(
        &text,
        "[{'action':'assign-uuid','uuid':'%.*s'},{'action':'upgrade-format-version',"
        "'format-version':2},{'action':'add-schema','schema':%s,'last-column-id':2},"
        "{'action':'set-current-schema','schema-id':-1},"
        "{'action':'add-spec','spec':{'spec-id':0,'fields':[]}},"
        "{'action':'set-default-spec','spec-id':-1},"
        "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}},"
        "{'action':'set-default-sort-order','sort-order-id':-1},"
        "{'action':'set-location','location':'%.*s'}]",
        SLICE_ARG(metadata->uuid), SCHEMA, SLICE_ARG(metadata->location));
    assert_true(size > 0);
    return text;
}

/* Rule K7. */
static void test_table_create__staged_is_ended_by_its_commit(void **state)
{
    struct world *world = *state;
    struct table_result staged = {0}, made = {0};
    assert_ok(make_table_with(world, NAME("t"), "'stage-create':true", &staged),
              &world->client.err);
    char *updates = staged_updates(staged.metadata);
    assert_ok(commit_table(world, NAME("t"), "[{'type':'assert-create'}]", updates, &made),
              &world->client.err);
    assert_true(slice_equals(made.metadata->uuid, staged.metadata->uuid));
    assert_true(slice_equals(made.metadata->location, staged.metadata->location));
    assert_true(has_table(world, NAME("t")));
    free(updates);
    table_result_finish(&staged);
    table_result_finish(&made);
}

/* Rule K7. */
static void test_table_create__staged_loses_to_a_table_made_meanwhile(void **state)
{
    struct world *world = *state;
    struct table_result staged = {0};
    assert_ok(make_table_with(world, NAME("t"), "'stage-create':true", &staged),
              &world->client.err);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice winner = table_pointer(world, NAME("t"));
    char *updates = staged_updates(staged.metadata);
    assert_false(commit_table(world, NAME("t"), "[{'type':'assert-create'}]", updates, NULL));
    assert_error(world, ERROR_COMMIT_FAILED,
                 "Requirement failed: table already exists (Table already exists: ns.t)");
    assert_true(slice_equals(table_pointer(world, NAME("t")), winner));
    assert_int_equal(metadata_files(world), 1);
    free(updates);
    table_result_finish(&staged);
}

/* Rule 14. */
static void test_table_create__staged_does_not_keep_a_namespace(void **state)
{
    struct world *world = *state;
    struct table_result staged = {0};
    assert_ok(make_namespace(world, "empty"), &world->client.err);
    assert_ok(make_table_with(world, name_in("empty", "t"), "'stage-create':true", &staged),
              &world->client.err);
    table_result_finish(&staged);
    assert_ok(namespace_drop(&world->client.call, slice_from_string("empty"),
                             &world->client.err),
              &world->client.err);
}

/* --- load, exists, list ------------------------------------------------------------------- */

static void test_table_load__says_what_is_missing(void **state)
{
    struct world *world = *state;
    struct table_result unused = {0};
    assert_false(load_table(world, NAME("t"), &unused));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.t");
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_false(load_table(world, NAME("v"), &unused));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.v");
    assert_fails(table_exists(&world->client.call, NAME("v"), &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_TABLE);
}

/* Rule K5. */
static void test_table_load__does_not_hide_a_lost_file_behind_the_cache(void **state)
{
    struct world *world = *state;
    struct table_result unused = {0};
    char expected[WORLD_PATH_SIZE];
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    file_delete(location.ptr);
    (void)snprintf(expected, sizeof expected, "Failed to open input stream for file: %s",
                   location.ptr);
    assert_false(load_table(world, NAME("t"), &unused));
    assert_error(world, ERROR_NOT_FOUND, expected);
    world_reopen(world);
    assert_false(load_table(world, NAME("t"), &unused));
    assert_error_has(world, ERROR_NOT_FOUND, "Failed to open input stream for file: ");
}

static void test_table_load__calls_a_damaged_file_corrupt(void **state)
{
    struct world *world = *state;
    struct table_result unused = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    file_delete(location.ptr);
    file_write(location.ptr, SLICE_LITERAL("{\"format-version\":2"));
    world_reopen(world);
    assert_false(load_table(world, NAME("t"), &unused));
    assert_error_has(world, ERROR_CORRUPT, "metadata file file:///tmp/");
}

static void test_table_list__has_tables_only_and_pages(void **state)
{
    struct world *world = *state;
    struct name_page page;
    struct page_request all = {0}, two = {.is_paginated = true, .after = SLICE_EMPTY, .size = 2};
    const char *const names[] = {"c", "a", "b"};
    for (size_t i = 0; i < 3; i++)
        assert_ok(make_table(world, NAME(names[i])), &world->client.err);
    assert_ok(make_view(world, NAME("aa"), "", NULL), &world->client.err);
    struct call *call = &world->client.call;
    struct slice ns = slice_from_string("ns");
    assert_ok(table_list(call, ns, &all, &page, &world->client.err), &world->client.err);
    assert_int_equal(page.count, 3);
    assert_null(page.next.ptr);
    assert_ok(table_list(call, ns, &two, &page, &world->client.err), &world->client.err);
    assert_int_equal(page.count, 2);
    assert_slice_equal(page.names[0], "a");
    assert_slice_equal(page.next, "b");
    two.after = page.next;
    assert_ok(table_list(call, ns, &two, &page, &world->client.err), &world->client.err);
    assert_int_equal(page.count, 1);
    assert_slice_equal(page.names[0], "c");
    assert_null(page.next.ptr);
    assert_fails(table_list(call, slice_from_string("no"), &all, &page, &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_NAMESPACE);
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
}

/* --- rename ------------------------------------------------------------------------------- */

/* Rule 57. */
static void test_table_rename__keeps_uuid_location_and_file(void **state)
{
    struct world *world = *state;
    struct table_result before = {0}, after = {0};
    assert_ok(make_namespace(world, "other"), &world->client.err);
    assert_ok(make_table_with(world, NAME("t"), "", &before), &world->client.err);
    assert_ok(rename_table(world, NAME("t"), name_in("other", "u")), &world->client.err);
    assert_false(has_table(world, NAME("t")));
    assert_ok(load_table(world, name_in("other", "u"), &after), &world->client.err);
    assert_true(slice_equals(before.metadata_location, after.metadata_location));
    assert_true(slice_equals(before.metadata->uuid, after.metadata->uuid));
    table_result_finish(&before);
    table_result_finish(&after);
}

/* Rules K6, K15. */
static void test_table_rename__says_what_stands_in_the_way(void **state)
{
    struct world *world = *state;
    assert_false(rename_table(world, NAME("t"), NAME("u")));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.t");
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(make_table(world, NAME("u")), &world->client.err);
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_false(rename_table(world, NAME("t"), NAME("u")));
    assert_error(world, ERROR_ALREADY_EXISTS,
                 "Cannot rename ns.t to ns.u. Table already exists");
    assert_false(rename_table(world, NAME("t"), NAME("v")));
    assert_error(world, ERROR_ALREADY_EXISTS, "Cannot rename ns.t to ns.v. View already exists");
    assert_false(rename_table(world, NAME("t"), name_in("no", "t")));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
    assert_false(rename_table(world, NAME("v"), NAME("w")));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.v");
    assert_true(has_table(world, NAME("t")));
}

/* Rule 57. */
static void test_table_rename__allows_itself_and_another_case(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(rename_table(world, NAME("t"), NAME("t")), &world->client.err);
    assert_ok(rename_table(world, NAME("t"), NAME("T")), &world->client.err);
    assert_true(has_table(world, NAME("T")));
    assert_false(has_table(world, NAME("t")));
}

static void test_table_rename__frees_the_name_for_another_place(void **state)
{
    struct world *world = *state;
    struct table_result renamed = {0}, made = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(rename_table(world, NAME("t"), NAME("u")), &world->client.err);
    assert_ok(make_table_with(world, NAME("t"), "", &made), &world->client.err);
    assert_ok(load_table(world, NAME("u"), &renamed), &world->client.err);
    assert_false(slice_equals(made.metadata->location, renamed.metadata->location));
    assert_true(slice_starts_with(made.metadata->location, renamed.metadata->location));
    assert_int_equal(made.metadata->location.ptr[renamed.metadata->location.len], '-');
    table_result_finish(&renamed);
    table_result_finish(&made);
}

/* --- register, unregister ----------------------------------------------------------------- */

/* Rules 38, K13. */
static void test_table_register__keeps_uuid_and_history(void **state)
{
    struct world *world = *state;
    struct table_result back = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(set_property(world, NAME("t"), "a", "1"), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    size_t files = world_files(world);
    assert_ok(drop_table(world, NAME("t"), false), &world->client.err);
    assert_int_equal(world_files(world), files);
    assert_ok(register_table(world, NAME("u"), location.ptr, false, &back), &world->client.err);
    assert_true(slice_equals(back.metadata_location, location));
    assert_int_equal(back.metadata->metadata_log_count, 1);
    assert_int_equal(world_files(world), files);
    assert_string_equal(table_property_of(world, NAME("u"), "a"), "1");
    table_result_finish(&back);
}

/* Rules 57, K13, K14. */
static void test_table_register__refuses_a_taken_name(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    assert_false(register_table(world, NAME("t"), location.ptr, false, NULL));
    assert_error(world, ERROR_ALREADY_EXISTS, "Table already exists: ns.t");
    assert_false(register_table(world, NAME("v"), location.ptr, true, NULL));
    assert_error(world, ERROR_ALREADY_EXISTS, "View with same name already exists: ns.v");
    assert_false(register_table(world, name_in("no", "t"), location.ptr, false, NULL));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
    assert_false(register_table(world, name_in("no", "t"), location.ptr, true, NULL));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
}

static void test_table_register__overwrites_where_it_is_told_to(void **state)
{
    struct world *world = *state;
    struct table_result first = {0}, back = {0};
    assert_ok(make_table_with(world, NAME("t"), "", &first), &world->client.err);
    assert_ok(set_property(world, NAME("t"), "a", "1"), &world->client.err);
    struct slice newer = table_pointer(world, NAME("t"));
    assert_ok(register_table(world, NAME("t"), first.metadata_location.ptr, true, &back),
              &world->client.err);
    assert_true(slice_equals(table_pointer(world, NAME("t")), first.metadata_location));
    assert_null(table_property_of(world, NAME("t"), "a"));
    assert_true(file_is_there(newer.ptr));
    table_result_finish(&first);
    table_result_finish(&back);
}

static void test_table_register__logs_the_pointer_it_overwrote(void **state)
{
    struct world *world = *state;
    struct pointer_view *view = NULL;
    struct change_row *rows = NULL;
    size_t count = 0;
    struct table_result first = {0};
    assert_ok(make_table_with(world, NAME("t"), "", &first), &world->client.err);
    assert_ok(set_property(world, NAME("t"), "a", "1"), &world->client.err);
    struct slice newer = table_pointer(world, NAME("t"));
    assert_ok(register_table(world, NAME("t"), first.metadata_location.ptr, true, NULL),
              &world->client.err);
    assert_ok(pointer_view_begin(world->pointers, &view, &world->client.err),
              &world->client.err);
    assert_true(pointer_change_list(view, 0, 0, 100, &world->client.arena, &rows, &count, NULL));
    pointer_view_end(view);
    assert_true(slice_equals(rows[count - 1].old_location, newer));
    assert_true(slice_equals(rows[count - 1].new_location, first.metadata_location));
    table_result_finish(&first);
}

static void test_table_register__refuses_files_that_are_no_metadata(void **state)
{
    struct world *world = *state;
    char path[WORLD_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/x.metadata.json", world->location);
    assert_false(register_table(world, NAME("t"), path, false, NULL));
    assert_error_has(world, ERROR_NOT_FOUND, "Failed to open input stream for file: ");
    file_write(path, SLICE_LITERAL("{\"a\":1}"));
    assert_false(register_table(world, NAME("t"), path, false, NULL));
    assert_error_has(world, ERROR_BAD_REQUEST, "it is not table metadata");
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_false(register_table(world, NAME("t"), "file:///etc/hostname", false, NULL));
    assert_error_has(world, ERROR_FORBIDDEN, "lies outside of the warehouse");
    assert_false(register_table(world, NAME("t"), "file:///tmp/../etc/hostname", false, NULL));
    assert_error_has(world, ERROR_BAD_REQUEST, "must not hold '..'");
    assert_false(has_table(world, NAME("t")));
    assert_true(file_is_there(path));
}

static void test_table_register__refuses_the_place_of_a_living_table(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    assert_false(register_table(world, NAME("u"), location.ptr, false, NULL));
    assert_error_has(world, ERROR_VALIDATION, "the location of table ns.t: choose another");
    assert_true(file_is_there(location.ptr));
}

static void test_table_unregister__gives_the_metadata_and_leaves_the_files(void **state)
{
    struct world *world = *state;
    struct table_result out = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    assert_ok(table_unregister(&world->client.call, NAME("t"), &out, &world->client.err),
              &world->client.err);
    assert_true(slice_equals(out.metadata_location, location));
    json_t *tree = table_tree(out.metadata);
    assert_non_null(text_in(tree, "table-uuid"));
    json_decref(tree);
    assert_false(has_table(world, NAME("t")));
    assert_true(file_is_there(location.ptr));
    table_result_finish(&out);
    assert_fails(table_unregister(&world->client.call, NAME("t"), &out, &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_TABLE);
}

/* --- drop --------------------------------------------------------------------------------- */

static void test_table_drop__without_purge_leaves_the_files(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    assert_ok(drop_table(world, NAME("t"), false), &world->client.err);
    assert_false(has_table(world, NAME("t")));
    assert_true(file_is_there(location.ptr));
    assert_false(drop_table(world, NAME("t"), false));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.t");
}

/* Rule 60. */
static void test_table_drop__refuses_a_purge_where_gc_is_disabled(void **state)
{
    struct world *world = *state;
    assert_ok(make_table_with(world, NAME("t"), "'properties':{'gc.enabled':'FALSE'}", NULL),
              &world->client.err);
    assert_false(drop_table(world, NAME("t"), true));
    assert_error_has(world, ERROR_VALIDATION, "Cannot purge table ns.t: gc.enabled is false");
    assert_true(has_table(world, NAME("t")));
    assert_ok(drop_table(world, NAME("t"), false), &world->client.err);
}

static void test_table_drop__takes_a_table_whose_metadata_is_lost(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    file_delete(table_pointer(world, NAME("t")).ptr);
    world_reopen(world);
    assert_ok(drop_table(world, NAME("t"), true), &world->client.err);
    assert_false(has_table(world, NAME("t")));
}

static void test_table_drop__frees_name_and_place(void **state)
{
    struct world *world = *state;
    struct table_result first = {0}, second = {0};
    assert_ok(make_table_with(world, NAME("t"), "", &first), &world->client.err);
    assert_ok(drop_table(world, NAME("t"), false), &world->client.err);
    assert_ok(make_table_with(world, NAME("t"), "", &second), &world->client.err);
    assert_true(slice_equals(first.metadata->location, second.metadata->location));
    assert_false(slice_equals(first.metadata->uuid, second.metadata->uuid));
    table_result_finish(&first);
    table_result_finish(&second);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_table_create__stores_metadata_below_the_warehouse),
        IN_WORLD(test_table_create__survives_a_restart),
        IN_WORLD(test_table_create__needs_the_namespace),
        IN_WORLD(test_table_create__refuses_a_taken_name),
        IN_WORLD(test_table_create__refuses_wrong_requests),
        IN_WORLD(test_table_create__strips_a_locations_last_slash),
        IN_WORLD(test_table_create__staged_leaves_nothing),
        IN_WORLD(test_table_create__staged_makes_the_folder_of_the_metadata),
        IN_WORLD(test_table_create__staged_is_ended_by_its_commit),
        IN_WORLD(test_table_create__staged_loses_to_a_table_made_meanwhile),
        IN_WORLD(test_table_create__staged_does_not_keep_a_namespace),
        IN_WORLD(test_table_load__says_what_is_missing),
        IN_WORLD(test_table_load__does_not_hide_a_lost_file_behind_the_cache),
        IN_WORLD(test_table_load__calls_a_damaged_file_corrupt),
        IN_WORLD(test_table_list__has_tables_only_and_pages),
        IN_WORLD(test_table_rename__keeps_uuid_location_and_file),
        IN_WORLD(test_table_rename__says_what_stands_in_the_way),
        IN_WORLD(test_table_rename__allows_itself_and_another_case),
        IN_WORLD(test_table_rename__frees_the_name_for_another_place),
        IN_WORLD(test_table_register__keeps_uuid_and_history),
        IN_WORLD(test_table_register__refuses_a_taken_name),
        IN_WORLD(test_table_register__overwrites_where_it_is_told_to),
        IN_WORLD(test_table_register__logs_the_pointer_it_overwrote),
        IN_WORLD(test_table_register__refuses_files_that_are_no_metadata),
        IN_WORLD(test_table_register__refuses_the_place_of_a_living_table),
        IN_WORLD(test_table_unregister__gives_the_metadata_and_leaves_the_files),
        IN_WORLD(test_table_drop__without_purge_leaves_the_files),
        IN_WORLD(test_table_drop__refuses_a_purge_where_gc_is_disabled),
        IN_WORLD(test_table_drop__takes_a_table_whose_metadata_is_lost),
        IN_WORLD(test_table_drop__frees_name_and_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
