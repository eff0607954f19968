#include "catalog/table_update.h"

#include <stdlib.h>

#include "tests/unit/catalog/update_fixture.h"

#define SNAPSHOT(id, parent, seq, rest)                                                        \
    "{'action':'add-snapshot','snapshot':{'snapshot-id':" #id ",'parent-snapshot-id':" #parent \
    ",'sequence-number':" #seq ",'timestamp-ms':1000500,'summary':{'operation':'append'},"     \
    "'manifest-list':'m'" rest "}}"
#define SET_MAIN(id) \
    "{'action':'set-snapshot-ref','ref-name':'main','type':'branch','snapshot-id':" #id "}"

/* Rules 27, 30: a snapshot that main is set to becomes current, and the log gets its own time. */
static void test_add_snapshot__append(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, ",'x-new':{'y':null}") "," SET_MAIN(30) "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), 30);
    assert_int_equal(int_at(fixture, "last-sequence-number"), 3);
    assert_int_equal(int_at(fixture, "refs.main.snapshot-id"), 30);
    equals_at(fixture, "snapshots.2.x-new", "{'y':null}");
    equals_at(fixture, "snapshot-log",
              "[{'timestamp-ms':900000,'snapshot-id':10},{'timestamp-ms':950000,'snapshot-id':20},"
              "{'timestamp-ms':1000500,'snapshot-id':30}]");
    commit_result(fixture);
    assert_int_equal(fixture->table->current_snapshot_id, 30);
}

/* Rule: an append looks at no schema, spec or property that it does not need. */
static void test_add_snapshot__copies_what_it_does_not_need(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 20, 3, "") "," SET_MAIN(30) "]"), &fixture->err);
    for (int member = TABLE_MEMBER_SCHEMAS; member <= TABLE_MEMBER_PROPERTIES; member++) {
        struct slice text = fixture->table->members[member];
        if (text.ptr && text.len > 8)
            assert_non_null(memmem(fixture->out.ptr, fixture->out.len, text.ptr, text.len));
    }
}

/* Rule 26: a snapshot id is there once. */
static void test_add_snapshot__id_must_be_new(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" SNAPSHOT(20, 10, 3, "") "]", ERROR_VALIDATION,
            "add-snapshot: Snapshot already exists for id: 20");
    refuses(fixture, "[" SNAPSHOT(30, 20, 3, "") "," SNAPSHOT(30, 20, 4, "") "]", ERROR_VALIDATION,
            "Snapshot already exists for id: 30");
}

/* Rules 8, 27: a sequence number that another commit has passed is a conflict to retry,
 * not a bad one. */
static void test_add_snapshot__stale_sequence_number_is_retryable(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" SNAPSHOT(30, 20, 2, "") "]", ERROR_COMMIT_FAILED,
            "Cannot add snapshot with sequence number 2 older than last sequence number 2");
}

/* Rule 27: without a parent an equal number is fine, a lower one is not. */
static void test_add_snapshot__without_parent_may_repeat_the_number(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SNAPSHOT(30, null, 2, "") "]"), &fixture->err);
    assert_int_equal(int_at(fixture, "last-sequence-number"), 2);
    assert_null(at(fixture, "snapshots.2.parent-snapshot-id"));
    refuses(fixture, "[" SNAPSHOT(30, null, 1, "") "]", ERROR_COMMIT_FAILED,
            "older than last sequence number 2");
}

