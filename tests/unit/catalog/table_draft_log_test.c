#include "catalog/table_draft.h"

#include <stdlib.h>

#include "tests/unit/catalog/update_fixture.h"

#define SNAPSHOT(id, parent, seq, time)                                                        \
    "{'action':'add-snapshot','snapshot':{'snapshot-id':" #id ",'parent-snapshot-id':" #parent \
    ",'sequence-number':" #seq ",'timestamp-ms':" #time ",'manifest-list':'m'}}"
#define SET_MAIN(id) \
    "{'action':'set-snapshot-ref','ref-name':'main','type':'branch','snapshot-id':" #id "}"
#define TOUCH "[{'action':'set-properties','updates':{'k':'v'}}]"

/* Rule 37: the base's file goes into the metadata-log with the base's last-updated-ms. */
static void test_metadata_log__gets_the_base_s_file(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, TOUCH), &fixture->err);
    equals_at(fixture, "metadata-log",
              "[{'timestamp-ms':900000,'metadata-file':'f0'},"
              "{'timestamp-ms':950000,'metadata-file':'f1'},"
              "{'timestamp-ms':1000000,'metadata-file':'" BASE_FILE "'}]");
}

/* Rule 38: old and new entries together are at most write.metadata.previous-versions-max. */
static void test_metadata_log__is_trimmed_to_its_ceiling(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "properties", "{'write.metadata.previous-versions-max':'2'}");
    assert_ok(apply(fixture, TOUCH), &fixture->err);
    equals_at(fixture, "metadata-log",
              "[{'timestamp-ms':950000,'metadata-file':'f1'},"
              "{'timestamp-ms':1000000,'metadata-file':'" BASE_FILE "'}]");
    assert_int_equal(fixture->table_result.dropped_count, 0);
    commit_result(fixture);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{"
                             "'write.metadata.previous-versions-max':'3'}}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "metadata-log"), 3);
}

/* Rule 38: the ceiling is at least one. */
static void test_metadata_log__keeps_at_least_one(void **state)
{
    struct fixture *fixture = *state;
    static const char *const low[] = {"0", "-5", "1"};
    for (size_t i = 0; i < 3; i++) {
        char properties[100];
        snprintf(properties, sizeof(properties), "{'write.metadata.previous-versions-max':'%s'}",
                 low[i]);
        table_v2_with(fixture, "properties", properties);
        assert_ok(apply(fixture, TOUCH), &fixture->err);
        assert_int_equal(size_at(fixture, "metadata-log"), 1);
        assert_string_equal(text_at(fixture, "metadata-log.0.metadata-file"), BASE_FILE);
    }
    table_v2_with(fixture, "properties", "{'write.metadata.previous-versions-max':'many'}");
    refuses(fixture, TOUCH, ERROR_VALIDATION, "must have integer value");
}

