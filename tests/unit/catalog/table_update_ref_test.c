#include "catalog/table_update.h"

#include "tests/unit/catalog/update_fixture.h"

#define SET_REF(name, type, id, rest)                                                              \
    "{'action':'set-snapshot-ref','ref-name':'" name "','type':'" type "','snapshot-id':" #id rest \
    "}"

/* Rule 29: a ref points at a snapshot that the table lists. */
static void test_set_snapshot_ref__snapshot_must_be_known(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" SET_REF("b", "branch", 99, "") "]", ERROR_VALIDATION,
            "set-snapshot-ref: Cannot set b to unknown snapshot: 99");
    refuses(fixture,
            "[{'action':'remove-snapshots','snapshot-ids':[10]}," SET_REF("b", "tag", 10, "") "]",
            ERROR_VALIDATION, "unknown snapshot: 10");
}

/* Rule 29: main is a branch. */
static void test_set_snapshot_ref__main_is_no_tag(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" SET_REF("main", "tag", 10, "") "]", ERROR_VALIDATION,
            "Cannot set main to a tag, it must be a branch");
}

/* Rule 29: setting a ref to what it is changes nothing; a difference in retention does. */
static void test_set_snapshot_ref__identical_ref_is_no_change(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    changes_nothing(fixture,
                    "[" SET_REF("main", "BRANCH", 20, "") "," SET_REF("keep", "tag", 10,
                                                                      ",'max-ref-age-ms':5") "]");
    assert_ok(apply(fixture, "[" SET_REF("keep", "tag", 10, ",'max-ref-age-ms':6") "]"),
              &fixture->err);
    equals_at(fixture, "refs.keep", "{'snapshot-id':10,'type':'tag','max-ref-age-ms':6}");
}

/* Rule 29: retention of the ref that is replaced is not inherited. */
static void test_set_snapshot_ref__retention_is_not_inherited(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SET_REF("keep", "tag", 20, "") "]"), &fixture->err);
    equals_at(fixture, "refs.keep", "{'snapshot-id':20,'type':'tag'}");
    assert_ok(apply(fixture, "[" SET_REF("b", "branch", 10,
                                         ",'min-snapshots-to-keep':2,'max-snapshot-age-ms':3,"
                                         "'max-ref-age-ms':4") "]"),
              &fixture->err);
    equals_at(fixture, "refs.b",
              "{'snapshot-id':10,'type':'branch','min-snapshots-to-keep':2,"
              "'max-snapshot-age-ms':3,'max-ref-age-ms':4}");
    commit_result(fixture);
}

/* Rule: retention is positive, and a tag has only its own age. */
static void test_set_snapshot_ref__retention_is_checked(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" SET_REF("b", "branch", 10, ",'min-snapshots-to-keep':0") "]",
            ERROR_BAD_REQUEST, "min-snapshots-to-keep must be greater than 0");
    refuses(fixture, "[" SET_REF("b", "branch", 10, ",'max-snapshot-age-ms':-1") "]",
            ERROR_BAD_REQUEST, "max-snapshot-age-ms must be greater than 0");
    refuses(fixture, "[" SET_REF("b", "branch", 10, ",'max-ref-age-ms':0") "]", ERROR_BAD_REQUEST,
            "max-ref-age-ms must be greater than 0");
    refuses(fixture, "[" SET_REF("t", "tag", 10, ",'min-snapshots-to-keep':1") "]",
            ERROR_BAD_REQUEST, "Tags do not support setting min-snapshots-to-keep");
    refuses(fixture, "[" SET_REF("t", "tag", 10, ",'max-snapshot-age-ms':1") "]", ERROR_BAD_REQUEST,
            "Tags do not support setting max-snapshot-age-ms");
    refuses(fixture, "[" SET_REF("t", "twig", 10, "") "]", ERROR_BAD_REQUEST,
            "Invalid snapshot ref type: twig");
    refuses(fixture, "[" SET_REF("", "tag", 10, "") "]", ERROR_BAD_REQUEST, "ref-name");
}

static void test_set_snapshot_ref__name_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    char text[6000], name[5001];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    snprintf(text, sizeof(text),
             "[{'action':'set-snapshot-ref','ref-name':'%s','type':'tag','snapshot-id':10}]", name);
    table_of(fixture, table_v2);
    refuses(fixture, text, ERROR_BAD_REQUEST, "ref-name must have 1 to 4096 bytes");
}

/* Rule 30: going back to an older snapshot is logged at the time of the commit, not
 * the snapshot's. */
static void test_set_snapshot_ref__rollback_is_logged_now(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SET_REF("main", "branch", 10, "") "]"), &fixture->err);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), 10);
    equals_at(fixture, "snapshot-log.2", "{'timestamp-ms':1001000,'snapshot-id':10}");
    assert_int_equal(int_at(fixture, "last-updated-ms"), 1001000);
    commit_result(fixture);
}

/* Rule: another branch does not touch the current snapshot or its log. */
static void test_set_snapshot_ref__other_branch_is_not_logged(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" SET_REF("b", "branch", 10, "") "]"), &fixture->err);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), 20);
    assert_int_equal(size_at(fixture, "snapshot-log"), 2);
}

/* Rule 31: removing main leaves no current snapshot and keeps the log. */
static void test_remove_snapshot_ref__main(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'remove-snapshot-ref','ref-name':'main'}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), -1);
    assert_null(at(fixture, "refs.main"));
    assert_int_equal(size_at(fixture, "snapshot-log"), 2);
    assert_int_equal(size_at(fixture, "snapshots"), 2);
    commit_result(fixture);
}

/* Rules 31, K8: a replacement removes main and sets it anew; the log is kept. */
static void test_remove_snapshot_ref__replace_keeps_the_log(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture,
                    "[{'action':'remove-snapshot-ref','ref-name':'main'},"
                    "{'action':'add-snapshot','snapshot':{'snapshot-id':30,"
                    "'sequence-number':3,'timestamp-ms':1000500,'manifest-list':'m'}}," SET_REF(
                        "main", "branch", 30, "") "]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "snapshot-log"), 3);
    assert_int_equal(int_at(fixture, "snapshot-log.2.snapshot-id"), 30);
    commit_result(fixture);
}

/* Rule 45: metadata without refs has main at its current snapshot, also for updates of refs. */
static void test_set_snapshot_ref__main_is_made_up_where_refs_are_missing(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "refs", NULL);
    changes_nothing(fixture, "[" SET_REF("main", "branch", 20, "") "]");
    assert_ok(apply(fixture, "[" SET_REF("t", "tag", 10, "") "]"), &fixture->err);
    equals_at(fixture, "refs",
              "{'main':{'snapshot-id':20,'type':'branch'},"
              "'t':{'snapshot-id':10,'type':'tag'}}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_set_snapshot_ref__snapshot_must_be_known),
        TEST(test_set_snapshot_ref__main_is_no_tag),
        TEST(test_set_snapshot_ref__identical_ref_is_no_change),
        TEST(test_set_snapshot_ref__retention_is_not_inherited),
        TEST(test_set_snapshot_ref__retention_is_checked),
        TEST(test_set_snapshot_ref__name_is_bounded),
        TEST(test_set_snapshot_ref__rollback_is_logged_now),
        TEST(test_set_snapshot_ref__other_branch_is_not_logged),
        TEST(test_remove_snapshot_ref__main),
        TEST(test_remove_snapshot_ref__replace_keeps_the_log),
        TEST(test_set_snapshot_ref__main_is_made_up_where_refs_are_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