/* Rule 27: v1 has no sequence numbers: 0 or absent, and none in the file. */
static void test_add_snapshot__v1_has_no_sequence_numbers(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v1);
    refuses(fixture, "[" SNAPSHOT(30, 10, 1, "") "]", ERROR_VALIDATION,
            "Sequence number must be 0 in v1: 1");
    refuses(fixture, "[" SNAPSHOT(30, 10, 1, "") "," SNAPSHOT(31, 10, 0, "") "]", ERROR_VALIDATION,
            "Sequence number must be 0 in v1: 1");
    assert_ok(apply(fixture, "[" SNAPSHOT(30, 10, 0, "") "," SET_MAIN(30) "]"), &fixture->err);
    assert_null(at(fixture, "snapshots.1.sequence-number"));
    assert_null(at(fixture, "last-sequence-number"));
    assert_ok(apply(fixture,
                    "[{'action':'assign-uuid','uuid':'" UUID_A
                    "'}," SNAPSHOT(30, 10, 1,
                                   "") ","
                                       "{'action':'upgrade-format-version','format-version':2}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "last-sequence-number"), 1);
    assert_ok(apply(fixture, "[{'action':'add-snapshot','snapshot':{'snapshot-id':31,"
                             "'timestamp-ms':1000500,'manifests':['a','b']}}]"),
              &fixture->err);
    equals_at(fixture, "snapshots.1.manifests", "['a','b']");
}

/* Rules 8, 44: v3 hands out row ids: first-row-id is there and not behind, next-row-id grows by the
 * rows, also for snapshots of no branch. */
static void test_add_snapshot__row_lineage(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v3);
    refuses(fixture, "[" SNAPSHOT(30, null, 6, "") "]", ERROR_VALIDATION,
            "Cannot add a snapshot: first-row-id is null");
    refuses(fixture, "[" SNAPSHOT(30, null, 6, ",'first-row-id':99,'added-rows':1") "]",
            ERROR_COMMIT_FAILED, "first-row-id is behind table next-row-id: 99 < 100");
    refuses(fixture, "[" SNAPSHOT(30, null, 6, ",'first-row-id':100") "]", ERROR_BAD_REQUEST,
            "added-rows is required");
    refuses(fixture, "[" SNAPSHOT(30, null, 6, ",'first-row-id':100,'added-rows':-1") "]",
            ERROR_BAD_REQUEST, "added-rows cannot be negative");
    refuses(fixture, "[" SNAPSHOT(30, null, 6, ",'first-row-id':-1,'added-rows':1") "]",
            ERROR_BAD_REQUEST, "first-row-id cannot be negative");
    assert_ok(apply(fixture,
                    "[" SNAPSHOT(30, null, 6, ",'first-row-id':100,'added-rows':7") "," SNAPSHOT(
                        31, 30, 7, ",'first-row-id':107,'added-rows':3") "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "next-row-id"), 110);
    assert_true(json_is_null(at(fixture, "current-snapshot-id")));
    commit_result(fixture);
}

/* Rules 44, 51: next-row-id does not overflow; ids of 64 bits are exact. */
static void test_add_snapshot__numbers_at_the_edge(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v3);
    refuses(fixture,
            "[" SNAPSHOT(30, null, 6, ",'first-row-id':100,'added-rows':9223372036854775800") "]",
            ERROR_VALIDATION, "exceeds the row ids that are left");
    assert_ok(apply(fixture,
                    "[" SNAPSHOT(9223372036854775807, null, 9223372036854775807,
                                 ",'first-row-id':100,'added-rows':9223372036854775707") "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "next-row-id"), INT64_MAX);
    assert_int_equal(int_at(fixture, "snapshots.0.snapshot-id"), INT64_MAX);
    commit_result(fixture);
    refuses(fixture,
            "[" SNAPSHOT(5, 30, 9223372036854775807,
                         ",'first-row-id':9223372036854775807,'added-rows':1") "]",
            ERROR_VALIDATION, "exceeds");
}

static void test_add_snapshot__is_well_formed(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[{'action':'add-snapshot'}]", ERROR_BAD_REQUEST, "snapshot");
    refuses(fixture, "[{'action':'add-snapshot','snapshot':{}}]", ERROR_BAD_REQUEST, "snapshot-id");
    refuses(fixture, "[" SNAPSHOT('30', 20, 3, "") "]", ERROR_BAD_REQUEST, "snapshot-id");
    refuses(fixture, "[" SNAPSHOT(-30, 20, 3, "") "]", ERROR_BAD_REQUEST, "negative");
    refuses(fixture,
            "[{'action':'add-snapshot','snapshot':{'snapshot-id':30,'timestamp-ms':1,"
            "'sequence-number':3,'manifests':['a']}}]",
            ERROR_BAD_REQUEST, "manifest-list");
    refuses(fixture,
            "[{'action':'add-snapshot','snapshot':{'snapshot-id':30,'timestamp-ms':1,"
            "'sequence-number':3,'manifest-list':'m','summary':{'a':1}}}]",
            ERROR_BAD_REQUEST, "a");
}

/* Rule: a summary says what the operation was; nulls of known fields are left out, since readers
 * take a field that is there for one with a value. */
static void test_add_snapshot__text_is_readable_by_all(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'add-snapshot','snapshot':{'snapshot-id':30,"
                             "'sequence-number':3,'timestamp-ms':1000500,'manifest-list':'m',"
                             "'summary':{'rows':'1'},'schema-id':null,'key-id':null,"
                             "'first-row-id':null,'parent-snapshot-id':null}},"
                             "{'action':'add-snapshot','snapshot':{'snapshot-id':31,"
                             "'sequence-number':4,'timestamp-ms':1000500,'manifest-list':'m',"
                             "'summary':{}}}]"),
              &fixture->err);
    equals_at(fixture, "snapshots.2",
              "{'snapshot-id':30,'sequence-number':3,'timestamp-ms':1000500,'manifest-list':'m',"
              "'summary':{'rows':'1','operation':'overwrite'}}");
    assert_null(at(fixture, "snapshots.3.summary"));
}

/* Rule 26: a snapshot needs a schema, a spec and an order that are there before it. */
static void test_add_snapshot__needs_schema_spec_and_order(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture, "[" SNAPSHOT(30, null, 1, "") "]", ERROR_VALIDATION, "schema");
    refuses(fixture,
            "[{'action':'add-schema','schema':{'type':'struct','fields':[]}}," SNAPSHOT(30, null, 1,
                                                                                        "") "]",
            ERROR_VALIDATION, "before a partition spec is added");
    refuses(fixture,
            "[{'action':'add-schema','schema':{'type':'struct','fields':[]}},"
            "{'action':'add-spec','spec':{'fields':[]}}," SNAPSHOT(30, null, 1, "") "]",
            ERROR_VALIDATION, "before a sort order is added");
}

/* Rule 33: removing a snapshot removes its statistics, its partition statistics and refs to it. */
static void test_remove_snapshots__takes_what_hangs_on_them(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'remove-snapshots','snapshot-ids':[10,99]}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "snapshots"), 1);
    assert_int_equal(int_at(fixture, "snapshots.0.snapshot-id"), 20);
    equals_at(fixture, "statistics", "[]");
    equals_at(fixture, "partition-statistics", "[]");
    equals_at(fixture, "refs", "{'main':{'snapshot-id':20,'type':'branch'}}");
    assert_int_equal(int_at(fixture, "current-snapshot-id"), 20);
    commit_result(fixture);
}

