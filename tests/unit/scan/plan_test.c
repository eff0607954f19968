#include "scan/plan.h"

#include <stdio.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "scan/snapshot_range.h"
#include "storage/file_store.h"
#include "tests/unit/cmocka_all.h"

/* A table of format version 1, whose snapshots list manifests themselves; 5 and 6 are each other's
 * parents, which only damage can do. */
static const char METADATA[] =
    "{'format-version':1,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1',"
    "'location':'file:///tmp/t','last-updated-ms':1700000000009,'last-column-id':3,"
    "'schema':{'type':'struct','schema-id':1,'fields':["
    "{'id':1,'name':'id','required':true,'type':'long'},"
    "{'id':2,'name':'Name','required':false,'type':'string'}]},"
    "'schemas':[{'type':'struct','schema-id':0,'fields':["
    "{'id':1,'name':'id','required':true,'type':'long'},"
    "{'id':3,'name':'old','required':false,'type':'int'}]},"
    "{'type':'struct','schema-id':1,'fields':["
    "{'id':1,'name':'id','required':true,'type':'long'},"
    "{'id':2,'name':'Name','required':false,'type':'string'}]}],'current-schema-id':1,"
    "'partition-spec':[{'source-id':1,'field-id':1000,'name':'id','transform':'identity'}],"
    "'properties':{},'current-snapshot-id':4,'snapshots':["
    "{'snapshot-id':1,'timestamp-ms':1700000000001,'schema-id':0,'summary':{'operation':'append'},"
    "'manifests':['file:///tmp/absent/m1.avro']},"
    "{'snapshot-id':2,'parent-snapshot-id':1,'timestamp-ms':1700000000002,'schema-id':1,"
    "'summary':{'operation':'replace'},'manifests':['file:///tmp/absent/m2.avro']},"
    "{'snapshot-id':3,'parent-snapshot-id':2,'timestamp-ms':1700000000003,'schema-id':1,"
    "'summary':{'operation':'append'},'manifest-list':'file:///tmp/absent/list.avro'},"
    "{'snapshot-id':4,'parent-snapshot-id':3,'timestamp-ms':1700000000004,'schema-id':1,"
    "'summary':{'operation':'append'},'manifests':['file:///tmp/absent/m4.avro']},"
    "{'snapshot-id':5,'parent-snapshot-id':6,'timestamp-ms':1700000000005,"
    "'summary':{'operation':'append'},'manifests':[]},"
    "{'snapshot-id':6,'parent-snapshot-id':5,'timestamp-ms':1700000000006,"
    "'summary':{'operation':'append'},'manifests':[]},"
    "{'snapshot-id':7,'parent-snapshot-id':99,'timestamp-ms':1700000000007,"
    "'manifests':[]}]}";

static struct fixture {
    struct arena arena;
    struct table_metadata *metadata;
    struct object_stores *objects;
    json_t *tree;
    struct plan_request request;
    struct error err;
} fixture;

/* ' for " */
static char *quoted(const char *text)
{
    char *copy = arena_string(&fixture.arena, slice_from_string(text));
    assert_non_null(copy);
    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    return copy;
}

