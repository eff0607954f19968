#include "catalog/table_update.h"

#include "tests/unit/catalog/update_fixture.h"

#define FIELD(source, name, transform) \
    "{'source-id':" #source ",'name':'" name "','transform':'" transform "'}"
#define FIELD_ID(source, id, name, transform) \
    "{'source-id':" #source ",'field-id':" #id ",'name':'" name "','transform':'" transform "'}"
#define ADD_SPEC(fields) "{'action':'add-spec','spec':{'spec-id':7,'fields':[" fields "]}}"
#define SET_LAST_SPEC "{'action':'set-default-spec','spec-id':-1}"
#define SORT(source, direction)                                               \
    "{'source-id':" #source ",'transform':'identity','direction':'" direction \
    "','null-order':'nulls-first'}"
#define ADD_ORDER(id, fields) \
    "{'action':'add-sort-order','sort-order':{'order-id':" #id ",'fields':[" fields "]}}"
#define SET_LAST_ORDER "{'action':'set-default-sort-order','sort-order-id':-1}"

/* Rules 18, 21: a new spec gets the highest id plus one, and its fields' ids raise
 * last-partition-id. */
static void test_add_spec__gets_the_next_ids(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" ADD_SPEC(FIELD(2, "b", "bucket[4]") "," FIELD(
                                 1, "t", "truncate[2]")) "," SET_LAST_SPEC "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "default-spec-id"), 1);
    assert_int_equal(int_at(fixture, "partition-specs.1.spec-id"), 1);
    assert_int_equal(int_at(fixture, "partition-specs.1.fields.0.field-id"), 1000);
    assert_int_equal(int_at(fixture, "partition-specs.1.fields.1.field-id"), 1001);
    assert_int_equal(int_at(fixture, "last-partition-id"), 1001);
    commit_result(fixture);
}

/* Rules 18, 21: a compatible spec (sources, transforms, names) gives back its id,
 * whatever its ids. */
static void test_add_spec__compatible_spec_reuses_its_id(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    changes_nothing(fixture, "[" ADD_SPEC("") "," SET_LAST_SPEC "]");
    assert_ok(apply(fixture, "[" ADD_SPEC(FIELD(2, "b", "bucket[4]")) "]"), &fixture->err);
    commit_result(fixture);
    assert_ok(apply(fixture,
                    "[" ADD_SPEC(FIELD_ID(2, 1005, "b", "bucket[4]")) "," SET_LAST_SPEC "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "default-spec-id"), 1);
    assert_int_equal(size_at(fixture, "partition-specs"), 2);
    assert_int_equal(int_at(fixture, "last-partition-id"), 1000);
}

/* Rule 21: a field with the source and transform of an older one has the older one's id. */
static void test_add_spec__equivalent_field_reuses_its_id(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(
        apply(fixture,
              "[" ADD_SPEC(FIELD(2, "b", "bucket[4]")) "," ADD_SPEC(FIELD(
                  1, "t",
                  "truncate[2]")) "," ADD_SPEC(FIELD(1, "new",
                                                     "bucket[2]") "," FIELD(1, "t2",
                                                                            "truncate[2]")) "]"),
        &fixture->err);
    assert_int_equal(int_at(fixture, "partition-specs.3.fields.1.field-id"), 1001);
    assert_int_equal(int_at(fixture, "partition-specs.3.fields.0.field-id"), 1002);
    assert_int_equal(int_at(fixture, "last-partition-id"), 1002);
}

static void test_add_spec__field_ids_are_unique(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture,
            "[" ADD_SPEC(
                FIELD_ID(1, 1000, "a", "identity") "," FIELD_ID(2, 1000, "b", "identity")) "]",
            ERROR_VALIDATION, "1000 is used more than once");
}

/* Rule 21: v1 finds partition values by position, so its field ids count from 1000. */
static void test_add_spec__v1_needs_sequential_ids(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v1);
    refuses(fixture, "[" ADD_SPEC(FIELD_ID(2, 1001, "b", "bucket[4]")) "]", ERROR_VALIDATION,
            "Spec does not use sequential IDs that are required in v1");
    assert_ok(apply(fixture, "[" ADD_SPEC(FIELD(1, "id", "identity") "," FIELD(
                                 2, "b", "bucket[4]")) "," SET_LAST_SPEC "]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "partition-spec"), 2);
    assert_int_equal(int_at(fixture, "partition-spec.1.field-id"), 1001);
    commit_result(fixture);
}

/* Rule 20: sources are primitive columns in structs, and the transform accepts their type. */
static void test_add_spec__sources_must_fit(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" ADD_SPEC(FIELD(9, "x", "identity")) "]", ERROR_VALIDATION,
            "Cannot find source column");
    refuses(fixture, "[" ADD_SPEC(FIELD(2, "x", "day")) "]", ERROR_VALIDATION,
            "Invalid source type string for transform: day");
    refuses(fixture,
            "[{'action':'add-schema','schema':{'type':'struct','fields':[{'id':3,"
            "'name':'l','required':false,'type':{'type':'list','element-id':4,"
            "'element-required':false,'element':'int'}}]}},"
            "{'action':'set-current-schema','schema-id':-1}," ADD_SPEC(
                FIELD(4, "x", "identity")) "]",
            ERROR_VALIDATION, "parent");
    refuses(fixture, "[" ADD_SPEC("7") "]", ERROR_BAD_REQUEST, "add-spec");
}

