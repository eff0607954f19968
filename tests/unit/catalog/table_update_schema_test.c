#include "catalog/table_update.h"

#include <stdlib.h>

#include "tests/unit/catalog/update_fixture.h"

#define FIELD(id, name, type) "{'id':" #id ",'name':'" name "','required':false,'type':'" type "'}"
#define ID_FIELD "{'id':1,'name':'id','required':true,'type':'long'}"
#define SCHEMA(fields) "{'type':'struct','schema-id':9,'fields':[" fields "]}"
#define ADD_SCHEMA(fields) "{'action':'add-schema','schema':" SCHEMA(fields) "}"
#define BASE_FIELDS ID_FIELD "," FIELD(2, "name", "string")
#define SET_LAST "{'action':'set-current-schema','schema-id':-1}"

/* Rules 16, 17: a new schema gets the highest id plus one; -1 names the last that this
 * commit added. */
static void test_add_schema__gets_the_next_id(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" ADD_SCHEMA(BASE_FIELDS "," FIELD(3, "c", "int")) "," SET_LAST "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "current-schema-id"), 1);
    assert_int_equal(int_at(fixture, "schemas.1.schema-id"), 1);
    assert_int_equal(int_at(fixture, "last-column-id"), 3);
    assert_int_equal(size_at(fixture, "schemas"), 2);
    commit_result(fixture);
}

/* Rule 15: last-column-id counts nested fields, and never goes down; the update's own number is
 * deprecated, and clients send a low one after they dropped the newest column. */
