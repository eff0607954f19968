#include "catalog/warehouse.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "tests/unit/catalog/catalog_fixture.h"

static bool create(struct world *world, const char *name, const char *more)
{
    const struct warehouse *made = NULL;
    json_t *request = json_of_text("{'name':'%s','location':'%s/%s'%s}", name, world->allowed,
                                   name, more);
    error_clear(&world->client.err);
    bool ok = warehouse_create(&world->client.call, request, &made, &world->client.err);
    json_decref(request);
    warehouse_unref(made);
    return ok;
}

static bool alter(struct world *world, const char *name, json_t *owned)
{
    const struct warehouse *made = NULL;
    error_clear(&world->client.err);
    bool ok = warehouse_alter(&world->client.call, slice_from_string(name), owned, &made,
                              &world->client.err);
    json_decref(owned);
    warehouse_unref(made);
    return ok;
}

static bool is_default(struct world *world, const char *name)
{
    const struct warehouse *found = NULL;
    assert_ok(warehouse_find(world->catalog, slice_from_string(name), &found,
                             &world->client.err),
              &world->client.err);
    bool result = found->is_default;
    warehouse_unref(found);
    return result;
}

static void test_warehouse_find__by_name_by_location_or_default(void **state)
{
    struct world *world = *state;
    const struct warehouse *found = NULL;
    char text[WORLD_PATH_SIZE];
    assert_ok(create(world, "two", ""), &world->client.err);
    (void)snprintf(text, sizeof text, "file:%s/allowed/two/", world->directory);
    const char *const asked[] = {"two", text};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(warehouse_find_any(world->catalog, slice_from_string(asked[i]), &found,
                                     &world->client.err),
                  &world->client.err);
        assert_slice_equal(found->name, "two");
        warehouse_unref(found);
    }
    assert_ok(warehouse_find_any(world->catalog, SLICE_EMPTY, &found, &world->client.err),
              &world->client.err);
    assert_slice_equal(found->name, DEFAULT_WAREHOUSE_NAME);
    warehouse_unref(found);
    assert_fails(warehouse_find_any(world->catalog, SLICE_LITERAL("no"), &found,
                                    &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_WAREHOUSE);
    assert_error(world, ERROR_NO_SUCH_WAREHOUSE, "Warehouse does not exist: no");
}

static void test_warehouse_create__survives_a_restart(void **state)
{
    struct world *world = *state;
    const struct warehouse **list = NULL;
    size_t count = 0;
    assert_ok(create(world, "two", ",'properties':{'a':'1'}"), &world->client.err);
    world_reopen(world);
    assert_ok(warehouse_list(&world->client.call, &list, &count, &world->client.err),
              &world->client.err);
    assert_int_equal(count, 2);
    assert_slice_equal(list[1]->name, "two");
    assert_slice_equal(list[1]->properties, "{\"a\":\"1\"}");
    for (size_t i = 0; i < count; i++)
        warehouse_unref(list[i]);
}

static void test_warehouse_create__refuses_wrong_names_and_places(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"", ".x", "a/b", "a b", "namespaces", "config", "oauth"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(create(world, names[i], ""));
        assert_error_has(world, ERROR_BAD_REQUEST, "Invalid warehouse name");
    }
    assert_ok(create(world, "two", ""), &world->client.err);
    assert_false(create(world, "two", ""));
    assert_error(world, ERROR_ALREADY_EXISTS, "Warehouse already exists: two");
    assert_false(alter(world, "two", json_of_text("{'location':'gopher://b/x'}")));
    assert_error_has(world, ERROR_BAD_REQUEST, "no object store serves the scheme");
    assert_false(alter(world, "no", json_of_text("{}")));
    assert_error(world, ERROR_NO_SUCH_WAREHOUSE, "Warehouse does not exist: no");
}

static bool create_at(struct world *world, const char *name, const char *location)
{
    const struct warehouse *made = NULL;
    json_t *request = json_of_text("{'name':'%s','location':'%s'}", name, location);
    error_clear(&world->client.err);
    bool ok = warehouse_create(&world->client.call, request, &made, &world->client.err);
    json_decref(request);
    warehouse_unref(made);
    return ok;
}