/* Rule 22: a partition field may have a column's name only where it is that column's identity. */
static void test_add_spec__names_must_not_hide_columns(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" ADD_SPEC(FIELD(1, "name", "identity")) "]", ERROR_VALIDATION, "name");
    refuses(fixture, "[" ADD_SPEC(FIELD(1, "id", "bucket[2]")) "]", ERROR_VALIDATION, "id");
    refuses(fixture, "[" ADD_SPEC(FIELD(1, "", "bucket[2]")) "]", ERROR_VALIDATION, "empty");
    refuses(fixture, "[" ADD_SPEC(FIELD(1, "a", "bucket[2]") "," FIELD(2, "a", "bucket[2]")) "]",
            ERROR_VALIDATION, "more than once");
    assert_ok(apply(fixture, "[" ADD_SPEC(FIELD(1, "id", "identity")) "]"), &fixture->err);
}

/* Rules 18, 24: -1 without anything added, and unknown specs, are refused. */
static void test_set_default_spec__needs_a_known_spec(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" SET_LAST_SPEC "]", ERROR_VALIDATION,
            "Cannot set last added spec: no spec has been added");
    refuses(fixture, "[{'action':'set-default-spec','spec-id':3}]", ERROR_VALIDATION,
            "unknown spec: 3");
}

