#include "tests/unit/catalog/catalog_trial.h"

#include <stdio.h>
#include <time.h>

#include "catalog/commit.h"
#include "catalog/purge.h"
#include "iceberg/manifest_list.h"
#include "tests/unit/catalog/append_fixture.h"

static struct entity_name name_of(struct trial *trial, int index)
{
    return NAME(trial->names[index]);
}

static void make_one(struct trial *trial, int index)
{
    assert_ok(make_table(trial->world, name_of(trial, index)), &trial->world->client.err);
}

static bool is_changed(struct trial *trial, int index)
{
    return table_property_of(trial->world, name_of(trial, index), "x") != NULL;
}

/* --- the changes -------------------------------------------------------------------------- */

static void prepare_commit(struct trial *trial)
{
    make_one(trial, 0);
    trial->request = json_of_text("{'requirements':[{'type':'assert-current-schema-id',"
                                  "'current-schema-id':0}],'updates':[{'action':"
                                  "'set-properties','updates':{'x':'1'}}]}");
}

static bool act_commit(struct trial *trial, struct call *call, struct error *err)
{
    struct table_result result = {0};
    bool ok = table_commit(call, name_of(trial, 0), trial->request, &result, err);
    table_result_finish(&result);
    return ok;
}

static int done_commit(struct trial *trial)
{
    return is_changed(trial, 0);
}

/* Two appends on one base, the first of which goes through. */
static void prepare_append(struct trial *trial)
{
    struct made_append late;
    append_make_late(trial->world, name_of(trial, 0), &late);
    trial->request =
        json_of_text("{'requirements':%s,'updates':%s}", late.requirements, late.updates);
}

static int done_append(struct trial *trial)
{
    struct manifest_list *list = head_list(trial->world, name_of(trial, 0));
    int count = (int)list->count;
    manifest_list_unref(list);
    return count - 1;
}

static void prepare_create(struct trial *trial)
{
    trial->request = json_of_text("{'name':'%s','schema':%s}", trial->names[0], SCHEMA);
}

static bool act_create(struct trial *trial, struct call *call, struct error *err)
{
    struct table_result result = {0};
    bool ok = table_create(call, slice_from_string("ns"), trial->request, &result, err);
    table_result_finish(&result);
    return ok;
}

static int done_create(struct trial *trial)
{
    return has_table(trial->world, name_of(trial, 0));
}

#define CHANGED "'requirements':[],'updates':[{'action':'set-properties','updates':{'x':'1'}}]"

static void prepare_transaction(struct trial *trial)
{
    make_one(trial, 0);
    make_one(trial, 1);
    trial->request = json_of_text(
        "{'table-changes':["
        "{'identifier':{'namespace':['ns'],'name':'%s'}," CHANGED "},"
        "{'identifier':{'namespace':['ns'],'name':'%s'}," CHANGED "},"
        "{'identifier':{'namespace':['ns'],'name':'%s'},"
        "'requirements':[{'type':'assert-create'}],'updates':["
        "{'action':'assign-uuid','uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1'},"
        "{'action':'upgrade-format-version','format-version':2},"
        "{'action':'add-schema','schema':%s,'last-column-id':2},"
        "{'action':'set-current-schema','schema-id':-1},"
        "{'action':'add-spec','spec':{'spec-id':0,'fields':[]}},"
        "{'action':'set-default-spec','spec-id':-1},"
        "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}},"
        "{'action':'set-default-sort-order','sort-order-id':-1},"
        "{'action':'set-location','location':'%s/ns/%s'}]}]}",
        trial->names[0], trial->names[1], trial->names[2], SCHEMA, trial->world->location,
        trial->names[2]);
}

static bool act_transaction(struct trial *trial, struct call *call, struct error *err)
{
    return transaction_commit(call, trial->request, err);
}

static int done_transaction(struct trial *trial)
{
    return is_changed(trial, 0) + is_changed(trial, 1) +
           has_table(trial->world, name_of(trial, 2));
}

static void prepare_rename(struct trial *trial)
{
    make_one(trial, 0);
    trial->request = json_of_text("{'source':{'namespace':['ns'],'name':'%s'},"
                                  "'destination':{'namespace':['ns'],'name':'%s'}}",
                                  trial->names[0], trial->names[1]);
}

static bool act_rename(struct trial *trial, struct call *call, struct error *err)
{
    return table_rename(call, trial->request, err);
}

static int done_rename(struct trial *trial)
{
    return !has_table(trial->world, name_of(trial, 0)) +
           has_table(trial->world, name_of(trial, 1));
}

static void prepare_drop(struct trial *trial)
{
    make_one(trial, 0);
}

static bool act_drop(struct trial *trial, struct call *call, struct error *err)
{
    return table_drop(call, name_of(trial, 0), true, err);
}

static int done_drop(struct trial *trial)
{
    return !has_table(trial->world, name_of(trial, 0));
}

const struct scenario commit_scenario = {prepare_commit, act_commit, done_commit, 1};
const struct scenario append_scenario = {prepare_append, act_commit, done_append, 1};
const struct scenario create_scenario = {prepare_create, act_create, done_create, 1};
const struct scenario transaction_scenario = {prepare_transaction, act_transaction,
                                              done_transaction, 3};
const struct scenario rename_scenario = {prepare_rename, act_rename, done_rename, 2};
const struct scenario drop_scenario = {prepare_drop, act_drop, done_drop, 1};