static void test_warehouse__shares_no_place_with_another(void **state)
{
    struct world *world = *state;
    static const char *const tails[] = {"two", "two/", "two/inside", "."};
    char location[2 * WORLD_PATH_SIZE];
    assert_ok(create(world, "two", ""), &world->client.err);
    assert_ok(create(world, "three", ""), &world->client.err);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        (void)snprintf(location, sizeof location, "file:%s/allowed/%s", world->directory,
                       tails[i]);
        assert_false(create_at(world, "other", location));
        assert_error_has(world, ERROR_CONFLICT, "overlaps with");
        assert_false(alter(world, "three", json_of_text("{'location':'%s'}", location)));
        assert_error_has(world, ERROR_CONFLICT, "overlaps with");
    }
    (void)snprintf(location, sizeof location, "%s/two2", world->allowed);
    assert_ok(create_at(world, "other", location), &world->client.err);
    (void)snprintf(location, sizeof location, "%s/three/below", world->allowed);
    assert_ok(alter(world, "three", json_of_text("{'location':'%s'}", location)),
              &world->client.err);
}

static void test_warehouse__opens_no_place_that_was_closed(void **state)
{
    struct world *world = *state;
    char beside[2 * WORLD_PATH_SIZE];
    (void)snprintf(beside, sizeof beside, "file://%s/beside", world->directory);
    assert_false(create_at(world, "other", beside));
    assert_error_has(world, ERROR_FORBIDDEN, "lies outside of the server's data directory");
    assert_false(alter(world, DEFAULT_WAREHOUSE_NAME, json_of_text("{'location':'%s'}", beside)));
    assert_error_has(world, ERROR_FORBIDDEN, "lies outside of the server's data directory");
    assert_false(create_at(world, "other", "/"));
    assert_error_has(world, ERROR_FORBIDDEN, "is the root of the file system");
    /* It is not within an allowed location, and may stay where it is. */
    assert_ok(alter(world, DEFAULT_WAREHOUSE_NAME,
                    json_of_text("{'location':'%s/','properties':{'a':'1'}}", world->location)),
              &world->client.err);
}

/* What is stored is read at every start: it must never be more than a start can hold. */
static void test_warehouse_alter__bounds_what_every_start_must_read(void **state)
{
    struct world *world = *state;
    size_t size = 5 * MIB;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    assert_false(alter(world, DEFAULT_WAREHOUSE_NAME,
                       json_pack("{s:{s:s}}", "properties", "a", text)));
    assert_error_has(world, ERROR_BAD_REQUEST, "the most allowed are 1048576");
    text[0] = '/';
    assert_false(alter(world, DEFAULT_WAREHOUSE_NAME, json_pack("{s:s}", "location", text)));
    assert_error_has(world, ERROR_BAD_REQUEST, "the most allowed are 32768");
    free(text);
    world_reopen(world);
}

static void test_warehouse_alter__moves_the_default_and_never_drops_it(void **state)
{
    struct world *world = *state;
    assert_false(alter(world, DEFAULT_WAREHOUSE_NAME, json_of_text("{'default':false}")));
    assert_error(world, ERROR_CONFLICT, "Warehouse default is the default one: make another the "
                                        "default instead");
    assert_ok(create(world, "two", ""), &world->client.err);
    assert_false(is_default(world, "two"));
    assert_ok(alter(world, "two", json_of_text("{'default':true}")), &world->client.err);
    assert_true(is_default(world, "two"));
    assert_false(is_default(world, DEFAULT_WAREHOUSE_NAME));
    world_reopen(world);
    assert_true(is_default(world, "two"));
}

static void test_warehouse_remove__refuses_the_default_and_what_is_not_empty(void **state)
{
    struct world *world = *state;
    struct call *call = &world->client.call;
    assert_fails(warehouse_remove(call, SLICE_LITERAL(DEFAULT_WAREHOUSE_NAME), &world->client.err),
                 &world->client.err, ERROR_CONFLICT);
    assert_ok(create(world, "two", ",'default':true"), &world->client.err);
    assert_fails(warehouse_remove(call, SLICE_LITERAL(DEFAULT_WAREHOUSE_NAME), &world->client.err),
                 &world->client.err, ERROR_CONFLICT);
    assert_error_has(world, ERROR_CONFLICT, "still holds namespaces");
    assert_ok(create(world, "three", ""), &world->client.err);
    assert_ok(warehouse_remove(call, SLICE_LITERAL("three"), &world->client.err),
              &world->client.err);
    assert_fails(warehouse_remove(call, SLICE_LITERAL("three"), &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_WAREHOUSE);
}

/* Only an empty catalog gets the warehouse "default". */
static void test_warehouse__named_default_is_not_made_again(void **state)
{
    struct world *world = *state;
    struct error err = {0};
    assert_ok(create(world, "two", ",'default':true"), &world->client.err);
    assert_ok(namespace_drop(&world->client.call, slice_from_string("ns"), &err), &err);
    assert_ok(warehouse_remove(&world->client.call, SLICE_LITERAL(DEFAULT_WAREHOUSE_NAME), &err),
              &err);
    world_reopen(world);
    assert_slice_equal(world->warehouse->name, "two");
    const struct warehouse **list = NULL;
    size_t count = 0;
    assert_true(warehouse_list(&world->client.call, &list, &count, NULL));
    assert_int_equal(count, 1);
    warehouse_unref(list[0]);
}

/* --- threads ------------------------------------------------------------------------------ */

static void *finder_main(void *context)
{
    struct world *world = context;
    for (int i = 0; i < 2000; i++) {
        const struct warehouse *found = NULL;
        if (warehouse_find(world->catalog, SLICE_EMPTY, &found, NULL) && found->name.len == 0)
            abort();
        warehouse_unref(found);
    }
    return NULL;
}

static void test_warehouse__is_read_while_it_changes(void **state)
{
    struct world *world = *state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, finder_main, world), 0);
    for (int i = 0; i < 10; i++)
        assert_ok(alter(world, DEFAULT_WAREHOUSE_NAME,
                        json_of_text("{'properties':{'n':'%d'}}", i)),
                  &world->client.err);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    const struct warehouse *found = NULL;
    assert_true(warehouse_find(world->catalog, SLICE_EMPTY, &found, NULL));
    assert_slice_equal(found->properties, "{\"n\":\"9\"}");
    warehouse_unref(found);
}

