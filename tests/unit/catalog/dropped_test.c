#include "catalog/dropped.h"

#include <stdio.h>
#include <time.h>

#include "base/json_tree.h"
#include "catalog/location_policy.h"
#include "catalog/purge.h"
#include "tests/unit/catalog/catalog_fixture.h"

#define HOUR_MS (3600 * 1000)
/* On a busy machine. */
#define MAX_PURGE_WAIT_MS 10000

/* A world whose warehouse keeps what is dropped for an hour, with a table ns.t. */
static int setup(void **state)
{
    assert_int_equal(world_setup(state), 0);
    struct world *world = *state;
    set_retention(world, "1h");
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(set_property(world, NAME("t"), "x", "1"), &world->client.err);
    return 0;
}

static bool undrop(struct world *world, json_t *request)
{
    client_fresh(&world->client, world);
    bool ok = dropped_undrop(&world->client.call, request, &world->client.err);
    json_decref(request);
    return ok;
}

static bool undrop_name(struct world *world, const char *name)
{
    return undrop(world, json_of_text("{'namespace':['ns'],'name':'%s'}", name));
}

static bool undrop_as(struct world *world, const char *name, const char *space, const char *to)
{
    return undrop(world, json_of_text("{'namespace':['ns'],'name':'%s','destination':{"
                                      "'namespace':['%s'],'name':'%s'}}",
                                      name, space, to));
}

static bool forget(struct world *world, const char *name)
{
    json_t *request = json_of_text("{'namespace':['ns'],'name':'%s'}", name);
    client_fresh(&world->client, world);
    bool ok = dropped_forget(&world->client.call, request, &world->client.err);
    json_decref(request);
    return ok;
}

static size_t kept(struct world *world, struct dropped_row **ret_rows)
{
    struct dropped_page page;
    client_fresh(&world->client, world);
    assert_ok(dropped_list(&world->client.call, DROPPED_FROM_START, 100, &page, &world->client.err),
              &world->client.err);
    assert_false(page.has_more);
    if (ret_rows)
        *ret_rows = page.rows;
    return page.count;
}

static void must_drop(struct world *world, const char *name, bool purge)
{
    assert_ok(drop_table(world, NAME(name), purge), &world->client.err);
    assert_false(has_table(world, NAME(name)));
}

/* A path that outlives the client's next request. */
struct path {
    char text[WORLD_PATH_SIZE];
};

static struct path pointer_path(struct world *world, const char *name)
{
    struct path path;
    struct slice pointer = table_pointer(world, NAME(name));
    assert_non_null(pointer.ptr);
    (void)snprintf(path.text, sizeof path.text, "%.*s", (int)pointer.len, pointer.ptr);
    return path;
}

static void assert_location(struct world *world, const char *name, const char *begins)
{
    struct table_result result = {0};
    char expected[WORLD_PATH_SIZE];
    (void)snprintf(expected, sizeof expected, "%s/ns/%s", world->location, begins);
    assert_ok(load_table(world, NAME(name), &result), &world->client.err);
    assert_true(slice_starts_with(result.metadata->location, slice_from_string(expected)));
    assert_true(result.metadata->location.len > strlen(expected));
    table_result_finish(&result);
}

static struct change_row last_change(struct world *world)
{
    struct pointer_view *view = NULL;
    struct change_row *rows = NULL;
    size_t count = 0;
    client_fresh(&world->client, world);
    assert_true(pointer_view_begin(world->pointers, &view, NULL));
    assert_true(pointer_change_list(view, 0, 0, 1000, &world->client.arena, &rows, &count, NULL));
    pointer_view_end(view);
    assert_true(count > 0);
    return rows[count - 1];
}

/* --- drop and undrop ---------------------------------------------------------------------- */

