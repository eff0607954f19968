#include "iceberg/schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/schema_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NESTED                                                                                 \
    "{'type':'struct','schema-id':7,'identifier-field-ids':[11,1,11],'fields':["               \
    "{'id':1,'name':'id','required':true,'type':'long'},"                                      \
    "{'id':2,'name':'locations','required':false,'type':{'type':'list','element-id':3,"        \
    "'element':{'type':'struct','fields':["                                                    \
    "{'id':4,'name':'lat','required':true,'type':'double'}]},'element-required':true}},"       \
    "{'id':5,'name':'points','required':false,'type':{'type':'map','key-id':6,"                \
    "'key':{'type':'struct','fields':[{'id':7,'name':'k','required':true,'type':'int'}]},"     \
    "'value-id':8,'value':{'type':'struct','fields':["                                         \
    "{'id':9,'name':'v','required':false,'type':'int'}]},'value-required':false}},"            \
    "{'id':10,'name':'user','required':true,'type':{'type':'struct','fields':["                \
    "{'id':11,'name':'name','required':true,'type':'string','doc':'last'},"                    \
    "{'id':12,'name':'tags','required':false,'type':{'type':'list','element-id':13,"           \
    "'element':'string','element-required':false}}]}}]}"

static int32_t id_of(const struct schema *schema, const char *name)
{
    const struct schema_field *field = schema_find_name(schema, slice_from_string(name));
    return field ? field->field->id : -1;
}

static void assert_refused(struct fixture *fixture, const char *text, enum error_kind kind,
                           const char *message)
{
    struct schema *schema = NULL;
    assert_false(
        schema_parse(fixture_json(fixture, text), &fixture->arena, &schema, &fixture->err));
    assert_null(schema);
    fixture_assert_error(fixture, kind, message);
}

static void test_schema_parse__reads_ids_and_sorts_identifiers(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, NESTED);
    assert_int_equal(schema->schema_id, 7);
    assert_int_equal(schema->field_count, 13);
    assert_int_equal(schema->highest_field_id, 13);
    assert_int_equal(schema->identifier_count, 2);
    assert_int_equal(schema->identifier_ids[0], 1);
    assert_int_equal(schema->identifier_ids[1], 11);
    for (size_t i = 1; i < schema->field_count; i++)
        assert_true(schema->by_id[i - 1].field->id < schema->by_id[i].field->id);
}

static void test_schema_parse__missing_schema_id_is_zero(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, "{'type':'struct','fields':[]}");
    assert_int_equal(schema->schema_id, 0);
    assert_int_equal(schema->highest_field_id, 0);
    assert_int_equal(schema->field_count, 0);
    assert_null(schema_find_id(schema, 0));
    assert_null(schema_find_name(schema, SLICE_LITERAL("a")));
}

static void test_schema_find_name__knows_full_and_short_names(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, NESTED);
    assert_int_equal(id_of(schema, "id"), 1);
    assert_int_equal(id_of(schema, "locations.element"), 3);
    assert_int_equal(id_of(schema, "locations.element.lat"), 4);
    assert_int_equal(id_of(schema, "locations.lat"), 4);
    assert_int_equal(id_of(schema, "points.key.k"), 7);
    assert_int_equal(id_of(schema, "points.k"), -1);
    assert_int_equal(id_of(schema, "points.value.v"), 9);
    assert_int_equal(id_of(schema, "points.v"), 9);
    assert_int_equal(id_of(schema, "user.name"), 11);
    assert_int_equal(id_of(schema, "user.tags.element"), 13);
    assert_int_equal(id_of(schema, "user.tags"), 12);
    assert_int_equal(id_of(schema, "USER"), -1);
    assert_int_equal(id_of(schema, ""), -1);
}

