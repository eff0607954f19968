#include "catalog/idempotency.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "catalog/inflight.h"
#include "tests/unit/catalog/catalog_fixture.h"

#define KEY_A "01890a5d-ac96-774b-bcce-b302099a8057"
#define SET_P "[{'action':'set-properties','updates':{'p':'1'}}]"
#define KEY_B "01890A5D-AC96-774B-BCCE-B302099A8058"

static void use_key(struct world *world, const char *key, const char *digest)
{
    client_fresh(&world->client, world);
    world->client.call.idempotency_key = slice_from_string(key);
    world->client.call.request_digest = slice_from_string(digest);
}

/* Begins; fails the test on an error. True where it is a replay. */
static bool begin(struct world *world, struct idempotency_row *ret_row)
{
    bool is_replay = false;
    assert_ok(idempotency_begin(&world->client.call, &world->client.err), &world->client.err);
    assert_ok(idempotency_find(&world->client.call, &is_replay, ret_row, &world->client.err),
              &world->client.err);
    return is_replay;
}

static bool drop_namespace(struct world *world)
{
    error_clear(&world->client.err);
    return namespace_drop(&world->client.call, slice_from_string("ns"), &world->client.err);
}

/* --- what is stored ----------------------------------------------------------------------- */

/* Rule 12. */
static void test_idempotency__stores_a_success_with_its_effect(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_true(world->client.call.is_recorded);
    idempotency_end(&world->client.call, NULL, 200, true);
    struct slice pointer = table_pointer(world, NAME("t"));
    char location[WORLD_PATH_SIZE];
    (void)snprintf(location, sizeof location, "%s", pointer.ptr);
    world_reopen(world);
    use_key(world, KEY_A, "d1");
    assert_true(begin(world, &row));
    assert_int_equal(row.status, 200);
    assert_slice_equal(row.metadata_location, location);
    assert_int_equal(row.error_kind.len, 0);
}

/* Rule 12. */
static void test_idempotency__undoes_the_record_with_its_effect(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    assert_false(make_table(world, name_in("no", "t")));
    assert_false(world->client.call.is_recorded);
    idempotency_end(&world->client.call, &world->client.err, 404, false);
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    idempotency_end(&world->client.call, NULL, 200, false);
}

/* Rule 12. */
static void test_idempotency__plays_a_definite_error_again(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    assert_false(make_table(world, name_in("no", "t")));
    idempotency_end(&world->client.call, &world->client.err, 404, true);
    use_key(world, KEY_A, "d1");
    assert_true(begin(world, &row));
    assert_int_equal(row.status, 404);
    assert_slice_equal(row.error_kind, "no_such_namespace");
    assert_slice_equal(row.error_message, "Namespace does not exist: no");
}

static void test_idempotency__stores_a_success_without_change(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS, "[]", NULL), &world->client.err);
    assert_false(world->client.call.is_recorded);
    idempotency_end(&world->client.call, NULL, 200, true);
    use_key(world, KEY_A, "d1");
    assert_true(begin(world, &row));
    assert_true(slice_equals(row.metadata_location, table_pointer(world, NAME("t"))));
}

static void test_idempotency__does_nothing_without_a_key(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    client_fresh(&world->client, world);
    assert_false(begin(world, &row));
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    idempotency_end(&world->client.call, NULL, 200, true);
    assert_false(begin(world, &row));
}

/* Rule 12: "the same key with another request is 400" */
static void test_idempotency__refuses_another_request_under_the_key(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    bool is_replay = true;
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    assert_ok(drop_namespace(world), &world->client.err);
    idempotency_end(&world->client.call, NULL, 204, true);
    use_key(world, KEY_A, "d2");
    assert_ok(idempotency_begin(&world->client.call, &world->client.err), &world->client.err);
    assert_fails(idempotency_find(&world->client.call, &is_replay, &row, &world->client.err),
                 &world->client.err, ERROR_BAD_REQUEST);
    assert_error(world, ERROR_BAD_REQUEST,
                 "The Idempotency-Key " KEY_A " was used for another request: use a new key");
    /* The refusal has let the key go. */
    use_key(world, KEY_A, "d1");
    assert_true(begin(world, &row));
}

/* Rule 12. */
static void test_idempotency__wants_a_uuid_of_any_version_and_case(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    use_key(world, "not-a-uuid", "d1");
    assert_fails(idempotency_begin(&world->client.call, &world->client.err), &world->client.err,
                 ERROR_BAD_REQUEST);
    use_key(world, KEY_B, "d1");
    assert_false(begin(world, &row));
    idempotency_end(&world->client.call, NULL, 200, false);
}

