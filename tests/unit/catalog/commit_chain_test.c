/*
 * Commits that are built on commits which are not durable yet. A gate job holds the writer while
 * they queue up behind it; what is asserted holds however they were grouped.
 */
#include "catalog/commit_chain.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "catalog/commit.h"
#include "catalog/lookup.h"
#include "tests/unit/catalog/catalog_fixture.h"
#include "tests/unit/storage/store_fixture.h"

/* For a commit that is to wait for the outcome of another: should it come later, its own is
 * the same. */
#define QUEUE_US 50000
/* A commit that is to be queued is waited for, this long on a busy machine. */
#define MAX_QUEUE_US 10000000
#define MAX_COMMITTERS 8

struct committer {
    struct client client;
    json_t *request;
    pthread_t thread;
    atomic_bool is_done;
    bool ok;
    char metadata_location[256];
};

struct scene {
    struct world *world;
    struct gate gate;
    struct pointer_write gate_write;
    struct committer committers[MAX_COMMITTERS];
    size_t count;
};

static void scene_begin(struct scene *scene, struct world *world)
{
    *scene = (struct scene){.world = world, .gate = GATE_CLOSED};
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    pointer_store_submit(world->pointers, job_gate, &scene->gate, NULL, &scene->gate_write);
}

static void *committer_main(void *context)
{
    struct committer *committer = context;
    struct table_result result = {0};
    committer->ok = table_commit(&committer->client.call, NAME("t"), committer->request, &result,
                                 &committer->client.err);
    if (committer->ok)
        (void)snprintf(committer->metadata_location, sizeof committer->metadata_location, "%.*s",
                       SLICE_ARG(result.metadata_location));
    table_result_finish(&result);
    atomic_store(&committer->is_done, true);
    return NULL;
}

/* Whose job was queued last; NULL: nobody's. */
static struct commit_tip *current_tip(struct scene *scene)
{
    struct entity_row row;
    struct catalog *catalog = scene->world->catalog;
    assert_ok(entity_find(&scene->world->client.call, NAME("t"), ENTITY_TABLE, &row,
                          &scene->world->client.err),
              &scene->world->client.err);
    struct commit_tip *tip = commit_chain_find(catalog->chain, row.id);
    commit_tip_unref(catalog->chain, tip); /* the gate keeps it where it is */
    return tip;
}

static struct committer *scene_start(struct scene *scene, const char *requirements,
                                     const char *updates)
{
    struct committer *committer = &scene->committers[scene->count++];
    client_init(&committer->client, scene->world);
    committer->request =
        json_of_text("{'requirements':%s,'updates':%s}", requirements, updates);
    assert_int_equal(pthread_create(&committer->thread, NULL, committer_main, committer), 0);
    return committer;
}

/* A commit whose job is in the queue when this returns. */
static struct committer *scene_commit(struct scene *scene, const char *requirements,
                                      const char *updates)
{
    struct commit_tip *before = current_tip(scene);
    struct committer *committer = scene_start(scene, requirements, updates);
    for (int waited_us = 0; current_tip(scene) == before; waited_us += 1000) {
        assert_true(waited_us < MAX_QUEUE_US);
        usleep(1000);
    }
    return committer;
}

/* A commit that waits for the outcome of the one before. */
static struct committer *scene_wait(struct scene *scene, const char *requirements,
                                    const char *updates)
{
    struct committer *committer = scene_start(scene, requirements, updates);
    usleep(QUEUE_US);
    return committer;
}

static void scene_open_gate(struct scene *scene)
{
    gate_open(&scene->gate);
    assert_false(pointer_store_wait(&scene->gate_write, NULL));
    for (size_t i = 0; i < scene->count; i++)
        pthread_join(scene->committers[i].thread, NULL);
}

static void scene_end(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++) {
        json_decref(scene->committers[i].request);
        client_finish(&scene->committers[i].client);
    }
}

static const char *kind_of(const struct committer *committer)
{
    return error_kind_name(committer->client.err.kind);
}

/* A commit that the database refuses: its location is another table's, who got it while the commit
 * was queued. It also makes schema 1 current, so that its phantom can be told from the table. */
#define ADD_SCHEMA                                                                             \
    "{'action':'add-schema','schema':{'type':'struct','fields':["                              \
    "{'id':1,'name':'id','required':true,'type':'long'},"                                      \
    "{'id':2,'name':'name','required':false,'type':'string'},"                                 \
    "{'id':3,'name':'more','required':false,'type':'int'}]}},"                                 \
    "{'action':'set-current-schema','schema-id':-1}"

