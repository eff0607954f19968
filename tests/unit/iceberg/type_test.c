#include "iceberg/type.h"

#include <stdio.h>

#include "iceberg/default_value.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/schema_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct spelling {
    const char *text;
    enum type_id id;
    const char *name;
};

static const struct spelling spellings[] = {
    {"boolean", TYPE_BOOLEAN, "boolean"},
    {"int", TYPE_INT, "int"},
    {"LONG", TYPE_LONG, "long"},
    {"float", TYPE_FLOAT, "float"},
    {"double", TYPE_DOUBLE, "double"},
    {"decimal(9,2)", TYPE_DECIMAL, "decimal(9, 2)"},
    {"Decimal( 38 , 0 )", TYPE_DECIMAL, "decimal(38, 0)"},
    {"date", TYPE_DATE, "date"},
    {"time", TYPE_TIME, "time"},
    {"timestamp", TYPE_TIMESTAMP, "timestamp"},
    {"timestamptz", TYPE_TIMESTAMPTZ, "timestamptz"},
    {"timestamp_ns", TYPE_TIMESTAMP_NS, "timestamp_ns"},
    {"timestamptz_ns", TYPE_TIMESTAMPTZ_NS, "timestamptz_ns"},
    {"String", TYPE_STRING, "string"},
    {"uuid", TYPE_UUID, "uuid"},
    {"fixed[16]", TYPE_FIXED, "fixed[16]"},
    {"FIXED[ 4 ]", TYPE_FIXED, "fixed[4]"},
    {"binary", TYPE_BINARY, "binary"},
    {"unknown", TYPE_UNKNOWN, "unknown"},
    {"variant", TYPE_VARIANT, "variant"},
    {"geometry", TYPE_GEOMETRY, "geometry(OGC:CRS84)"},
    {"geometry(srid:3857)", TYPE_GEOMETRY, "geometry(srid:3857)"},
    {"Geometry ( srid:3857 )", TYPE_GEOMETRY, "geometry(srid:3857)"},
    {"geography", TYPE_GEOGRAPHY, "geography(OGC:CRS84, spherical)"},
    {"geography(OGC:CRS84, spherical)", TYPE_GEOGRAPHY, "geography(OGC:CRS84, spherical)"},
    {"geography(srid:4326,KARNEY)", TYPE_GEOGRAPHY, "geography(srid:4326, karney)"},
    {"geography(srid:4326)", TYPE_GEOGRAPHY, "geography(srid:4326, spherical)"},
};

static void test_type_parse__reads_every_primitive_in_any_case_and_spacing(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(spellings); i++) {
        char json[64];
        snprintf(json, sizeof(json), "'%s'", spellings[i].text);
        const struct type *type = fixture_type(fixture, json);
        struct slice name = type_name(type, &fixture->arena);
        assert_int_equal(type->id, spellings[i].id);
        assert_string_equal(name.ptr, spellings[i].name);
        assert_true(type_is_primitive(type) == (type->id != TYPE_VARIANT));
        snprintf(json, sizeof(json), "'%s'", spellings[i].name);
        fixture_assert_json(fixture, type_to_json(type), json);
    }
}

struct refusal {
    const char *json;
    const char *message;
};

