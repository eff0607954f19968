#include "iceberg/partition_spec.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/schema_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SCHEMA                                                                                 \
    "{'type':'struct','fields':["                                                              \
    "{'id':1,'name':'id','required':true,'type':'long'},"                                      \
    "{'id':2,'name':'ts','required':false,'type':'timestamp'},"                                \
    "{'id':3,'name':'user','required':false,'type':{'type':'struct','fields':["                \
    "{'id':4,'name':'name','required':false,'type':'string'}]}},"                              \
    "{'id':5,'name':'tags','required':false,'type':{'type':'list','element-id':6,"             \
    "'element':{'type':'struct','fields':["                                                    \
    "{'id':7,'name':'tag','required':false,'type':'string'}]},'element-required':true}}]}"

#define FIELD(source, id, name, transform) \
    "{'name':'" name "','transform':'" transform "','source-id':" #source ",'field-id':" #id "}"
#define SPEC(fields) "{'spec-id':3,'fields':[" fields "]}"

static void test_partition_spec_parse__reads_what_it_writes(void **state)
{
    struct fixture *fixture = *state;
    const char *text =
        SPEC(FIELD(1, 1000, "id_bucket", "bucket[16]") "," FIELD(2, 1001, "ts_day", "day"));
    const struct partition_spec *spec = fixture_spec(fixture, text);
    assert_int_equal(spec->spec_id, 3);
    assert_int_equal(spec->field_count, 2);
    assert_int_equal(spec->fields[0].source_id, 1);
    assert_int_equal(spec->fields[0].field_id, 1000);
    assert_int_equal(spec->fields[0].transform.parameter, 16);
    assert_int_equal(spec->fields[1].transform.kind, TRANSFORM_DAY);
    fixture_assert_json(fixture, partition_spec_to_json(spec), text);
}

static void test_partition_spec_parse__an_unbound_spec_has_no_ids(void **state)
{
    struct fixture *fixture = *state;
    const struct partition_spec *spec = fixture_spec(
        fixture, "{'fields':[{'name':'d','transform':'DAY','source-id':2}]}");
    assert_int_equal(spec->spec_id, 0);
    assert_int_equal(spec->fields[0].field_id, PARTITION_FIELD_ID_NONE);
    assert_int_equal(partition_spec_last_id(spec), 999);
    fixture_assert_json(fixture, partition_spec_to_json(spec),
                        "{'spec-id':0,'fields':[{'name':'d','transform':'day','source-id':2}]}");
}

/* "In case of a multi-argument transform, only source-ids is written" (appendix C). */
static void test_partition_spec_parse__keeps_several_sources(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "{'spec-id':0,'fields':[{'name':'z','transform':'zorder',"
                       "'source-ids':[2,1],'field-id':1000}]}";
    const struct partition_spec *spec = fixture_spec(fixture, text);
    assert_int_equal(spec->fields[0].source_id, 2);
    assert_int_equal(spec->fields[0].sources.count, 2);
    fixture_assert_json(fixture, partition_spec_to_json(spec), text);
    const struct partition_spec *single = fixture_spec(
        fixture, "{'fields':[{'name':'z','transform':'day','source-ids':[2],'field-id':1000}]}");
    assert_int_equal(single->fields[0].source_id, 2);
    assert_int_equal(single->fields[0].sources.count, 0);
    assert_false(partition_spec_compatible(
        spec, fixture_spec(fixture, "{'fields':[{'name':'z','transform':'zorder',"
                                    "'source-ids':[2,3],'field-id':1000}]}")));
    assert_false(partition_spec_check(
        fixture_spec(fixture, "{'fields':[{'name':'z','transform':'zorder','source-ids':[2,9],"
                              "'field-id':1000}]}"),
        fixture_schema(fixture, SCHEMA), &fixture->err));
    fixture_assert_error(fixture, ERROR_VALIDATION,
                         "Cannot find source column for partition field: 1000: z: zorder(2)");
}

struct refusal {
    const char *text;
    const char *message;
};