/* Rule: the ceiling is the one that the commit leaves behind. */
static void test_metadata_log__ceiling_may_come_with_the_commit(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{"
                             "'write.metadata.previous-versions-max':'1'}}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "metadata-log"), 1);
}

/* Rule 39: with delete-after-commit exactly what the log lost is deleted, never the base's file. */
static void test_metadata_log__dropped_files_are_named(void **state)
{
    struct fixture *fixture = *state;
    json_t *tree = json_of(table_v2);
    json_object_set_new(tree, "properties",
                        json_of("{'write.metadata.previous-versions-max':'1',"
                                "'write.metadata.delete-after-commit.enabled':'TRUE'}"));
    json_object_set_new(tree, "metadata-log",
                        json_of("[{'timestamp-ms':900000,'metadata-file':'f0'},"
                                "{'timestamp-ms':900000,'metadata-file':'" BASE_FILE "'},"
                                "{'timestamp-ms':950000,'metadata-file':'f1'}]"));
    char *text = json_dumps(tree, 0);
    table_of(fixture, text);
    free(text);
    json_decref(tree);
    assert_ok(apply(fixture, TOUCH), &fixture->err);
    assert_int_equal(fixture->table_result.dropped_count, 2);
    assert_slice_equal(fixture->table_result.dropped_metadata_files[0], "f0");
    assert_slice_equal(fixture->table_result.dropped_metadata_files[1], "f1");
}

/* Entries that others have spelled otherwise are read, and kept as they are. */
static void test_metadata_log__keeps_entries_as_they_are(void **state)
{
    struct fixture *fixture = *state;
    json_t *tree = json_of(table_v2);
    json_object_set_new(tree, "properties",
                        json_of("{'write.metadata.previous-versions-max':'3',"
                                "'write.metadata.delete-after-commit.enabled':'true'}"));
    json_object_set_new(tree, "metadata-log",
                        json_of("[{'timestamp-ms':900000,'metadata-file':'quoted \\\" \\u00e9'},"
                                "{'metadata-file':'f1','timestamp-ms':950000,'more':[1,{}]},"
                                "{'timestamp-ms':950000,'metadata-file':'f2\\\\'}]"));
    char *text = json_dumps(tree, JSON_COMPACT);
    table_of(fixture, text);
    free(text);
    json_decref(tree);
    assert_ok(apply(fixture, TOUCH), &fixture->err);
    equals_at(fixture, "metadata-log",
              "[{'metadata-file':'f1','timestamp-ms':950000,'more':[1,{}]},"
              "{'timestamp-ms':950000,'metadata-file':'f2\\\\'},"
              "{'timestamp-ms':1000000,'metadata-file':'" BASE_FILE "'}]");
    assert_int_equal(fixture->table_result.dropped_count, 1);
    assert_slice_equal(fixture->table_result.dropped_metadata_files[0], "quoted \" \xC3\xA9");
}

/* Rule 38: a creation has no entry to make. */
static void test_metadata_log__is_empty_at_creation(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(apply_from_empty(
                  fixture, "[{'action':'assign-uuid','uuid':'" UUID_A "'},"
                           "{'action':'add-schema','schema':{'type':'struct','fields':[]}},"
                           "{'action':'add-spec','spec':{'fields':[]}},"
                           "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}},"
                           "{'action':'set-location','location':'s3://b/t'}]"),
              &fixture->err);
    equals_at(fixture, "metadata-log", "[]");
}

/* Rule 32: a snapshot that was current only within its own commit is not in the log. */
static void test_snapshot_log__drops_intermediate_snapshots(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, 1000100) "," SET_MAIN(
                                 30) "," SNAPSHOT(40, 30, 4, 1000200) "," SET_MAIN(40) "]"),
              &fixture->err);
    equals_at(fixture, "snapshot-log",
              "[{'timestamp-ms':900000,'snapshot-id':10},{'timestamp-ms':950000,'snapshot-id':20},"
              "{'timestamp-ms':1000200,'snapshot-id':40}]");
    assert_int_equal(size_at(fixture, "snapshots"), 4);
    commit_result(fixture);
}

/* Rule 34: where an entry's snapshot is removed, it goes with all that is before it. */
static void test_snapshot_log__removed_snapshot_takes_the_past_along(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, 1000100) "," SET_MAIN(30) "]"), &fixture->err);
    commit_result(fixture);
    assert_ok(apply(fixture, "[{'action':'remove-snapshots','snapshot-ids':[20]}]"), &fixture->err);
    equals_at(fixture, "snapshot-log", "[{'timestamp-ms':1000100,'snapshot-id':30}]");
    assert_int_equal(size_at(fixture, "snapshots"), 2);
}

/* Rule 34: entries of snapshots that are not listed stay, as long as the commit removes none. */
static void test_snapshot_log__history_of_others_is_kept(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "snapshot-log",
                  "[{'timestamp-ms':900000,'snapshot-id':5},{'timestamp-ms':950000,"
                  "'snapshot-id':20}]");
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, 1000100) "," SET_MAIN(30) "]"), &fixture->err);
    assert_int_equal(size_at(fixture, "snapshot-log"), 3);
    assert_int_equal(int_at(fixture, "snapshot-log.0.snapshot-id"), 5);
}