static const struct refusal refusals[] = {
    {"'varchar'", "Cannot parse type string to primitive: varchar"},
    {"''", "Cannot parse type string to primitive: "},
    {"'decimal'", "Cannot parse type string to primitive: decimal"},
    {"'decimal (9,2)'", "Cannot parse type string to primitive: decimal (9,2)"},
    {"'decimal(9)'", "Cannot parse type string to primitive: decimal(9)"},
    {"'decimal(9,-2)'", "Cannot parse type string to primitive: decimal(9,-2)"},
    {"'decimal(39,2)'", "Decimals with precision larger than 38 are not supported: 39"},
    {"'fixed[]'", "Cannot parse type string to primitive: fixed[]"},
    {"'fixed[x]'", "Cannot parse type string to primitive: fixed[x]"},
    {"'fixed[99999999999]'", "Cannot parse type: 99999999999 is too large"},
    {"'geometry()'", "Invalid CRS: (empty string)"},
    {"'geometry(a)b)'", "Cannot parse type string to primitive: geometry(a)b)"},
    {"'geometry x'", "Cannot parse type string to primitive: geometry x"},
    {"'geography( , karney)'", "Invalid CRS: (empty string)"},
    {"'geography(a,flat)'", "Invalid edge interpolation algorithm: flat"},
    {"7", "Cannot parse type from json: 7"},
    {"null", "Cannot parse type from json: null"},
    {"{'type':'string'}", "Cannot parse type from json: {\"type\":\"string\"}"},
    {"{'type':'struct'}", "fields must be an array, but is missing"},
    {"{'type':'struct','fields':[3]}", "Cannot parse struct field from non-object: 3"},
    {"{'type':'struct','fields':[{'name':'a','required':true,'type':'int'}]}",
     "id must be an integer, but is missing"},
    {"{'type':'struct','fields':[{'id':1,'required':true,'type':'int'}]}",
     "name must be a string, but is missing"},
    {"{'type':'struct','fields':[{'id':1,'name':'a','type':'int'}]}", "required must be a boolean"},
    {"{'type':'struct','fields':[{'id':1,'name':'a','required':true}]}",
     "Cannot parse missing field: type"},
    {"{'type':'list','element-id':1,'element':'int'}", "element-required must be a boolean"},
    {"{'type':'map','key-id':1,'key':'int','value-id':2,'value-required':true}",
     "Cannot parse missing field: value"},
};

static void test_type_parse__refuses_what_is_no_type(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct type *type = NULL;
        assert_false(type_parse(fixture_json(fixture, refusals[i].json), &fixture->arena, &type,
                                &fixture->err));
        assert_null(type);
        fixture_assert_error(fixture, ERROR_BAD_REQUEST, refusals[i].message);
    }
}

#define NESTED                                                                                  \
    "{'type':'struct','fields':["                                                               \
    "{'id':1,'name':'tags','required':false,'type':{'type':'list','element-id':4,"              \
    "'element':'string','element-required':true},'doc':'all'},"                                 \
    "{'id':2,'name':'at','required':true,'type':{'type':'map','key-id':5,'key':'string',"       \
    "'value-id':6,'value':{'type':'struct','fields':[{'id':7,'name':'x','required':true,"       \
    "'type':'double','initial-default':1.5,'write-default':2.5}]},'value-required':false}}]}"

static void test_type_to_json__writes_nested_types_as_they_were_read(void **state)
{
    struct fixture *fixture = *state;
    fixture_assert_json(fixture, type_to_json(fixture_type(fixture, NESTED)), NESTED);
}

static void test_type_name__spells_nested_types_with_ids_and_docs(void **state)
{
    struct fixture *fixture = *state;
    struct slice name = type_name(fixture_type(fixture, NESTED), &fixture->arena);
    assert_string_equal(name.ptr, "struct<1: tags: optional list<string> (all), 2: at: required "
                                  "map<string, struct<7: x: required double>>>");
    assert_int_equal(name.len, strlen(name.ptr));
}

static void test_type_name_write__cuts_between_characters(void **state)
{
    struct fixture *fixture = *state;
    char text[10];
    const struct type *type = fixture_type(fixture, "'geometry(\u00e9\u00e9)'");
    const struct type *plain = fixture_type(fixture, "'geometry(ab)'");
    assert_int_equal(type_name_write(type, text, sizeof(text)), 14);
    assert_string_equal(text, "geometry(");
    char longer[11];
    type_name_write(type, longer, sizeof(longer));
    assert_string_equal(longer, "geometry(");
    type_name_write(plain, longer, sizeof(longer));
    assert_string_equal(longer, "geometry(a");
}

static void test_type_to_json__keeps_a_long_crs_whole(void **state)
{
    struct fixture *fixture = *state;
    char json[400];
    memset(json, 'x', sizeof(json));
    memcpy(json, "'geometry(", 10);
    memcpy(json + sizeof(json) - 3, ")'", 3);
    fixture_assert_json(fixture, type_to_json(fixture_type(fixture, json)), json);
}

