#include "catalog/format_policy.h"

#include <stdio.h>

#include "catalog/warehouse.h"
#include "tests/unit/catalog/catalog_fixture.h"

/* --- the list ----------------------------------------------------------------------------- */

static void test_format_versions_read__takes_a_list(void **state)
{
    (void)state;
    struct error err = {0};
    static const struct {
        const char *properties;
        unsigned versions;
    } lists[] = {
        {"{}", 0xE},
        {"{'x':'1'}", 0xE},
        {"{'table-format-versions':'2'}", 0x4},
        {"{'table-format-versions':'2,3'}", 0xC},
        {"{'table-format-versions':' 3 , 1, 3 '}", 0xA},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        unsigned versions = 0;
        json_t *properties = json_of_text("%s", lists[i].properties);
        assert_ok(format_versions_read(properties, &versions, &err), &err);
        assert_int_equal(versions, lists[i].versions);
        json_decref(properties);
    }
}

/* Rule 42: a list that allows no table at all, or a version that nobody knows, is a mistake. */
static void test_format_versions_read__refuses_what_is_no_list(void **state)
{
    (void)state;
    struct error err = {0};
    static const char *const wrong[] = {"", " ", ",", "2,", "4", "0", "-1", "two", "2 3", "2;3",
                                        "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        unsigned versions = 7;
        json_t *properties = json_of_text("{'table-format-versions':'%s'}", wrong[i]);
        assert_fails(format_versions_read(properties, &versions, &err), &err, ERROR_BAD_REQUEST);
        json_decref(properties);
        if (!strstr(err.message, "table-format-versions") || !strstr(err.message, "\"2,3\""))
            fail_msg("%s: %s", wrong[i], err.message);
        assert_int_equal(versions, 7);
    }
}

/* --- tables of a warehouse ---------------------------------------------------------------- */

/* Sets the list, and makes the client's calls see it. */
static bool allow(struct world *world, const char *versions)
{
    const struct warehouse *made = NULL;
    json_t *request = json_of_text("{'properties':{'table-format-versions':'%s'}}", versions);
    error_clear(&world->client.err);
    bool ok = warehouse_alter(&world->client.call, world->warehouse->name, request, &made,
                              &world->client.err);
    json_decref(request);
    if (!ok)
        return false;
    warehouse_unref(world->warehouse);
    world->warehouse = made;
    client_fresh(&world->client, world);
    return true;
}

static void assert_not_allowed(struct world *world, const char *sentence)
{
    assert_error(world, ERROR_VALIDATION, sentence);
}

#define VERSION(number) "'properties':{'format-version':'" number "'}"
#define UPGRADE(number) "[{'action':'upgrade-format-version','format-version':" number "}]"

/* Rule 42: at creation, staged or not; the error names what is allowed. */
static void test_format_policy__is_asked_at_creation(void **state)
{
    struct world *world = *state;
    assert_ok(allow(world, "2,3"), &world->client.err);
    assert_false(make_table_with(world, NAME("t"), VERSION("1"), NULL));
    assert_not_allowed(world, "Format version 1 is not allowed in warehouse default: use 2 or 3");
    assert_false(make_table_with(world, NAME("t"), "'stage-create':true," VERSION("1"), NULL));
    assert_not_allowed(world, "Format version 1 is not allowed in warehouse default: use 2 or 3");
    assert_int_equal(world_files(world), 0);
    assert_ok(make_table_with(world, NAME("t"), VERSION("3"), NULL), &world->client.err);
    assert_ok(allow(world, "1,2,3"), &world->client.err);
    assert_ok(make_table_with(world, NAME("u"), VERSION("1"), NULL), &world->client.err);
}

/* Rule 42: a table that names no version gets one that is allowed. */
static void test_format_policy__decides_the_version_of_who_names_none(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *versions;
        int32_t expected;
    } cases[] = {{"1,2,3", 2}, {"3", 3}, {"1", 1}, {"1,3", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct table_result made = {0};
        char name[8];
        (void)snprintf(name, sizeof name, "t%zu", i);
        assert_ok(allow(world, cases[i].versions), &world->client.err);
        assert_ok(make_table_with(world, NAME(name), "", &made), &world->client.err);
        assert_int_equal(made.metadata->format_version, cases[i].expected);
        table_result_finish(&made);
    }
}

static bool create_by_commit(struct world *world, const char *name, const char *first,
                             struct table_result *ret_result)
{
    char updates[2048];
    (void)snprintf(updates, sizeof updates,
                   "[%s{'action':'add-schema','schema':{'type':'struct','fields':[]}},"
                   "{'action':'set-current-schema','schema-id':-1},"
                   "{'action':'add-spec','spec':{'fields':[]}},"
                   "{'action':'set-default-spec','spec-id':-1},"
                   "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}},"
                   "{'action':'set-default-sort-order','sort-order-id':-1},"
                   "{'action':'set-location','location':'%s/ns/%s'}]",
                   first, world->location, name);
    return commit_table(world, NAME(name), "[{'type':'assert-create'}]", updates, ret_result);
}