static void test_add_schema__last_column_id_counts_nested_fields(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture,
                    "[{'action':'add-schema','last-column-id':1,'schema':" SCHEMA(
                        ID_FIELD ",{'id':4,'name':'s','required':false,'type':{"
                                 "'type':'struct','fields':[" FIELD(7, "x", "int") "]}}") "}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "last-column-id"), 7);
    commit_result(fixture);
    assert_ok(apply(fixture,
                    "[{'action':'add-schema','last-column-id':1,'schema':" SCHEMA(ID_FIELD) "}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "last-column-id"), 7);
}

/* Rules 16, 17: an equal schema (columns and identifier fields) gives back its id, and
 * -1 accepts it. */
static void test_add_schema__equal_schema_reuses_its_id(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    changes_nothing(fixture, "[" ADD_SCHEMA(BASE_FIELDS) "," SET_LAST "]");
    assert_ok(apply(fixture, "[{'action':'add-schema','schema':{'type':'struct','schema-id':0,"
                             "'identifier-field-ids':[1],'fields':[" BASE_FIELDS "]}}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "schemas.1.schema-id"), 1);
    equals_at(fixture, "schemas.1.identifier-field-ids", "[1]");
}

/* Rules 16, K8: going back to an older schema brings back its id. */
static void test_add_schema__revert_brings_back_the_old_id(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[" ADD_SCHEMA(BASE_FIELDS "," FIELD(3, "c", "int")) "," SET_LAST "]"),
              &fixture->err);
    commit_result(fixture);
    assert_ok(apply(fixture, "[" ADD_SCHEMA(BASE_FIELDS) "," SET_LAST "]"), &fixture->err);
    assert_int_equal(int_at(fixture, "current-schema-id"), 0);
    assert_int_equal(size_at(fixture, "schemas"), 2);
    assert_int_equal(int_at(fixture, "last-column-id"), 3);
}

/* Rule 16: an id that was removed in the same commit is not given to other columns. */
static void test_add_schema__removed_id_is_not_reused(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture,
                    "[" ADD_SCHEMA(BASE_FIELDS "," FIELD(
                        3, "c", "int")) ","
                                        "{'action':'remove-schemas','schema-ids':[1]}," ADD_SCHEMA(
                                            BASE_FIELDS "," FIELD(4, "d", "int")) "]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "schemas"), 2);
    assert_int_equal(int_at(fixture, "schemas.1.schema-id"), 2);
}

/* Rule 51: what is not known of a schema survives in the table. */
static void test_add_schema__keeps_unknown_fields(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'add-schema','schema':{'type':'struct','x-s':1,'fields':["
                             "{'id':1,'name':'id','required':true,'type':'long','x-f':2}]}}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "schemas.1.x-s"), 1);
    assert_int_equal(int_at(fixture, "schemas.1.fields.0.x-f"), 2);
}

/* Rules 17, 24: -1 without anything added, and unknown ids, are refused. */
static void test_set_current_schema__needs_a_known_schema(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[" SET_LAST "]", ERROR_VALIDATION,
            "set-current-schema: Cannot set last added schema: no schema has been added");
    refuses(fixture, "[{'action':'set-current-schema','schema-id':5}]", ERROR_VALIDATION,
            "Cannot set current schema to unknown schema: 5");
    refuses(fixture, "[{'action':'set-current-schema','schema-id':'0'}]", ERROR_BAD_REQUEST,
            "schema-id");
    refuses(fixture, "[{'action':'set-current-schema'}]", ERROR_BAD_REQUEST, "schema-id");
}

/* Rule 25: types and non-null initial defaults of v3 are refused before it. */
static void test_add_schema__types_need_their_format_version(void **state)
{
    struct fixture *fixture = *state;
    static const char *const types[] = {"timestamp_ns", "timestamptz_ns", "variant",
                                        "unknown",      "geometry",       "geography"};
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        char update[400];
        snprintf(update, sizeof(update),
                 "[{'action':'add-schema','schema':{'type':'struct','fields':["
                 "{'id':1,'name':'id','required':false,'type':'%s'}]}}]",
                 types[i]);
        table_of(fixture, table_v2);
        refuses(fixture, update, ERROR_VALIDATION, "add-schema: Invalid schema for v2");
        table_of(fixture, table_v3);
        assert_ok(apply(fixture, update), &fixture->err);
    }
    table_of(fixture, table_v2);
    refuses(fixture,
            "[{'action':'add-schema','schema':{'type':'struct','fields':[{'id':1,"
            "'name':'id','required':true,'type':'long','initial-default':5}]}}]",
            ERROR_VALIDATION, "initial default");
}

/* Rule K11: version 3 has defaults, of old rows and of new ones. */
static void test_add_schema__keeps_defaults(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v3);
    assert_ok(apply(fixture, "[{'action':'add-schema','schema':{'type':'struct','fields':["
                             "{'id':1,'name':'id','required':true,'type':'long'},"
                             "{'id':2,'name':'c','required':true,'type':'int',"
                             "'initial-default':5,'write-default':6}]}}," SET_LAST "]"),
              &fixture->err);
    equals_at(fixture, "schemas.1.fields.1",
              "{'id':2,'name':'c','required':true,'type':'int','initial-default':5,"
              "'write-default':6}");
    assert_int_equal(int_at(fixture, "current-schema-id"), 1);
    commit_result(fixture);
}

/* Rules 24, K11: the current schema cannot be removed; unknown ids are ignored. */
static void test_remove_schemas__never_the_current_one(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[{'action':'remove-schemas','schema-ids':[0]}]", ERROR_VALIDATION,
            "Cannot remove the current schema");
    refuses(fixture, "[{'action':'remove-schemas','schema-ids':['0']}]", ERROR_BAD_REQUEST,
            "integers");
    assert_ok(apply(fixture, "[" ADD_SCHEMA(BASE_FIELDS "," FIELD(3, "c", "int")) "]"),
              &fixture->err);
    commit_result(fixture);
    assert_ok(apply(fixture, "[{'action':'remove-schemas','schema-ids':[1,77]}]"), &fixture->err);
    assert_int_equal(size_at(fixture, "schemas"), 1);
    assert_int_equal(int_at(fixture, "schemas.0.schema-id"), 0);
}

/* Rule 19: only the default spec and order must fit the current schema, older ones are kept. */
static void test_set_current_schema__old_specs_may_lose_their_source(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "partition-specs",
                  "[{'spec-id':0,'fields':[]},{'spec-id':1,'fields':[{'source-id':2,"
                  "'field-id':1000,'name':'name_b','transform':'bucket[4]'}]}]");
    assert_ok(apply(fixture, "[" ADD_SCHEMA(ID_FIELD) "," SET_LAST "]"), &fixture->err);
    assert_int_equal(size_at(fixture, "partition-specs"), 2);
    commit_result(fixture);
    refuses(fixture, "[{'action':'set-default-spec','spec-id':1}]", ERROR_VALIDATION,
            "Cannot find source column");
}