static const struct refusal parse_refusals[] = {
    {"[]", "Cannot parse spec from non-object: []"},
    {"{'spec-id':0}", "fields must be an array, but is missing"},
    {"{'spec-id':'0','fields':[]}", "spec-id must be an integer, but is a string"},
    {"{'fields':{}}", "fields must be an array, but is an object"},
    {"{'fields':[1]}", "Cannot parse partition field, not an object: 1"},
    {"{'fields':[{'transform':'day','source-id':1}]}", "name must be a string, but is missing"},
    {"{'fields':[{'name':'a','source-id':1}]}", "transform must be a string, but is missing"},
    {"{'fields':[{'name':'a','transform':'day'}]}", "source-id must be an integer, but is missing"},
    {"{'fields':[{'name':'a','transform':'day','source-ids':[]}]}",
     "source-ids must be a list of one or more integers of 32 bits"},
    {"{'fields':[{'name':'a','transform':'day','source-ids':['1']}]}",
     "source-ids must be a list of one or more integers of 32 bits"},
    {"{'fields':[{'name':'a','transform':'bucket[0]','source-id':1}]}",
     "Invalid number of buckets: 0 (must be > 0)"},
    {"{'fields':[{'name':'a','transform':'day','source-id':1,'field-id':null}]}",
     "field-id must be an integer, but is null"},
    {"{'fields':[" FIELD(1, 1000, "a", "void") ",{'name':'b','transform':'day','source-id':2}]}",
     "Cannot parse spec with missing field IDs: 1 missing of 2 fields."},
};

static void test_partition_spec_parse__refuses_what_is_no_spec(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(parse_refusals); i++) {
        struct partition_spec *spec = NULL;
        assert_false(partition_spec_parse(fixture_json(fixture, parse_refusals[i].text),
                                          &fixture->arena, &spec, &fixture->err));
        assert_null(spec);
        fixture_assert_error(fixture, ERROR_BAD_REQUEST, parse_refusals[i].message);
    }
}

static void test_partition_spec_parse__bounds_the_number_of_fields(void **state)
{
    struct fixture *fixture = *state;
    char *text = malloc((MAX_SPEC_FIELDS + 2) * 4);
    assert_non_null(text);
    char *at = text + sprintf(text, "{'fields':[1");
    for (int i = 0; i < MAX_SPEC_FIELDS; i++)
        at += sprintf(at, ",1");
    memcpy(at, "]}", 3);
    struct partition_spec *spec = NULL;
    assert_false(partition_spec_parse(fixture_json(fixture, text), &fixture->arena, &spec,
                                      &fixture->err));
    free(text);
    fixture_assert_error(fixture, ERROR_BAD_REQUEST, "Cannot parse spec: more than 1000 fields");
}

/* "In v1, partition field IDs were not tracked, but were assigned sequentially starting at 1000"
 * (table spec, "Partition Evolution"). */
static void test_partition_spec_parse_v1__counts_missing_ids_from_1000(void **state)
{
    struct fixture *fixture = *state;
    struct partition_spec *spec = NULL;
    assert_true(partition_spec_parse_v1(
        fixture_json(fixture, "[{'name':'a','transform':'identity','source-id':1},"
                              "{'name':'b','transform':'day','source-id':2}]"),
        &fixture->arena, &spec, &fixture->err));
    assert_int_equal(spec->spec_id, 0);
    assert_int_equal(spec->fields[0].field_id, 1000);
    assert_int_equal(spec->fields[1].field_id, 1001);
    assert_true(partition_spec_has_sequential_ids(spec));
    assert_int_equal(partition_spec_last_id(spec), 1001);
    assert_true(partition_spec_parse_v1(fixture_json(fixture, "[" FIELD(1, 1007, "a", "void") "]"),
                                        &fixture->arena, &spec, &fixture->err));
    assert_int_equal(spec->fields[0].field_id, 1007);
    assert_false(partition_spec_parse_v1(fixture_json(fixture, "{}"), &fixture->arena, &spec,
                                         &fixture->err));
    fixture_assert_error(fixture, ERROR_BAD_REQUEST,
                         "Cannot parse partition spec fields, not an array: {}");
}

