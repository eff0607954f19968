#include "catalog/namespace.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/catalog/catalog_fixture.h"

static bool create_from(struct world *world, const char *json, struct namespace_row *ret_row)
{
    json_t *request = json_of_text("%s", json);
    error_clear(&world->client.err);
    bool ok = namespace_create(&world->client.call, request, ret_row, &world->client.err);
    json_decref(request);
    return ok;
}

static bool drop(struct world *world, const char *path)
{
    error_clear(&world->client.err);
    return namespace_drop(&world->client.call, slice_from_string(path), &world->client.err);
}

/* --- create, load ------------------------------------------------------------------------- */

static void test_namespace_create__keeps_properties(void **state)
{
    struct world *world = *state;
    struct namespace_row row;
    assert_ok(create_from(world, "{'namespace':['p'],'properties':{'a':'1','b':'2'}}", &row),
              &world->client.err);
    assert_slice_equal(row.properties, "{\"a\":\"1\",\"b\":\"2\"}");
    world_reopen(world);
    assert_ok(namespace_load(&world->client.call, slice_from_string("p"), &row,
                             &world->client.err),
              &world->client.err);
    assert_slice_equal(row.properties, "{\"a\":\"1\",\"b\":\"2\"}");
}

/* Rules 56, K1. */
static void test_namespace_create__needs_the_parent(void **state)
{
    struct world *world = *state;
    assert_false(make_namespace(world, "a\x1F" "b\x1F" "c"));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: a.b");
    assert_ok(make_namespace(world, "a"), &world->client.err);
    assert_ok(make_namespace(world, "a\x1F" "b"), &world->client.err);
    assert_ok(make_namespace(world, "a\x1F" "b\x1F" "c"), &world->client.err);
    assert_false(make_namespace(world, "a\x1F" "b"));
    assert_error(world, ERROR_ALREADY_EXISTS, "Namespace already exists: a.b");
}

/* ["a","b"] and ["a.b"] are two namespaces. */
static void test_namespace_create__tells_dots_from_levels(void **state)
{
    struct world *world = *state;
    assert_ok(make_namespace(world, "a"), &world->client.err);
    assert_ok(make_namespace(world, "a\x1F" "b"), &world->client.err);
    assert_ok(make_namespace(world, "a.b"), &world->client.err);
    assert_ok(make_table(world, name_in("a.b", "t")), &world->client.err);
    assert_false(has_table(world, name_in("a\x1F" "b", "t")));
    assert_ok(make_table(world, name_in("a\x1F" "b", "t")), &world->client.err);
}

static void test_namespace_create__refuses_wrong_requests(void **state)
{
    struct world *world = *state;
    struct namespace_row row;
    static const char *const wrong[] = {
        "[]", "{}", "{'namespace':[]}", "{'namespace':'a'}", "{'namespace':['']}",
        "{'namespace':['a'],'properties':[]}", "{'namespace':['a'],'properties':{'x':1}}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(create_from(world, wrong[i], &row));
        assert_string_equal(error_kind_name(world->client.err.kind), "bad_request");
    }
}

static void test_namespace_create__bounds_the_properties(void **state)
{
    struct world *world = *state;
    struct namespace_row row;
    char *value = malloc(MAX_PROPERTIES_SIZE + 1);
    assert_non_null(value);
    memset(value, 'x', MAX_PROPERTIES_SIZE);
    value[MAX_PROPERTIES_SIZE] = '\0';
    json_t *request = json_pack("{s:[s],s:{s:s}}", "namespace", "big", "properties", "k", value);
    free(value);
    assert_fails(namespace_create(&world->client.call, request, &row, &world->client.err),
                 &world->client.err, ERROR_BAD_REQUEST);
    assert_error_has(world, ERROR_BAD_REQUEST, "the most allowed are 1048576");
    json_decref(request);
}

/* --- list --------------------------------------------------------------------------------- */

/* Rule 56. */
static void test_namespace_list__has_children_of_one_level_in_pages(void **state)
{
    struct world *world = *state;
    struct name_page page;
    struct page_request all = {0}, two = {.is_paginated = true, .after = SLICE_EMPTY, .size = 2};
    const char *const paths[] = {"a", "a\x1F" "z", "a\x1F" "y", "a\x1F" "x", "a\x1F" "y\x1F" "q"};
    for (size_t i = 0; i < 5; i++)
        assert_ok(make_namespace(world, paths[i]), &world->client.err);
    struct call *call = &world->client.call;
    struct slice parent = slice_from_string("a");
    assert_ok(namespace_list(call, SLICE_EMPTY, &all, &page, &world->client.err),
              &world->client.err);
    assert_int_equal(page.count, 2);
    assert_slice_equal(page.names[1], "ns");
    assert_ok(namespace_list(call, parent, &two, &page, &world->client.err), &world->client.err);
    assert_int_equal(page.count, 2);
    assert_slice_equal(page.names[0], "a\x1F" "x");
    assert_slice_equal(page.next, "y");
    two.after = page.next;
    assert_ok(namespace_list(call, parent, &two, &page, &world->client.err), &world->client.err);
    assert_int_equal(page.count, 1);
    assert_slice_equal(page.names[0], "a\x1F" "z");
    assert_null(page.next.ptr);
    assert_false(namespace_list(call, slice_from_string("no"), &all, &page, &world->client.err));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
}