/* Rule 42: a creation by updates, as the end of a staged one. */
static void test_format_policy__is_asked_where_a_commit_creates(void **state)
{
    struct world *world = *state;
    struct table_result made = {0};
    assert_ok(allow(world, "3"), &world->client.err);
    assert_false(create_by_commit(
        world, "t", "{'action':'upgrade-format-version','format-version':2},", NULL));
    assert_not_allowed(world, "Format version 2 is not allowed in warehouse default: use 3");
    assert_int_equal(world_files(world), 0);
    assert_ok(create_by_commit(world, "t", "", &made), &world->client.err);
    assert_int_equal(made.metadata->format_version, 3);
    table_result_finish(&made);
}

/* Rule 42: at an upgrade, where the version that the commit ends with counts. */
static void test_format_policy__is_asked_at_an_upgrade(void **state)
{
    struct world *world = *state;
    assert_ok(make_table_with(world, NAME("t"), VERSION("1"), NULL), &world->client.err);
    assert_ok(allow(world, "1,3"), &world->client.err);
    assert_false(commit_table(world, NAME("t"), NO_REQUIREMENTS, UPGRADE("2"), NULL));
    assert_not_allowed(world, "Format version 2 is not allowed in warehouse default: use 1 or 3");
    assert_int_equal(metadata_files(world), 1);
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS,
                           "[{'action':'upgrade-format-version','format-version':2},"
                           "{'action':'upgrade-format-version','format-version':3}]",
                           NULL),
              &world->client.err);
}

/* Rule 42: a list that became shorter breaks no table that is there. */
static void test_format_policy__leaves_tables_that_are_there(void **state)
{
    struct world *world = *state;
    assert_ok(make_table_with(world, NAME("t"), VERSION("1"), NULL), &world->client.err);
    assert_ok(allow(world, "3"), &world->client.err);
    assert_ok(set_property(world, NAME("t"), "a", "1"), &world->client.err);
    assert_string_equal(table_property_of(world, NAME("t"), "a"), "1");
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS, UPGRADE("1"), NULL),
              &world->client.err);
}

/* Rule 42: a registered file's version counts, over an old table or not. */
static void test_format_policy__is_asked_at_register(void **state)
{
    struct world *world = *state;
    assert_ok(make_table_with(world, NAME("t"), VERSION("1"), NULL), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    char path[WORLD_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s", location.ptr);
    assert_ok(allow(world, "2,3"), &world->client.err);
    assert_false(register_table(world, NAME("t"), path, true, NULL));
    assert_not_allowed(world, "Format version 1 is not allowed in warehouse default: use 2 or 3");
    assert_true(has_table(world, NAME("t")));
    assert_ok(drop_table(world, NAME("t"), false), &world->client.err);
    assert_false(register_table(world, NAME("t"), path, false, NULL));
    assert_not_allowed(world, "Format version 1 is not allowed in warehouse default: use 2 or 3");
    assert_false(has_table(world, NAME("t")));
    assert_true(file_is_there(path));
    assert_ok(allow(world, "1"), &world->client.err);
    assert_ok(register_table(world, NAME("t"), path, false, NULL), &world->client.err);
}

static void test_format_policy__survives_a_restart(void **state)
{
    struct world *world = *state;
    assert_ok(allow(world, "3"), &world->client.err);
    world_reopen(world);
    assert_false(make_table_with(world, NAME("t"), VERSION("2"), NULL));
    assert_not_allowed(world, "Format version 2 is not allowed in warehouse default: use 3");
}

/* Rule 42: a warehouse does not take a list that is none, and keeps the one that it has. */
static void test_format_policy__wants_a_list_from_the_warehouse(void **state)
{
    struct world *world = *state;
    assert_ok(allow(world, "3"), &world->client.err);
    assert_false(allow(world, "2,4"));
    assert_error_has(world, ERROR_BAD_REQUEST, "table-format-versions");
    assert_false(make_table_with(world, NAME("t"), VERSION("2"), NULL));
    assert_not_allowed(world, "Format version 2 is not allowed in warehouse default: use 3");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_versions_read__takes_a_list),
        cmocka_unit_test(test_format_versions_read__refuses_what_is_no_list),
        IN_WORLD(test_format_policy__is_asked_at_creation),
        IN_WORLD(test_format_policy__decides_the_version_of_who_names_none),
        IN_WORLD(test_format_policy__is_asked_where_a_commit_creates),
        IN_WORLD(test_format_policy__is_asked_at_an_upgrade),
        IN_WORLD(test_format_policy__leaves_tables_that_are_there),
        IN_WORLD(test_format_policy__is_asked_at_register),
        IN_WORLD(test_format_policy__survives_a_restart),
        IN_WORLD(test_format_policy__wants_a_list_from_the_warehouse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
