#include "iceberg/filter_times.h"

#include <stdlib.h>

#include "iceberg/filter_text.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/schema_fixture.h"

static const char SCHEMA[] =
    "{'type':'struct','fields':[{'id':1,'name':'ts','required':false,'type':'timestamp'},"
    "{'id':2,'name':'tz','required':false,'type':'timestamptz'},"
    "{'id':3,'name':'ns','required':false,'type':'timestamptz_ns'},"
    "{'id':4,'name':'d','required':false,'type':'date'},"
    "{'id':5,'name':'s','required':false,'type':'string'}]}";

struct times_case {
    const char *text;
    const char *value; /* the first one afterwards */
};

static const struct times_case cases[] = {
    {"ts = '2024-01-01'", "2024-01-01T00:00:00"},
    {"ts = '2024-01-01 12:30:00.5'", "2024-01-01T12:30:00.5"},
    {"ts = '2024-01-01T12:30:00'", "2024-01-01T12:30:00"},
    {"ts = '2024-01-01T12:30:00+01:00'", "2024-01-01T12:30:00+01:00"},
    {"tz = '2024-01-01'", "2024-01-01T00:00:00+00:00"},
    {"tz = '2024-01-01 12:30:00'", "2024-01-01T12:30:00+00:00"},
    {"tz = '2024-01-01T12:30:00-05:00'", "2024-01-01T12:30:00-05:00"},
    {"tz = '2024-01-01T12:30:00Z'", "2024-01-01T12:30:00Z"},
    {"ns = '2024-01-01'", "2024-01-01T00:00:00+00:00"},
    {"ts = '2024-01-01x'", "2024-01-01x"},
    {"ts = '2024-1-1'", "2024-1-1"},
    {"ts = 'soon'", "soon"},
    {"d = '2024-01-01'", "2024-01-01"},
    {"s = '2024-01-01'", "2024-01-01"},
    {"other = '2024-01-01'", "2024-01-01"},
    {"hour(ts) = '2024-01-01'", "2024-01-01"},
    {"ts = '2024-01-01 and much more than any time has'",
     "2024-01-01 and much more than any time has"},
};

static void test_filter_times__adds_what_people_leave_out(void **state)
{
    struct fixture *fixture = *state;
    struct schema *schema = fixture_schema(fixture, SCHEMA);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *filter = NULL;
        assert_ok(filter_text_parse(slice_from_string(cases[i].text), &fixture->arena, &filter,
                                    NULL, &fixture->err),
                  &fixture->err);
        assert_ok(filter_times_complete(filter, schema, &fixture->err), &fixture->err);
        assert_string_equal(json_string_value(json_object_get(filter, "value")), cases[i].value);
        json_decref(filter);
    }
}

static void test_filter_times__reaches_every_predicate(void **state)
{
    struct fixture *fixture = *state;
    json_t *filter = NULL;
    struct schema *schema = fixture_schema(fixture, SCHEMA);
    assert_ok(filter_text_parse(SLICE_LITERAL("not ts in ('2024-01-01', '2024-01-02') and (s = 'x' "
                                              "or ts > '2024-01-03' or ts is null) or true"),
                                &fixture->arena, &filter, NULL, &fixture->err),
              &fixture->err);
    assert_ok(filter_times_complete(filter, schema, &fixture->err), &fixture->err);
    char *text = json_dumps(filter, JSON_COMPACT);
    assert_non_null(strstr(text, "[\"2024-01-01T00:00:00\",\"2024-01-02T00:00:00\"]"));
    assert_non_null(strstr(text, "\"2024-01-03T00:00:00\""));
    free(text);
    json_decref(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_filter_times__adds_what_people_leave_out,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_filter_times__reaches_every_predicate, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