/* Rules 24, K11: the default spec cannot be removed; unknown ids are ignored. */
static void test_remove_partition_specs__never_the_default(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[{'action':'remove-partition-specs','spec-ids':[0]}]", ERROR_VALIDATION,
            "Cannot remove the default partition spec");
    assert_ok(apply(fixture, "[" ADD_SPEC(FIELD(2, "b", "bucket[4]")) "]"), &fixture->err);
    commit_result(fixture);
    assert_ok(apply(fixture, "[{'action':'remove-partition-specs','spec-ids':[1,55]}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "partition-specs"), 1);
    assert_int_equal(int_at(fixture, "last-partition-id"), 1000);
}

/* Rule 21: an id that was removed in the same commit is not given to another spec. */
static void test_add_spec__removed_id_is_not_reused(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(
        apply(fixture,
              "[" ADD_SPEC(FIELD(
                  2, "b",
                  "bucket[4]")) ","
                                "{'action':'remove-partition-specs','spec-ids':[1]}," ADD_SPEC(
                                    FIELD(2, "c", "bucket[8]")) "]"),
        &fixture->err);
    assert_int_equal(int_at(fixture, "partition-specs.1.spec-id"), 2);
    assert_int_equal(int_at(fixture, "partition-specs.1.fields.0.field-id"), 1001);
}

/* Rules 18, 23: a new order gets the highest id plus one; an equal order gives back its id. */
static void test_add_sort_order__ids(void **state)
{
    struct fixture *fixture = *state;
    const char *add = "[" ADD_ORDER(5, SORT(1, "asc")) "," SET_LAST_ORDER "]";
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, add), &fixture->err);
    assert_int_equal(int_at(fixture, "default-sort-order-id"), 1);
    assert_int_equal(int_at(fixture, "sort-orders.1.order-id"), 1);
    commit_result(fixture);
    changes_nothing(fixture, add);
    assert_ok(apply(fixture, "[" ADD_ORDER(5, SORT(1, "desc")) "," SET_LAST_ORDER "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "default-sort-order-id"), 2);
}

/* Rule 23: unsorted is order 0, and order 0 has no fields. */
static void test_add_sort_order__zero_is_unsorted(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    changes_nothing(fixture, "[" ADD_ORDER(0, "") "," SET_LAST_ORDER "]");
    refuses(fixture, "[" ADD_ORDER(0, SORT(1, "asc")) "]", ERROR_BAD_REQUEST, "reserved");
    refuses(fixture, "[" ADD_ORDER(3, "") "]", ERROR_BAD_REQUEST, "must be 0");
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" ADD_ORDER(1, SORT(1, "asc")) "," SET_LAST_ORDER "]"),
              &fixture->err);
    commit_result(fixture);
    assert_ok(apply(fixture, "[" ADD_ORDER(0, "") "," SET_LAST_ORDER "]"), &fixture->err);
    assert_int_equal(int_at(fixture, "default-sort-order-id"), 0);
    /* Also where no order was there before. */
    table_metadata_unref(fixture->table);
    fixture->table = NULL;
    assert_ok(apply_from_empty(
                  fixture, "[{'action':'assign-uuid','uuid':'" UUID_A "'},"
                           "{'action':'add-schema','schema':{'type':'struct','fields':[]}},"
                           "{'action':'add-spec','spec':{'fields':[]}}," ADD_ORDER(
                               0, "") "," SET_LAST_ORDER ","
                                      "{'action':'set-location','location':'s3://b/t'}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "default-sort-order-id"), 0);
    equals_at(fixture, "sort-orders", "[{'order-id':0,'fields':[]}]");
}

/* Rules 18, 24. */
static void test_set_default_sort_order__needs_a_known_order(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" SET_LAST_ORDER "]", ERROR_VALIDATION,
            "Cannot set last added sort order: no sort order has been added");
    refuses(fixture, "[{'action':'set-default-sort-order','sort-order-id':3}]", ERROR_VALIDATION,
            "unknown order: 3");
    refuses(fixture, "[" ADD_ORDER(1, SORT(9, "asc")) "]", ERROR_VALIDATION,
            "Cannot find source column for sort field");
}

/* Rule 21: in v1 ids go by position, also where an equivalent field has another one. */
static void test_add_spec__v1_ids_go_by_position(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v1);
    assert_ok(apply(fixture,
                    "[" ADD_SPEC(FIELD(2, "b", "bucket[4]") "," FIELD(1, "id", "identity")) "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "partition-specs.1.fields.0.field-id"), 1000);
    assert_int_equal(int_at(fixture, "partition-specs.1.fields.1.field-id"), 1001);
}

/* Rule 21: last-partition-id never goes down. */
static void test_add_spec__last_partition_id_never_falls(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" ADD_SPEC(FIELD_ID(2, 1005, "b", "bucket[4]")) "," ADD_SPEC(
                                 FIELD_ID(2, 1001, "c", "bucket[8]")) "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "last-partition-id"), 1005);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_add_spec__gets_the_next_ids),
        TEST(test_add_spec__compatible_spec_reuses_its_id),
        TEST(test_add_spec__equivalent_field_reuses_its_id),
        TEST(test_add_spec__field_ids_are_unique),
        TEST(test_add_spec__v1_needs_sequential_ids),
        TEST(test_add_spec__sources_must_fit),
        TEST(test_add_spec__names_must_not_hide_columns),
        TEST(test_set_default_spec__needs_a_known_spec),
        TEST(test_remove_partition_specs__never_the_default),
        TEST(test_add_spec__removed_id_is_not_reused),
        TEST(test_add_sort_order__ids),
        TEST(test_add_sort_order__zero_is_unsorted),
        TEST(test_set_default_sort_order__needs_a_known_order),
        TEST(test_add_spec__v1_ids_go_by_position),
        TEST(test_add_spec__last_partition_id_never_falls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