/* A page that is exactly full is the last one: no token to an empty page. */
static void test_namespace_list__ends_with_a_full_page(void **state)
{
    struct world *world = *state;
    struct name_page page;
    struct page_request one = {.is_paginated = true, .after = SLICE_EMPTY, .size = 1};
    assert_ok(namespace_list(&world->client.call, SLICE_EMPTY, &one, &page, &world->client.err),
              &world->client.err);
    assert_int_equal(page.count, 1);
    assert_null(page.next.ptr);
}

/* --- drop --------------------------------------------------------------------------------- */

/* Rules 56, K1, K18. */
static void test_namespace_drop__refuses_while_anything_is_in_it(void **state)
{
    struct world *world = *state;
    assert_ok(make_namespace(world, "ns\x1F" "child"), &world->client.err);
    assert_false(drop(world, "ns"));
    assert_error(world, ERROR_NAMESPACE_NOT_EMPTY,
                 "Namespace ns is not empty: it holds namespaces; drop them first");
    assert_ok(drop(world, "ns\x1F" "child"), &world->client.err);
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_false(drop(world, "ns"));
    assert_error(world, ERROR_NAMESPACE_NOT_EMPTY,
                 "Namespace ns is not empty: it holds views; drop them first");
    assert_ok(view_drop(&world->client.call, NAME("v"), &world->client.err), &world->client.err);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(drop(world, "ns"));
    assert_error(world, ERROR_NAMESPACE_NOT_EMPTY,
                 "Namespace ns is not empty: it holds tables; drop them first");
    assert_ok(drop_table(world, NAME("t"), false), &world->client.err);
    assert_ok(drop(world, "ns"), &world->client.err);
    assert_false(drop(world, "ns"));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: ns");
}

/* --- properties --------------------------------------------------------------------------- */

static bool update(struct world *world, const char *json, json_t **ret_answer)
{
    json_t *request = json_of_text("%s", json);
    error_clear(&world->client.err);
    bool ok = namespace_update_properties(&world->client.call, slice_from_string("ns"), request,
                                          ret_answer, &world->client.err);
    json_decref(request);
    return ok;
}

static void test_namespace_update__tells_what_it_did(void **state)
{
    struct world *world = *state;
    struct namespace_row row;
    json_t *answer = NULL;
    assert_ok(update(world, "{'updates':{'a':'1','b':'2'}}", &answer), &world->client.err);
    json_decref(answer);
    assert_ok(update(world, "{'removals':['a','no','a'],'updates':{'c':'3'}}", &answer),
              &world->client.err);
    char *text = json_dumps(answer, JSON_COMPACT);
    assert_string_equal(text, "{\"updated\":[\"c\"],\"removed\":[\"a\"],\"missing\":[\"no\"]}");
    assert_slice_equal(world->client.call.outcome.body, text);
    free(text);
    json_decref(answer);
    assert_true(namespace_load(&world->client.call, slice_from_string("ns"), &row, NULL));
    assert_slice_equal(row.properties, "{\"b\":\"2\",\"c\":\"3\"}");
}

static void test_namespace_update__removes_the_last_property(void **state)
{
    struct world *world = *state;
    struct namespace_row row;
    json_t *answer = NULL;
    assert_ok(update(world, "{'updates':{'a':'1'}}", &answer), &world->client.err);
    json_decref(answer);
    assert_ok(update(world, "{'removals':['a']}", &answer), &world->client.err);
    json_decref(answer);
    assert_true(namespace_load(&world->client.call, slice_from_string("ns"), &row, NULL));
    assert_slice_equal(row.properties, "{}");
}

static void test_namespace_update__refuses_a_key_on_both_sides(void **state)
{
    struct world *world = *state;
    json_t *answer = NULL;
    assert_false(update(world, "{'removals':['a'],'updates':{'a':'1'}}", &answer));
    assert_error_has(world, ERROR_UNPROCESSABLE, "Cannot both update and remove the property a");
    assert_false(update(world, "{'removals':[1]}", &answer));
    assert_error_has(world, ERROR_BAD_REQUEST, "removals must be an array of strings");
    assert_false(update(world, "[]", &answer));
    assert_false(update(world, "{'updates':{'a':null}}", &answer));
    assert_null(answer);
}

static void test_namespace_update__needs_the_namespace(void **state)
{
    struct world *world = *state;
    json_t *answer = NULL, *request = json_of_text("{'updates':{'a':'1'}}");
    assert_fails(namespace_update_properties(&world->client.call, slice_from_string("no"), request,
                                             &answer, &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_NAMESPACE);
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
    json_decref(request);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_namespace_create__keeps_properties),
        IN_WORLD(test_namespace_create__needs_the_parent),
        IN_WORLD(test_namespace_create__tells_dots_from_levels),
        IN_WORLD(test_namespace_create__refuses_wrong_requests),
        IN_WORLD(test_namespace_create__bounds_the_properties),
        IN_WORLD(test_namespace_list__has_children_of_one_level_in_pages),
        IN_WORLD(test_namespace_list__ends_with_a_full_page),
        IN_WORLD(test_namespace_drop__refuses_while_anything_is_in_it),
        IN_WORLD(test_namespace_update__tells_what_it_did),
        IN_WORLD(test_namespace_update__removes_the_last_property),
        IN_WORLD(test_namespace_update__refuses_a_key_on_both_sides),
        IN_WORLD(test_namespace_update__needs_the_namespace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
