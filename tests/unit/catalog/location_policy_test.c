#include "catalog/location_policy.h"

#include <pthread.h>
#include <stdio.h>

#include "tests/unit/catalog/catalog_fixture.h"

static struct slice default_of(struct world *world, const char *path, const char *properties,
                               const char *name, const char *suffix)
{
    struct slice location = SLICE_EMPTY;
    assert_ok(location_default(&world->client.call, slice_from_string(path),
                               slice_from_string(properties), slice_from_string(name),
                               slice_from_string(suffix), &location, &world->client.err),
              &world->client.err);
    return location;
}

/* What stands behind the warehouse's location. */
static const char *tail_of(struct world *world, struct slice location)
{
    struct slice base = slice_from_string(world->location);
    assert_true(slice_starts_with(location, base));
    return location.ptr + base.len;
}

static void test_location_default__is_the_path_of_plain_names(void **state)
{
    struct world *world = *state;
    assert_string_equal(tail_of(world, default_of(world, "a\x1F" "b", "{}", "t_1-x.y", "")),
                        "/a/b/t_1-x.y");
    assert_string_equal(tail_of(world, default_of(world, "a", "{}", "t", "abc")), "/a/t-abc");
}

static void test_location_default__keeps_odd_names_apart(void **state)
{
    struct world *world = *state;
    static const char *const odd[] = {"a/b", "a b", "a%b", "a+b", "a:b", "a\\b", "日", "月",
                                      ".a", "...", "a?b", "a#b"};
    size_t count = sizeof odd / sizeof *odd;
    struct slice locations[sizeof odd / sizeof *odd];
    for (size_t i = 0; i < count; i++) {
        struct slice unused;
        locations[i] = default_of(world, "ns", "{}", odd[i], "");
        const char *tail = tail_of(world, locations[i]) + strlen("/ns/");
        assert_null(strchr(tail, '/'));
        assert_int_equal(strspn(tail, "abcdefghijklmnopqrstuvwxyz0123456789_-."), strlen(tail));
        assert_true(tail[0] != '.');
        assert_ok(location_check(&world->client.call, locations[i], "table location", &unused,
                                 &world->client.err),
                  &world->client.err);
        for (size_t j = 0; j < i; j++)
            assert_false(slice_equals(locations[i], locations[j]));
    }
    assert_false(slice_equals(default_of(world, "a.b", "{}", "t", ""),
                              default_of(world, "a\x1F" "b", "{}", "t", "")));
}

static void test_location_default__shortens_long_names(void **state)
{
    struct world *world = *state;
    char one[401], other[401];
    memset(one, 'x', 400);
    memset(other, 'x', 400);
    one[400] = other[400] = '\0';
    other[399] = 'y';
    struct slice first = default_of(world, "ns", "{}", one, "");
    struct slice second = default_of(world, "ns", "{}", other, "");
    assert_true(strlen(tail_of(world, first)) < 130);
    assert_false(slice_equals(first, second));
}

static void test_location_default__follows_the_namespaces_own_location(void **state)
{
    struct world *world = *state;
    assert_slice_equal(default_of(world, "ns", "{\"location\":\"s3://b/x/\"}", "t", ""),
                       "s3://b/x/t");
    assert_string_equal(tail_of(world, default_of(world, "ns", "{\"location\":\"\"}", "t", "")),
                        "/ns/t");
    assert_string_equal(tail_of(world, default_of(world, "ns", "{\"location\":5}", "t", "")),
                        "/ns/t");
}

static void test_location_check__allows_the_warehouse_and_allowed_places(void **state)
{
    struct world *world = *state;
    struct slice canonical;
    char text[WORLD_PATH_SIZE];
    (void)snprintf(text, sizeof text, "file:%s//x/./y/", world->place);
    assert_ok(location_check(&world->client.call, slice_from_string(text), "table location",
                             &canonical, &world->client.err),
              &world->client.err);
    assert_string_equal(tail_of(world, canonical), "/x/y");
    (void)snprintf(text, sizeof text, "%s/x", world->allowed);
    assert_ok(location_check(&world->client.call, slice_from_string(text), "table location",
                             &canonical, &world->client.err),
              &world->client.err);
}