/* --- one trial ---------------------------------------------------------------------------- */

static bool count_file(void *context, struct slice uri, uint64_t size, struct error *err)
{
    (void)uri;
    (void)size;
    (void)err;
    ++*(size_t *)context;
    return true;
}

static size_t trial_files(struct trial *trial)
{
    size_t count = 0;
    struct object_store *store = NULL;
    assert_true(file_store_create(&file_calls_real, &store, NULL));
    for (int i = 0; i < TRIAL_TABLES; i++) {
        char place[WORLD_PATH_SIZE];
        (void)snprintf(place, sizeof place, "%s/ns/%s", trial->world->location, trial->names[i]);
        assert_true(store->ops->list(store, slice_from_string(place), count_file, &count, NULL));
    }
    store->ops->destroy(store);
    return count;
}

/* Nothing is left for the purge worker to do, so that it does not run into the next failure. The
 * queue has untried entries first; one that met this trial's failure waits a minute for its next
 * attempt, longer than a trial. */
static void wait_until_idle(struct world *world)
{
    for (int i = 0; i < 1000; i++) {
        struct purge_row *rows = NULL;
        size_t count = 0;
        struct error err = {0};
        assert_ok(purge_list(&world->client.call, 1, &rows, &count, &err), &err);
        if (count == 0 || rows[0].attempts > 0)
            return;
        /* Where even noting the attempt failed, the worker would look again in a minute. */
        purge_worker_wake(world->client.call.catalog->purge);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    fail_msg("the purge queue does not become empty");
}

void trial_prepare(struct trial *trial, const struct scenario *scenario, struct world *world,
                   int number)
{
    *trial = (struct trial){.world = world};
    for (int i = 0; i < TRIAL_TABLES; i++)
        (void)snprintf(trial->names[i], sizeof trial->names[i], "t%d-%c", number, 'a' + i);
    (void)snprintf(trial->key, sizeof trial->key, "00000000-0000-4000-8000-%012d", number);
    scenario->prepare(trial);
    trial->files = trial_files(trial);
    client_fresh(&world->client, world);
    wait_until_idle(world);
}

void trial_act(struct trial *trial, const struct scenario *scenario)
{
    struct client *client = &trial->world->client;
    struct error err = {0};
    client->call.idempotency_key = slice_from_string(trial->key);
    trial->ok = scenario->act(trial, &client->call, &err);
    trial->kind = err.kind;
    memcpy(trial->message, err.message, sizeof trial->message);
}

static bool has_record(struct trial *trial)
{
    struct world *world = trial->world;
    struct pointer_view *view = NULL;
    struct idempotency_row row;
    bool found = false;
    assert_true(pointer_view_begin(world->pointers, &view, NULL));
    bool ok = pointer_idempotency_get(view, slice_from_string(trial->key), &world->client.arena,
                                      &row, &found, NULL);
    pointer_view_end(view);
    assert_true(ok);
    return found;
}

static void assert_loads(struct trial *trial)
{
    for (int i = 0; i < TRIAL_TABLES; i++) {
        struct table_result result = {0};
        struct error err = {0};
        if (!has_table(trial->world, name_of(trial, i)))
            continue;
        assert_ok(table_load(&trial->world->client.call, name_of(trial, i), &result, &err), &err);
        table_result_finish(&result);
    }
}

void trial_check(struct trial *trial, const struct scenario *scenario, bool may_leave_files)
{
    client_fresh(&trial->world->client, trial->world);
    int done = scenario->done(trial);
    if (done != 0 && done != scenario->parts)
        fail_msg("between: %d of %d parts (%s)", done, scenario->parts, trial->message);
    if (trial->ok)
        assert_int_equal(done, scenario->parts);
    if (!trial->ok) {
        assert_int_not_equal(trial->kind, ERROR_NONE);
        assert_true(trial->message[0]);
    }
    if (!trial->ok && trial->kind != ERROR_COMMIT_UNKNOWN) {
        if (done != 0)
            fail_msg("done, and answered: %s", trial->message);
        if (!may_leave_files)
            assert_int_equal(trial_files(trial), trial->files);
    }
    assert_int_equal(has_record(trial), done != 0);
    assert_loads(trial);
}

void trial_finish(struct trial *trial)
{
    json_decref(trial->request);
    trial->request = NULL;
}

void trial_world_start(struct world *world, const struct file_calls *files, const char *vfs)
{
    world_make(world);
    world->files = files;
    world->vfs = vfs;
    world_open(world);
    assert_ok(make_namespace(world, "ns"), &world->client.err);
}

void trial_world_end(struct world *world)
{
    world_close(world);
    world_remove(world);
}

void trial_run_database(const struct scenario *scenario, struct fault_plan plan)
{
    struct world world;
    struct trial trial;
    bool hit = true;
    fault_vfs_register();
    trial_world_start(&world, &file_calls_real, FAULT_VFS_NAME);
    for (int n = 1; hit; n++) {
        assert_true(n < MAX_TRIALS);
        trial_prepare(&trial, scenario, &world, n);
        plan.fail_at = n;
        fault_vfs_plan(plan);
        trial_act(&trial, scenario);
        /* Closed first: the checkpoint at the end meets the failure, too. */
        world_close(&world);
        hit = fault_vfs_clear();
        world_open(&world);
        trial_check(&trial, scenario, false);
        trial_finish(&trial);
    }
    assert_true(trial.ok);
    trial_world_end(&world);
}