static void test_type_equals__compares_ids_names_docs_and_defaults(void **state)
{
    struct fixture *fixture = *state;
    static const char *const others[] = {
        "{'type':'struct','fields':[{'id':2,'name':'a','required':true,'type':'int'}]}",
        "{'type':'struct','fields':[{'id':1,'name':'b','required':true,'type':'int'}]}",
        "{'type':'struct','fields':[{'id':1,'name':'a','required':false,'type':'int'}]}",
        "{'type':'struct','fields':[{'id':1,'name':'a','required':true,'type':'long'}]}",
        "{'type':'struct','fields':[{'id':1,'name':'a','required':true,'type':'int','doc':''}]}",
        "{'type':'struct','fields':[{'id':1,'name':'a','required':true,'type':'int',"
        "'write-default':1}]}",
        "{'type':'struct','fields':[]}",
        "'int'",
    };
    const char *text = "{'type':'struct','fields':[{'id':1,'name':'a','required':true,"
                       "'type':'int'}]}";
    const struct type *type = fixture_type(fixture, text);
    assert_true(type_equals(type, fixture_type(fixture, text)));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(type_equals(type, fixture_type(fixture, others[i])));
}

static void test_type_equals__knows_defaults_of_geo_types_and_their_case(void **state)
{
    struct fixture *fixture = *state;
    assert_true(type_equals(fixture_type(fixture, "'geometry'"),
                            fixture_type(fixture, "'geometry(ogc:crs84)'")));
    assert_true(type_equals(fixture_type(fixture, "'geography'"),
                            fixture_type(fixture, "'geography(OGC:CRS84, Spherical)'")));
    assert_false(type_equals(fixture_type(fixture, "'geography'"),
                             fixture_type(fixture, "'geography(OGC:CRS84, karney)'")));
    assert_false(type_equals(fixture_type(fixture, "'decimal(9,2)'"),
                             fixture_type(fixture, "'decimal(9,3)'")));
    assert_false(type_equals(fixture_type(fixture, "'fixed[1]'"),
                             fixture_type(fixture, "'fixed[2]'")));
}

/* "Must be optional with null defaults" (table spec, "Primitive Types"). */
static void test_type_parse__unknown_must_be_optional(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {
        "{'type':'struct','fields':[{'id':1,'name':'a','required':true,'type':'unknown'}]}",
        "{'type':'list','element-id':1,'element':'unknown','element-required':true}",
        "{'type':'map','key-id':1,'key':'unknown','value-id':2,'value':'int',"
        "'value-required':true}",
    };
    static const char *const names[] = {"a", "element", "key"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        char message[80];
        const struct type *type = NULL;
        assert_false(type_parse(fixture_json(fixture, texts[i]), &fixture->arena, &type,
                                &fixture->err));
        snprintf(message, sizeof(message), "Cannot create required field with unknown type: %s",
                 names[i]);
        fixture_assert_error(fixture, ERROR_BAD_REQUEST, message);
    }
    fixture_type(fixture, "{'type':'list','element-id':1,'element':'unknown',"
                          "'element-required':false}");
}

struct default_case {
    const char *type;
    const char *value;
    bool fits;
};

