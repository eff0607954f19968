#include "catalog/commit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/catalog/catalog_fixture.h"

#define CHANGE(name, requirements, updates)                                             \
    "{'identifier':{'namespace':['ns'],'name':'" name "'},'requirements':" requirements \
    ",'updates':" updates "}"
#define SET(value) "[{'action':'set-properties','updates':{'a':'" value "'}}]"
#define WRONG_UUID \
    "[{'type':'assert-table-uuid','uuid':'00000000-0000-0000-0000-000000000000'}]"

static void make_three(struct world *world)
{
    assert_ok(make_table(world, NAME("a")), &world->client.err);
    assert_ok(make_table(world, NAME("b")), &world->client.err);
    assert_ok(make_table(world, NAME("c")), &world->client.err);
}

static void assert_properties(struct world *world, const char *a, const char *b, const char *c)
{
    const char *const names[] = {"a", "b", "c"};
    const char *const expected[] = {a, b, c};
    for (size_t i = 0; i < 3; i++) {
        const char *value = table_property_of(world, NAME(names[i]), "a");
        if (expected[i])
            assert_string_equal(value, expected[i]);
        else
            assert_null(value);
    }
}

/* Rule 11. */
static void test_transaction__changes_all_tables(void **state)
{
    struct world *world = *state;
    make_three(world);
    assert_ok(run_transaction(world, "[" CHANGE("a", "[]", SET("1")) "," CHANGE("b", "[]", SET("2"))
                                     "," CHANGE("c", "[]", SET("3")) "]"),
              &world->client.err);
    assert_properties(world, "1", "2", "3");
    assert_int_equal(metadata_files(world), 6);
    world_reopen(world);
    assert_properties(world, "1", "2", "3");
}

/* Rule 11. */
static void test_transaction__with_a_failing_requirement_changes_none(void **state)
{
    struct world *world = *state;
    make_three(world);
    int64_t changes = change_count(world);
    assert_false(run_transaction(world, "[" CHANGE("a", "[]", SET("1")) ","
                                 CHANGE("b", "[]", SET("2")) "," CHANGE("c", WRONG_UUID, SET("3"))
                                 "]"));
    assert_error_has(world, ERROR_COMMIT_FAILED, "UUID does not match");
    assert_properties(world, NULL, NULL, NULL);
    assert_int_equal(metadata_files(world), 3);
    assert_int_equal(change_count(world), changes);
}

static void test_transaction__with_a_missing_table_changes_none(void **state)
{
    struct world *world = *state;
    make_three(world);
    assert_false(run_transaction(world, "[" CHANGE("a", "[]", SET("1")) ","
                                 CHANGE("nosuch", "[]", SET("2")) "]"));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.nosuch");
    assert_properties(world, NULL, NULL, NULL);
    assert_int_equal(metadata_files(world), 3);
}

/* The updates of a new table, at ns/<place>. */
static char *creation(const struct world *world, const char *name, const char *place)
{
    char *text = NULL;
    int size = asprintf(
        &text,
        "{'identifier':{'namespace':['ns'],'name':'%s'},'requirements':[{'type':'assert-create'}],"
        "'updates':[{'action':'assign-uuid','uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1'},"
        "{'action':'upgrade-format-version','format-version':2},"
        "{'action':'add-schema','schema':%s,'last-column-id':2},"
        "{'action':'set-current-schema','schema-id':-1},"
        "{'action':'add-spec','spec':{'spec-id':0,'fields':[]}},"
        "{'action':'set-default-spec','spec-id':-1},"
        "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}},"
        "{'action':'set-default-sort-order','sort-order-id':-1},"
        "{'action':'set-location','location':'%s/ns/%s'}]}",
        name, SCHEMA, world->location, place);
    assert_true(size > 0);
    return text;
}

static bool run_with_creation(struct world *world, const char *name, const char *other)
{
    char *made = creation(world, name, name), *changes = NULL;
    assert_true(asprintf(&changes, "[%s,%s]", made, other) > 0);
    bool ok = run_transaction(world, changes);
    free(changes);
    free(made);
    return ok;
}

/* Rule 11. */
static void test_transaction__creates_tables_too(void **state)
{
    struct world *world = *state;
    make_three(world);
    assert_ok(run_with_creation(world, "new", CHANGE("a", "[]", SET("1"))), &world->client.err);
    assert_true(has_table(world, NAME("new")));
    assert_properties(world, "1", NULL, NULL);
}

/* Rule 11. */
static void test_transaction__that_fails_creates_nothing(void **state)
{
    struct world *world = *state;
    make_three(world);
    assert_false(run_with_creation(world, "new", CHANGE("a", WRONG_UUID, SET("1"))));
    assert_false(has_table(world, NAME("new")));
    assert_int_equal(metadata_files(world), 3);
    assert_false(run_with_creation(world, "b", CHANGE("a", "[]", SET("1"))));
    assert_error(world, ERROR_COMMIT_FAILED,
                 "Requirement failed: table already exists (Table already exists: ns.b)");
    assert_properties(world, NULL, NULL, NULL);
    assert_int_equal(metadata_files(world), 3);
}

/* Rule 50: Two new tables at one place: the second is refused in the transaction itself,
 * by the first. */
static void test_transaction__checks_overlap_among_its_own_tables(void **state)
{
    struct world *world = *state;
    char *one = creation(world, "one", "one"), *two = creation(world, "two", "one");
    char *changes = NULL;
    assert_true(asprintf(&changes, "[%s,%s]", one, two) > 0);
    assert_false(run_transaction(world, changes));
    assert_error_has(world, ERROR_VALIDATION, "the location of table ns.one");
    assert_false(has_table(world, NAME("one")));
    assert_int_equal(metadata_files(world), 0);
    free(changes);
    free(one);
    free(two);
}