/* Rule 63. */
static void test_undrop__brings_back_the_same_table(void **state)
{
    struct world *world = *state;
    struct table_result before = {0}, after = {0};
    assert_ok(load_table(world, NAME("t"), &before), &world->client.err);
    struct path pointer = pointer_path(world, "t");
    int64_t changes = change_count(world);
    must_drop(world, "t", false);
    assert_int_equal(change_count(world), changes + 1);
    assert_int_equal(kept(world, NULL), 1);
    assert_ok(undrop_name(world, "t"), &world->client.err);
    assert_int_equal(change_count(world), changes + 2);
    assert_int_equal(kept(world, NULL), 0);
    struct change_row change = last_change(world);
    assert_slice_equal(change.name, "t");
    assert_slice_equal(change.namespace_path, "ns");
    assert_slice_equal(change.new_location, pointer.text);
    assert_true(slice_equals(change.entity_uuid, before.metadata->uuid));
    assert_ok(load_table(world, NAME("t"), &after), &world->client.err);
    assert_true(slice_equals(after.metadata->uuid, before.metadata->uuid));
    assert_slice_equal(after.metadata_location, pointer.text);
    table_result_finish(&before);
    table_result_finish(&after);
    assert_ok(set_property(world, NAME("t"), "x", "2"), &world->client.err);
}

static void test_undrop__answers_what_it_is_now(void **state)
{
    struct world *world = *state;
    struct path pointer = pointer_path(world, "t");
    json_t *answer = NULL;
    must_drop(world, "t", false);
    assert_ok(undrop_as(world, "t", "ns", "t2"), &world->client.err);
    assert_ok(json_tree_parse(world->client.call.outcome.body, "answer", &answer,
                              &world->client.err),
              &world->client.err);
    assert_string_equal(json_string_value(json_object_get(answer, "type")), "table");
    assert_string_equal(json_string_value(json_object_get(answer, "name")), "t2");
    assert_string_equal(json_string_value(json_object_get(answer, "metadata-location")),
                        pointer.text);
    assert_int_equal(json_array_size(json_object_get(answer, "namespace")), 1);
    json_decref(answer);
    assert_true(has_table(world, NAME("t2")));
    assert_false(has_table(world, NAME("t")));
}

/* Rule 63. */
static void test_drop__is_final_where_nothing_is_kept(void **state)
{
    struct world *world = *state;
    set_retention(world, "0");
    must_drop(world, "t", false);
    assert_int_equal(kept(world, NULL), 0);
    assert_false(undrop_name(world, "t"));
    assert_error_has(world, ERROR_NO_SUCH_TABLE, "is kept is ns.t");
}

static void test_drop__survives_a_restart(void **state)
{
    struct world *world = *state;
    must_drop(world, "t", true);
    world_reopen(world);
    assert_false(has_table(world, NAME("t")));
    assert_ok(undrop_name(world, "t"), &world->client.err);
    world_reopen(world);
    assert_string_equal(table_property_of(world, NAME("t"), "x"), "1");
}

/* A table that is unregistered is another catalog's: this one must not hold its place. */
static void test_unregister__keeps_nothing(void **state)
{
    struct world *world = *state;
    struct table_result result = {0};
    assert_ok(table_unregister(&world->client.call, NAME("t"), &result, &world->client.err),
              &world->client.err);
    struct path pointer;
    (void)snprintf(pointer.text, sizeof pointer.text, "%.*s", (int)result.metadata_location.len,
                   result.metadata_location.ptr);
    table_result_finish(&result);
    assert_int_equal(kept(world, NULL), 0);
    assert_ok(register_table(world, NAME("t"), pointer.text, false, NULL), &world->client.err);
}

static void test_undrop__brings_back_a_view(void **state)
{
    struct world *world = *state;
    struct dropped_row *rows = NULL;
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    client_fresh(&world->client, world);
    assert_ok(view_drop(&world->client.call, NAME("v"), &world->client.err), &world->client.err);
    assert_false(has_view(world, NAME("v")));
    assert_int_equal(kept(world, &rows), 1);
    assert_int_equal(rows[0].entity.kind, ENTITY_VIEW);
    assert_false(rows[0].purge);
    assert_ok(undrop_name(world, "v"), &world->client.err);
    assert_true(has_view(world, NAME("v")));
}

/* --- names, places, namespaces ------------------------------------------------------------ */

/* Rule 63. */
static void test_create__under_the_name_gets_another_place(void **state)
{
    struct world *world = *state;
    char more[2 * WORLD_PATH_SIZE];
    must_drop(world, "t", true);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_location(world, "t", "t-");
    (void)snprintf(more, sizeof more, "'location':'%s/ns/t'", world->location);
    assert_false(make_table_with(world, NAME("u"), more, NULL));
    assert_error_has(world, ERROR_VALIDATION, "of table ns.t, which was dropped and is kept");
}