/* Rule 33. */
static void test_remove_snapshots__current_one_unsets_main(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'remove-snapshots','snapshot-ids':[20]}]"), &fixture->err);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), -1);
    assert_null(at(fixture, "refs.main"));
    assert_int_equal(int_at(fixture, "refs.keep.snapshot-id"), 10);
    equals_at(fixture, "snapshot-log", "[]");
    assert_int_equal(size_at(fixture, "statistics"), 1);
    commit_result(fixture);
    refuses(fixture, "[{'action':'remove-snapshots','snapshot-ids':['10']}]", ERROR_BAD_REQUEST,
            "integers");
    refuses(fixture, "[{'action':'remove-snapshots'}]", ERROR_BAD_REQUEST, "snapshot-ids");
}

/* Rule: statistics of snapshots that the table does not list are not touched. */
static void test_remove_snapshots__keeps_foreign_statistics(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "statistics",
                  "[{'snapshot-id':99,'statistics-path':'p','file-size-in-bytes':1,"
                  "'file-footer-size-in-bytes':1,'blob-metadata':[]}]");
    assert_ok(apply(fixture, "[{'action':'remove-snapshots','snapshot-ids':[10,99]}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "statistics"), 1);
}

/* A removed snapshot's id may come again, and is found as the new one. */
static void test_remove_snapshots__id_may_be_added_again(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'remove-snapshots','snapshot-ids':[10]}," SNAPSHOT(
                                 10, 20, 3, "") "," SET_MAIN(10) "]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "snapshots"), 2);
    assert_int_equal(int_at(fixture, "snapshots.1.sequence-number"), 3);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), 10);
    commit_result(fixture);
}