/* Rule 11: old metadata that the first table's log lost is deleted when all is done, not before. */
static void test_transaction__that_fails_deletes_no_old_metadata(void **state)
{
    struct world *world = *state;
    assert_ok(make_table_with(world, NAME("a"),
                              "'properties':{'write.metadata.delete-after-commit.enabled':'true',"
                              "'write.metadata.previous-versions-max':'1'}",
                              NULL),
              &world->client.err);
    assert_ok(make_table(world, NAME("b")), &world->client.err);
    struct slice first = table_pointer(world, NAME("a"));
    assert_ok(set_property(world, NAME("a"), "x", "1"), &world->client.err);
    assert_true(file_is_there(first.ptr));
    assert_false(run_transaction(
        world, "[" CHANGE("a", "[]", SET("1")) "," CHANGE("b", WRONG_UUID, SET("2")) "]"));
    assert_true(file_is_there(first.ptr));
    assert_ok(run_transaction(world,
                              "[" CHANGE("a", "[]", SET("1")) "," CHANGE("b", "[]", SET("2")) "]"),
              &world->client.err);
    assert_false(file_is_there(first.ptr));
}

/* Rule 11. */
static void test_transaction__names_each_table_once(void **state)
{
    struct world *world = *state;
    make_three(world);
    assert_false(run_transaction(world, "[" CHANGE("a", "[]", SET("1")) ","
                                 CHANGE("a", "[]", SET("2")) "]"));
    assert_error_has(world, ERROR_BAD_REQUEST, "Table ns.a is named twice");
    assert_false(run_transaction(world, "[]"));
    assert_error_has(world, ERROR_BAD_REQUEST, "this one names 0");
    assert_false(run_transaction(world, "[{'requirements':[],'updates':[]}]"));
    assert_error_has(world, ERROR_BAD_REQUEST, "identifier");
    assert_properties(world, NULL, NULL, NULL);
}

/* Rule 7. */
static void test_transaction__without_change_writes_nothing(void **state)
{
    struct world *world = *state;
    make_three(world);
    int64_t changes = change_count(world);
    assert_ok(run_transaction(world, "[" CHANGE("a", "[]", "[]") "," CHANGE("b", "[]", "[]") "]"),
              &world->client.err);
    assert_int_equal(metadata_files(world), 3);
    assert_int_equal(change_count(world), changes);
    assert_ok(run_transaction(world, "[" CHANGE("a", "[]", SET("1")) "," CHANGE("b", "[]", "[]")
                                     "]"),
              &world->client.err);
    assert_properties(world, "1", NULL, NULL);
    assert_int_equal(change_count(world), changes + 1);
}

/* --- threads ------------------------------------------------------------------------------ */

#define THREADS 8
#define ROUNDS 5

struct worker {
    struct world *world;
    pthread_t thread;
    int number;
    int failures;
    char failure[ERROR_MESSAGE_SIZE];
};

/* Every thread changes the same three tables, each in an order of its own: no deadlock, no loss. */
static void *worker_main(void *context)
{
    struct worker *self = context;
    static const char *const names[] = {"a", "b", "c"};
    struct client client;
    client_init(&client, self->world);
    for (int round = 0; round < ROUNDS; round++) {
        json_t *list = json_array();
        for (int i = 0; i < 3; i++)
            json_array_append_new(
                list, json_of_text("{'identifier':{'namespace':['ns'],'name':'%s'},"
                                   "'requirements':[],'updates':[{'action':'set-properties',"
                                   "'updates':{'k-%d-%d':'v'}}]}",
                                   names[(i + self->number) % 3], self->number, round));
        json_t *request = json_pack("{s:o}", "table-changes", list);
        if (!transaction_commit(&client.call, request, &client.err)) {
            self->failures++;
            memcpy(self->failure, client.err.message, sizeof self->failure);
        }
        json_decref(request);
        client_fresh(&client, self->world);
    }
    client_finish(&client);
    return NULL;
}

static void test_transaction__of_many_threads_all_go_through(void **state)
{
    struct world *world = *state;
    struct worker workers[THREADS];
    char key[32];
    make_three(world);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.world = world, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].failures)
            fail_msg("%d failed: %s", workers[i].failures, workers[i].failure);
        for (int round = 0; round < ROUNDS; round++) {
            (void)snprintf(key, sizeof key, "k-%d-%d", i, round);
            assert_non_null(table_property_of(world, NAME("a"), key));
            assert_non_null(table_property_of(world, NAME("b"), key));
            assert_non_null(table_property_of(world, NAME("c"), key));
        }
    }
    assert_int_equal(metadata_files(world), 3 + THREADS * ROUNDS * 3);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_transaction__changes_all_tables),
        IN_WORLD(test_transaction__with_a_failing_requirement_changes_none),
        IN_WORLD(test_transaction__with_a_missing_table_changes_none),
        IN_WORLD(test_transaction__creates_tables_too),
        IN_WORLD(test_transaction__that_fails_creates_nothing),
        IN_WORLD(test_transaction__checks_overlap_among_its_own_tables),
        IN_WORLD(test_transaction__that_fails_deletes_no_old_metadata),
        IN_WORLD(test_transaction__names_each_table_once),
        IN_WORLD(test_transaction__without_change_writes_nothing),
        IN_WORLD(test_transaction__of_many_threads_all_go_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
