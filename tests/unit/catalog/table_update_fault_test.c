/*
 * Every allocation of a commit fails once, in turn: the answer is "no memory", nothing is left in
 * the buffer, nothing leaks, and the run in which none fails gives the result.
 */
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/table_update.h"
#include "catalog/view_update.h"
#include "tests/unit/catalog/update_fixture.h"
#include "tests/unit/fault_alloc.h"

/* One update of nearly every kind. */
static const char many_updates[] =
    "[{'action':'assign-uuid','uuid':'" UUID_A "'},"
    "{'action':'upgrade-format-version','format-version':3},"
    "{'action':'add-schema','schema':{'type':'struct','fields':["
    "{'id':1,'name':'id','required':true,'type':'long'},"
    "{'id':3,'name':'x','required':false,'type':'string'}]}},"
    "{'action':'set-current-schema','schema-id':-1},"
    "{'action':'add-spec','spec':{'fields':[{'source-id':3,'name':'b','transform':'bucket[4]'}]}},"
    "{'action':'set-default-spec','spec-id':-1},"
    "{'action':'add-sort-order','sort-order':{'order-id':1,'fields':[{'source-id':3,"
    "'transform':'identity','direction':'asc','null-order':'nulls-first'}]}},"
    "{'action':'set-default-sort-order','sort-order-id':-1},"
    "{'action':'add-snapshot','snapshot':{'snapshot-id':30,'sequence-number':3,"
    "'timestamp-ms':1000500,'manifest-list':'m','summary':{'k':'v'},'first-row-id':0,"
    "'added-rows':1}},"
    "{'action':'set-snapshot-ref','ref-name':'main','type':'branch','snapshot-id':30,"
    "'min-snapshots-to-keep':1,'max-snapshot-age-ms':2,'max-ref-age-ms':3},"
    "{'action':'set-statistics','statistics':{'snapshot-id':30,'statistics-path':'p',"
    "'file-size-in-bytes':4,'file-footer-size-in-bytes':2,'blob-metadata':[]}},"
    "{'action':'set-partition-statistics','partition-statistics':{'snapshot-id':30,"
    "'statistics-path':'p','file-size-in-bytes':4}},"
    "{'action':'remove-snapshots','snapshot-ids':[10]},"
    "{'action':'remove-partition-specs','spec-ids':[0]},"
    "{'action':'remove-schemas','schema-ids':[0]},"
    "{'action':'add-encryption-key','encryption-key':{'key-id':'k',"
    "'encrypted-key-metadata':'YWJj'}},"
    "{'action':'set-properties','updates':{'write.metadata.previous-versions-max':'1',"
    "'write.metadata.delete-after-commit.enabled':'true','k':'v'}},"
    "{'action':'remove-properties','removals':['owner']},"
    "{'action':'set-location','location':'file:///n'}]";

static const char view_text[] =
    "{'view-uuid':'" UUID_A "','format-version':1,'location':'file:///w/v','schemas':["
    "{'type':'struct','schema-id':0,'fields':[]}],'current-version-id':1,'versions':["
    "{'version-id':1,'schema-id':0,'timestamp-ms':1,'summary':{},'default-namespace':[],"
    "'representations':[]}],'version-log':[{'timestamp-ms':1,'version-id':1}]}";
static const char view_updates[] =
    "[{'action':'add-schema','schema':{'type':'struct','fields':[{'id':1,'name':'a',"
    "'required':false,'type':'int'}]}},"
    "{'action':'add-view-version','view-version':{'version-id':2,'schema-id':-1,'timestamp-ms':2,"
    "'summary':{},'default-namespace':['n'],'representations':[{'type':'sql','sql':'q',"
    "'dialect':'d'}]}},{'action':'set-current-view-version','view-version-id':-1},"
    "{'action':'set-properties','updates':{'version.history.num-entries':'1'}},"
    "{'action':'remove-properties','removals':['x']},"
    "{'action':'set-location','location':'file:///n'}]";

struct run {
    struct fixture *fixture;
    json_t *input;
    json_t *second;
    struct arena arena;
};

typedef bool (*run_fn)(struct run *run, struct error *err);

static bool table_apply(struct run *run, struct table_update_result *ret_result, struct error *err)
{
    struct table_update_input input = {.base = run->fixture->table,
                                       .base_metadata_location = slice_from_string(BASE_FILE),
                                       .updates = run->input,
                                       .now_ms = NOW_MS};
    return table_updates_apply(&input, &run->arena, &run->fixture->out, ret_result, err);
}

static bool run_table(struct run *run, struct error *err)
{
    struct table_update_result result;
    return table_apply(run, &result, err);
}

/* The commit, and then the index of its text. */
static bool run_indexed(struct run *run, struct error *err)
{
    struct table_update_result result;
    struct table_metadata *next = NULL;
    struct blob *blob = NULL;
    bool ok = table_apply(run, &result, err) &&
              blob_copy(buffer_slice(&run->fixture->out), &blob, err) &&
              table_metadata_parse_next(blob, &result.copied, &next, err);
    buffer_truncate(&run->fixture->out, 0);
    blob_unref(blob);
    table_metadata_unref(next);
    return ok;
}