static bool job_take_place(struct pointer_txn *txn, void *context, struct error *err)
{
    struct world *world = context;
    struct namespace_row above;
    struct arena arena;
    bool found = false;
    int64_t id = 0;
    char location[256];
    (void)snprintf(location, sizeof location, "%s/taken", world->location);
    arena_init(&arena, 1024 * 1024);
    bool ok = pointer_namespace_get(pointer_txn_view(txn), world->warehouse->id,
                                    SLICE_LITERAL("ns"), &arena, &above, &found, err);
    struct entity_row row = {
        .warehouse_id = world->warehouse->id,
        .namespace_id = above.id,
        .kind = ENTITY_TABLE,
        .namespace_path = SLICE_LITERAL("ns"),
        .name = SLICE_LITERAL("other"),
        .uuid = SLICE_LITERAL("11111111-1111-4111-8111-111111111111"),
        .location = slice_from_string(location),
        .metadata_location = SLICE_LITERAL("file:///nowhere.metadata.json"),
    };
    ok = ok && found && pointer_entity_insert(txn, &row, &id, err);
    arena_finish(&arena);
    return ok;
}

static struct committer *commit_that_fails(struct scene *scene, struct pointer_write *taking)
{
    char updates[1024];
    pointer_store_submit(scene->world->pointers, job_take_place, scene->world, NULL, taking);
    (void)snprintf(updates, sizeof updates,
                   "[" ADD_SCHEMA ",{'action':'set-location','location':'%s/taken'}]",
                   scene->world->location);
    return scene_commit(scene, NO_REQUIREMENTS, updates);
}

static void expect_refused(const struct committer *committer)
{
    assert_false(committer->ok);
    assert_non_null(strstr(committer->client.err.message, "overlap"));
}

/* --- tests -------------------------------------------------------------------------------- */

static void test_chain__commits_are_made_while_earlier_ones_wait(void **state)
{
    struct scene scene;
    struct world *world = *state;
    scene_begin(&scene, world);
    size_t before = metadata_files(world);
    for (int i = 0; i < MAX_COMMITTERS; i++) {
        char updates[128];
        (void)snprintf(updates, sizeof updates,
                       "[{'action':'set-properties','updates':{'k%d':'v'}}]", i);
        (void)scene_commit(&scene, "[{'type':'assert-current-schema-id','current-schema-id':0}]",
                           updates);
    }
    assert_int_equal(metadata_files(world), before + MAX_COMMITTERS);
    for (size_t i = 0; i < scene.count; i++)
        assert_false(atomic_load(&scene.committers[i].is_done));
    assert_null(table_property_of(world, NAME("t"), "k0")); /* readers see what is durable */
    scene_open_gate(&scene);
    for (size_t i = 0; i < scene.count; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%zu", i);
        assert_true(scene.committers[i].ok);
        assert_string_equal(table_property_of(world, NAME("t"), key), "v");
    }
    assert_int_equal(metadata_files(world), before + MAX_COMMITTERS); /* none was made twice */
    scene_end(&scene);
}

static void test_chain__a_commit_on_one_that_fails_begins_again(void **state)
{
    struct scene scene;
    struct pointer_write taking;
    struct world *world = *state;
    scene_begin(&scene, world);
    size_t before = metadata_files(world);
    struct committer *first = commit_that_fails(&scene, &taking);
    struct committer *second =
        scene_commit(&scene, NO_REQUIREMENTS, "[{'action':'set-properties','updates':{'k':'v'}}]");
    scene_open_gate(&scene);
    assert_true(pointer_store_wait(&taking, NULL));
    expect_refused(first);
    assert_true(second->ok);
    assert_string_equal(table_property_of(world, NAME("t"), "k"), "v");
    assert_int_equal(metadata_files(world), before + 1); /* of the two that failed, none is left */
    scene_end(&scene);
}

/* Schema 1 never came to be: who was refused because of it must be asked again. */
static void test_chain__a_refusal_by_a_phantom_does_not_count(void **state)
{
    struct scene scene;
    struct pointer_write taking;
    struct world *world = *state;
    scene_begin(&scene, world);
    struct committer *first = commit_that_fails(&scene, &taking);
    struct committer *second =
        scene_wait(&scene, "[{'type':'assert-current-schema-id','current-schema-id':0}]",
                     "[{'action':'set-properties','updates':{'k':'v'}}]");
    assert_false(atomic_load(&second->is_done));
    scene_open_gate(&scene);
    assert_true(pointer_store_wait(&taking, NULL));
    expect_refused(first);
    assert_true(second->ok);
    scene_end(&scene);
}

static void test_chain__a_success_on_a_phantom_does_not_count(void **state)
{
    struct scene scene;
    struct pointer_write taking;
    struct world *world = *state;
    scene_begin(&scene, world);
    struct committer *first = commit_that_fails(&scene, &taking);
    struct committer *second =
        scene_commit(&scene, "[{'type':'assert-current-schema-id','current-schema-id':1}]",
                     "[{'action':'set-properties','updates':{'k':'v'}}]");
    scene_open_gate(&scene);
    assert_true(pointer_store_wait(&taking, NULL));
    expect_refused(first);
    assert_false(second->ok);
    assert_string_equal(kind_of(second), error_kind_name(ERROR_COMMIT_FAILED));
    assert_null(table_property_of(world, NAME("t"), "k"));
    scene_end(&scene);
}

