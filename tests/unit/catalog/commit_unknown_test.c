/* The answer of a write is lost, as when the database's machine goes away: the change may have been
 * made or not, and only the pointer can tell. SQLite hardly ever leaves one in that state, so the
 * linker puts functions of ours around both halves of a write. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/catalog/catalog_fixture.h"

void __real_pointer_store_submit(struct pointer_store *store, pointer_job_fn job, void *context,
                                 struct waiter *waiter, struct pointer_write *write);
void __wrap_pointer_store_submit(struct pointer_store *store, pointer_job_fn job, void *context,
                                 struct waiter *waiter, struct pointer_write *write);
bool __real_pointer_store_wait(struct pointer_write *write, struct error *err);
bool __wrap_pointer_store_wait(struct pointer_write *write, struct error *err);

enum answer { ANSWER_ARRIVES, ANSWER_IS_LOST, CHANGE_IS_LOST };

static enum answer next_answer;

/* Whose table comes right before the next write, or NULL. */
static struct world *interloper;

static void interlope(void)
{
    struct client client;
    struct error err = {0};
    struct table_result made = {0};
    struct world *world = interloper;
    interloper = NULL;
    client_init(&client, world);
    json_t *request = json_of_text("{'name':'between','schema':%s,'location':'%s/ns/t'}", SCHEMA,
                                   world->location);
    assert_ok(table_create(&client.call, slice_from_string("ns"), request, &made, &err), &err);
    table_result_finish(&made);
    json_decref(request);
    client_finish(&client);
}

void __wrap_pointer_store_submit(struct pointer_store *store, pointer_job_fn job, void *context,
                                 struct waiter *waiter, struct pointer_write *write)
{
    if (interloper)
        interlope();
    if (next_answer != CHANGE_IS_LOST)
        __real_pointer_store_submit(store, job, context, waiter, write);
}

bool __wrap_pointer_store_wait(struct pointer_write *write, struct error *err)
{
    enum answer answer = next_answer;
    next_answer = ANSWER_ARRIVES;
    if (answer == ANSWER_ARRIVES)
        return __real_pointer_store_wait(write, err);
    if (answer == ANSWER_IS_LOST)
        assert_ok(__real_pointer_store_wait(write, err), err);
    return error_set(err, ERROR_COMMIT_UNKNOWN, "the answer was lost");
}

#define SET_A "[{'action':'set-properties','updates':{'a':'1'}}]"

/* Rule 9: the pointer is the one that was to be stored, so the commit is done. */
static void test_unknown__commit_that_arrived_is_a_success(void **state)
{
    struct world *world = *state;
    struct table_result result = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    next_answer = ANSWER_IS_LOST;
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS, SET_A, &result),
              &world->client.err);
    assert_true(slice_equals(result.metadata_location, table_pointer(world, NAME("t"))));
    table_result_finish(&result);
    world_reopen(world);
    assert_string_equal(table_property_of(world, NAME("t"), "a"), "1");
}

/* Rule 9: the pointer is another, but the change may still come: no file is deleted. */
static void test_unknown__commit_that_did_not_arrive_keeps_its_file(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice before = table_pointer(world, NAME("t"));
    next_answer = CHANGE_IS_LOST;
    assert_false(commit_table(world, NAME("t"), NO_REQUIREMENTS, SET_A, NULL));
    assert_error_has(world, ERROR_COMMIT_UNKNOWN, "the answer was lost");
    assert_true(slice_equals(table_pointer(world, NAME("t")), before));
    assert_int_equal(metadata_files(world), 2);
}