/* Rule 35: after trimming, the last entry is the current snapshot's. */
static void test_snapshot_log__must_end_with_the_current_snapshot(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "snapshot-log",
                  "[{'timestamp-ms':900000,'snapshot-id':20},{'timestamp-ms':950000,"
                  "'snapshot-id':10}]");
    refuses(fixture, "[{'action':'remove-snapshots','snapshot-ids':[10]}]", ERROR_VALIDATION,
            "latest entry is not the current snapshot");
}

/* Some writers keep no log at all: their tables can be cleaned up nevertheless. */
static void test_snapshot_log__may_be_missing_in_the_base(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "snapshot-log", "[]");
    assert_ok(apply(fixture, "[{'action':'remove-snapshots','snapshot-ids':[10]}]"), &fixture->err);
    equals_at(fixture, "snapshot-log", "[]");
    table_v2_with(fixture, "snapshot-log", NULL);
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, 1000100) "," SET_MAIN(30) "]"), &fixture->err);
    assert_int_equal(size_at(fixture, "snapshot-log"), 1);
}

/* Rule 36: clocks may differ by a minute, in both directions, and not by more. */
static void test_snapshot_log__tolerates_a_minute(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, 890000) "," SET_MAIN(30) "]"), &fixture->err);
    refuses(fixture, "[" SNAPSHOT(30, 20, 3, 889999) "," SET_MAIN(30) "]", ERROR_VALIDATION,
            "more than a minute before");
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, 1061000) "," SET_MAIN(30) "]"), &fixture->err);
    refuses(fixture, "[" SNAPSHOT(30, 20, 3, 1061001) "," SET_MAIN(30) "]", ERROR_VALIDATION,
            "Invalid update timestamp 1001000: before last snapshot log entry at 1061001");
    refuses(fixture, "[" SNAPSHOT(30, 20, 3, -9223372036854775807) "," SET_MAIN(30) "]",
            ERROR_VALIDATION, "more than a minute before");
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, 1) "]"), &fixture->err);
}

/* Rule 39: without delete-after-commit nothing is to be deleted. */
static void test_metadata_log__drops_no_files_unless_asked(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "properties",
                  "{'write.metadata.previous-versions-max':'1',"
                  "'write.metadata.delete-after-commit.enabled':'false'}");
    assert_ok(apply(fixture, TOUCH), &fixture->err);
    assert_int_equal(size_at(fixture, "metadata-log"), 1);
    assert_int_equal(fixture->table_result.dropped_count, 0);
    table_v2_with(fixture, "properties", "{'write.metadata.delete-after-commit.enabled':'true'}");
    assert_ok(apply(fixture, TOUCH), &fixture->err);
    assert_int_equal(fixture->table_result.dropped_count, 0);
}

/* Rule: order is asked of the log that is written; what an intermediate snapshot says is gone. */
static void test_snapshot_log__order_is_that_of_the_result(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, 2000000) "," SET_MAIN(
                                 30) "," SNAPSHOT(40, 30, 4, 960000) "," SET_MAIN(40) "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "snapshot-log.2.timestamp-ms"), 960000);
    refuses(fixture,
            "[" SNAPSHOT(30, 20, 3, 960000) "," SET_MAIN(
                30) "," SNAPSHOT(40, 30, 4, 800000) "," SET_MAIN(40) "]",
            ERROR_VALIDATION, "more than a minute before");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_metadata_log__gets_the_base_s_file),
        TEST(test_metadata_log__is_trimmed_to_its_ceiling),
        TEST(test_metadata_log__keeps_at_least_one),
        TEST(test_metadata_log__ceiling_may_come_with_the_commit),
        TEST(test_metadata_log__dropped_files_are_named),
        TEST(test_metadata_log__keeps_entries_as_they_are),
        TEST(test_metadata_log__is_empty_at_creation),
        TEST(test_snapshot_log__drops_intermediate_snapshots),
        TEST(test_snapshot_log__removed_snapshot_takes_the_past_along),
        TEST(test_snapshot_log__history_of_others_is_kept),
        TEST(test_snapshot_log__must_end_with_the_current_snapshot),
        TEST(test_snapshot_log__may_be_missing_in_the_base),
        TEST(test_snapshot_log__tolerates_a_minute),
        TEST(test_metadata_log__drops_no_files_unless_asked),
        TEST(test_snapshot_log__order_is_that_of_the_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