static const struct default_case default_cases[] = {
    {"'boolean'", "true", true},
    {"'boolean'", "1", false},
    {"'int'", "-2147483648", true},
    {"'int'", "2147483648", false},
    {"'int'", "1.0", false},
    {"'int'", "'1'", false},
    {"'long'", "9223372036854775807", true},
    {"'float'", "1.5", true},
    {"'float'", "1", false},
    {"'float'", "1e39", false},
    {"'double'", "1e39", true},
    {"'double'", "'NaN'", false},
    {"'decimal(9,2)'", "'14.20'", true},
    {"'decimal(9,2)'", "'-14.20'", true},
    {"'decimal(9,2)'", "'1420e-2'", true},
    {"'decimal(9,2)'", "'14.2'", false},
    {"'decimal(9,2)'", "14.20", false},
    {"'decimal(9,2)'", "'1.2.0'", false},
    {"'decimal(9,2)'", "'.'", false},
    {"'decimal(9,2)'", "''", false},
    {"'decimal(9,2)'", "'12345678.90'", false},
    {"'decimal(9,2)'", "'1.00e'", false},
    {"'date'", "'2017-11-16'", true},
    {"'date'", "'2024-02-29'", true},
    {"'date'", "'2023-02-29'", false},
    {"'date'", "'2017-13-01'", false},
    {"'date'", "'17-11-16'", false},
    {"'date'", "'-0044-03-15'", true},
    {"'date'", "'+12017-11-16'", true},
    {"'date'", "'+2017-11-16'", false},
    {"'date'", "'+999999999-01-01'", false},
    {"'date'", "17486", false},
    {"'time'", "'22:31:08.123456'", true},
    {"'time'", "'22:31'", true},
    {"'time'", "'24:00:00'", false},
    {"'time'", "'22:31:08.'", false},
    {"'timestamp'", "'2017-11-16T22:31:08.123456'", true},
    {"'timestamp'", "'2017-11-16T22:31:08+00:00'", false},
    {"'timestamp'", "'2017-11-16 22:31:08'", false},
    {"'timestamptz'", "'2017-11-16T22:31:08.123456+00:00'", true},
    {"'timestamptz'", "'2017-11-16T22:31:08Z'", true},
    {"'timestamptz'", "'2017-11-16T22:31:08'", false},
    {"'timestamptz'", "'2017-11-16T22:31:08-07:00'", false},
    {"'timestamp_ns'", "'2017-11-16T22:31:08.123456789'", true},
    {"'timestamp_ns'", "'2263-01-01T00:00:00'", false},
    {"'timestamp_ns'", "'2262-04-11T23:47:16.854775807'", true},
    {"'timestamp_ns'", "'2262-04-11T23:47:16.854775808'", false},
    {"'timestamptz_ns'", "'1677-09-21T00:12:43.145224192+00:00'", true},
    {"'string'", "'abc'", true},
    {"'string'", "{}", false},
    {"'uuid'", "'f79c3e09-677c-4bbd-a479-3f349cb785e7'", true},
    {"'uuid'", "'f79c3e09'", false},
    {"'fixed[2]'", "'0aFF'", true},
    {"'fixed[2]'", "'0a'", false},
    {"'fixed[2]'", "'0a1x'", false},
    {"'binary'", "''", true},
    {"'binary'", "'abc'", false},
    {"'variant'", "1", false},
    {"'unknown'", "1", false},
    {"'geometry'", "'POINT(1 1)'", false},
    {"{'type':'struct','fields':[]}", "{}", false},
    {"{'type':'list','element-id':3,'element':'int','element-required':true}", "[]", false},
};

/* Table spec, "Default values" and appendix D "JSON single-value serialization". */
static void test_default_value_check__accepts_only_values_of_the_type(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(default_cases); i++) {
        const struct default_case *item = &default_cases[i];
        void *inner = NULL;
        assert_int_equal(fixture_setup(&inner), 0);
        bool fits = default_value_check(fixture_type(inner, item->type),
                                        fixture_json(inner, item->value), &fixture->err);
        fixture_teardown(&inner);
        if (fits != item->fits)
            fail_msg("%s as %s: %s", item->value, item->type,
                     fits ? "accepted" : fixture->err.message);
    }
}

static void test_default_value_check__says_what_is_wrong(void **state)
{
    struct fixture *fixture = *state;
    assert_false(default_value_check(fixture_type(fixture, "'int'"), fixture_json(fixture, "'x'"),
                                     &fixture->err));
    fixture_assert_error(fixture, ERROR_BAD_REQUEST,
                         "Cannot parse default as a int value: \"x\"");
    assert_false(default_value_check(fixture_type(fixture, "'decimal(9,2)'"),
                                     fixture_json(fixture, "'1.0'"), &fixture->err));
    fixture_assert_error(
        fixture, ERROR_BAD_REQUEST,
        "Cannot parse default as a decimal(9, 2) value: \"1.0\", the scale doesn't match");
    assert_false(default_value_check(fixture_type(fixture, "'timestamptz'"),
                                     fixture_json(fixture, "'2017-11-16T22:31:08-07:00'"),
                                     &fixture->err));
    fixture_assert_error(fixture, ERROR_BAD_REQUEST,
                         "Cannot parse default as a timestamptz value: "
                         "\"2017-11-16T22:31:08-07:00\", offset must be +00:00");
    assert_false(default_value_check(fixture_type(fixture, "'variant'"),
                                     fixture_json(fixture, "1"), &fixture->err));
    fixture_assert_error(fixture, ERROR_BAD_REQUEST,
                         "Invalid default value for variant: 1 (must be null)");
}