/* Rule 50. */
static void test_location_check__refuses_all_else(void **state)
{
    struct world *world = *state;
    struct slice unused;
    char beside[WORLD_PATH_SIZE], above[WORLD_PATH_SIZE];
    (void)snprintf(beside, sizeof beside, "%s-beside/t", world->location);
    (void)snprintf(above, sizeof above, "file://%s", world->directory);
    const char *const forbidden[] = {"file:///", "s3://bucket/t", "/etc", beside, above};
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        assert_fails(location_check(&world->client.call, slice_from_string(forbidden[i]),
                                    "table location", &unused, &world->client.err),
                     &world->client.err, ERROR_FORBIDDEN);
    const char *const wrong[] = {"", "t", "file:x", "file://host/x", "s3://", "file:///tmp/../etc",
                                 "file:///tmp/%2e%2e/etc", "file:///a%2fb"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(location_check(&world->client.call, slice_from_string(wrong[i]),
                                    "table location", &unused, &world->client.err),
                     &world->client.err, ERROR_BAD_REQUEST);
}

static bool make_at(struct world *world, const char *name, const char *location)
{
    char more[WORLD_PATH_SIZE + 32];
    (void)snprintf(more, sizeof more, "'location':'%s'", location);
    return make_table_with(world, NAME(name), more, NULL);
}

/* Rule 50: "orders" and "orders2" do not overlap; equal, above and below do. */
static void test_location__of_one_table_is_no_other_tables(void **state)
{
    struct world *world = *state;
    char text[WORLD_PATH_SIZE];
    (void)snprintf(text, sizeof text, "%s/p/orders", world->location);
    assert_ok(make_at(world, "orders", text), &world->client.err);
    size_t files = world_files(world);
    assert_false(make_at(world, "b", text));
    assert_error_has(world, ERROR_VALIDATION, "the location of table ns.orders: choose another");
    (void)snprintf(text, sizeof text, "%s/p/orders/inside", world->location);
    assert_false(make_at(world, "b", text));
    (void)snprintf(text, sizeof text, "%s/p", world->location);
    assert_false(make_at(world, "b", text));
    assert_error_has(world, ERROR_VALIDATION, "the location of table ns.orders");
    (void)snprintf(text, sizeof text, "file:%s//p/orders/", world->place);
    assert_false(make_at(world, "b", text));
    assert_int_equal(world_files(world), files);
    (void)snprintf(text, sizeof text, "%s/p/orders2", world->location);
    assert_ok(make_at(world, "b", text), &world->client.err);
}

#define RACERS 8

struct racer {
    struct world *world;
    pthread_t thread;
    int number;
    bool ok;
    struct error err;
};

static void *racer_main(void *context)
{
    struct racer *self = context;
    struct client client;
    struct table_result result = {0};
    client_init(&client, self->world);
    json_t *request =
        json_of_text("{'name':'t%d','schema':{'type':'struct','fields':[]},'location':'%s/race%s'}",
                     self->number, self->world->location, self->number % 2 ? "" : "/below");
    self->ok = table_create(&client.call, slice_from_string("ns"), request, &result, &client.err);
    self->err = client.err;
    table_result_finish(&result);
    json_decref(request);
    client_finish(&client);
    return NULL;
}

/* Rule 50: the look for other tables and the insert are one transaction. */
static void test_location__is_taken_by_one_of_many_at_once(void **state)
{
    struct world *world = *state;
    struct racer racers[RACERS];
    int winners = 0;
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.world = world, .number = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, racer_main, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        winners += racers[i].ok;
    }
    for (int i = 0; i < RACERS; i++)
        if (!racers[i].ok && racers[i].err.kind != ERROR_VALIDATION)
            fail_msg("%s", racers[i].err.message);
    /* Those below share one place, which the ones at "race" contain: one table in all. */
    assert_int_equal(winners, 1);
    assert_int_equal(metadata_files(world), 1);
}

/* A table a.b and a namespace a.b may both be there, and their default places overlap. */
static void test_location__is_found_where_a_table_has_the_namespaces_place(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("b")), &world->client.err);
    assert_ok(make_namespace(world, "ns\x1F" "b"), &world->client.err);
    assert_ok(make_table(world, name_in("ns\x1F" "b", "c")), &world->client.err);
    assert_ok(make_namespace(world, "ns\x1F" "z"), &world->client.err);
    assert_ok(make_table(world, name_in("ns\x1F" "z", "c")), &world->client.err);
    assert_ok(make_table(world, NAME("z")), &world->client.err);
}