static int set_up(void **state)
{
    struct blob *blob = NULL;
    struct object_store *files = NULL;
    (void)state;
    fixture = (struct fixture){0};
    arena_init(&fixture.arena, 16 * MIB);
    assert_true(blob_copy(slice_from_string(quoted(METADATA)), &blob, &fixture.err));
    assert_ok(table_metadata_parse(blob, &fixture.metadata, &fixture.err), &fixture.err);
    blob_unref(blob);
    assert_true(object_stores_create(&fixture.objects, &fixture.err));
    assert_true(file_store_create(&file_calls_real, &files, &fixture.err));
    assert_true(object_stores_add(fixture.objects, "file", files, &fixture.err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(fixture.tree);
    object_stores_destroy(fixture.objects);
    table_metadata_unref(fixture.metadata);
    arena_finish(&fixture.arena);
    return 0;
}

static bool make_plan(const char *request, struct plan **ret_plan)
{
    json_decref(fixture.tree);
    fixture.tree = NULL;
    assert_ok(json_tree_parse(slice_from_string(quoted(request)), "request", &fixture.tree,
                              &fixture.err),
              &fixture.err);
    return plan_request_parse(fixture.tree, &fixture.arena, &fixture.request, &fixture.err) &&
           plan_create(fixture.metadata, &fixture.request, ret_plan, &fixture.err);
}

static void assert_refused(const char *request, enum error_kind kind, const char *word)
{
    struct plan *plan = NULL;
    assert_fails(make_plan(request, &plan), &fixture.err, kind);
    if (!strstr(fixture.err.message, word))
        fail_msg("'%s' lacks '%s'", fixture.err.message, word);
    assert_null(plan);
}

static int32_t schema_of(const char *request)
{
    struct plan *plan = NULL;
    assert_ok(make_plan(request, &plan), &fixture.err);
    int32_t id = plan_schema_id(plan);
    plan_destroy(plan);
    return id;
}

static void test_plan__refuses_what_the_table_does_not_have(void **state)
{
    (void)state;
    assert_refused("{'snapshot-id':4711}", ERROR_VALIDATION, "4711");
    assert_refused("{'select':['id','nope']}", ERROR_BAD_REQUEST, "nope");
    assert_refused("{'stats-fields':['old']}", ERROR_BAD_REQUEST, "old");
    assert_refused("{'filter':{'type':'eq','term':'name','value':'x'}}", ERROR_BAD_REQUEST, "name");
    assert_refused("{'filter':{'type':'eq','term':'id','value':'x'}}", ERROR_BAD_REQUEST, "id");
}

static void test_plan__refuses_requests_that_contradict_themselves(void **state)
{
    (void)state;
    assert_refused("{'start-snapshot-id':1}", ERROR_BAD_REQUEST, "end-snapshot-id");
    assert_refused("{'end-snapshot-id':1}", ERROR_BAD_REQUEST, "start-snapshot-id");
    assert_refused("{'start-snapshot-id':1,'end-snapshot-id':4,'snapshot-id':4}", ERROR_BAD_REQUEST,
                   "not both");
    assert_refused("{'min-rows-requested':-1}", ERROR_BAD_REQUEST, "min-rows-requested");
    assert_refused("{'select':'id'}", ERROR_BAD_REQUEST, "select");
    assert_refused("{'select':[1]}", ERROR_BAD_REQUEST, "select");
    assert_refused("[]", ERROR_BAD_REQUEST, "object");
}

static void test_plan__takes_names_without_case_and_metadata_columns(void **state)
{
    (void)state;
    assert_int_equal(schema_of("{'select':['ID','NAME'],'case-sensitive':false}"), 1);
    assert_int_equal(schema_of("{'select':['id','_file','_pos','_partition.id','*']}"), 1);
    assert_int_equal(schema_of("{'select':null,'filter':null,'snapshot-id':null}"), 1);
}

/* "When time travelling, the snapshot schema should be used (true). When scanning a branch, the
 * table schema should be used (false)." */
static void test_plan__binds_to_the_schema_that_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(schema_of("{'snapshot-id':1}"), 1);
    assert_int_equal(schema_of("{'snapshot-id':1,'use-snapshot-schema':true}"), 0);
    assert_int_equal(schema_of("{'snapshot-id':5,'use-snapshot-schema':true}"), 1);
    assert_int_equal(schema_of("{'snapshot-id':1,'use-snapshot-schema':true,'filter':"
                               "{'type':'eq','term':'old','value':7},'stats-fields':['old']}"),
                     0);
}

/* --- ranges --------------------------------------------------------------------------------- */

static void assert_range(int64_t start, int64_t end, const int64_t *ids, size_t count)
{
    struct snapshot_range range;
    assert_ok(snapshot_range_appends(fixture.metadata, start, end, &fixture.arena, &range,
                                     &fixture.err),
              &fixture.err);
    assert_int_equal(range.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(range.snapshots[i]->snapshot_id, ids[i]);
}

static void refuse_range(int64_t start, int64_t end, const char *word)
{
    struct snapshot_range range;
    assert_fails(snapshot_range_appends(fixture.metadata, start, end, &fixture.arena, &range,
                                        &fixture.err),
                 &fixture.err, ERROR_VALIDATION);
    assert_non_null(strstr(fixture.err.message, word));
}

/* "Starting snapshot ID for an incremental scan (exclusive)", "Ending … (inclusive)". */
static void test_range__has_the_appends_after_its_start(void **state)
{
    (void)state;
    assert_range(1, 4, (const int64_t[]){4, 3}, 2);
    assert_range(3, 4, (const int64_t[]){4}, 1);
    assert_range(1, 2, NULL, 0);
    assert_range(4, 4, NULL, 0);
}

static void test_range__refuses_a_start_that_is_no_ancestor(void **state)
{
    (void)state;
    refuse_range(4, 1, "not a parent ancestor");
    refuse_range(42, 4, "not a parent ancestor");
    refuse_range(1, 42, "Cannot find snapshot with ID 42");
    refuse_range(1, 5, "not a parent ancestor"); /* a cycle ends */
    refuse_range(99, 7, "does not say whether it appends");
}

/* --- files that are not there --------------------------------------------------------------- */

static bool ignore(void *context, const struct plan_task *task, struct error *err)
{
    (void)context;
    (void)task;
    (void)err;
    return true;
}

static bool run_plan(const char *request)
{
    struct plan_visitor visitor = {.visit = ignore};
    struct plan *plan = NULL;
    assert_ok(make_plan(request, &plan), &fixture.err);
    bool ok = plan_open(plan, fixture.objects, NULL, NULL, &fixture.err) &&
              plan_run(plan, PLAN_WINDOW_ALL, &visitor, &fixture.err);
    plan_destroy(plan);
    return ok;
}

static void test_plan__names_the_file_that_is_gone(void **state)
{
    (void)state;
    assert_fails(run_plan("{}"), &fixture.err, ERROR_NOT_FOUND);
    assert_string_equal(fixture.err.message,
                        "Failed to open input stream for file: file:///tmp/absent/m4.avro");
    assert_fails(run_plan("{'snapshot-id':3}"), &fixture.err, ERROR_NOT_FOUND);
    assert_string_equal(fixture.err.message,
                        "Failed to open input stream for file: file:///tmp/absent/list.avro");
}

static void test_plan__reads_nothing_for_a_filter_that_is_never_true(void **state)
{
    (void)state;
    assert_ok(run_plan("{'filter':false}"), &fixture.err);
    assert_ok(run_plan("{'filter':{'type':'is-null','term':'id'}}"), &fixture.err);
    assert_ok(run_plan("{'snapshot-id':5}"), &fixture.err); /* lists no manifests */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plan__refuses_what_the_table_does_not_have),
        TEST(test_plan__refuses_requests_that_contradict_themselves),
        TEST(test_plan__takes_names_without_case_and_metadata_columns),
        TEST(test_plan__binds_to_the_schema_that_is_asked_for),
        TEST(test_range__has_the_appends_after_its_start),
        TEST(test_range__refuses_a_start_that_is_no_ancestor),
        TEST(test_plan__names_the_file_that_is_gone),
        TEST(test_plan__reads_nothing_for_a_filter_that_is_never_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
