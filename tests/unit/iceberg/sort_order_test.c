#include "iceberg/sort_order.h"

#include <stdio.h>

#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/schema_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SCHEMA                                                                                 \
    "{'type':'struct','fields':["                                                              \
    "{'id':1,'name':'id','required':true,'type':'long'},"                                      \
    "{'id':2,'name':'tags','required':false,'type':{'type':'list','element-id':3,"             \
    "'element':'string','element-required':true}}]}"

#define FIELD(source, transform, direction, nulls)                                       \
    "{'transform':'" transform "','source-id':" #source ",'direction':'" direction "','" \
    "null-order':'" nulls "'}"
#define ORDER(id, fields) "{'order-id':" #id ",'fields':[" fields "]}"

static void test_sort_order_parse__reads_what_it_writes(void **state)
{
    struct fixture *fixture = *state;
    const char *text = ORDER(3, FIELD(2, "identity", "asc", "nulls-first") ","
                                FIELD(3, "bucket[4]", "desc", "nulls-last"));
    const struct sort_order *order = fixture_order(fixture, text);
    assert_int_equal(order->order_id, 3);
    assert_int_equal(order->field_count, 2);
    assert_int_equal(order->fields[1].source_id, 3);
    assert_false(order->fields[0].is_descending);
    assert_true(order->fields[1].is_descending);
    assert_false(order->fields[0].nulls_last);
    assert_true(order->fields[1].nulls_last);
    fixture_assert_json(fixture, sort_order_to_json(order), text);
}

static void test_sort_order_parse__reads_words_in_any_case(void **state)
{
    struct fixture *fixture = *state;
    fixture_assert_json(
        fixture,
        sort_order_to_json(
            fixture_order(fixture, ORDER(1, FIELD(1, "BUCKET[4]", "DESC", "NULLS-LAST")))),
        ORDER(1, FIELD(1, "bucket[4]", "desc", "nulls-last")));
}

static void test_sort_order_parse__keeps_several_sources(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "{'order-id':1,'fields':[{'transform':'zorder','source-ids':[3,1],"
                       "'direction':'asc','null-order':'nulls-first'}]}";
    const struct sort_order *order = fixture_order(fixture, text);
    assert_int_equal(order->fields[0].source_id, 3);
    fixture_assert_json(fixture, sort_order_to_json(order), text);
    assert_false(sort_order_same(
        order, fixture_order(fixture, ORDER(1, FIELD(3, "zorder", "asc", "nulls-first")))));
}

static const char *const parse_refusals[][2] = {
    {"1", "Cannot parse sort order from non-object: 1"},
    {"{'fields':[]}", "order-id must be an integer, but is missing"},
    {"{'order-id':0}", "fields must be an array, but is missing"},
    {"{'order-id':1,'fields':['a']}", "Cannot parse sort field, not an object: \"a\""},
    {ORDER(1, FIELD(1, "day", "up", "nulls-first")), "Invalid sort direction: up"},
    {ORDER(1, FIELD(1, "day", "asc", "first")), "Unexpected null order: first"},
    {ORDER(1, FIELD(1, "bucket[0]", "asc", "nulls-first")),
     "Invalid number of buckets: 0 (must be > 0)"},
    {"{'order-id':1,'fields':[{'source-id':1,'direction':'asc','null-order':'nulls-first'}]}",
     "transform must be a string, but is missing"},
    {"{'order-id':1,'fields':[{'transform':'day','source-id':1,'null-order':'nulls-first'}]}",
     "direction must be a string, but is missing"},
    {"{'order-id':1,'fields':[{'transform':'day','source-id':1,'direction':'asc'}]}",
     "null-order must be a string, but is missing"},
    /* "Order id `0` is reserved for the unsorted order" (table spec, "Sorting"). */
    {ORDER(0, FIELD(1, "day", "asc", "nulls-first")),
     "Sort order ID 0 is reserved for unsorted order"},
    {ORDER(1, ""), "Unsorted order ID must be 0"},
};