static void test_schema_find_name__full_name_wins_over_short_name(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(
        fixture, "{'type':'struct','fields':[{'id':1,'name':'a','required':false,'type':"
                 "{'type':'list','element-id':2,'element':{'type':'struct','fields':["
                 "{'id':3,'name':'b','required':false,'type':'int'}]},'element-required':false}},"
                 "{'id':4,'name':'a.b','required':false,'type':'int'}]}");
    assert_int_equal(id_of(schema, "a.b"), 4);
    assert_int_equal(id_of(schema, "a.element.b"), 3);
}

static void test_schema_fields__know_their_parents(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, NESTED);
    const struct schema_field *lat = schema_find_id(schema, 4);
    assert_int_equal(lat->parent_id, 3);
    assert_int_equal(schema_find_parent(schema, lat)->field->id, 3);
    assert_int_equal(schema_find_parent(schema, schema_find_id(schema, 3))->field->id, 2);
    assert_null(schema_find_parent(schema, schema_find_id(schema, 2)));
    assert_int_equal(schema_find_id(schema, 2)->parent_id, -1);
}

#define FIELD(id, name, required, type) \
    "{'id':" #id ",'name':'" name "','required':" #required ",'type':" type "}"
#define STRUCT(fields) "{'type':'struct','fields':[" fields "]}"
#define WITH_IDENTIFIERS(ids, fields) \
    "{'type':'struct','identifier-field-ids':[" ids "],'fields':[" fields "]}"
#define LIST(id, element) \
    "{'type':'list','element-id':" #id ",'element':" element ",'element-required':true}"

static void test_schema_parse__refuses_repeated_names(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, STRUCT(FIELD(1, "a", true, "'int'") "," FIELD(2, "a", true, "'int'")),
                   ERROR_VALIDATION, "Invalid schema: multiple fields for name a: 1 and 2");
    assert_refused(
        fixture,
        STRUCT(FIELD(1, "a.b", true, "'int'") "," FIELD(2, "a", true,
                                                        STRUCT(FIELD(3, "b", true, "'int'")))),
        ERROR_VALIDATION, "Invalid schema: multiple fields for name a.b: 1 and 3");
    assert_refused(fixture,
                   STRUCT(FIELD(1, "z", true, "'int'") "," FIELD(2, "z", true, "'int'") ","
                          FIELD(3, "a", true, "'int'") "," FIELD(4, "a", true, "'int'")),
                   ERROR_VALIDATION, "Invalid schema: multiple fields for name z: 1 and 2");
    fixture_schema(fixture,
                   STRUCT(FIELD(1, "a", true, "'int'") "," FIELD(2, "A", true, "'int'")));
}

/* "Each field in the tuple is named and has an integer id that is unique in the table schema"
 * (table spec, "Nested Types"). */
static void test_schema_parse__refuses_repeated_ids(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, STRUCT(FIELD(1, "a", true, "'int'") "," FIELD(1, "b", true, "'int'")),
                   ERROR_VALIDATION, "Invalid schema: multiple fields for id 1: a and b");
    assert_refused(fixture, STRUCT(FIELD(1, "a", true, LIST(1, "'int'"))), ERROR_VALIDATION,
                   "Invalid schema: multiple fields for id 1: a.element and a");
}

static void test_schema_parse__refuses_what_is_no_schema(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, "'int'", ERROR_BAD_REQUEST,
                   "Cannot create schema, not a struct type: int");
    assert_refused(fixture, "[]", ERROR_BAD_REQUEST, "Cannot parse type from json: []");
    assert_refused(fixture, "{'type':'struct','schema-id':'x','fields':[]}", ERROR_BAD_REQUEST,
                   "schema-id must be an integer, but is a string");
    assert_refused(fixture, "{'type':'struct','identifier-field-ids':['x'],'fields':[]}",
                   ERROR_BAD_REQUEST,
                   "identifier-field-ids must be a list of integers of 32 bits");
    assert_refused(fixture, "{'type':'struct','identifier-field-ids':[4294967297],'fields':[]}",
                   ERROR_BAD_REQUEST,
                   "identifier-field-ids must be a list of integers of 32 bits");
}

struct identifier_case {
    const char *schema;
    const char *message;
};