static bool run_create(struct run *run, struct error *err)
{
    struct table_update_result result;
    struct table_create_input input = {.schema = run->input,
                                       .partition_spec = run->second,
                                       .location = SLICE_LITERAL("s3://b/t"),
                                       .uuid = SLICE_LITERAL(UUID_A),
                                       .now_ms = NOW_MS};
    return table_metadata_new(&input, &run->arena, &run->fixture->out, &result, err);
}

static bool run_view(struct run *run, struct error *err)
{
    struct view_update_result result;
    struct view_update_input input = {.base = run->fixture->view,
                                      .updates = run->input,
                                      .now_ms = NOW_MS};
    return view_updates_apply(&input, &run->arena, &run->fixture->out, &result, err);
}

static bool run_requirement(struct run *run, struct error *err)
{
    return table_requirements_check(run->input, run->fixture->table, err);
}

/* More allocations than any run here has. */
#define MAX_ALLOCATIONS 20000

static void fail_each_allocation(struct run *run, run_fn function)
{
    bool done = false;
    size_t n = 1;
    for (; n < MAX_ALLOCATIONS && !done; n++) {
        struct error err = {0};
        buffer_finish(&run->fixture->out);
        buffer_init(&run->fixture->out, MAX_METADATA_SIZE);
        arena_init(&run->arena, MAX_REQUEST_ARENA);
        long before = fault_alloc_live();
        fault_alloc_fail_at(n);
        bool ok = function(run, &err);
        done = !fault_alloc_hit();
        fault_alloc_fail_at(0);
        arena_finish(&run->arena);
        assert_int_equal(ok, done);
        if (!ok && err.kind != ERROR_NO_MEMORY)
            fail_msg("allocation %zu: %s: %s", n, error_kind_name(err.kind), err.message);
        if (!ok)
            assert_int_equal(run->fixture->out.len, 0);
        buffer_finish(&run->fixture->out);
        assert_int_equal(fault_alloc_live(), before);
    }
    assert_true(done);
    assert_true(n > 2);
}

static void test_table_update_fault__each_allocation_of_a_commit(void **state)
{
    struct run run = {.fixture = *state};
    table_of(run.fixture, table_v2);
    run.input = json_of(many_updates);
    fail_each_allocation(&run, run_table);
    json_decref(run.input);
}

static void test_table_update_fault__each_allocation_of_an_index_taken_over(void **state)
{
    struct run run = {.fixture = *state};
    table_v2_with(run.fixture, "metadata-log", "[{'timestamp-ms':900000,'metadata-file':'f\\n'}]");
    run.input = json_of("[{'action':'add-snapshot','snapshot':{'snapshot-id':15,"
                        "'parent-snapshot-id':20,'sequence-number':3,'timestamp-ms':1000000,"
                        "'manifest-list':'m'}}]");
    fail_each_allocation(&run, run_indexed);
    json_decref(run.input);
}

static void test_table_update_fault__each_allocation_of_a_v1_commit(void **state)
{
    struct run run = {.fixture = *state};
    table_of(run.fixture, table_v1);
    run.input = json_of("[{'action':'set-properties','updates':{'a':'b'}}]");
    fail_each_allocation(&run, run_table);
    json_decref(run.input);
}

static void test_table_update_fault__each_allocation_of_a_creation(void **state)
{
    struct run run = {.fixture = *state};
    run.input = json_of("{'type':'struct','fields':[{'id':7,'name':'a','required':false,"
                        "'type':'int'}]}");
    run.second = json_of("{'fields':[{'source-id':7,'name':'b','transform':'bucket[4]'}]}");
    fail_each_allocation(&run, run_create);
    json_decref(run.input);
    json_decref(run.second);
}

static void test_table_update_fault__each_allocation_of_a_view_commit(void **state)
{
    struct run run = {.fixture = *state};
    struct blob *blob = NULL;
    json_t *tree = json_of(view_text);
    char *text = json_dumps(tree, 0);
    assert_ok(blob_copy(slice_from_string(text), &blob, &run.fixture->err), &run.fixture->err);
    assert_ok(view_metadata_parse(blob, &run.fixture->view, &run.fixture->err), &run.fixture->err);
    blob_unref(blob);
    json_decref(tree);
    free(text);
    run.input = json_of(view_updates);
    fail_each_allocation(&run, run_view);
    json_decref(run.input);
}

static void test_table_update_fault__each_allocation_of_a_requirement(void **state)
{
    struct run run = {.fixture = *state};
    table_v2_with(run.fixture, "refs",
                  "{'main':{'snapshot-id':20,'type':'branch'},"
                  "'a\\\\b':{'snapshot-id':10,'type':'branch'}}");
    run.input = json_of("[{'type':'assert-ref-snapshot-id','ref':'a\\\\b','snapshot-id':10}]");
    fail_each_allocation(&run, run_requirement);
    json_decref(run.input);
}

static int setup(void **state)
{
    fault_alloc_reset();
    return update_setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_table_update_fault__each_allocation_of_a_commit),
        TEST(test_table_update_fault__each_allocation_of_an_index_taken_over),
        TEST(test_table_update_fault__each_allocation_of_a_v1_commit),
        TEST(test_table_update_fault__each_allocation_of_a_creation),
        TEST(test_table_update_fault__each_allocation_of_a_view_commit),
        TEST(test_table_update_fault__each_allocation_of_a_requirement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
