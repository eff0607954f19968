#include "catalog/function.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/catalog/catalog_fixture.h"

#define UUID_F "42fd3f91-bc10-41c1-8a52-92b57dd0a9b2"

static json_t *function_of(const char *uuid, const char *sql)
{
    return json_of_text(
        "{'function-uuid':'%s','format-version':1,'definitions':[{'definition-id':'int',"
        "'parameters':[{'name':'x','type':'int'}],'return-type':'int','function-type':'udf',"
        "'current-version-id':1,'versions':[{'version-id':1,'timestamp-ms':5,"
        "'representations':[{'type':'sql','dialect':'trino','sql':'%s'}]}]}],"
        "'definition-log':[],'of-the-future':[1]}",
        uuid, sql);
}

static bool put(struct world *world, struct entity_name name, const char *uuid, const char *sql,
                bool *ret_is_new)
{
    bool is_new = false;
    json_t *request = function_of(uuid, sql);
    error_clear(&world->client.err);
    bool ok = function_put(&world->client.call, name, request, &is_new, &world->client.err);
    json_decref(request);
    if (ret_is_new)
        *ret_is_new = is_new;
    return ok;
}

static bool load(struct world *world, struct entity_name name, struct slice *ret_text,
                 struct slice *ret_location)
{
    error_clear(&world->client.err);
    return function_load(&world->client.call, name, ret_text, ret_location, &world->client.err);
}

static void test_function_put__creates_then_replaces(void **state)
{
    struct world *world = *state;
    struct slice text, first, second;
    bool is_new = false;
    assert_ok(put(world, NAME("f"), UUID_F, "x + 1", &is_new), &world->client.err);
    assert_true(is_new);
    assert_int_equal(world->client.call.outcome.status, 201);
    assert_ok(load(world, NAME("f"), &text, &first), &world->client.err);
    json_t *stored = json_loadb(text.ptr, text.len, 0, NULL), *sent = function_of(UUID_F, "x + 1");
    assert_true(json_equal(stored, sent));
    json_decref(stored);
    json_decref(sent);
    assert_ok(put(world, NAME("f"), UUID_F, "x + 2", &is_new), &world->client.err);
    assert_false(is_new);
    assert_int_equal(world->client.call.outcome.status, 200);
    assert_ok(load(world, NAME("f"), &text, &second), &world->client.err);
    assert_false(slice_equals(first, second));
    world_reopen(world);
    assert_ok(load(world, NAME("f"), &text, &second), &world->client.err);
    assert_non_null(strstr(text.ptr, "x + 2"));
}

static void test_function_put__keeps_the_uuid(void **state)
{
    struct world *world = *state;
    assert_ok(put(world, NAME("f"), UUID_F, "x", NULL), &world->client.err);
    size_t files = metadata_files(world);
    assert_false(put(world, NAME("f"), "00000000-bc10-41c1-8a52-92b57dd0a9b2", "x", NULL));
    assert_error_has(world, ERROR_VALIDATION, "Function ns.f has the function-uuid " UUID_F);
    assert_int_equal(metadata_files(world), files);
}

static void test_function_put__refuses_and_leaves_no_file(void **state)
{
    struct world *world = *state;
    bool is_new;
    assert_false(put(world, name_in("no", "f"), UUID_F, "x", NULL));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
    json_t *empty = json_object();
    assert_fails(function_put(&world->client.call, NAME("f"), empty, &is_new, &world->client.err),
                 &world->client.err, ERROR_BAD_REQUEST);
    json_decref(empty);
    assert_false(put(world, NAME(".."), UUID_F, "x", NULL));
    assert_string_equal(error_kind_name(world->client.err.kind), "bad_request");
    assert_int_equal(world_files(world), 0);
}

/* Functions have names of their own: a table's name is free for a function. */
static void test_function__shares_no_names_with_tables(void **state)
{
    struct world *world = *state;
    struct slice text, location;
    assert_ok(make_table(world, NAME("f")), &world->client.err);
    assert_ok(put(world, NAME("f"), UUID_F, "x", NULL), &world->client.err);
    assert_ok(load(world, NAME("f"), &text, &location), &world->client.err);
    assert_true(has_table(world, NAME("f")));
    assert_ok(drop_table(world, NAME("f"), false), &world->client.err);
    assert_ok(load(world, NAME("f"), &text, &location), &world->client.err);
    assert_ok(make_view(world, NAME("f"), "", NULL), &world->client.err);
    assert_ok(function_drop(&world->client.call, NAME("f"), &world->client.err),
              &world->client.err);
    assert_true(has_view(world, NAME("f")));
}

