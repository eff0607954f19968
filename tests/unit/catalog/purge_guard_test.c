#include "catalog/purge_guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "catalog/purge.h"
#include "catalog/register_check.h"
#include "tests/unit/catalog/catalog_fixture.h"

/* On a busy machine. */
#define MAX_FIRST_ROUND_MS 10000

/* In one transaction: the worker, which may wake at any time, must never see it untried. */
static bool add_tried_entry(struct pointer_txn *txn, void *context, struct error *err)
{
    struct purge_row *row = context;
    return pointer_purge_add(txn, row, err) &&
           pointer_purge_last(pointer_txn_view(txn), &row->id, err) &&
           pointer_purge_failed(txn, row, err);
}

static bool fail_entry(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_purge_failed(txn, context, err);
}

static struct purge_row *queue(struct world *world, size_t *ret_count)
{
    struct purge_row *rows = NULL;
    assert_ok(purge_list(&world->client.call, 1000, &rows, ret_count, &world->client.err),
              &world->client.err);
    return rows;
}

static size_t queue_size(struct world *world)
{
    size_t count = 0;
    (void)queue(world, &count);
    return count;
}

/* The worker has done its first round when a purge of its own is through: from then on it leaves
 * alone what has failed before, for a minute. */
static int setup(void **state)
{
    assert_int_equal(world_setup(state), 0);
    struct world *world = *state;
    assert_ok(make_table(world, NAME("first")), &world->client.err);
    assert_ok(drop_table(world, NAME("first"), true), &world->client.err);
    for (int waited_ms = 0; queue_size(world) > 0; waited_ms += 5) {
        assert_true(waited_ms < MAX_FIRST_ROUND_MS);
        usleep(5000);
    }
    return 0;
}

/* Queued, and not worked on. */
static void queue_entry(struct world *world, const struct purge_row *row)
{
    struct purge_row copy = *row;
    assert_ok(pointer_store_write(world->pointers, add_tried_entry, &copy, &world->client.err),
              &world->client.err);
    assert_int_equal(queue_size(world), 1);
}

static void give_up(struct world *world)
{
    size_t count = 0;
    struct purge_row *rows = queue(world, &count);
    assert_int_equal(count, 1);
    for (int i = 0; i < MAX_PURGE_ATTEMPTS; i++)
        assert_ok(pointer_store_write(world->pointers, fail_entry, &rows[0], &world->client.err),
                  &world->client.err);
}

/* A table that was dropped, its files still there, and the entry that a purge of it would have. */
static struct purge_row dropped_table(struct world *world, const char *name)
{
    struct table_result made = {0};
    char place[WORLD_PATH_SIZE];
    assert_ok(make_table_with(world, NAME(name), "", &made), &world->client.err);
    (void)snprintf(place, sizeof place, "%s/ns/%s", world->location, name);
    struct arena *arena = &world->client.arena;
    struct purge_row row = {
        .warehouse_id = world->warehouse->id,
        .kind = ENTITY_TABLE,
        .uuid = arena_slice(arena, made.metadata->uuid),
        .location = arena_slice(arena, slice_from_string(place)),
        .metadata_location = arena_slice(arena, made.metadata_location),
    };
    table_result_finish(&made);
    assert_ok(drop_table(world, NAME(name), false), &world->client.err);
    return row;
}

/* What who asks before is told must be what the registration then says. */
static void check_refused(struct world *world, const char *location)
{
    struct register_verdict verdict = {.state = REGISTER_READY};
    json_auto_t *request = json_pack("{s:s, s:[s], s:s, s:s}", "type", "table", "namespace", "ns",
                                     "name", "back", "metadata-location", location);
    assert_ok(register_check(&world->client.call, request, &verdict, &world->client.err),
              &world->client.err);
    assert_int_equal(verdict.state, REGISTER_REFUSED);
    assert_non_null(strstr(verdict.reason.message, "are being deleted (purge "));
}

static void assert_refused(struct world *world, const char *location)
{
    check_refused(world, location);
    for (int overwrite = 0; overwrite < 2; overwrite++) {
        assert_false(register_table(world, NAME("back"), location, overwrite, NULL));
        assert_error_has(world, ERROR_CONFLICT, "are being deleted (purge ");
    }
    assert_false(has_table(world, NAME("back")));
}

/* Rule 60: by its uuid, although the entry names another place. */
static void test_register__is_refused_while_the_table_is_purged(void **state)
{
    struct world *world = *state;
    struct purge_row row = dropped_table(world, "t");
    row.location = SLICE_LITERAL("file:///elsewhere");
    queue_entry(world, &row);
    assert_refused(world, row.metadata_location.ptr);
}

/* Rule 60: entries of an older version have no uuid. */
static void test_register__is_refused_at_a_place_that_is_purged(void **state)
{
    struct world *world = *state;
    struct purge_row row = dropped_table(world, "t");
    row.uuid = SLICE_EMPTY;
    queue_entry(world, &row);
    assert_refused(world, row.metadata_location.ptr);
}