static const struct identifier_case identifier_cases[] = {
    {WITH_IDENTIFIERS("9", FIELD(1, "a", true, "'int'")),
     "Cannot add fieldId 9 as an identifier field: field does not exist"},
    {WITH_IDENTIFIERS("1", FIELD(1, "a", true, STRUCT(""))),
     "Cannot add field a as an identifier field: not a primitive type field"},
    {WITH_IDENTIFIERS("1", FIELD(1, "a", true, "'variant'")),
     "Cannot add field a as an identifier field: not a primitive type field"},
    {WITH_IDENTIFIERS("1", FIELD(1, "a", false, "'int'")),
     "Cannot add field a as an identifier field: not a required field"},
    {WITH_IDENTIFIERS("1", FIELD(1, "a", true, "'float'")),
     "Cannot add field a as an identifier field: must not be float or double field"},
    {WITH_IDENTIFIERS("1", FIELD(1, "a", true, "'double'")),
     "Cannot add field a as an identifier field: must not be float or double field"},
    {WITH_IDENTIFIERS("2", FIELD(1, "a", false, STRUCT(FIELD(2, "b", true, "'int'")))),
     "Cannot add field b as an identifier field: must not be nested in an optional field "
     "1: a: optional struct<2: b: required int>"},
    {WITH_IDENTIFIERS("3", FIELD(1, "a", true, LIST(2, STRUCT(FIELD(3, "b", true, "'int'"))))),
     "Cannot add field b as an identifier field: must not be nested in "
     "1: a: required list<struct<3: b: required int>>"},
};

/* Table spec, "Identifier Field IDs": required primitives, no floats, no optional or repeated
 * parents. */
static void test_schema_parse__refuses_fields_that_cannot_identify_rows(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(identifier_cases); i++)
        assert_refused(fixture, identifier_cases[i].schema, ERROR_VALIDATION,
                       identifier_cases[i].message);
}

static void test_schema_parse__takes_minus_one_as_an_id_like_any_other(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(
        fixture, WITH_IDENTIFIERS("2", FIELD(-1, "a", true, STRUCT(FIELD(2, "b", true, "'int'")))));
    struct schema *fresh = NULL;
    assert_int_equal(schema_find_parent(schema, schema_find_id(schema, 2))->field->id, -1);
    assert_true(schema_assign_fresh_ids(schema, &fixture->arena, &fresh, &fixture->err));
    assert_int_equal(fresh->identifier_ids[0], id_of(fresh, "a.b"));
    assert_refused(
        fixture, WITH_IDENTIFIERS("2", FIELD(-1, "a", false, STRUCT(FIELD(2, "b", true, "'int'")))),
        ERROR_VALIDATION,
        "Cannot add field b as an identifier field: must not be nested in an optional field "
        "-1: a: optional struct<2: b: required int>");
}

static void test_schema_same__ignores_the_schema_id_and_the_order_of_identifiers(void **state)
{
    struct fixture *fixture = *state;
    const char *fields = FIELD(1, "a", true, "'int'") "," FIELD(2, "b", true, "'int'");
    char text[3][400];
    static const char *const heads[] = {"'schema-id':1,'identifier-field-ids':[1,2]",
                                        "'schema-id':2,'identifier-field-ids':[2,1]",
                                        "'identifier-field-ids':[1]"};
    const struct schema *schemas[3];
    for (size_t i = 0; i < 3; i++) {
        snprintf(text[i], sizeof(text[i]), "{'type':'struct',%s,'fields':[%s]}", heads[i], fields);
        schemas[i] = fixture_schema(fixture, text[i]);
    }
    assert_true(schema_same(schemas[0], schemas[1]));
    assert_false(schema_same(schemas[0], schemas[2]));
    assert_false(schema_same(schemas[0], fixture_schema(fixture, NESTED)));
}