static void test_location__of_a_namespace_must_be_allowed_too(void **state)
{
    struct world *world = *state;
    assert_ok(make_namespace_at(world, "away", "file:///elsewhere"), &world->client.err);
    assert_false(make_table(world, name_in("away", "t")));
    assert_error_has(world, ERROR_FORBIDDEN, "The table location file:///elsewhere/t lies outside");
}

/* --- whose file is it --------------------------------------------------------------------- */

static bool is_deletable(struct world *world, const char *place, struct slice file)
{
    return location_is_deletable(world->catalog, world->warehouse, slice_from_string(place), file,
                                 &world->client.arena);
}

static struct slice view_at(struct world *world, const char *name, const char *location)
{
    struct view_result made = {0};
    char more[2 * WORLD_PATH_SIZE];
    (void)snprintf(more, sizeof more, "'location':'%s'", location);
    assert_ok(make_view(world, NAME(name), more, &made), &world->client.err);
    struct slice file = arena_slice(&world->client.arena, made.metadata_location);
    view_result_finish(&made);
    return file;
}

/* Rule 60. */
static void test_deletable__is_no_current_metadata_of_a_view(void **state)
{
    struct world *world = *state;
    char place[WORLD_PATH_SIZE], inside[WORLD_PATH_SIZE + 8], odd[2 * WORLD_PATH_SIZE];
    (void)snprintf(place, sizeof place, "%s/ns/t", world->location);
    (void)snprintf(inside, sizeof inside, "%s/v2", place);
    const struct slice files[] = {view_at(world, "v1", world->allowed),
                                  view_at(world, "v2", inside)};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_false(is_deletable(world, place, files[i]));
        /* Another spelling of the same file. */
        (void)snprintf(odd, sizeof odd, "file:/%.*s", (int)files[i].len - 7, files[i].ptr + 7);
        assert_false(is_deletable(world, place, slice_from_string(odd)));
    }
    (void)snprintf(odd, sizeof odd, "%s/metadata/%s", place, strrchr(files[0].ptr, '/') + 1);
    assert_true(is_deletable(world, place, slice_from_string(odd)));
}

/* Rule 60: neither the one that lies in its own place, in the middle of another's, nor one that
 * lies apart. */
static void test_deletable__is_no_current_metadata_of_a_table(void **state)
{
    struct world *world = *state;
    char apart[WORLD_PATH_SIZE], more[2 * WORLD_PATH_SIZE];
    assert_ok(make_at(world, "t1", world->allowed), &world->client.err);
    (void)snprintf(apart, sizeof apart, "%s/apart", world->location);
    (void)snprintf(more, sizeof more, "'properties':{'write.metadata.path':'%s'}", apart);
    assert_ok(make_table_with(world, NAME("t2"), more, NULL), &world->client.err);
    assert_false(is_deletable(world, world->allowed, table_pointer(world, NAME("t1"))));
    assert_false(is_deletable(world, apart, table_pointer(world, NAME("t2"))));
    assert_false(is_deletable(world, world->allowed, table_pointer(world, NAME("t2"))));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_location_default__is_the_path_of_plain_names),
        IN_WORLD(test_location_default__keeps_odd_names_apart),
        IN_WORLD(test_location_default__shortens_long_names),
        IN_WORLD(test_location_default__follows_the_namespaces_own_location),
        IN_WORLD(test_location_check__allows_the_warehouse_and_allowed_places),
        IN_WORLD(test_location_check__refuses_all_else),
        IN_WORLD(test_location__of_one_table_is_no_other_tables),
        IN_WORLD(test_location__is_taken_by_one_of_many_at_once),
        IN_WORLD(test_location__is_found_where_a_table_has_the_namespaces_place),
        IN_WORLD(test_location__of_a_namespace_must_be_allowed_too),
        IN_WORLD(test_deletable__is_no_current_metadata_of_a_view),
        IN_WORLD(test_deletable__is_no_current_metadata_of_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