static void test_chain__a_refusal_by_a_commit_that_lasts_counts(void **state)
{
    struct scene scene;
    struct world *world = *state;
    scene_begin(&scene, world);
    struct committer *first = scene_commit(&scene, NO_REQUIREMENTS, "[" ADD_SCHEMA "]");
    struct committer *second =
        scene_wait(&scene, "[{'type':'assert-current-schema-id','current-schema-id':0}]",
                     "[{'action':'set-properties','updates':{'k':'v'}}]");
    assert_false(atomic_load(&second->is_done));
    scene_open_gate(&scene);
    assert_true(first->ok);
    assert_false(second->ok);
    assert_string_equal(kind_of(second), error_kind_name(ERROR_COMMIT_FAILED));
    scene_end(&scene);
}

/* What is already so on the way is not answered before it is so for good. */
static void test_chain__a_commit_that_changes_nothing_waits_too(void **state)
{
    struct scene scene;
    scene_begin(&scene, *state);
    struct committer *first = scene_commit(&scene, NO_REQUIREMENTS, "[" ADD_SCHEMA "]");
    struct committer *second = scene_wait(
        &scene, NO_REQUIREMENTS, "[{'action':'set-current-schema','schema-id':1}]");
    assert_false(atomic_load(&second->is_done));
    scene_open_gate(&scene);
    assert_true(first->ok && second->ok);
    assert_string_equal(first->metadata_location, second->metadata_location);
    scene_end(&scene);
}

static void test_chain__a_drop_between_two_commits_ends_the_second(void **state)
{
    struct scene scene;
    struct world *world = *state;
    const char *updates = "[{'action':'set-properties','updates':{'k':'v'}}]";
    scene_begin(&scene, world);
    scene_open_gate(&scene);
    assert_true(drop_table(world, NAME("t"), false));
    struct committer *late = scene_start(&scene, NO_REQUIREMENTS, updates);
    pthread_join(late->thread, NULL);
    assert_false(late->ok);
    assert_string_equal(kind_of(late), error_kind_name(ERROR_NO_SUCH_TABLE));
    scene_end(&scene);
}

/* --- tips ----------------------------------------------------------------------------------- */

static struct commit_tip *tip_make(struct world *world, const char *location)
{
    struct table_result loaded = {0};
    struct commit_tip *tip = NULL;
    struct error *err = &world->client.err;
    assert_ok(table_load(&world->client.call, NAME("t"), &loaded, err), err);
    assert_ok(commit_tip_create(7, slice_from_string(location), SLICE_LITERAL("file:///t"),
                                loaded.metadata, &tip, err),
              err);
    table_result_finish(&loaded);
    return tip;
}

static bool is_tip(struct commit_chain *chain, const struct commit_tip *tip)
{
    struct commit_tip *found = commit_chain_find(chain, 7);
    commit_tip_unref(chain, found);
    return found == tip;
}

/* Two commits fail one after the other; in between, one that has begun again leaves its tip. */
static void test_chain__a_failed_tip_takes_away_what_was_built_on_it_alone(void **state)
{
    struct world *world = *state;
    struct commit_chain *chain = world->catalog->chain;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct commit_tip *first = tip_make(world, "1"), *second = tip_make(world, "2");
    struct commit_tip *again = tip_make(world, "3"), *on_it = tip_make(world, "4");
    commit_chain_publish(chain, first, NULL);
    commit_chain_publish(chain, second, first);
    commit_chain_end(chain, first, false);
    assert_true(is_tip(chain, NULL));
    commit_chain_publish(chain, again, NULL);
    commit_chain_publish(chain, on_it, again);
    commit_chain_end(chain, second, false);
    assert_true(is_tip(chain, on_it));
    commit_chain_end(chain, again, true);
    assert_true(is_tip(chain, on_it));
    commit_chain_end(chain, on_it, true);
    assert_true(is_tip(chain, NULL));
    commit_tip_unref(chain, first);
    commit_tip_unref(chain, second);
    commit_tip_unref(chain, again);
    commit_tip_unref(chain, on_it);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_chain__commits_are_made_while_earlier_ones_wait),
        IN_WORLD(test_chain__a_commit_on_one_that_fails_begins_again),
        IN_WORLD(test_chain__a_refusal_by_a_phantom_does_not_count),
        IN_WORLD(test_chain__a_success_on_a_phantom_does_not_count),
        IN_WORLD(test_chain__a_refusal_by_a_commit_that_lasts_counts),
        IN_WORLD(test_chain__a_commit_that_changes_nothing_waits_too),
        IN_WORLD(test_chain__a_drop_between_two_commits_ends_the_second),
        IN_WORLD(test_chain__a_failed_tip_takes_away_what_was_built_on_it_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