/* Rule 20: the default spec and order must be compatible with the current schema. */
static void test_set_current_schema__defaults_must_fit(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "partition-specs",
                  "[{'spec-id':0,'fields':[{'source-id':2,'field-id':1000,'name':'name_b',"
                  "'transform':'bucket[4]'}]}]");
    refuses(fixture, "[" ADD_SCHEMA(ID_FIELD) "," SET_LAST "]", ERROR_VALIDATION,
            "Cannot find source column");
    refuses(fixture, "[" ADD_SCHEMA(ID_FIELD "," FIELD(2, "name", "double")) "," SET_LAST "]",
            ERROR_VALIDATION, "Invalid source type double");
}

/* Rule 20. */
static void test_set_current_schema__default_order_must_fit(void **state)
{
    struct fixture *fixture = *state;
    json_t *tree = json_of(table_v2);
    json_object_set_new(tree, "default-sort-order-id", json_integer(1));
    json_object_set_new(tree, "sort-orders",
                        json_of("[{'order-id':1,'fields':[{'source-id':2,'transform':'identity',"
                                "'direction':'asc','null-order':'nulls-first'}]}]"));
    char *text = json_dumps(tree, 0);
    table_of(fixture, text);
    free(text);
    json_decref(tree);
    refuses(fixture, "[" ADD_SCHEMA(ID_FIELD) "," SET_LAST "]", ERROR_VALIDATION,
            "Cannot find source column for sort field");
}

/* Rule 22: a new column must not take the name of a partition field with another source, unless a
 * column of that name was there before. */
static void test_set_current_schema__column_must_not_hide_a_partition(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "partition-specs",
                  "[{'spec-id':0,'fields':[{'source-id':2,'field-id':1000,'name':'name_b',"
                  "'transform':'bucket[4]'}]}]");
    refuses(fixture, "[" ADD_SCHEMA(BASE_FIELDS "," FIELD(3, "name_b", "int")) "," SET_LAST "]",
            ERROR_VALIDATION, "Cannot use column name 'name_b'");
    assert_ok(apply(fixture,
                    "[" ADD_SCHEMA(BASE_FIELDS "," FIELD(3, "other", "int")) "," SET_LAST "]"),
              &fixture->err);
}

/* Rule 22: a column may have the name of a field that it is the source of, of one whose source is
 * gone, and of one whose name a column had before. */
static void test_set_current_schema__column_may_share_a_historical_name(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "partition-specs",
                  "[{'spec-id':0,'fields':[]},{'spec-id':1,'fields':[{'source-id':2,"
                  "'field-id':1000,'name':'part','transform':'identity'}]}]");
    assert_ok(apply(fixture,
                    "[" ADD_SCHEMA(ID_FIELD "," FIELD(2, "part", "string")) "," SET_LAST "]"),
              &fixture->err);
    assert_ok(apply(fixture, "[" ADD_SCHEMA(ID_FIELD "," FIELD(3, "part", "int")) "," SET_LAST "]"),
              &fixture->err);
    table_v2_with(fixture, "partition-specs",
                  "[{'spec-id':0,'fields':[]},{'spec-id':1,'fields':[{'source-id':1,"
                  "'field-id':1000,'name':'name','transform':'bucket[4]'}]}]");
    assert_ok(apply(fixture, "[" ADD_SCHEMA(BASE_FIELDS "," FIELD(3, "c", "int")) "," SET_LAST "]"),
              &fixture->err);
}

/* Rule: what is stored is spelled as readers expect it: a null default would be taken for one. */
static void test_add_schema__is_stored_in_readers_spelling(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'add-schema','schema':{'type':'struct',"
                             "'identifier-field-ids':[],'fields':[{'id':1,'name':'id',"
                             "'required':true,'type':'long','doc':null,'initial-default':null,"
                             "'write-default':null},{'id':5,'name':'l','required':false,'type':{"
                             "'type':'list','element-id':6,'element-required':false,'x-l':1,"
                             "'element':{'type':'struct','fields':[{'id':7,'name':'d',"
                             "'required':false,'type':'decimal( 9 , 2 )','x-d':{},"
                             "'write-default':null}]}}}]}}]"),
              &fixture->err);
    equals_at(fixture, "schemas.1",
              "{'type':'struct','schema-id':1,'fields':[{'id':1,'name':'id','required':true,"
              "'type':'long'},{'id':5,'name':'l','required':false,'type':{'type':'list',"
              "'element-id':6,'element-required':false,'x-l':1,'element':{'type':'struct',"
              "'fields':[{'id':7,'name':'d','required':false,'type':'decimal(9, 2)','x-d':{}}]}}}"
              "]}");
}