static void test_idempotency__is_one_key_in_any_case(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    idempotency_end(&world->client.call, NULL, 204, true);
    use_key(world, "01890A5D-AC96-774B-bcce-B302099A8057", "d1");
    assert_true(begin(world, &row));
    assert_slice_equal(row.key, KEY_A);
    use_key(world, KEY_B, "d2");
    assert_false(begin(world, &row));
    assert_slice_equal(world->client.call.idempotency_key, "01890a5d-ac96-774b-bcce-b302099a8058");
    idempotency_end(&world->client.call, NULL, 200, false);
}

static void test_idempotency__forgets_after_the_lifetime(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    idempotency_end(&world->client.call, NULL, 204, true);
    world->skew_ms = IDEMPOTENCY_LIFETIME_MS;
    use_key(world, KEY_A, "d1");
    assert_true(begin(world, &row));
    world->skew_ms = IDEMPOTENCY_LIFETIME_MS + IDEMPOTENCY_MARGIN_MS + 10000;
    use_key(world, KEY_A, "other");
    assert_false(begin(world, &row));
    idempotency_end(&world->client.call, NULL, 204, true);
    use_key(world, KEY_A, "other");
    assert_true(begin(world, &row));
}

static void test_idempotency__keeps_small_answers_only(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    char *body = calloc(1, MAX_REPLAYED_BODY_SIZE + 1);
    assert_non_null(body);
    memset(body, 'x', MAX_REPLAYED_BODY_SIZE + 1);
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    world->client.call.outcome.body = slice_make(body, MAX_REPLAYED_BODY_SIZE + 1);
    idempotency_end(&world->client.call, NULL, 200, true);
    free(body);
    use_key(world, KEY_A, "d1");
    assert_true(begin(world, &row));
    assert_int_equal(row.body.len, 0);
    use_key(world, KEY_B, "d1");
    assert_false(begin(world, &row));
    world->client.call.outcome.body = slice_from_string("{\"a\":1}");
    idempotency_end(&world->client.call, NULL, 200, true);
    use_key(world, KEY_B, "d1");
    assert_true(begin(world, &row));
    assert_slice_equal(row.body, "{\"a\":1}");
}

/* Rule 12: "a change that is asked for twice with one key happens once" */
static void test_idempotency__a_repeated_change_is_undone_whole(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    bool is_replay = false;
    use_key(world, KEY_A, "d1");
    assert_ok(idempotency_begin(&world->client.call, &world->client.err), &world->client.err);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    idempotency_end(&world->client.call, NULL, 200, true);
    char first[WORLD_PATH_SIZE];
    (void)snprintf(first, sizeof first, "%s", table_pointer(world, NAME("t")).ptr);
    size_t files = metadata_files(world);
    use_key(world, KEY_A, "d1");
    assert_ok(idempotency_begin(&world->client.call, &world->client.err), &world->client.err);
    assert_fails(commit_table(world, NAME("t"), NO_REQUIREMENTS, SET_P, NULL),
                 &world->client.err, ERROR_OVERLOADED);
    assert_false(world->client.call.is_recorded);
    assert_slice_equal(table_pointer(world, NAME("t")), first);
    assert_int_equal(metadata_files(world), files);
    assert_ok(idempotency_find(&world->client.call, &is_replay, &row, &world->client.err),
              &world->client.err);
    assert_true(is_replay);
    assert_slice_equal(row.metadata_location, first);
}

/* A key whose record is expired is a new one. */
static void test_idempotency__an_expired_record_makes_room_in_the_transaction(void **state)
{
    struct world *world = *state;
    struct idempotency_row row;
    use_key(world, KEY_A, "d1");
    assert_false(begin(world, &row));
    idempotency_end(&world->client.call, NULL, 204, true);
    world->skew_ms = IDEMPOTENCY_LIFETIME_MS + IDEMPOTENCY_MARGIN_MS + 10000;
    use_key(world, KEY_A, "other");
    assert_ok(idempotency_begin(&world->client.call, &world->client.err), &world->client.err);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_true(world->client.call.is_recorded);
    idempotency_end(&world->client.call, NULL, 200, true);
    use_key(world, KEY_A, "other");
    assert_true(begin(world, &row));
    assert_int_equal(row.status, 200);
}

/* --- one key, many requests at once ------------------------------------------------------- */

#define THREADS 8

struct racer {
    struct world *world;
    pthread_t thread;
    bool did_run;
    bool did_replay;
};

