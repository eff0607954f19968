#include "catalog/commit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/catalog/catalog_fixture.h"

/* --- one commit --------------------------------------------------------------------------- */

/* Rule 10. */
static void test_commit__moves_the_pointer_to_a_new_file(void **state)
{
    struct world *world = *state;
    struct table_result result = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice before = table_pointer(world, NAME("t"));
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS,
                           "[{'action':'set-properties','updates':{'a':'1'}}]", &result),
              &world->client.err);
    assert_false(slice_equals(before, result.metadata_location));
    assert_true(slice_equals(table_pointer(world, NAME("t")), result.metadata_location));
    assert_non_null(strstr(result.metadata_location.ptr, "/metadata/00001-"));
    assert_int_equal(result.metadata->metadata_log_count, 1);
    assert_true(slice_equals(result.metadata->metadata_log[0].metadata_file, before));
    assert_int_equal(metadata_files(world), 2);
    table_result_finish(&result);
}

/* Rule: a creation that names no uuid gets one, as it does from the reference. */
static void test_commit__creation_without_uuid_gets_one(void **state)
{
    struct world *world = *state;
    struct table_result result = {0};
    char updates[2048];
    (void)snprintf(updates, sizeof updates,
                   "[{'action':'add-schema','schema':%s},"
                   "{'action':'set-current-schema','schema-id':-1},"
                   "{'action':'add-spec','spec':{'fields':[]}},"
                   "{'action':'set-default-spec','spec-id':-1},"
                   "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}},"
                   "{'action':'set-default-sort-order','sort-order-id':-1},"
                   "{'action':'set-location','location':'%s/ns/made'}]",
                   SCHEMA, world->location);
    assert_ok(commit_table(world, NAME("made"), "[{'type':'assert-create'}]", updates, &result),
              &world->client.err);
    assert_int_equal(result.metadata->uuid.len, 36);
    table_result_finish(&result);
}

/* Rule 7. */
static void test_commit__without_change_writes_nothing(void **state)
{
    struct world *world = *state;
    struct table_result result = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice before = table_pointer(world, NAME("t"));
    int64_t changes = change_count(world);
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS,
                           "[{'action':'set-current-schema','schema-id':0}]", &result),
              &world->client.err);
    assert_true(slice_equals(result.metadata_location, before));
    assert_int_equal(metadata_files(world), 1);
    assert_int_equal(change_count(world), changes);
    table_result_finish(&result);
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS, "[]", &result),
              &world->client.err);
    assert_true(slice_equals(result.metadata_location, before));
    table_result_finish(&result);
}

/* Rule 1. */
static void test_commit__checks_requirements_before_it_writes(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice before = table_pointer(world, NAME("t"));
    assert_false(commit_table(
        world, NAME("t"),
        "[{'type':'assert-table-uuid','uuid':'00000000-0000-0000-0000-000000000000'}]",
        "[{'action':'set-properties','updates':{'a':'1'}}]", NULL));
    assert_error_has(world, ERROR_COMMIT_FAILED, "UUID does not match");
    assert_false(commit_table(world, NAME("t"), "[{'type':'assert-create'}]", "[]", NULL));
    assert_error(world, ERROR_COMMIT_FAILED,
                 "Requirement failed: table already exists (Table already exists: ns.t)");
    assert_true(slice_equals(table_pointer(world, NAME("t")), before));
    assert_int_equal(metadata_files(world), 1);
}

/* Rule 6: "unknown update → 400 whole request, nothing applied": also where a requirement fails. */
static void test_commit__refuses_what_it_does_not_know_before_requirements(void **state)
{
    struct world *world = *state;
    const char *failing =
        "[{'type':'assert-table-uuid','uuid':'00000000-0000-0000-0000-000000000000'}]";
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(commit_table(world, NAME("t"), failing, "[{'action':'fly'}]", NULL));
    assert_error_has(world, ERROR_BAD_REQUEST, "fly");
    assert_false(commit_table(world, NAME("t"), "[{'type':'assert-moon'}]", "[]", NULL));
    assert_error_has(world, ERROR_BAD_REQUEST, "assert-moon");
}