/* One alter of its own kind, over and over: the one moves the location, the other the property. */
struct alterer {
    struct world *world;
    struct client client;
    pthread_barrier_t *round;
    bool moves;
};

#define ALTER_ROUNDS 60

static void *alterer_main(void *context)
{
    struct alterer *alterer = context;
    for (int i = 0; i < ALTER_ROUNDS; i++) {
        const struct warehouse *made = NULL;
        json_t *request = alterer->moves ? json_of_text("{'location':'%s/%d'}",
                                                        alterer->world->allowed, i)
                                         : json_of_text("{'properties':{'n':'%d'}}", i);
        client_fresh(&alterer->client, alterer->world);
        pthread_barrier_wait(alterer->round);
        bool ok = warehouse_alter(&alterer->client.call, SLICE_LITERAL("two"), request, &made,
                                  &alterer->client.err);
        pthread_barrier_wait(alterer->round);
        if (!ok)
            abort();
        warehouse_unref(made);
        json_decref(request);
        pthread_barrier_wait(alterer->round); /* while main looks */
    }
    return NULL;
}

static bool has_both(struct world *world, int i)
{
    const struct warehouse *found = NULL;
    char location[2 * WORLD_PATH_SIZE], properties[32];
    (void)snprintf(location, sizeof location, "%s/%d", world->allowed, i);
    (void)snprintf(properties, sizeof properties, "{\"n\":\"%d\"}", i);
    assert_true(warehouse_find(world->catalog, SLICE_LITERAL("two"), &found, NULL));
    bool ok = slice_equals_string(found->location, location) &&
              slice_equals_string(found->properties, properties);
    warehouse_unref(found);
    return ok;
}

static void test_warehouse_alter__of_two_at_once_keeps_both(void **state)
{
    struct world *world = *state;
    pthread_barrier_t round;
    pthread_t threads[2];
    struct alterer alterers[2] = {
        {.world = world, .round = &round, .moves = true},
        {.world = world, .round = &round},
    };
    int lost = 0;
    assert_ok(create(world, "two", ""), &world->client.err);
    assert_int_equal(pthread_barrier_init(&round, NULL, 3), 0);
    for (int i = 0; i < 2; i++) {
        client_init(&alterers[i].client, world);
        assert_int_equal(pthread_create(&threads[i], NULL, alterer_main, &alterers[i]), 0);
    }
    for (int i = 0; i < ALTER_ROUNDS; i++) {
        pthread_barrier_wait(&round);
        pthread_barrier_wait(&round);
        lost += !has_both(world, i);
        pthread_barrier_wait(&round);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        client_finish(&alterers[i].client);
    }
    pthread_barrier_destroy(&round);
    assert_int_equal(lost, 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_warehouse_find__by_name_by_location_or_default),
        IN_WORLD(test_warehouse_create__survives_a_restart),
        IN_WORLD(test_warehouse_create__refuses_wrong_names_and_places),
        IN_WORLD(test_warehouse__shares_no_place_with_another),
        IN_WORLD(test_warehouse__opens_no_place_that_was_closed),
        IN_WORLD(test_warehouse_alter__bounds_what_every_start_must_read),
        IN_WORLD(test_warehouse_alter__moves_the_default_and_never_drops_it),
        IN_WORLD(test_warehouse_remove__refuses_the_default_and_what_is_not_empty),
        IN_WORLD(test_warehouse__named_default_is_not_made_again),
        IN_WORLD(test_warehouse__is_read_while_it_changes),
        IN_WORLD(test_warehouse_alter__of_two_at_once_keeps_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