static void test_partition_spec_compatible__compares_all_but_ids(void **state)
{
    struct fixture *fixture = *state;
    const struct partition_spec *spec =
        fixture_spec(fixture, SPEC(FIELD(1, 1000, "b", "bucket[16]")));
    static const char *const others[] = {
        SPEC(FIELD(2, 1000, "b", "bucket[16]")),
        SPEC(FIELD(1, 1000, "c", "bucket[16]")),
        SPEC(FIELD(1, 1000, "b", "bucket[8]")),
        SPEC(""),
    };
    assert_true(partition_spec_compatible(
        spec, fixture_spec(fixture, "{'spec-id':9,'fields':[" FIELD(1, 1005, "b", "Bucket[16]")
                                    "]}")));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(partition_spec_compatible(spec, fixture_spec(fixture, others[i])));
}

static void test_partition_spec__knows_ids_and_whether_it_partitions(void **state)
{
    struct fixture *fixture = *state;
    const struct partition_spec *gap = fixture_spec(
        fixture, SPEC(FIELD(1, 1000, "a", "void") "," FIELD(2, 1005, "b", "day")));
    const struct partition_spec *none = fixture_spec(fixture, SPEC(""));
    assert_false(partition_spec_has_sequential_ids(gap));
    assert_int_equal(partition_spec_last_id(gap), 1005);
    assert_false(partition_spec_is_unpartitioned(gap));
    assert_true(partition_spec_has_sequential_ids(none));
    assert_int_equal(partition_spec_last_id(none), 999);
    assert_true(partition_spec_is_unpartitioned(none));
    assert_true(partition_spec_is_unpartitioned(
        fixture_spec(fixture, SPEC(FIELD(1, 1000, "a", "void")))));
}

static const struct refusal name_refusals[] = {
    {SPEC(FIELD(1, 1000, "", "bucket[4]")), "Cannot use empty partition name: "},
    {SPEC(FIELD(1, 1000, "a", "bucket[4]") "," FIELD(2, 1001, "a", "day")),
     "Cannot use partition name more than once: a"},
    {SPEC(FIELD(2, 1000, "a", "day") "," FIELD(2, 1001, "b", "Day")),
     "Cannot add redundant partition: 1000: a: day(2) conflicts with 1001: b: day(2)"},
    {SPEC(FIELD(1, 1000, "ts", "identity")),
     "Cannot create identity partition sourced from different field in schema: ts"},
    {SPEC(FIELD(2, 1000, "ts", "day")),
     "Cannot create partition from name that exists in schema: ts"},
    {SPEC(FIELD(2, 1000, "user.name", "day")),
     "Cannot create partition from name that exists in schema: user.name"},
    {SPEC(FIELD(9, 1000, "a", "day")),
     "Cannot find source column for partition field: 1000: a: day(9)"},
    {"{'fields':[{'name':'a','transform':'day','source-id':9}]}",
     "Cannot find source column for partition field: null: a: day(9)"},
};

static void test_partition_spec_check_names__refuses_what_a_column_would_hide(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, SCHEMA);
    for (size_t i = 0; i < COUNT(name_refusals); i++) {
        assert_false(partition_spec_check_names(fixture_spec(fixture, name_refusals[i].text),
                                                schema, &fixture->err));
        fixture_assert_error(fixture, ERROR_VALIDATION, name_refusals[i].message);
    }
}

/* Rule: columns may have empty names, but no spec may be made by one, as in the reference. */
static void test_partition_spec_check_names__refuses_a_nameless_source(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(
        fixture,
        "{'type':'struct','fields':[{'id':1,'name':'','required':false,'type':'int'}]}");
    assert_false(partition_spec_check_names(
        fixture_spec(fixture, SPEC(FIELD(1, 1000, "a", "identity"))), schema, &fixture->err));
    fixture_assert_error(fixture, ERROR_VALIDATION, "Invalid column name: (empty)");
}

