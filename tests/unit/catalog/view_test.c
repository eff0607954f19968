#include "catalog/view.h"

#include <stdio.h>
#include <stdlib.h>

#include "catalog/commit.h"
#include "tests/unit/catalog/catalog_fixture.h"

static const char new_version[] =
    "[{'action':'add-view-version','view-version':{'version-id':9,'schema-id':0,"
    "'timestamp-ms':5,'summary':{},'default-namespace':['ns'],"
    "'representations':[{'type':'sql','sql':'select 2','dialect':'spark'}]}},"
    "{'action':'set-current-view-version','view-version-id':-1}]";

static bool load(struct world *world, struct entity_name name, struct view_result *ret_result)
{
    error_clear(&world->client.err);
    return view_load(&world->client.call, name, ret_result, &world->client.err);
}

static bool rename_view(struct world *world, const char *from, const char *to)
{
    json_t *request = json_of_text("{'source':{'namespace':['ns'],'name':'%s'},"
                                   "'destination':{'namespace':['ns'],'name':'%s'}}",
                                   from, to);
    error_clear(&world->client.err);
    bool ok = view_rename(&world->client.call, request, &world->client.err);
    json_decref(request);
    return ok;
}

static bool register_view(struct world *world, const char *name, const char *location,
                          struct view_result *ret_result)
{
    struct view_result unused = {0};
    json_t *request =
        json_pack("{s:s,s:s}", "name", name, "metadata-location", location);
    error_clear(&world->client.err);
    bool ok = view_register(&world->client.call, slice_from_string("ns"), request,
                            ret_result ? ret_result : &unused, &world->client.err);
    view_result_finish(&unused);
    json_decref(request);
    return ok;
}

/* Rule 52: metadata of views is gzip'd unless the view says otherwise. */
static void test_view_create__writes_gzipped_metadata(void **state)
{
    struct world *world = *state;
    struct view_result made = {0}, loaded = {0};
    char expected[WORLD_PATH_SIZE];
    assert_ok(make_view(world, NAME("v"), "", &made), &world->client.err);
    (void)snprintf(expected, sizeof expected, "%s/ns/v/metadata/00000-", world->location);
    assert_true(slice_starts_with(made.metadata_location, slice_from_string(expected)));
    assert_true(slice_ends_with(made.metadata_location, SLICE_LITERAL(".gz.metadata.json")));
    world_reopen(world);
    assert_ok(load(world, NAME("v"), &loaded), &world->client.err);
    assert_true(slice_equals(loaded.metadata->uuid, made.metadata->uuid));
    view_result_finish(&made);
    view_result_finish(&loaded);
}

/* Rules 57, K14. */
static void test_view_create__shares_names_with_tables(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(make_view(world, NAME("t"), "", NULL));
    assert_error(world, ERROR_ALREADY_EXISTS, "Table with same name already exists: ns.t");
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_false(make_view(world, NAME("v"), "", NULL));
    assert_error(world, ERROR_ALREADY_EXISTS, "View already exists: ns.v");
    assert_false(make_view(world, name_in("no", "v"), "", NULL));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
    assert_int_equal(metadata_files(world), 2);
}

/* Rule K14. */
static void test_view_load__says_what_is_missing(void **state)
{
    struct world *world = *state;
    struct view_result unused = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(load(world, NAME("v"), &unused));
    assert_error(world, ERROR_NO_SUCH_VIEW, "View does not exist: ns.v");
    assert_false(load(world, NAME("t"), &unused));
    assert_error(world, ERROR_NO_SUCH_VIEW, "View does not exist: ns.t");
}

/* Rule K16. */
static void test_view_replace__keeps_uuid_and_logs_the_switch(void **state)
{
    struct world *world = *state;
    struct view_result made = {0}, replaced = {0};
    char requirement[128];
    assert_ok(make_view(world, NAME("v"), "", &made), &world->client.err);
    (void)snprintf(requirement, sizeof requirement, "[{'type':'assert-view-uuid','uuid':'%.*s'}]",
                   SLICE_ARG(made.metadata->uuid));
    assert_ok(replace_view(world, NAME("v"), requirement, new_version, &replaced),
              &world->client.err);
    assert_true(slice_equals(made.metadata->uuid, replaced.metadata->uuid));
    assert_int_equal(json_array_size(json_object_get(replaced.metadata->tree, "version-log")), 2);
    assert_non_null(strstr(replaced.metadata_location.ptr, "/metadata/00001-"));
    assert_int_equal(metadata_files(world), 2);
    view_result_finish(&made);
    view_result_finish(&replaced);
}

/* Rule K16. */
static void test_view_replace__refuses_and_leaves_no_file(void **state)
{
    struct world *world = *state;
    assert_false(replace_view(world, NAME("v"), "[]", new_version, NULL));
    assert_error(world, ERROR_NO_SUCH_VIEW, "View does not exist: ns.v");
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    const char *wrong = "[{'type':'assert-view-uuid','uuid':'0'}]";
    assert_false(replace_view(world, NAME("v"), wrong, new_version, NULL));
    assert_error_has(world, ERROR_COMMIT_FAILED, "view UUID does not match");
    assert_false(replace_view(world, NAME("v"), wrong, "[{'action':'fly'}]", NULL));
    assert_error_has(world, ERROR_BAD_REQUEST, "fly");
    assert_false(replace_view(world, NAME("v"), "[{'type':'assert-create'}]", "[]", NULL));
    assert_error_has(world, ERROR_BAD_REQUEST, "assert-create");
    assert_int_equal(metadata_files(world), 1);
}