/* Rule 63. */
static void test_undrop__onto_a_taken_name_needs_another(void **state)
{
    struct world *world = *state;
    must_drop(world, "t", false);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(undrop_name(world, "t"));
    assert_error_has(world, ERROR_ALREADY_EXISTS, "Table already exists: ns.t");
    assert_false(undrop_as(world, "t", "other", "t"));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: other");
    assert_ok(make_namespace(world, "other"), &world->client.err);
    assert_ok(undrop_as(world, "t", "other", "t"), &world->client.err);
    assert_string_equal(table_property_of(world, name_in("other", "t"), "x"), "1");
    assert_true(table_property_of(world, NAME("t"), "x") == NULL);
    assert_int_equal(kept(world, NULL), 0);
}

static void test_undrop__onto_the_name_of_a_view_is_refused(void **state)
{
    struct world *world = *state;
    must_drop(world, "t", false);
    assert_ok(make_view(world, NAME("t"), "", NULL), &world->client.err);
    assert_false(undrop_name(world, "t"));
    assert_error_has(world, ERROR_ALREADY_EXISTS, "View with same name already exists: ns.t");
}

/* Rule 63. */
static void test_namespace_drop__is_refused_while_something_is_kept(void **state)
{
    struct world *world = *state;
    must_drop(world, "t", false);
    assert_false(namespace_drop(&world->client.call, SLICE_LITERAL("ns"), &world->client.err));
    assert_error_has(world, ERROR_NAMESPACE_NOT_EMPTY, "the table ns.t was dropped");
    assert_ok(forget(world, "t"), &world->client.err);
    client_fresh(&world->client, world);
    assert_ok(namespace_drop(&world->client.call, SLICE_LITERAL("ns"), &world->client.err),
              &world->client.err);
}

static void test_undrop__by_name_must_be_unique(void **state)
{
    struct world *world = *state;
    struct dropped_row *rows = NULL;
    char uuid[UUID_TEXT_SIZE];
    must_drop(world, "t", false);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    must_drop(world, "t", false);
    assert_int_equal(kept(world, &rows), 2);
    /* The last drop comes first; of two in one millisecond the one made last. */
    (void)snprintf(uuid, sizeof uuid, "%.*s", (int)rows[1].entity.uuid.len,
                   rows[1].entity.uuid.ptr);
    assert_false(undrop_name(world, "t"));
    assert_error_has(world, ERROR_CONFLICT, "ns.t was dropped more than once");
    assert_error_has(world, ERROR_CONFLICT, uuid);
    assert_false(undrop(world, json_of_text("{'uuid':'%s','namespace':['ns'],'name':'u'}", uuid)));
    assert_error_has(world, ERROR_NO_SUCH_TABLE, "is kept is ns.u");
    assert_ok(undrop(world, json_of_text("{'uuid':'%s'}", uuid)), &world->client.err);
    assert_string_equal(table_property_of(world, NAME("t"), "x"), "1");
}

static void test_undrop__refuses_what_names_nothing(void **state)
{
    struct world *world = *state;
    assert_false(undrop(world, json_of_text("{}")));
    assert_error_has(world, ERROR_BAD_REQUEST, "Say what was dropped");
    assert_false(undrop(world, json_of_text("[]")));
    assert_error_has(world, ERROR_BAD_REQUEST, "must be a JSON object");
    assert_false(undrop(world, json_of_text("{'uuid':'7'}")));
    assert_error_has(world, ERROR_BAD_REQUEST, "is not a uuid");
    assert_false(undrop(world, json_of_text("{'name':'t'}")));
    assert_error_has(world, ERROR_BAD_REQUEST, "namespace");
    assert_false(
        undrop(world,
               json_of_text("{'uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1','destination':{}}")));
    assert_error_has(world, ERROR_BAD_REQUEST, "namespace");
    assert_false(undrop(world, json_of_text("{'uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1'}")));
    assert_error_has(world, ERROR_NO_SUCH_TABLE, "9c12d441-03fe-4693-9a96-a0705ddf69c1");
}

/* --- register, other tables' files -------------------------------------------------------- */

