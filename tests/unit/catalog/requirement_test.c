#include "catalog/requirement.h"

#include "tests/unit/catalog/update_fixture.h"

static void expect_conflict(struct fixture *fixture, const char *requirements, const char *message)
{
    assert_false(require(fixture, requirements));
    assert_string_equal(fixture->err.message, message);
    assert_int_equal(fixture->err.kind, ERROR_COMMIT_FAILED);
}

static void expect_bad(struct fixture *fixture, const char *requirements, const char *part)
{
    assert_false(require(fixture, requirements));
    assert_int_equal(fixture->err.kind, ERROR_BAD_REQUEST);
    if (!strstr(fixture->err.message, part))
        fail_msg("'%s' lacks '%s'", fixture->err.message, part);
}

/* Rules 2, K2: a creation fails where the table exists. */
static void test_requirement__assert_create_needs_absence(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(require(fixture, "[{'type':'assert-create'}]"), &fixture->err);
    table_of(fixture, table_v2);
    expect_conflict(fixture, "[{'type':'assert-create'}]",
                    "Requirement failed: table already exists");
}

/* Rule 2: assert-create is the only requirement of a creation. */
static void test_requirement__assert_create_stands_alone(void **state)
{
    struct fixture *fixture = *state;
    bool is_create = false;
    json_t *alone = json_of("[{'type':'assert-create'}]");
    json_t *mixed = json_of("[{'type':'assert-create'},{'type':'assert-table-uuid','uuid':'x'}]");
    json_t *other = json_of("[{'type':'assert-table-uuid','uuid':'x'}]");
    assert_ok(requirements_are_create(alone, &is_create, &fixture->err), &fixture->err);
    assert_true(is_create);
    assert_ok(requirements_are_create(other, &is_create, &fixture->err), &fixture->err);
    assert_false(is_create);
    assert_ok(requirements_are_create(NULL, &is_create, &fixture->err), &fixture->err);
    assert_false(is_create);
    assert_fails(requirements_are_create(mixed, &is_create, &fixture->err), &fixture->err,
                 ERROR_BAD_REQUEST);
    assert_non_null(strstr(fixture->err.message, "Invalid create requirements"));
    json_decref(alone);
    json_decref(mixed);
    json_decref(other);
}

/* Rule 3: uuids are compared without regard to case. */
static void test_requirement__uuid_ignores_case(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(require(fixture, "[{'type':'assert-table-uuid',"
                               "'uuid':'9C12D441-03FE-4693-9A96-A0705DDF69C1'}]"),
              &fixture->err);
    expect_conflict(fixture, "[{'type':'assert-table-uuid','uuid':'" UUID_B "'}]",
                    "Requirement failed: UUID does not match: expected " UUID_A " != " UUID_B);
}

/* Rule 4: a null snapshot id says that the ref must not exist. */
static void test_requirement__null_snapshot_means_no_ref(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(require(fixture, "[{'type':'assert-ref-snapshot-id','ref':'new','snapshot-id':null},"
                               "{'type':'assert-ref-snapshot-id','ref':'new2'}]"),
              &fixture->err);
    expect_conflict(fixture, "[{'type':'assert-ref-snapshot-id','ref':'main','snapshot-id':null}]",
                    "Requirement failed: branch main was created concurrently");
    expect_conflict(fixture, "[{'type':'assert-ref-snapshot-id','ref':'keep','snapshot-id':null}]",
                    "Requirement failed: tag keep was created concurrently");
}

/* Rule 4: a ref that is at another snapshot, or missing, is a conflict; tags as well. */
static void test_requirement__ref_must_be_at_its_snapshot(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(require(fixture, "[{'type':'assert-ref-snapshot-id','ref':'main','snapshot-id':20},"
                               "{'type':'assert-ref-snapshot-id','ref':'keep','snapshot-id':10}]"),
              &fixture->err);
    expect_conflict(fixture, "[{'type':'assert-ref-snapshot-id','ref':'main','snapshot-id':1}]",
                    "Requirement failed: branch main has changed: expected id 1 != 20");
    expect_conflict(fixture, "[{'type':'assert-ref-snapshot-id','ref':'keep','snapshot-id':1}]",
                    "Requirement failed: tag keep has changed: expected id 1 != 10");
    expect_conflict(fixture, "[{'type':'assert-ref-snapshot-id','ref':'gone','snapshot-id':1}]",
                    "Requirement failed: branch or tag gone is missing, expected 1");
}

/* Rule 45: metadata without refs has a main branch at its current snapshot. */
static void test_requirement__main_is_made_up_from_current_snapshot(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "refs", NULL);
    assert_ok(require(fixture, "[{'type':'assert-ref-snapshot-id','ref':'main','snapshot-id':20},"
                               "{'type':'assert-ref-snapshot-id','ref':'x','snapshot-id':null}]"),
              &fixture->err);
    table_of(fixture, table_v3);
    assert_ok(require(fixture,
                      "[{'type':'assert-ref-snapshot-id','ref':'main','snapshot-id':null}]"),
              &fixture->err);
}

static void test_requirement__ref_name_is_compared_unescaped(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "refs",
                  "{'main':{'snapshot-id':20,'type':'branch'},"
                  "'a\\\\b':{'snapshot-id':10,'type':'branch'}}");
    assert_ok(require(fixture,
                      "[{'type':'assert-ref-snapshot-id','ref':'a\\\\b','snapshot-id':10}]"),
              &fixture->err);
}