/* Runs first, and looks for the key's outcome where it has stored none, as the server does. */
static void *racer_main(void *context)
{
    struct racer *self = context;
    struct client client;
    struct idempotency_row row;
    struct table_result result = {0};
    client_init(&client, self->world);
    client.call.idempotency_key = slice_from_string(KEY_A);
    client.call.request_digest = slice_from_string("d1");
    json_t *request = json_of_text("{'name':'t','schema':%s}", SCHEMA);
    if (idempotency_begin(&client.call, &client.err)) {
        self->did_run =
            table_create(&client.call, slice_from_string("ns"), request, &result, &client.err);
        error_clear(&client.err);
        if (self->did_run)
            idempotency_end(&client.call, NULL, 200, true);
        else
            (void)idempotency_find(&client.call, &self->did_replay, &row, &client.err);
    }
    table_result_finish(&result);
    json_decref(request);
    client_finish(&client);
    return NULL;
}

/* Rule 12. */
static void test_idempotency__of_one_key_at_once_runs_once(void **state)
{
    struct world *world = *state;
    struct racer racers[THREADS];
    int runs = 0, replays = 0;
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.world = world};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, racer_main, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(racers[i].thread, NULL);
        runs += racers[i].did_run;
        replays += racers[i].did_replay;
    }
    assert_int_equal(runs, 1);
    assert_int_equal(replays, THREADS - 1);
    assert_int_equal(metadata_files(world), 1);
}

/* --- keys in flight ----------------------------------------------------------------------- */

static void test_inflight__waits_and_gives_up(void **state)
{
    (void)state;
    struct inflight_keys *keys = NULL;
    struct error err = {0};
    assert_ok(inflight_keys_create(&keys, &err), &err);
    assert_ok(inflight_keys_take(keys, SLICE_LITERAL("a"), 10, &err), &err);
    assert_ok(inflight_keys_take(keys, SLICE_LITERAL("b"), 10, &err), &err);
    int64_t start = clock_monotonic_ms(&clock_real);
    assert_fails(inflight_keys_take(keys, SLICE_LITERAL("a"), 150, &err), &err,
                 ERROR_OVERLOADED);
    /* Not a moment, and not a whole second. */
    int64_t waited = clock_monotonic_ms(&clock_real) - start;
    assert_in_range(waited, 140, 100000);
    inflight_keys_give(keys, SLICE_LITERAL("a"));
    assert_ok(inflight_keys_take(keys, SLICE_LITERAL("a"), 0, &err), &err);
    inflight_keys_destroy(keys);
}

static void *give_later(void *context)
{
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000}, NULL);
    inflight_keys_give(context, SLICE_LITERAL("a"));
    return NULL;
}

static void test_inflight__wakes_the_one_that_waits(void **state)
{
    (void)state;
    struct inflight_keys *keys = NULL;
    struct error err = {0};
    pthread_t thread;
    assert_ok(inflight_keys_create(&keys, &err), &err);
    assert_ok(inflight_keys_take(keys, SLICE_LITERAL("a"), 0, &err), &err);
    assert_int_equal(pthread_create(&thread, NULL, give_later, keys), 0);
    assert_ok(inflight_keys_take(keys, SLICE_LITERAL("a"), 10000, &err), &err);
    pthread_join(thread, NULL);
    inflight_keys_destroy(keys);
}

static void test_inflight__bounds_the_key(void **state)
{
    (void)state;
    struct inflight_keys *keys = NULL;
    struct error err = {0};
    static const char text[MAX_IDEMPOTENCY_KEY_SIZE + 1];
    assert_ok(inflight_keys_create(&keys, &err), &err);
    assert_ok(inflight_keys_take(keys, slice_make(text, MAX_IDEMPOTENCY_KEY_SIZE), 0, &err), &err);
    assert_fails(inflight_keys_take(keys, slice_make(text, MAX_IDEMPOTENCY_KEY_SIZE + 1), 0, &err),
                 &err, ERROR_BAD_REQUEST);
    inflight_keys_destroy(keys);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_idempotency__stores_a_success_with_its_effect),
        IN_WORLD(test_idempotency__undoes_the_record_with_its_effect),
        IN_WORLD(test_idempotency__plays_a_definite_error_again),
        IN_WORLD(test_idempotency__stores_a_success_without_change),
        IN_WORLD(test_idempotency__does_nothing_without_a_key),
        IN_WORLD(test_idempotency__refuses_another_request_under_the_key),
        IN_WORLD(test_idempotency__wants_a_uuid_of_any_version_and_case),
        IN_WORLD(test_idempotency__is_one_key_in_any_case),
        IN_WORLD(test_idempotency__forgets_after_the_lifetime),
        IN_WORLD(test_idempotency__keeps_small_answers_only),
        IN_WORLD(test_idempotency__a_repeated_change_is_undone_whole),
        IN_WORLD(test_idempotency__an_expired_record_makes_room_in_the_transaction),
        IN_WORLD(test_idempotency__of_one_key_at_once_runs_once),
        cmocka_unit_test(test_inflight__waits_and_gives_up),
        cmocka_unit_test(test_inflight__wakes_the_one_that_waits),
        cmocka_unit_test(test_inflight__bounds_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