/* Rule 63: by its uuid, wherever it is to lie. */
static void test_register__of_what_is_kept_is_refused(void **state)
{
    struct world *world = *state;
    struct path pointer = pointer_path(world, "t");
    must_drop(world, "t", false);
    for (int overwrite = 0; overwrite < 2; overwrite++) {
        assert_false(register_table(world, NAME("back"), pointer.text, overwrite, NULL));
        assert_error_has(world, ERROR_CONFLICT, "Table ns.t, which has the same uuid");
    }
    assert_ok(forget(world, "t"), &world->client.err);
    assert_ok(register_table(world, NAME("back"), pointer.text, false, NULL), &world->client.err);
    assert_string_equal(table_property_of(world, NAME("back"), "x"), "1");
}

static bool may_delete(struct world *world, const char *place, const char *file)
{
    return location_is_deletable(world->catalog, world->warehouse, slice_from_string(place),
                                 slice_from_string(file), &world->client.arena);
}

/* Rule 63: another table's metadata may name any file. */
static void test_files__of_what_is_kept_are_no_other_tables_to_delete(void **state)
{
    struct world *world = *state;
    char view_file[WORLD_PATH_SIZE], elsewhere[WORLD_PATH_SIZE];
    struct view_result made = {0};
    struct path pointer = pointer_path(world, "t");
    assert_ok(make_view(world, NAME("v"), "", &made), &world->client.err);
    (void)snprintf(view_file, sizeof view_file, "%.*s", (int)made.metadata_location.len,
                   made.metadata_location.ptr);
    view_result_finish(&made);
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/ns/u", world->location);
    must_drop(world, "t", false);
    client_fresh(&world->client, world);
    assert_ok(view_drop(&world->client.call, NAME("v"), &world->client.err), &world->client.err);
    assert_false(may_delete(world, elsewhere, pointer.text));
    assert_false(may_delete(world, elsewhere, view_file));
    assert_ok(forget(world, "t"), &world->client.err);
    assert_ok(forget(world, "v"), &world->client.err);
    assert_true(may_delete(world, elsewhere, pointer.text));
    assert_true(may_delete(world, elsewhere, view_file));
}

/* --- the end ------------------------------------------------------------------------------ */