/* Rules 19, 20: also a spec that is not the default keeps sources that its transforms accept; an
 * order that is not may lose them. */
static void test_set_current_schema__historical_sources_keep_a_fitting_type(void **state)
{
    struct fixture *fixture = *state;
    const char *change = "[" ADD_SCHEMA(ID_FIELD "," FIELD(2, "name", "double")) "," SET_LAST "]";
    table_v2_with(fixture, "partition-specs",
                  "[{'spec-id':0,'fields':[]},{'spec-id':1,'fields':[{'source-id':2,"
                  "'field-id':1000,'name':'b','transform':'bucket[4]'}]}]");
    refuses(fixture, change, ERROR_VALIDATION, "Cannot make column 2 double");
    table_v2_with(fixture, "partition-specs",
                  "[{'spec-id':0,'fields':[]},{'spec-id':1,'fields':[{'source-id':2,"
                  "'field-id':1000,'name':'b','transform':'void'}]}]");
    assert_ok(apply(fixture, change), &fixture->err);
    table_v2_with(fixture, "sort-orders",
                  "[{'order-id':0,'fields':[]},{'order-id':1,'fields':[{'source-id':2,"
                  "'transform':'truncate[2]','direction':'asc','null-order':'nulls-first'}]}]");
    assert_ok(apply(fixture, change), &fixture->err);
}

/* Rule: it is the state after all updates that has to hold, so what does not fit may be removed by
 * the same commit, and a schema may be current for a while. */
static void test_set_current_schema__only_the_last_state_has_to_fit(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "partition-specs",
                  "[{'spec-id':0,'fields':[]},{'spec-id':1,'fields':[{'source-id':2,"
                  "'field-id':1000,'name':'b','transform':'bucket[4]'}]},{'spec-id':2,'fields':[{"
                  "'source-id':1,'field-id':1001,'name':'i','transform':'identity'}]}]");
    assert_ok(apply(fixture,
                    "[" ADD_SCHEMA(ID_FIELD "," FIELD(
                        2, "name", "double")) "," SET_LAST ","
                                              "{'action':'set-current-schema','schema-id':0}]"),
              &fixture->err);
    assert_ok(apply(fixture,
                    "[{'action':'add-schema','schema':{'type':'struct','fields':[{'id':1,"
                    "'name':'id','required':false,'type':{'type':'struct','fields':[" FIELD(
                        2, "name", "double") "]}}]}}," SET_LAST ","
                                             "{'action':'remove-partition-specs','spec-ids':[1]}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "partition-specs"), 2);
    commit_result(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_add_schema__gets_the_next_id),
        TEST(test_add_schema__last_column_id_counts_nested_fields),
        TEST(test_add_schema__equal_schema_reuses_its_id),
        TEST(test_add_schema__revert_brings_back_the_old_id),
        TEST(test_add_schema__removed_id_is_not_reused),
        TEST(test_add_schema__keeps_unknown_fields),
        TEST(test_add_schema__is_stored_in_readers_spelling),
        TEST(test_set_current_schema__needs_a_known_schema),
        TEST(test_add_schema__types_need_their_format_version),
        TEST(test_add_schema__keeps_defaults),
        TEST(test_remove_schemas__never_the_current_one),
        TEST(test_set_current_schema__old_specs_may_lose_their_source),
        TEST(test_set_current_schema__defaults_must_fit),
        TEST(test_set_current_schema__default_order_must_fit),
        TEST(test_set_current_schema__column_must_not_hide_a_partition),
        TEST(test_set_current_schema__column_may_share_a_historical_name),
        TEST(test_set_current_schema__historical_sources_keep_a_fitting_type),
        TEST(test_set_current_schema__only_the_last_state_has_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