/* Rule 25. */
static void test_schema_check_format__names_every_type_and_default_that_is_too_new(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(
        fixture,
        "{'type':'struct','fields':["
        "{'id':5,'name':'s','required':false,'type':{'type':'struct','fields':["
        "{'id':2,'name':'t','required':false,'type':'timestamptz_ns'}]}},"
        "{'id':3,'name':'v','required':false,'type':'variant'},"
        "{'id':4,'name':'d','required':false,'type':'string','initial-default':'old'},"
        "{'id':1,'name':'n','required':false,'type':'timestamp_ns',"
        "'initial-default':'2020-01-01T00:00:00'},"
        "{'id':6,'name':'w','required':false,'type':'int','write-default':3}]}");
    assert_true(schema_check_format(schema, 3, &fixture->err));
    assert_false(schema_check_format(schema, 2, &fixture->err));
    fixture_assert_error(
        fixture, ERROR_VALIDATION,
        "Invalid schema for v2:\n"
        "- Invalid initial default for n: non-null default (2020-01-01T00:00:00) is not supported "
        "until v3\n"
        "- Invalid type for s.t: timestamptz_ns is not supported until v3\n"
        "- Invalid type for v: variant is not supported until v3\n"
        "- Invalid initial default for d: non-null default (old) is not supported until v3");
    assert_false(schema_check_format(schema, 1, &fixture->err));
    assert_true(schema_check_format(fixture_schema(fixture, NESTED), 1, &fixture->err));
}

static void test_schema_check_format__cuts_a_list_that_is_too_long(void **state)
{
    struct fixture *fixture = *state;
    char text[8000] = "{'type':'struct','fields':[";
    for (int i = 1; i <= 60; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len,
                 "%s{'id':%d,'name':'column_%d','required':false,'type':'variant'}",
                 i > 1 ? "," : "", i, i);
    }
    memcpy(text + strlen(text), "]}", 3);
    assert_false(schema_check_format(fixture_schema(fixture, text), 2, &fixture->err));
    assert_true(strlen(fixture->err.message) < ERROR_MESSAGE_SIZE);
    assert_non_null(strstr(fixture->err.message, "column_9: variant is not supported until v3"));
    assert_null(strstr(fixture->err.message, "column_60"));
}

/* Rule 13. */
static void test_schema_assign_fresh_ids__numbers_a_struct_before_what_is_in_it(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, NESTED);
    struct schema *fresh = NULL;
    assert_true(schema_assign_fresh_ids(schema, &fixture->arena, &fresh, &fixture->err));
    static const struct {
        const char *name;
        int32_t id;
    } expected[] = {
        {"id", 1},
        {"locations", 2},
        {"points", 3},
        {"user", 4},
        {"locations.element", 5},
        {"locations.element.lat", 6},
        {"points.key", 7},
        {"points.value", 8},
        {"points.key.k", 9},
        {"points.value.v", 10},
        {"user.name", 11},
        {"user.tags", 12},
        {"user.tags.element", 13},
    };
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_int_equal(id_of(fresh, expected[i].name), expected[i].id);
    assert_int_equal(fresh->schema_id, 0);
    assert_int_equal(fresh->highest_field_id, 13);
    assert_int_equal(fresh->identifier_count, 2);
    assert_int_equal(fresh->identifier_ids[0], 1);
    assert_int_equal(fresh->identifier_ids[1], 11);
    assert_int_equal(id_of(schema, "locations.element"), 3); /* the original is left alone */
    assert_string_equal(schema_find_id(fresh, 11)->field->doc.ptr, "last");
}

static void test_schema_to_json__writes_the_fields_that_are_set(void **state)
{
    struct fixture *fixture = *state;
    fixture_assert_json(
        fixture, schema_to_json(fixture_schema(fixture, STRUCT(FIELD(1, "a", true, "'INT'"))), 3),
        "{'type':'struct','schema-id':3,'fields':["
        "{'id':1,'name':'a','required':true,'type':'int'}]}");
    const char *full =
        "{'type':'struct','schema-id':0,'identifier-field-ids':[1],'fields':["
        "{'id':1,'name':'a','required':true,'type':'int','doc':'','initial-default':1,"
        "'write-default':2}]}";
    fixture_assert_json(fixture, schema_to_json(fixture_schema(fixture, full), 0), full);
}