static void test_register__takes_a_table_back_once_its_purge_was_given_up(void **state)
{
    struct world *world = *state;
    struct purge_row row = dropped_table(world, "t");
    queue_entry(world, &row);
    give_up(world);
    assert_ok(register_table(world, NAME("back"), row.metadata_location.ptr, false, NULL),
              &world->client.err);
    assert_int_equal(queue_size(world), 0);
    world_reopen(world);
    assert_true(file_is_there(table_pointer(world, NAME("back")).ptr));
}

/* Rule 60: the end of a staged creation may give any uuid. */
static void test_create__is_refused_with_the_uuid_of_a_table_that_is_purged(void **state)
{
    struct world *world = *state;
    char updates[3 * WORLD_PATH_SIZE];
    struct purge_row row = dropped_table(world, "t");
    queue_entry(world, &row);
    (void)snprintf(updates, sizeof updates,
                   "[{'action':'assign-uuid','uuid':'%.*s'},"
                   "{'action':'upgrade-format-version','format-version':2},"
                   "{'action':'add-schema','schema':%s},"
                   "{'action':'set-current-schema','schema-id':-1},"
                   "{'action':'add-spec','spec':{'spec-id':0,'fields':[]}},"
                   "{'action':'set-default-spec','spec-id':-1},"
                   "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}},"
                   "{'action':'set-default-sort-order','sort-order-id':-1},"
                   "{'action':'set-location','location':'%s/ns/back'}]",
                   (int)row.uuid.len, row.uuid.ptr, SCHEMA, world->location);
    size_t files = world_files(world);
    assert_false(commit_table(world, NAME("back"), "[{'type':'assert-create'}]", updates, NULL));
    assert_error_has(world, ERROR_CONFLICT, "are being deleted (purge ");
    assert_int_equal(world_files(world), files);
    give_up(world);
    assert_ok(commit_table(world, NAME("back"), "[{'type':'assert-create'}]", updates, NULL),
              &world->client.err);
    assert_int_equal(queue_size(world), 0);
}

static void test_create__at_a_place_that_is_purged_goes_on(void **state)
{
    struct world *world = *state;
    struct purge_row row = dropped_table(world, "t");
    queue_entry(world, &row);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
}

struct stale_job {
    int64_t mark;
    bool is_stale;
};

static bool ask_stale(struct pointer_txn *txn, void *context, struct error *err)
{
    struct stale_job *job = context;
    return purge_guard_is_stale(txn, job->mark, &job->is_stale, err);
}

static void test_mark__is_stale_once_a_table_was_dropped_with_purge(void **state)
{
    struct world *world = *state;
    struct stale_job job = {0};
    struct purge_row row = dropped_table(world, "t");
    assert_ok(purge_guard_mark(&world->client.call, row.uuid, row.location, &job.mark,
                               &world->client.err),
              &world->client.err);
    assert_ok(pointer_store_write(world->pointers, ask_stale, &job, NULL), &world->client.err);
    assert_false(job.is_stale);
    queue_entry(world, &row);
    assert_ok(pointer_store_write(world->pointers, ask_stale, &job, NULL), &world->client.err);
    assert_true(job.is_stale);
}

#define RACES 60

/* Rule 60: whatever the purge and the register meet at, a register that was answered keeps its
 * files. */
static void test_register__beside_a_purge_keeps_its_files_or_is_refused(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < RACES; i++) {
        struct table_result made = {0};
        assert_ok(make_table_with(world, NAME("t"), "", &made), &world->client.err);
        struct slice location = arena_slice(&world->client.arena, made.metadata_location);
        table_result_finish(&made);
        assert_ok(drop_table(world, NAME("t"), true), &world->client.err);
        nanosleep(&(struct timespec){.tv_nsec = i * 20000}, NULL);
        bool is_back = register_table(world, NAME("t"), location.ptr, false, NULL);
        if (!is_back && world->client.err.kind != ERROR_CONFLICT &&
            world->client.err.kind != ERROR_NOT_FOUND)
            fail_msg("%s", world->client.err.message);
        for (int wait = 0; wait < 2000 && queue_size(world) > 0; wait++)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_int_equal(file_is_there(location.ptr), is_back);
        if (is_back)
            assert_ok(drop_table(world, NAME("t"), false), &world->client.err);
    }
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_register__is_refused_while_the_table_is_purged),
        IN_WORLD(test_register__is_refused_at_a_place_that_is_purged),
        IN_WORLD(test_register__takes_a_table_back_once_its_purge_was_given_up),
        IN_WORLD(test_create__is_refused_with_the_uuid_of_a_table_that_is_purged),
        IN_WORLD(test_create__at_a_place_that_is_purged_goes_on),
        IN_WORLD(test_mark__is_stale_once_a_table_was_dropped_with_purge),
        IN_WORLD(test_register__beside_a_purge_keeps_its_files_or_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