/* Rule 9: of a table that is created, and of one that is registered. */
static void test_unknown__creation(void **state)
{
    struct world *world = *state;
    next_answer = CHANGE_IS_LOST;
    assert_false(make_table(world, NAME("t")));
    assert_error_has(world, ERROR_COMMIT_UNKNOWN, "the answer was lost");
    assert_int_equal(metadata_files(world), 1);
    assert_false(has_table(world, NAME("t")));
    next_answer = ANSWER_IS_LOST;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice location = table_pointer(world, NAME("t"));
    assert_ok(drop_table(world, NAME("t"), false), &world->client.err);
    next_answer = ANSWER_IS_LOST;
    assert_ok(register_table(world, NAME("t"), location.ptr, false, NULL), &world->client.err);
    assert_true(has_table(world, NAME("t")));
}

#define CHANGE(name) \
    "{'identifier':{'namespace':['ns'],'name':'" name "'},'requirements':[],'updates':" SET_A "}"

/* Rules 9, 11: its pointers move together, so all or none have arrived. */
static void test_unknown__transaction(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("a")), &world->client.err);
    assert_ok(make_table(world, NAME("b")), &world->client.err);
    next_answer = CHANGE_IS_LOST;
    assert_false(run_transaction(world, "[" CHANGE("a") "," CHANGE("b") "]"));
    assert_error_has(world, ERROR_COMMIT_UNKNOWN, "the answer was lost");
    assert_int_equal(metadata_files(world), 4);
    assert_null(table_property_of(world, NAME("a"), "a"));
    next_answer = ANSWER_IS_LOST;
    assert_ok(run_transaction(world, "[" CHANGE("a") "," CHANGE("b") "]"), &world->client.err);
    assert_string_equal(table_property_of(world, NAME("a"), "a"), "1");
    assert_string_equal(table_property_of(world, NAME("b"), "a"), "1");
}

/* Rule 9: of views, made and replaced. */
static void test_unknown__view(void **state)
{
    struct world *world = *state;
    next_answer = CHANGE_IS_LOST;
    assert_false(make_view(world, NAME("v"), "", NULL));
    assert_error_has(world, ERROR_COMMIT_UNKNOWN, "the answer was lost");
    next_answer = ANSWER_IS_LOST;
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    size_t files = metadata_files(world);
    next_answer = CHANGE_IS_LOST;
    assert_false(replace_view(world, NAME("v"), "[]", SET_A, NULL));
    assert_error_has(world, ERROR_COMMIT_UNKNOWN, "the answer was lost");
    assert_int_equal(metadata_files(world), files + 1);
    next_answer = ANSWER_IS_LOST;
    assert_ok(replace_view(world, NAME("v"), "[]", SET_A, NULL), &world->client.err);
    assert_int_equal(metadata_files(world), files + 2);
}

/* --- another table comes between ------------------------------------------------------------ */

/* Rule 50: the place that was chosen for the table is another's when it is stored. */
static void test_create__finds_a_place_whoever_comes_between(void **state)
{
    struct world *world = *state;
    interloper = world;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_true(has_table(world, NAME("between")));
    assert_true(file_is_there(table_pointer(world, NAME("t")).ptr));
    assert_int_equal(metadata_files(world), 2);
}

/* Rule 50: a place that the client named stays the client's to choose. */
static void test_create__refuses_a_named_place_that_was_taken_meanwhile(void **state)
{
    struct world *world = *state;
    char more[WORLD_PATH_SIZE];
    (void)snprintf(more, sizeof more, "'location':'%s/ns/t'", world->location);
    interloper = world;
    assert_false(make_table_with(world, NAME("t"), more, NULL));
    assert_error_has(world, ERROR_VALIDATION, "choose another");
    assert_int_equal(metadata_files(world), 1);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_unknown__commit_that_arrived_is_a_success),
        IN_WORLD(test_unknown__commit_that_did_not_arrive_keeps_its_file),
        IN_WORLD(test_unknown__creation),
        IN_WORLD(test_unknown__transaction),
        IN_WORLD(test_unknown__view),
        IN_WORLD(test_create__finds_a_place_whoever_comes_between),
        IN_WORLD(test_create__refuses_a_named_place_that_was_taken_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