struct equal_case {
    const char *type;
    const char *a;
    const char *b;
    bool is_equal;
};

static const struct equal_case equal_cases[] = {
    {"'int'", "1", "1", true},
    {"'int'", "1", "2", false},
    {"'decimal(9,2)'", "'1.50'", "'+150e-2'", true},
    {"'decimal(9,2)'", "'1.50'", "'-1.50'", false},
    {"'float'", "0.1", "0.10000000149", true},
    {"'double'", "0.1", "0.10000000149", false},
    {"'double'", "0.0", "-0.0", false},
    {"'time'", "'10:00'", "'10:00:00.000'", true},
    {"'timestamptz'", "'2017-11-16T22:31:00Z'", "'2017-11-16T22:31+00:00'", true},
    {"'timestamp'", "'2017-11-16T22:31:00'", "'2017-11-16T22:31:01'", false},
    {"'binary'", "'abCD'", "'ABcd'", true},
    {"'string'", "'abCD'", "'ABcd'", false},
    {"'boolean'", "true", "false", false},
};

static void test_default_value_equals__compares_values_not_spellings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(equal_cases); i++) {
        const struct equal_case *item = &equal_cases[i];
        void *inner = NULL;
        assert_int_equal(fixture_setup(&inner), 0);
        const struct type *type = fixture_type(inner, item->type);
        const json_t *a = fixture_json(inner, item->a), *b = fixture_json(inner, item->b);
        bool is_equal = default_value_equals(type, a, b);
        bool equals_none = default_value_equals(type, a, NULL);
        fixture_teardown(&inner);
        assert_false(equals_none);
        if (is_equal != item->is_equal)
            fail_msg("%s and %s as %s", item->a, item->b, item->type);
    }
}

static void test_type_parse__null_default_is_no_default(void **state)
{
    struct fixture *fixture = *state;
    const struct type *type =
        fixture_type(fixture, "{'type':'struct','fields':[{'id':1,'name':'a','required':false,"
                              "'type':'variant','initial-default':null,'write-default':null}]}");
    assert_null(type->fields[0].initial_default);
    assert_null(type->fields[0].write_default);
}

static void test_type_min_format_version__is_three_for_v3_types(void **state)
{
    struct fixture *fixture = *state;
    static const char *const v3[] = {"'timestamp_ns'", "'timestamptz_ns'", "'unknown'",
                                     "'variant'",      "'geometry'",       "'geography'"};
    for (size_t i = 0; i < COUNT(v3); i++)
        assert_int_equal(type_min_format_version(fixture_type(fixture, v3[i])), 3);
    assert_int_equal(type_min_format_version(fixture_type(fixture, "'timestamptz'")), 1);
    assert_int_equal(type_min_format_version(fixture_type(fixture, NESTED)), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_type_parse__reads_every_primitive_in_any_case_and_spacing),
        TEST(test_type_parse__refuses_what_is_no_type),
        TEST(test_type_to_json__writes_nested_types_as_they_were_read),
        TEST(test_type_name__spells_nested_types_with_ids_and_docs),
        TEST(test_type_name_write__cuts_between_characters),
        TEST(test_type_to_json__keeps_a_long_crs_whole),
        TEST(test_type_equals__compares_ids_names_docs_and_defaults),
        TEST(test_type_equals__knows_defaults_of_geo_types_and_their_case),
        TEST(test_type_parse__unknown_must_be_optional),
        TEST(test_default_value_check__accepts_only_values_of_the_type),
        TEST(test_default_value_check__says_what_is_wrong),
        TEST(test_default_value_equals__compares_values_not_spellings),
        TEST(test_type_parse__null_default_is_no_default),
        TEST(test_type_min_format_version__is_three_for_v3_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