/* Rule K2. */
static void test_requirement__ids_must_be_the_base_s(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(require(fixture,
                      "[{'type':'assert-current-schema-id','current-schema-id':0},"
                      "{'type':'assert-last-assigned-field-id','last-assigned-field-id':2},"
                      "{'type':'assert-last-assigned-partition-id',"
                      "'last-assigned-partition-id':999},"
                      "{'type':'assert-default-spec-id','default-spec-id':0},"
                      "{'type':'assert-default-sort-order-id','default-sort-order-id':0}]"),
              &fixture->err);
    expect_conflict(fixture, "[{'type':'assert-current-schema-id','current-schema-id':3}]",
                    "Requirement failed: current schema changed: expected id 3 != 0");
    expect_conflict(fixture,
                    "[{'type':'assert-last-assigned-field-id','last-assigned-field-id':3}]",
                    "Requirement failed: last assigned field id changed: expected id 3 != 2");
    expect_conflict(fixture,
                    "[{'type':'assert-last-assigned-partition-id','last-assigned-partition-id':3}]",
                    "Requirement failed: last assigned partition id changed: expected id 3 != 999");
    expect_conflict(fixture, "[{'type':'assert-default-spec-id','default-spec-id':3}]",
                    "Requirement failed: default partition spec changed: expected id 3 != 0");
    expect_conflict(fixture, "[{'type':'assert-default-sort-order-id','default-sort-order-id':3}]",
                    "Requirement failed: default sort order changed: expected id 3 != 0");
}

/* Rule 5: the two "last assigned" requirements pass where there is no table yet. */
static void test_requirement__last_assigned_ids_pass_without_base(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(require(fixture, "[{'type':'assert-last-assigned-field-id',"
                               "'last-assigned-field-id':7},"
                               "{'type':'assert-last-assigned-partition-id',"
                               "'last-assigned-partition-id':7}]"),
              &fixture->err);
    expect_conflict(fixture, "[{'type':'assert-current-schema-id','current-schema-id':0}]",
                    "Requirement failed: table does not exist");
    expect_conflict(fixture, "[{'type':'assert-table-uuid','uuid':'" UUID_A "'}]",
                    "Requirement failed: table does not exist");
    expect_conflict(fixture, "[{'type':'assert-ref-snapshot-id','ref':'main','snapshot-id':1}]",
                    "Requirement failed: table does not exist");
}

/* Rule 6: an unknown requirement makes the whole request a bad one, also where
 * another one fails. */
static void test_requirement__unknown_type_is_bad_before_any_conflict(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    expect_bad(fixture, "[{'type':'assert-create'},{'type':'assert-moon-phase'}]",
               "unknown requirement 'assert-moon-phase'");
    expect_bad(fixture, "[{'type':'assert-create'},7]", "must be an object");
    expect_bad(fixture, "[{'no-type':1}]", "type");
    expect_bad(fixture, "{}", "must be an array");
    expect_bad(fixture, "[{'type':'assert-current-schema-id','current-schema-id':'0'}]",
               "current-schema-id");
    expect_bad(fixture, "[{'type':'assert-current-schema-id','current-schema-id':4294967296}]",
               "32 bits");
}

/* Rule 3: a requirement of tables on a view, or the reverse, is a bad request. */
static void test_requirement__kinds_do_not_mix(void **state)
{
    struct fixture *fixture = *state;
    struct view_metadata view = {.uuid = SLICE_LITERAL(UUID_A)};
    table_of(fixture, table_v2);
    expect_bad(fixture, "[{'type':'assert-view-uuid','uuid':'" UUID_A "'}]", "against a table");
    json_t *for_table = json_of("[{'type':'assert-table-uuid','uuid':'" UUID_A "'}]");
    assert_fails(view_requirements_check(for_table, &view, &fixture->err), &fixture->err,
                 ERROR_BAD_REQUEST);
    json_decref(for_table);
}

/* Rule 3. */
static void test_requirement__view_uuid_ignores_case(void **state)
{
    struct fixture *fixture = *state;
    struct view_metadata view = {.uuid = SLICE_LITERAL(UUID_A)};
    json_t *same = json_of("[{'type':'assert-view-uuid',"
                           "'uuid':'9C12D441-03FE-4693-9A96-A0705DDF69C1'}]");
    json_t *other = json_of("[{'type':'assert-view-uuid','uuid':'" UUID_B "'}]");
    assert_ok(view_requirements_check(same, &view, &fixture->err), &fixture->err);
    assert_ok(view_requirements_check(NULL, &view, &fixture->err), &fixture->err);
    assert_fails(view_requirements_check(other, &view, &fixture->err), &fixture->err,
                 ERROR_COMMIT_FAILED);
    assert_string_equal(fixture->err.message, "Requirement failed: view UUID does not match: "
                                              "expected " UUID_A " != " UUID_B);
    json_decref(same);
    json_decref(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_requirement__assert_create_needs_absence),
        TEST(test_requirement__assert_create_stands_alone),
        TEST(test_requirement__uuid_ignores_case),
        TEST(test_requirement__null_snapshot_means_no_ref),
        TEST(test_requirement__ref_must_be_at_its_snapshot),
        TEST(test_requirement__main_is_made_up_from_current_snapshot),
        TEST(test_requirement__ref_name_is_compared_unescaped),
        TEST(test_requirement__ids_must_be_the_base_s),
        TEST(test_requirement__last_assigned_ids_pass_without_base),
        TEST(test_requirement__unknown_type_is_bad_before_any_conflict),
        TEST(test_requirement__kinds_do_not_mix),
        TEST(test_requirement__view_uuid_ignores_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