/* Rule K1. */
static void test_commit__says_what_is_missing(void **state)
{
    struct world *world = *state;
    assert_false(set_property(world, NAME("t"), "a", "1"));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.t");
    assert_false(commit_table(world, name_in("no", "t"), "[{'type':'assert-create'}]", "[]",
                              NULL));
    assert_error(world, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: no");
    assert_ok(make_view(world, NAME("v"), "", NULL), &world->client.err);
    assert_false(set_property(world, NAME("v"), "a", "1"));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.v");
    assert_false(commit_table(world, NAME("v"), "[{'type':'assert-create'}]", "[]", NULL));
    assert_error(world, ERROR_ALREADY_EXISTS, "View with same name already exists: ns.v");
}

static void test_commit__wants_one_identifier(void **state)
{
    struct world *world = *state;
    struct table_result result = {0};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    json_t *request = json_of_text("{'identifier':{'namespace':['ns'],'name':'u'},"
                                   "'requirements':[],'updates':[]}");
    assert_fails(table_commit(&world->client.call, NAME("t"), request, &result,
                              &world->client.err),
                 &world->client.err, ERROR_BAD_REQUEST);
    assert_error_has(world, ERROR_BAD_REQUEST, "is ns.u, the path says ns.t");
    json_decref(request);
}

static void test_commit__is_logged_with_old_and_new_pointer(void **state)
{
    struct world *world = *state;
    struct pointer_view *view = NULL;
    struct change_row *rows = NULL;
    size_t count = 0;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice before = table_pointer(world, NAME("t"));
    assert_ok(set_property(world, NAME("t"), "a", "1"), &world->client.err);
    assert_true(pointer_view_begin(world->pointers, &view, NULL));
    assert_true(pointer_change_list(view, world->warehouse->id, 0, 100, &world->client.arena,
                                    &rows, &count, NULL));
    pointer_view_end(view);
    assert_int_equal(count, 3); /* namespace, table, commit */
    assert_true(slice_equals(rows[2].old_location, before));
    assert_true(slice_equals(rows[2].new_location, table_pointer(world, NAME("t"))));
    assert_slice_equal(rows[2].name, "t");
    assert_slice_equal(rows[2].namespace_path, "ns");
    assert_slice_equal(rows[2].actor, "tester");
    assert_int_equal(rows[2].entity_uuid.len, 36);
}

/* --- places ------------------------------------------------------------------------------- */

static bool set_location(struct world *world, struct entity_name name, const char *location)
{
    char updates[WORLD_PATH_SIZE];
    (void)snprintf(updates, sizeof updates, "[{'action':'set-location','location':'%s'}]",
                   location);
    return commit_table(world, name, NO_REQUIREMENTS, updates, NULL);
}

static void test_commit__moves_a_table_only_to_allowed_places(void **state)
{
    struct world *world = *state;
    char place[WORLD_PATH_SIZE];
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(make_table(world, NAME("u")), &world->client.err);
    assert_false(set_location(world, NAME("t"), "file:///elsewhere/t"));
    assert_error_has(world, ERROR_FORBIDDEN,
                     "The table location file:///elsewhere/t lies outside of the warehouse");
    (void)snprintf(place, sizeof place, "%s/ns/u/inside", world->location);
    assert_false(set_location(world, NAME("t"), place));
    assert_error_has(world, ERROR_VALIDATION, "the location of table ns.u");
    (void)snprintf(place, sizeof place, "%s2/t", world->location);
    assert_false(set_location(world, NAME("t"), place));
    assert_error_has(world, ERROR_FORBIDDEN, "lies outside of the warehouse");
    assert_int_equal(metadata_files(world), 2);
    (void)snprintf(place, sizeof place, "%s/moved", world->allowed);
    assert_ok(set_location(world, NAME("t"), place), &world->client.err);
    assert_non_null(strstr(table_pointer(world, NAME("t")).ptr, "/allowed/moved/metadata/00001-"));
}

/* Rule 50. */
static void test_commit__takes_two_spellings_of_one_place_for_one(void **state)
{
    struct world *world = *state;
    struct table_result loaded = {0};
    char place[WORLD_PATH_SIZE];
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    (void)snprintf(place, sizeof place, "file:%s/ns/t", world->place);
    assert_ok(set_location(world, NAME("t"), place), &world->client.err);
    assert_ok(load_table(world, NAME("t"), &loaded), &world->client.err);
    assert_slice_equal(loaded.metadata->location, place);
    table_result_finish(&loaded);
}

/* Rule K17. */
static void test_commit__writes_metadata_only_to_allowed_places(void **state)
{
    struct world *world = *state;
    char path[WORLD_PATH_SIZE];
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_false(set_property(world, NAME("t"), "write.metadata.path", "file:///etc/firn"));
    assert_error_has(world, ERROR_FORBIDDEN, "metadata location (write.metadata.path)");
    (void)snprintf(path, sizeof path, "%s/meta", world->allowed);
    assert_ok(set_property(world, NAME("t"), "write.metadata.path", path), &world->client.err);
    assert_true(slice_starts_with(table_pointer(world, NAME("t")), slice_from_string(path)));
}

/* Rule 50: A table right in an allowed location: its neighbour's name begins with its own, but
 * lies outside. */
static void test_commit__does_not_take_a_longer_name_for_a_place_within(void **state)
{
    struct world *world = *state;
    char more[WORLD_PATH_SIZE], path[WORLD_PATH_SIZE];
    (void)snprintf(more, sizeof more, "'location':'%s'", world->allowed);
    assert_ok(make_table_with(world, NAME("t"), more, NULL), &world->client.err);
    (void)snprintf(path, sizeof path, "%s-other/metadata", world->allowed);
    assert_false(set_property(world, NAME("t"), "write.metadata.path", path));
    assert_error_has(world, ERROR_FORBIDDEN, "metadata location (write.metadata.path)");
    (void)snprintf(path, sizeof path, "%s/../metadata", world->allowed);
    assert_false(set_property(world, NAME("t"), "write.metadata.path", path));
    assert_error_has(world, ERROR_BAD_REQUEST, "'..'");
}

/* Rule 52. */
static void test_commit__gzips_metadata_where_the_table_says_so(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(set_property(world, NAME("t"), "write.metadata.compression-codec", "GZIP"),
              &world->client.err);
    assert_true(slice_ends_with(table_pointer(world, NAME("t")),
                                SLICE_LITERAL(".gz.metadata.json")));
    world_reopen(world);
    assert_string_equal(
        table_property_of(world, NAME("t"), "write.metadata.compression-codec"), "GZIP");
}

/* --- files that fall out of the log ------------------------------------------------------- */

#define KEEP_TWO                                             \
    "'properties':{'write.metadata.delete-after-commit.enabled':'true'," \
    "'write.metadata.previous-versions-max':'2'}"

/* Rules 39, K12. */
static void test_commit__deletes_the_files_that_fall_out_of_the_log(void **state)
{
    struct world *world = *state;
    char value[16];
    assert_ok(make_table_with(world, NAME("t"), KEEP_TWO, NULL), &world->client.err);
    for (int i = 0; i < 6; i++) {
        (void)snprintf(value, sizeof value, "%d", i);
        assert_ok(set_property(world, NAME("t"), "a", value), &world->client.err);
        assert_int_equal(metadata_files(world), i < 2 ? i + 2 : 3);
    }
    assert_string_equal(table_property_of(world, NAME("t"), "a"), "5");
}

/* Rule 39: Registered metadata may name any file as an old one of its own. */
static void test_commit__never_deletes_a_logged_file_outside_of_allowed_places(void **state)
{
    struct world *world = *state;
    char outside[WORLD_PATH_SIZE], text[4096], path[WORLD_PATH_SIZE];
    (void)snprintf(outside, sizeof outside, "%s/outside.metadata.json", world->directory);
    file_write(outside, SLICE_LITERAL("precious"));
    (void)snprintf(path, sizeof path, "%s/ns/r/metadata/00001-x.metadata.json",
                   world->location);
    (void)snprintf(
        text, sizeof text,
        "{'format-version':2,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1',"
        "'location':'%s/ns/r','last-sequence-number':0,'last-updated-ms':1000,"
        "'last-column-id':2,'current-schema-id':0,'schemas':[%s],'default-spec-id':0,"
        "'partition-specs':[{'spec-id':0,'fields':[]}],'last-partition-id':999,"
        "'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],"
        "'properties':{'write.metadata.delete-after-commit.enabled':'true',"
        "'write.metadata.previous-versions-max':'1'},'snapshots':[],'snapshot-log':[],"
        "'metadata-log':[{'timestamp-ms':900,'metadata-file':'file://%s'}]}",
        world->location, SCHEMA, outside);
    json_t *tree = json_of_text("%s", text);
    char *json = json_dumps(tree, 0);
    file_write(path, slice_from_string(json));
    free(json);
    json_decref(tree);
    assert_ok(register_table(world, NAME("r"), path, false, NULL), &world->client.err);
    assert_ok(set_property(world, NAME("r"), "a", "1"), &world->client.err);
    assert_ok(set_property(world, NAME("r"), "a", "2"), &world->client.err);
    assert_true(file_is_there(outside));
    assert_false(file_is_there(path));
}

/* --- many threads ------------------------------------------------------------------------- */

#define THREADS 16
#define COMMITS_EACH 6

struct committer {
    struct world *world;
    pthread_t thread;
    int number;
    int failures;
    char failure[ERROR_MESSAGE_SIZE];
};

static bool commit_once(struct committer *self, struct client *client, int round)
{
    struct table_result result = {0};
    json_t *request = json_of_text("{'requirements':[{'type':'assert-current-schema-id',"
                                   "'current-schema-id':0}],'updates':[{'action':"
                                   "'set-properties','updates':{'k-%d-%d':'v'}}]}",
                                   self->number, round);
    bool ok = table_commit(&client->call, NAME("t"), request, &result, &client->err);
    table_result_finish(&result);
    json_decref(request);
    return ok;
}

static void *committer_main(void *context)
{
    struct committer *self = context;
    struct client client;
    client_init(&client, self->world);
    for (int round = 0; round < COMMITS_EACH; round++) {
        if (!commit_once(self, &client, round)) {
            self->failures++;
            memcpy(self->failure, client.err.message, sizeof self->failure);
        }
        client_fresh(&client, self->world);
    }
    client_finish(&client);
    return NULL;
}

static void run_committers(struct world *world)
{
    struct committer committers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        committers[i] = (struct committer){.world = world, .number = i};
        assert_int_equal(
            pthread_create(&committers[i].thread, NULL, committer_main, &committers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(committers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        if (committers[i].failures > 0)
            fail_msg("%d commits failed: %s", committers[i].failures, committers[i].failure);
}

static void assert_all_properties(struct world *world)
{
    struct table_result loaded = {0};
    char key[32];
    assert_ok(load_table(world, NAME("t"), &loaded), &world->client.err);
    json_t *tree = table_tree(loaded.metadata);
    for (int i = 0; i < THREADS * COMMITS_EACH; i++) {
        (void)snprintf(key, sizeof key, "k-%d-%d", i / COMMITS_EACH, i % COMMITS_EACH);
        if (json_object_get(json_object_get(tree, "properties"), key) == NULL)
            fail_msg("%s was acknowledged and is lost", key);
    }
    json_decref(tree);
    table_result_finish(&loaded);
}

/* Rule K10. */
static void test_commit__of_many_threads_all_go_through(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    run_committers(world);
    assert_all_properties(world);
    assert_int_equal(metadata_files(world), THREADS * COMMITS_EACH + 1);
    world_reopen(world);
    assert_all_properties(world);
}

struct loader {
    struct world *world;
    pthread_t thread;
    atomic_bool is_done;
    int loads;
    int failures;
    char failure[ERROR_MESSAGE_SIZE];
};

static void *loader_main(void *context)
{
    struct loader *self = context;
    struct client client;
    client_init(&client, self->world);
    while (!atomic_load(&self->is_done)) {
        struct table_result result = {0};
        self->loads++;
        if (!table_load(&client.call, NAME("t"), &result, &client.err)) {
            self->failures++;
            memcpy(self->failure, client.err.message, sizeof self->failure);
        }
        table_result_finish(&result);
        client_fresh(&client, self->world);
    }
    client_finish(&client);
    return NULL;
}

/* A load may read the pointer, and lose the file to two commits before it looks for it. */
static void test_commit__that_deletes_old_files_does_not_disturb_loads(void **state)
{
    struct world *world = *state;
    struct loader loader = {.world = world};
    atomic_init(&loader.is_done, false);
    assert_ok(make_table_with(world, NAME("t"),
                              "'properties':{'write.metadata.delete-after-commit.enabled':'true',"
                              "'write.metadata.previous-versions-max':'1'}",
                              NULL),
              &world->client.err);
    assert_int_equal(pthread_create(&loader.thread, NULL, loader_main, &loader), 0);
    run_committers(world);
    atomic_store(&loader.is_done, true);
    pthread_join(loader.thread, NULL);
    assert_true(loader.loads > 0);
    if (loader.failures > 0)
        fail_msg("%d loads failed: %s", loader.failures, loader.failure);
    assert_int_equal(metadata_files(world), 2);
}

/* --- changes that take no lock of the table ----------------------------------------------- */

struct toucher {
    struct world *world;
    pthread_t thread;
    atomic_bool is_done;
    struct slice location;
};

/* Overwrites the table by a register of its own first file, again and again. */
static void *toucher_main(void *context)
{
    struct toucher *self = context;
    struct client client;
    client_init(&client, self->world);
    while (!atomic_load(&self->is_done)) {
        struct table_result result = {0};
        json_t *request = json_pack("{s:s,s:s,s:b}", "name", "t", "metadata-location",
                                    self->location.ptr, "overwrite", 1);
        (void)table_register(&client.call, slice_from_string("ns"), request, &result,
                             &client.err);
        table_result_finish(&result);
        json_decref(request);
        client_fresh(&client, self->world);
    }
    client_finish(&client);
    return NULL;
}

/* Rule K3. */
static void test_commit__goes_through_between_overwriting_registers(void **state)
{
    struct world *world = *state;
    struct toucher toucher = {.world = world};
    struct client client;
    atomic_init(&toucher.is_done, false);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    toucher.location = table_pointer(world, NAME("t"));
    assert_int_equal(pthread_create(&toucher.thread, NULL, toucher_main, &toucher), 0);
    client_init(&client, world);
    struct committer self = {.world = world};
    int passed = 0;
    for (int round = 0; round < 20; round++) {
        bool ok = commit_once(&self, &client, round) || client.err.kind == ERROR_COMMIT_FAILED;
        if (!ok)
            (void)fprintf(stderr, "round %d: %s\n", round, client.err.message);
        passed += ok;
        client_fresh(&client, world);
    }
    atomic_store(&toucher.is_done, true);
    pthread_join(toucher.thread, NULL);
    client_finish(&client);
    assert_int_equal(passed, 20);
    assert_true(has_table(world, NAME("t")));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_commit__moves_the_pointer_to_a_new_file),
        IN_WORLD(test_commit__creation_without_uuid_gets_one),
        IN_WORLD(test_commit__without_change_writes_nothing),
        IN_WORLD(test_commit__checks_requirements_before_it_writes),
        IN_WORLD(test_commit__refuses_what_it_does_not_know_before_requirements),
        IN_WORLD(test_commit__says_what_is_missing),
        IN_WORLD(test_commit__wants_one_identifier),
        IN_WORLD(test_commit__is_logged_with_old_and_new_pointer),
        IN_WORLD(test_commit__moves_a_table_only_to_allowed_places),
        IN_WORLD(test_commit__takes_two_spellings_of_one_place_for_one),
        IN_WORLD(test_commit__writes_metadata_only_to_allowed_places),
        IN_WORLD(test_commit__does_not_take_a_longer_name_for_a_place_within),
        IN_WORLD(test_commit__gzips_metadata_where_the_table_says_so),
        IN_WORLD(test_commit__deletes_the_files_that_fall_out_of_the_log),
        IN_WORLD(test_commit__never_deletes_a_logged_file_outside_of_allowed_places),
        IN_WORLD(test_commit__of_many_threads_all_go_through),
        IN_WORLD(test_commit__that_deletes_old_files_does_not_disturb_loads),
        IN_WORLD(test_commit__goes_through_between_overwriting_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