/* Thousands of updates over thousands of snapshots: the index grows and still finds all. */
static void test_add_snapshot__many(void **state)
{
    struct fixture *fixture = *state;
    size_t size = 1 << 20, len = 1;
    char *text = malloc(size);
    assert_non_null(text);
    text[0] = '[';
    for (int i = 0; i < 4000; i++)
        len += (size_t)snprintf(text + len, size - len,
                                "%s{'action':'add-snapshot','snapshot':{'snapshot-id':%d,"
                                "'sequence-number':%d,'timestamp-ms':1000500,'manifest-list':'m'}}"
                                ",{'action':'set-snapshot-ref','ref-name':'b','type':'branch',"
                                "'snapshot-id':%d}",
                                i ? "," : "", 1000 + i * 7, 3 + i, 1000 + i * 7);
    memcpy(text + len, "]", 2);
    table_of(fixture, table_v2);
    /* Without parents each number may repeat, but not fall. */
    assert_ok(apply(fixture, text), &fixture->err);
    free(text);
    assert_int_equal(size_at(fixture, "snapshots"), 4002);
    assert_int_equal(int_at(fixture, "refs.b.snapshot-id"), 1000 + 3999 * 7);
    commit_result(fixture);
    refuses(fixture,
            "[{'action':'set-snapshot-ref','ref-name':'b','type':'branch',"
            "'snapshot-id':1001}]",
            ERROR_VALIDATION, "unknown snapshot: 1001");
}

/* Rule: a creation has nothing that its values could be behind, so there is nothing to retry. */
static void test_add_snapshot__stale_in_a_creation_is_not_retryable(void **state)
{
    struct fixture *fixture = *state;
    refuses(fixture,
            "[{'action':'add-schema','schema':{'type':'struct','fields':[]}},"
            "{'action':'add-spec','spec':{'fields':[]}},"
            "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}}," SNAPSHOT(
                30, null, 5, "") "," SNAPSHOT(31, 30, 5, "") "]",
            ERROR_VALIDATION, "older than last sequence number 5");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_add_snapshot__append),
        TEST(test_add_snapshot__copies_what_it_does_not_need),
        TEST(test_add_snapshot__id_must_be_new),
        TEST(test_add_snapshot__stale_sequence_number_is_retryable),
        TEST(test_add_snapshot__without_parent_may_repeat_the_number),
        TEST(test_add_snapshot__v1_has_no_sequence_numbers),
        TEST(test_add_snapshot__row_lineage),
        TEST(test_add_snapshot__numbers_at_the_edge),
        TEST(test_add_snapshot__is_well_formed),
        TEST(test_add_snapshot__text_is_readable_by_all),
        TEST(test_add_snapshot__needs_schema_spec_and_order),
        TEST(test_remove_snapshots__takes_what_hangs_on_them),
        TEST(test_remove_snapshots__current_one_unsets_main),
        TEST(test_remove_snapshots__keeps_foreign_statistics),
        TEST(test_remove_snapshots__id_may_be_added_again),
        TEST(test_add_snapshot__many),
        TEST(test_add_snapshot__stale_in_a_creation_is_not_retryable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