static void test_sort_order_parse__refuses_what_is_no_order(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(parse_refusals); i++) {
        struct sort_order *order = NULL;
        assert_false(sort_order_parse(fixture_json(fixture, parse_refusals[i][0]),
                                      &fixture->arena, &order, &fixture->err));
        assert_null(order);
        fixture_assert_error(fixture, ERROR_BAD_REQUEST, parse_refusals[i][1]);
    }
    assert_int_equal(fixture_order(fixture, ORDER(0, ""))->field_count, 0);
}

static void test_sort_order_same__compares_all_but_the_id(void **state)
{
    struct fixture *fixture = *state;
    const struct sort_order *order =
        fixture_order(fixture, ORDER(1, FIELD(1, "identity", "asc", "nulls-first")));
    static const char *const others[] = {
        ORDER(1, FIELD(2, "identity", "asc", "nulls-first")),
        ORDER(1, FIELD(1, "day", "asc", "nulls-first")),
        ORDER(1, FIELD(1, "identity", "desc", "nulls-first")),
        ORDER(1, FIELD(1, "identity", "asc", "nulls-last")),
        ORDER(0, ""),
    };
    assert_true(sort_order_same(
        order, fixture_order(fixture, ORDER(8, FIELD(1, "Identity", "asc", "nulls-first")))));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(sort_order_same(order, fixture_order(fixture, others[i])));
}

static const char *const check_refusals[][2] = {
    {ORDER(1, FIELD(9, "identity", "asc", "nulls-first")),
     "Cannot find source column for sort field: identity(9) ASC NULLS FIRST"},
    {ORDER(1, FIELD(9, "void", "desc", "nulls-last")),
     "Cannot find source column for sort field: void(9) DESC NULLS LAST"},
    {ORDER(1, FIELD(2, "identity", "asc", "nulls-first")),
     "Cannot sort by non-primitive source field: list<string>"},
    {ORDER(1, FIELD(1, "hour", "asc", "nulls-first")),
     "Invalid source type long for transform: hour"},
};

static void test_sort_order_check__refuses_sources_that_cannot_sort(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, SCHEMA);
    for (size_t i = 0; i < COUNT(check_refusals); i++) {
        assert_false(sort_order_check(fixture_order(fixture, check_refusals[i][0]), schema,
                                      &fixture->err));
        fixture_assert_error(fixture, ERROR_VALIDATION, check_refusals[i][1]);
    }
    assert_true(sort_order_check(
        fixture_order(fixture, ORDER(1, FIELD(1, "bucket[2]", "asc", "nulls-first"))), schema,
        &fixture->err));
    assert_true(sort_order_check(fixture_order(fixture, ORDER(0, "")), schema, &fixture->err));
}

/* Rule: columns may have empty names, but no order may be made by one, as in the reference. */
static void test_sort_order_check_names__refuses_a_nameless_column(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(
        fixture, "{'type':'struct','fields':[{'id':1,'name':'','required':false,'type':'int'},"
                 "{'id':2,'name':'n','required':false,'type':'int'}]}");
    assert_false(sort_order_check_names(
        fixture_order(fixture, ORDER(1, FIELD(1, "identity", "asc", "nulls-first"))), schema,
        &fixture->err));
    fixture_assert_error(fixture, ERROR_VALIDATION, "Invalid column name: (empty)");
    assert_true(sort_order_check_names(
        fixture_order(fixture, ORDER(1, FIELD(2, "identity", "asc", "nulls-first"))), schema,
        &fixture->err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sort_order_parse__reads_what_it_writes),
        TEST(test_sort_order_parse__reads_words_in_any_case),
        TEST(test_sort_order_parse__keeps_several_sources),
        TEST(test_sort_order_parse__refuses_what_is_no_order),
        TEST(test_sort_order_same__compares_all_but_the_id),
        TEST(test_sort_order_check__refuses_sources_that_cannot_sort),
        TEST(test_sort_order_check_names__refuses_a_nameless_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