static void test_function__says_what_is_missing(void **state)
{
    struct world *world = *state;
    struct slice text, location;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(load(world, NAME("t"), &text, &location));
    assert_error(world, ERROR_NO_SUCH_FUNCTION, "Function does not exist: ns.t");
    assert_false(load(world, name_in("no", "f"), &text, &location));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
    assert_false(function_drop(&world->client.call, NAME("f"), &world->client.err));
    assert_error(world, ERROR_NO_SUCH_FUNCTION, "Function does not exist: ns.f");
}

static void test_function_list__has_functions_only(void **state)
{
    struct world *world = *state;
    struct name_page page;
    struct page_request all = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(put(world, NAME("g"), UUID_F, "x", NULL), &world->client.err);
    assert_ok(put(world, NAME("f"), UUID_F, "x", NULL), &world->client.err);
    assert_ok(function_list(&world->client.call, slice_from_string("ns"), &all, &page,
                            &world->client.err),
              &world->client.err);
    assert_int_equal(page.count, 2);
    assert_slice_equal(page.names[0], "f");
    assert_fails(function_list(&world->client.call, slice_from_string("no"), &all, &page,
                               &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_NAMESPACE);
}

/* Rule 56. */
static void test_function__keeps_its_namespace(void **state)
{
    struct world *world = *state;
    struct slice ns = slice_from_string("ns");
    assert_ok(put(world, NAME("f"), UUID_F, "x", NULL), &world->client.err);
    assert_fails(namespace_drop(&world->client.call, ns, &world->client.err), &world->client.err,
                 ERROR_NAMESPACE_NOT_EMPTY);
    assert_ok(function_drop(&world->client.call, NAME("f"), &world->client.err),
              &world->client.err);
    assert_int_equal(world->client.call.outcome.status, 204);
    assert_ok(namespace_drop(&world->client.call, ns, &world->client.err), &world->client.err);
}

static void test_function__leaves_no_file_behind(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++) {
        assert_ok(put(world, NAME("f"), UUID_F, "x", NULL), &world->client.err);
        assert_int_equal(world_files(world), 1);
    }
    assert_ok(function_drop(&world->client.call, NAME("f"), &world->client.err),
              &world->client.err);
    assert_int_equal(world_files(world), 0);
}

struct replacer {
    struct world *world;
    pthread_t thread;
    bool ok;
};

static void *replacer_main(void *context)
{
    struct replacer *replacer = context;
    struct client client;
    struct error err = {0};
    json_t *request = function_of(UUID_F, "x");
    replacer->ok = true;
    for (int i = 0; replacer->ok && i < 100; i++) {
        bool is_new;
        client_init(&client, replacer->world);
        replacer->ok = function_put(&client.call, NAME("f"), request, &is_new, &err);
        client_finish(&client);
    }
    json_decref(request);
    return NULL;
}

static void test_function__can_be_loaded_while_it_is_replaced(void **state)
{
    struct world *world = *state;
    struct replacer replacer = {.world = world};
    struct slice text, location;
    assert_ok(put(world, NAME("f"), UUID_F, "x", NULL), &world->client.err);
    assert_int_equal(pthread_create(&replacer.thread, NULL, replacer_main, &replacer), 0);
    for (int i = 0; i < 500; i++)
        assert_ok(load(world, NAME("f"), &text, &location), &world->client.err);
    pthread_join(replacer.thread, NULL);
    assert_true(replacer.ok);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_function_put__creates_then_replaces),
        IN_WORLD(test_function_put__keeps_the_uuid),
        IN_WORLD(test_function_put__refuses_and_leaves_no_file),
        IN_WORLD(test_function__shares_no_names_with_tables),
        IN_WORLD(test_function__says_what_is_missing),
        IN_WORLD(test_function_list__has_functions_only),
        IN_WORLD(test_function__keeps_its_namespace),
        IN_WORLD(test_function__leaves_no_file_behind),
        IN_WORLD(test_function__can_be_loaded_while_it_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