/* Rule 7. */
static void test_view_replace__without_change_writes_nothing(void **state)
{
    struct world *world = *state;
    struct view_result made = {0}, same = {0};
    assert_ok(make_view(world, NAME("v"), "", &made), &world->client.err);
    assert_ok(replace_view(world, NAME("v"), "[]", "[]", &same), &world->client.err);
    assert_true(slice_equals(made.metadata_location, same.metadata_location));
    assert_int_equal(metadata_files(world), 1);
    view_result_finish(&made);
    view_result_finish(&same);
}

/* Rule K17. */
static void test_view__lies_only_in_allowed_places(void **state)
{
    struct world *world = *state;
    char more[WORLD_PATH_SIZE], path[WORLD_PATH_SIZE];
    assert_false(make_view(world, NAME("v"), "'location':'file:///elsewhere'", NULL));
    assert_error_has(world, ERROR_FORBIDDEN, "The view location file:///elsewhere lies outside");
    (void)snprintf(more, sizeof more, "'location':'%s'", world->allowed);
    assert_ok(make_view(world, NAME("v"), more, NULL), &world->client.err);
    (void)snprintf(path, sizeof path,
                   "[{'action':'set-properties','updates':{'write.metadata.path':'%s-other'}}]",
                   world->allowed);
    assert_false(replace_view(world, NAME("v"), "[]", path, NULL));
    assert_error_has(world, ERROR_FORBIDDEN, "write.metadata.path");
    (void)snprintf(path, sizeof path,
                   "[{'action':'set-properties','updates':{'write.metadata.path':'%s/m'}}]",
                   world->location);
    struct view_result replaced = {0};
    assert_ok(replace_view(world, NAME("v"), "[]", path, &replaced), &world->client.err);
    (void)snprintf(path, sizeof path, "%s/m/00001-", world->location);
    assert_true(slice_starts_with(replaced.metadata_location, slice_from_string(path)));
    view_result_finish(&replaced);
}

/* Rule K15. */
static void test_view_rename__follows_the_rules_of_names(void **state)
{
    struct world *world = *state;
    assert_false(rename_view(world, "v", "w"));
    assert_error(world, ERROR_NO_SUCH_VIEW, "View does not exist: ns.v");
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_ok(make_view(world, NAME("w"), "", NULL), &world->client.err);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(rename_view(world, "v", "w"));
    assert_error(world, ERROR_ALREADY_EXISTS, "Cannot rename ns.v to ns.w. View already exists");
    assert_false(rename_view(world, "v", "t"));
    assert_error(world, ERROR_ALREADY_EXISTS, "Cannot rename ns.v to ns.t. Table already exists");
    assert_false(rename_view(world, "t", "u"));
    assert_error(world, ERROR_NO_SUCH_VIEW, "View does not exist: ns.t");
    assert_ok(rename_view(world, "v", "u"), &world->client.err);
    assert_true(has_view(world, NAME("u")));
    assert_false(has_view(world, NAME("v")));
}

static void test_view_drop__leaves_the_files(void **state)
{
    struct world *world = *state;
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_ok(view_drop(&world->client.call, NAME("v"), &world->client.err), &world->client.err);
    assert_false(has_view(world, NAME("v")));
    assert_int_equal(metadata_files(world), 1);
    assert_false(view_drop(&world->client.call, NAME("v"), &world->client.err));
    assert_error(world, ERROR_NO_SUCH_VIEW, "View does not exist: ns.v");
    assert_fails(view_exists(&world->client.call, NAME("v"), &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_VIEW);
}

/* Rules K14, K18. */
static void test_view_register__brings_a_view_back(void **state)
{
    struct world *world = *state;
    struct view_result made = {0}, back = {0};
    assert_ok(make_view(world, NAME("v"), "", &made), &world->client.err);
    assert_false(register_view(world, "v", made.metadata_location.ptr, NULL));
    assert_error(world, ERROR_ALREADY_EXISTS, "View already exists: ns.v");
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(register_view(world, "t", made.metadata_location.ptr, NULL));
    assert_error(world, ERROR_ALREADY_EXISTS, "Table with same name already exists: ns.t");
    assert_false(register_view(world, "u", table_pointer(world, NAME("t")).ptr, NULL));
    assert_string_equal(error_kind_name(world->client.err.kind), "bad_request");
    assert_false(register_view(world, "u", "file:///elsewhere/m.json", NULL));
    assert_error_has(world, ERROR_FORBIDDEN, "metadata location");
    assert_ok(view_drop(&world->client.call, NAME("v"), &world->client.err), &world->client.err);
    assert_ok(register_view(world, "u", made.metadata_location.ptr, &back), &world->client.err);
    assert_true(slice_equals(back.metadata->uuid, made.metadata->uuid));
    assert_true(has_view(world, NAME("u")));
    view_result_finish(&made);
    view_result_finish(&back);
}

static void test_view_list__has_views_only(void **state)
{
    struct world *world = *state;
    struct name_page page;
    struct page_request all = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_ok(view_list(&world->client.call, slice_from_string("ns"), &all, &page,
                        &world->client.err),
              &world->client.err);
    assert_int_equal(page.count, 1);
    assert_slice_equal(page.names[0], "v");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_view_create__writes_gzipped_metadata),
        IN_WORLD(test_view_create__shares_names_with_tables),
        IN_WORLD(test_view_load__says_what_is_missing),
        IN_WORLD(test_view_replace__keeps_uuid_and_logs_the_switch),
        IN_WORLD(test_view_replace__refuses_and_leaves_no_file),
        IN_WORLD(test_view_replace__without_change_writes_nothing),
        IN_WORLD(test_view__lies_only_in_allowed_places),
        IN_WORLD(test_view_rename__follows_the_rules_of_names),
        IN_WORLD(test_view_drop__leaves_the_files),
        IN_WORLD(test_view_register__brings_a_view_back),
        IN_WORLD(test_view_list__has_views_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