/* Rule 22. */
static void test_partition_spec_check_names__allows_a_columns_own_name(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, SCHEMA);
    static const char *const texts[] = {
        SPEC(FIELD(1, 1000, "id", "identity")),
        SPEC(FIELD(4, 1000, "user.name", "identity")),
        SPEC(FIELD(1, 1000, "id", "void")),
        SPEC(FIELD(2, 1000, "a", "day") "," FIELD(2, 1001, "b", "hour")),
        SPEC(FIELD(1, 1000, "a", "void") "," FIELD(1, 1001, "b", "void")),
        SPEC(FIELD(9, 1000, "id", "void")), /* the source is gone: a spec of the past */
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (!partition_spec_check_names(fixture_spec(fixture, texts[i]), schema, &fixture->err))
            fail_msg("%s: %s", texts[i], fixture->err.message);
    }
}

static const struct refusal check_refusals[] = {
    {SPEC(FIELD(9, 1000, "a", "identity")),
     "Cannot find source column for partition field: 1000: a: identity(9)"},
    {SPEC(FIELD(3, 1000, "a", "identity")),
     "Cannot partition by non-primitive source field: struct<4: name: optional string>"},
    {SPEC(FIELD(1, 1000, "a", "day")), "Invalid source type long for transform: day"},
    {SPEC(FIELD(2, 1000, "a", "Truncate[04]")),
     "Invalid source type timestamp for transform: truncate[4]"},
    {SPEC(FIELD(7, 1000, "a", "identity")),
     "Invalid partition field parent: list<struct<7: tag: optional string>>"},
};

/* Rule 20: "The source columns, selected by ids, must be a primitive type and cannot be contained
 * in a map or list, but may be nested in a struct" (table spec, "Partitioning"). */
static void test_partition_spec_check__refuses_sources_that_cannot_partition(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, SCHEMA);
    for (size_t i = 0; i < COUNT(check_refusals); i++) {
        assert_false(partition_spec_check(fixture_spec(fixture, check_refusals[i].text), schema,
                                          &fixture->err));
        fixture_assert_error(fixture, ERROR_VALIDATION, check_refusals[i].message);
    }
}

/* Rule 20. */
static void test_partition_spec_check__void_and_unknown_take_what_others_do_not(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, SCHEMA);
    static const char *const texts[] = {
        SPEC(FIELD(9, 1000, "a", "void")),
        SPEC(FIELD(5, 1000, "a", "void")),
        SPEC(FIELD(4, 1000, "a", "truncate[2]")),
        SPEC(FIELD(1, 1000, "a", "zorder[3]")),
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (!partition_spec_check(fixture_spec(fixture, texts[i]), schema, &fixture->err))
            fail_msg("%s: %s", texts[i], fixture->err.message);
    }
}

static void test_partition_spec_check__quotes_a_long_name_cut(void **state)
{
    struct fixture *fixture = *state;
    char text[2000];
    int len = sprintf(text, "{'fields':[{'transform':'day','source-id':9,'name':'");
    for (int i = 0; i < 400; i++)
        len += sprintf(text + len, "\u00fc");
    memcpy(text + len, "'}]}", 5);
    assert_false(partition_spec_check(fixture_spec(fixture, text),
                                      fixture_schema(fixture, SCHEMA), &fixture->err));
    assert_true(slice_is_utf8(slice_from_string(fixture->err.message)));
    assert_true(strlen(fixture->err.message) < 350);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_partition_spec_parse__reads_what_it_writes),
        TEST(test_partition_spec_parse__an_unbound_spec_has_no_ids),
        TEST(test_partition_spec_parse__keeps_several_sources),
        TEST(test_partition_spec_parse__refuses_what_is_no_spec),
        TEST(test_partition_spec_parse__bounds_the_number_of_fields),
        TEST(test_partition_spec_parse_v1__counts_missing_ids_from_1000),
        TEST(test_partition_spec_compatible__compares_all_but_ids),
        TEST(test_partition_spec__knows_ids_and_whether_it_partitions),
        TEST(test_partition_spec_check_names__refuses_what_a_column_would_hide),
        TEST(test_partition_spec_check_names__refuses_a_nameless_source),
        TEST(test_partition_spec_check_names__allows_a_columns_own_name),
        TEST(test_partition_spec_check__refuses_sources_that_cannot_partition),
        TEST(test_partition_spec_check__void_and_unknown_take_what_others_do_not),
        TEST(test_partition_spec_check__quotes_a_long_name_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