static void wait_until_purged(struct world *world)
{
    for (int waited_ms = 0;; waited_ms += 5) {
        struct purge_row *rows = NULL;
        size_t count = 0;
        client_fresh(&world->client, world);
        assert_ok(purge_list(&world->client.call, 10, &rows, &count, &world->client.err),
                  &world->client.err);
        if (count == 0)
            return;
        assert_true(waited_ms < MAX_PURGE_WAIT_MS);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

/* Rule 63. */
static void test_forget__purges_where_the_drop_asked_for_it(void **state)
{
    struct world *world = *state;
    struct path purged = pointer_path(world, "t");
    assert_ok(make_table(world, NAME("u")), &world->client.err);
    struct path left = pointer_path(world, "u");
    must_drop(world, "t", true);
    must_drop(world, "u", false);
    assert_true(file_is_there(purged.text));
    assert_ok(forget(world, "t"), &world->client.err);
    assert_ok(forget(world, "u"), &world->client.err);
    wait_until_purged(world);
    assert_int_equal(kept(world, NULL), 0);
    assert_false(file_is_there(purged.text));
    assert_true(file_is_there(left.text));
    assert_false(undrop_name(world, "t"));
    assert_error_has(world, ERROR_NO_SUCH_TABLE, "ns.t");
}

/* The clock goes on while nothing runs; the purge thread begins with what is over. */
static void go_on(struct world *world, int64_t ms)
{
    world_close(world);
    world->skew_ms += ms;
    world_open(world);
}

/* Once this has returned the thread has been through its round. */
static void wait_until_ended(struct world *world, size_t left)
{
    for (int waited_ms = 0; kept(world, NULL) != left; waited_ms += 5) {
        assert_true(waited_ms < MAX_PURGE_WAIT_MS);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    wait_until_purged(world);
}

/* Rule 63. */
static void test_retention__ends_by_time(void **state)
{
    struct world *world = *state;
    struct path purged = pointer_path(world, "t");
    assert_ok(make_table(world, NAME("u")), &world->client.err);
    struct path left = pointer_path(world, "u");
    must_drop(world, "t", true);
    must_drop(world, "u", false);
    set_retention(world, "1d");
    assert_ok(make_table(world, NAME("late")), &world->client.err);
    must_drop(world, "late", true);
    go_on(world, HOUR_MS + 60000);
    wait_until_ended(world, 1);
    assert_false(file_is_there(purged.text));
    assert_true(file_is_there(left.text));
    assert_slice_equal(last_change(world).actor, RETENTION_ACTOR);
    assert_ok(undrop_name(world, "late"), &world->client.err);
    assert_ok(register_table(world, NAME("u"), left.text, false, NULL), &world->client.err);
}

static void test_retention__that_changes_counts_for_later_drops(void **state)
{
    struct world *world = *state;
    struct dropped_row *rows = NULL;
    must_drop(world, "t", false);
    assert_int_equal(kept(world, &rows), 1);
    assert_int_equal(rows[0].until_ms - rows[0].dropped_ms, HOUR_MS);
    int64_t until_ms = rows[0].until_ms;
    set_retention(world, "0");
    assert_int_equal(kept(world, &rows), 1);
    assert_int_equal(rows[0].until_ms, until_ms);
    assert_ok(undrop_name(world, "t"), &world->client.err);
    must_drop(world, "t", false);
    assert_int_equal(kept(world, NULL), 0);
}

static void test_retention__ends_no_sooner(void **state)
{
    struct world *world = *state;
    size_t count = 1;
    int64_t until_ms = 0;
    must_drop(world, "t", true);
    go_on(world, HOUR_MS - 60000);
    assert_ok(dropped_expire(world->catalog, &count, &world->client.err), &world->client.err);
    assert_int_equal(count, 0);
    assert_ok(dropped_next_end(world->catalog, &until_ms, &world->client.err), &world->client.err);
    assert_true(until_ms > clock_now_ms(&world->clock));
    assert_true(until_ms <= clock_now_ms(&world->clock) + 60000);
    assert_int_equal(kept(world, NULL), 1);
}

static void test_list__comes_in_pages(void **state)
{
    struct world *world = *state;
    struct dropped_page page;
    must_drop(world, "t", false);
    assert_ok(make_table(world, NAME("u")), &world->client.err);
    must_drop(world, "u", false);
    client_fresh(&world->client, world);
    assert_ok(dropped_list(&world->client.call, DROPPED_FROM_START, 1, &page, &world->client.err),
              &world->client.err);
    assert_true(page.has_more);
    assert_int_equal(page.count, 1);
    assert_slice_equal(page.rows[0].entity.name, "u");
    struct dropped_place after = {page.rows[0].dropped_ms, page.rows[0].entity.id};
    assert_ok(dropped_list(&world->client.call, after, 1, &page, &world->client.err),
              &world->client.err);
    assert_false(page.has_more);
    assert_int_equal(page.count, 1);
    assert_slice_equal(page.rows[0].entity.name, "t");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_undrop__brings_back_the_same_table),
        IN_WORLD(test_undrop__answers_what_it_is_now),
        IN_WORLD(test_drop__is_final_where_nothing_is_kept),
        IN_WORLD(test_drop__survives_a_restart),
        IN_WORLD(test_unregister__keeps_nothing),
        IN_WORLD(test_undrop__brings_back_a_view),
        IN_WORLD(test_create__under_the_name_gets_another_place),
        IN_WORLD(test_undrop__onto_a_taken_name_needs_another),
        IN_WORLD(test_undrop__onto_the_name_of_a_view_is_refused),
        IN_WORLD(test_namespace_drop__is_refused_while_something_is_kept),
        IN_WORLD(test_undrop__by_name_must_be_unique),
        IN_WORLD(test_undrop__refuses_what_names_nothing),
        IN_WORLD(test_register__of_what_is_kept_is_refused),
        IN_WORLD(test_files__of_what_is_kept_are_no_other_tables_to_delete),
        IN_WORLD(test_forget__purges_where_the_drop_asked_for_it),
        IN_WORLD(test_retention__ends_by_time),
        IN_WORLD(test_retention__that_changes_counts_for_later_drops),
        IN_WORLD(test_retention__ends_no_sooner),
        IN_WORLD(test_list__comes_in_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