/* As deep as the border lets JSON through. */
static void test_schema_parse__survives_the_deepest_nesting(void **state)
{
    struct fixture *fixture = *state;
    enum { LEVELS = 500 };
    char *text = malloc(LEVELS * 100);
    assert_non_null(text);
    char *at = text + sprintf(text, "{'type':'struct','fields':[{'id':1,'name':'a',"
                                    "'required':false,'type':");
    for (int i = 0; i < LEVELS; i++)
        at += sprintf(at, "{'type':'list','element-id':%d,'element-required':true,'element':",
                      i + 2);
    at += sprintf(at, "'int'");
    for (int i = 0; i < LEVELS; i++)
        *at++ = '}';
    memcpy(at, "}]}", 4);
    const struct schema *schema = fixture_schema(fixture, text);
    free(text);
    assert_int_equal(schema->field_count, LEVELS + 1);
    assert_int_equal(schema_find_id(schema, LEVELS + 1)->full_name.len, 1 + LEVELS * 8);
    json_t *json = schema_to_json(schema, 0);
    assert_non_null(json);
    json_decref(json);
}

/* A long name high up is part of the full name of everything below it. */
static void test_schema_parse__bounds_the_names_of_nested_fields(void **state)
{
    struct fixture *fixture = *state;
    enum { CHILDREN = 80, NAME_SIZE = 1 << 20 };
    char *text = malloc(NAME_SIZE + CHILDREN * 100 + 1000);
    assert_non_null(text);
    char *at = text + sprintf(text, "{'type':'struct','fields':[{'id':1,'name':'");
    memset(at, 'n', NAME_SIZE);
    at += NAME_SIZE;
    at += sprintf(at, "','required':false,'type':{'type':'struct','fields':[");
    for (int i = 0; i < CHILDREN; i++)
        at += sprintf(at, "%s{'id':%d,'name':'c%d','required':false,'type':'int'}",
                      i > 0 ? "," : "", i + 2, i);
    memcpy(at, "]}}]}", 6);
    struct arena arena;
    struct schema *schema = NULL;
    arena_init(&arena, MAX_REQUEST_ARENA);
    bool is_parsed = schema_parse(fixture_json(fixture, text), &arena, &schema, &fixture->err);
    arena_finish(&arena);
    free(text);
    assert_false(is_parsed);
    fixture_assert_error(fixture, ERROR_TOO_LARGE,
                         "Invalid schema: the full names of its nested fields take more than "
                         "67108864 bytes together");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_schema_parse__reads_ids_and_sorts_identifiers),
        TEST(test_schema_parse__missing_schema_id_is_zero),
        TEST(test_schema_find_name__knows_full_and_short_names),
        TEST(test_schema_find_name__full_name_wins_over_short_name),
        TEST(test_schema_fields__know_their_parents),
        TEST(test_schema_parse__refuses_repeated_names),
        TEST(test_schema_parse__refuses_repeated_ids),
        TEST(test_schema_parse__refuses_what_is_no_schema),
        TEST(test_schema_parse__refuses_fields_that_cannot_identify_rows),
        TEST(test_schema_parse__takes_minus_one_as_an_id_like_any_other),
        TEST(test_schema_same__ignores_the_schema_id_and_the_order_of_identifiers),
        TEST(test_schema_check_format__names_every_type_and_default_that_is_too_new),
        TEST(test_schema_check_format__cuts_a_list_that_is_too_long),
        TEST(test_schema_assign_fresh_ids__numbers_a_struct_before_what_is_in_it),
        TEST(test_schema_to_json__writes_the_fields_that_are_set),
        TEST(test_schema_parse__survives_the_deepest_nesting),
        TEST(test_schema_parse__bounds_the_names_of_nested_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
