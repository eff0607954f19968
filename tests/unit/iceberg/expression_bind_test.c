#include "base/limits.h"
#include "iceberg/expression.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/expression_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char schema_text[] =
    "{'type':'struct','schema-id':3,'fields':["
    "{'id':1,'name':'id','required':true,'type':'int'},"
    "{'id':2,'name':'ts','required':false,'type':'timestamp'},"
    "{'id':3,'name':'name','required':false,'type':'string'},"
    "{'id':4,'name':'price','required':false,'type':'decimal(9,2)'},"
    "{'id':5,'name':'ratio','required':false,'type':'double'},"
    "{'id':6,'name':'s','required':false,'type':{'type':'struct','fields':["
    "{'id':7,'name':'in','required':true,'type':'long'}]}},"
    "{'id':8,'name':'Stra\xc3\x9f"
    "E','required':false,'type':'date'},"
    "{'id':9,'name':'nothing','required':false,'type':'unknown'},"
    "{'id':10,'name':'l','required':false,'type':{'type':'list','element-id':11,'element':"
    "{'type':'struct','fields':[{'id':12,'name':'x','required':false,'type':'int'}]},"
    "'element-required':false}},"
    "{'id':13,'name':'r','required':true,'type':{'type':'struct','fields':["
    "{'id':14,'name':'in','required':true,'type':'long'}]}},"
    "{'id':15,'name':'ID2','required':false,'type':'long'},"
    "{'id':16,'name':'id2','required':false,'type':'long'},"
    "{'id':17,'name':'\xc3\x84"
    "rger','required':false,'type':'uuid'}]}";

/* A predicate in short: op, term, and the value's JSON where it has one. */
struct bind_case {
    const char *json;
    const char *text;
};

static const struct bind_case binds[] = {
    {"{'type':'eq','term':'id','value':5}", "id = 5"},
    /* out of the type's range: decided by the type */
    {"{'type':'lt','term':'id','value':2147483648}", "true"},
    {"{'type':'lt-eq','term':'id','value':2147483648}", "true"},
    {"{'type':'not-eq','term':'id','value':2147483648}", "true"},
    {"{'type':'gt','term':'id','value':2147483648}", "false"},
    {"{'type':'gt-eq','term':'id','value':2147483648}", "false"},
    {"{'type':'eq','term':'id','value':2147483648}", "false"},
    {"{'type':'gt','term':'id','value':-2147483649}", "true"},
    {"{'type':'gt-eq','term':'id','value':-2147483649}", "true"},
    {"{'type':'not-eq','term':'id','value':-2147483649}", "true"},
    {"{'type':'lt','term':'id','value':-2147483649}", "false"},
    {"{'type':'lt-eq','term':'id','value':-2147483649}", "false"},
    {"{'type':'eq','term':'id','value':-2147483649}", "false"},
    /* lists: sorted, each once; what the type lacks drops out */
    {"{'type':'in','term':'id','values':[3,1,2,1]}", "id in (1, 2, 3)"},
    {"{'type':'in','term':'id','values':[3,2147483648,1]}", "id in (1, 3)"},
    {"{'type':'in','term':'id','values':[3,3,2147483648]}", "id = 3"},
    /* two values to some readers */
    {"{'type':'in','term':'ratio','values':[0.0,1.0,-0.0,0.0]}", "ratio in (-0.0, 0.0, 1.0)"},
    {"{'type':'not-in','term':'id','values':[3,3]}", "id != 3"},
    {"{'type':'in','term':'id','values':[2147483648]}", "false"},
    {"{'type':'not-in','term':'id','values':[2147483648]}", "true"},
    {"{'type':'in','term':'id','values':[]}", "false"},
    {"{'type':'not-in','term':'id','values':[]}", "true"},
    /* tests of null */
    {"{'type':'is-null','term':'id'}", "false"},
    {"{'type':'not-null','term':'id'}", "true"},
    {"{'type':'is-null','term':'name'}", "name is null"},
    {"{'type':'is-null','term':'s.in'}", "s.in is null"},
    {"{'type':'is-null','term':'r.in'}", "false"},
    {"{'type':'is-null','term':'s'}", "s is null"},
    {"{'type':'is-null','term':'nothing'}", "true"},
    {"{'type':'not-null','term':'nothing'}", "false"},
    {"{'type':'is-null','term':{'type':'transform','transform':'truncate[4]','term':'id'}}",
     "false"},
    {"{'type':'is-null','term':{'type':'transform','transform':'bucket[4]','term':'id'}}",
     "bucket[4](id) is null"},
    {"{'type':'is-nan','term':'ratio'}", "ratio is nan"},
    /* decimals between two of the column's values */
    {"{'type':'lt','term':'price','value':'14.205'}", "price <= \"14.20\""},
    {"{'type':'lt-eq','term':'price','value':'14.205'}", "price <= \"14.20\""},
    {"{'type':'gt','term':'price','value':'14.205'}", "price > \"14.20\""},
    {"{'type':'gt-eq','term':'price','value':'-14.205'}", "price > \"-14.21\""},
    {"{'type':'eq','term':'price','value':'14.205'}", "false"},
    {"{'type':'not-eq','term':'price','value':'14.205'}", "true"},
    {"{'type':'in','term':'price','values':['14.205','14.2']}", "price = \"14.20\""},
    {"{'type':'lt','term':'price','value':14}", "price < \"14.00\""},
    /* typed */
    {"{'type':'gt','term':'ts','value':'2017-11-16T22:31:08'}", "ts > \"2017-11-16T22:31:08\""},
    {"{'type':'gt','term':'ts','value':1000000}", "ts > \"1970-01-01T00:00:01\""},
    {"{'type':'eq','term':{'type':'transform','transform':'day','term':'ts'},'value':'2017-11-16'}",
     "day(ts) = \"2017-11-16\""},
    {"{'type':'eq','term':{'type':'transform','transform':'hour','term':'ts'},'value':5}",
     "hour(ts) = 5"},
    /* names: nested, short, by id */
    {"{'type':'eq','term':'l.element.x','value':1}", "l.element.x = 1"},
    {"{'type':'eq','term':'l.x','value':1}", "l.x = 1"},
    {"{'type':'eq','left':{'type':'reference','id':12},'right':1}", "l.element.x = 1"},
    /* negations end up in the predicates */
    {"{'type':'not','child':{'type':'lt','term':'id','value':5}}", "id >= 5"},
    {"{'type':'not','child':{'type':'lt-eq','term':'id','value':5}}", "id > 5"},
    {"{'type':'not','child':{'type':'gt','term':'id','value':5}}", "id <= 5"},
    {"{'type':'not','child':{'type':'gt-eq','term':'id','value':5}}", "id < 5"},
    {"{'type':'not','child':{'type':'eq','term':'id','value':5}}", "id != 5"},
    {"{'type':'not','child':{'type':'in','term':'id','values':[1,2]}}", "id not in (1, 2)"},
    {"{'type':'not','child':{'type':'starts-with','term':'name','value':'x'}}",
     "name not starts with \"x\""},
    {"{'type':'not','child':{'type':'is-null','term':'name'}}", "name is not null"},
    {"{'type':'not','child':{'type':'not-nan','term':'ratio'}}", "ratio is nan"},
    {"{'type':'not','child':{'type':'not','child':{'type':'eq','term':'id','value':5}}}", "id = 5"},
    {"{'type':'not','child':{'type':'and','left':{'type':'eq','term':'id','value':5},'right':"
     "{'type':'or','left':{'type':'is-null','term':'name'},'right':{'type':'not','child':"
     "{'type':'gt','term':'id','value':9}}}}}",
     "id != 5 or name is not null and id > 9"},
    /* what is decided takes its surroundings along */
    {"{'type':'and','left':{'type':'is-null','term':'id'},'right':{'type':'eq','term':'name',"
     "'value':'x'}}",
     "false"},
    {"{'type':'or','left':{'type':'is-null','term':'id'},'right':{'type':'eq','term':'name',"
     "'value':'x'}}",
     "name = \"x\""},
};

static void test_expression_bind__follows_the_reference(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    for (size_t i = 0; i < COUNT(binds); i++) {
        const struct expression *bound = fixture_bound(fixture, schema, binds[i].json);
        assert_string_equal(fixture_filter_text(fixture, bound), binds[i].text);
    }
}

static const char *const refused[][2] = {
    {"{'type':'eq','term':'nix','value':1}", "Cannot find column 'nix' in schema 3"},
    {"{'type':'eq','term':'ID','value':1}", "Cannot find column 'ID' in schema 3"},
    {"{'type':'is-null','child':{'type':'reference','id':99}}",
     "Cannot find a column with id 99 in schema 3"},
    {"{'type':'eq','term':'id','value':'x'}",
     "Invalid value for column 'id': cannot convert \"x\" (string) to type int"},
    {"{'type':'eq','term':'id','value':5.0}",
     "Invalid value for column 'id': cannot convert 5.0 (double) to type int"},
    {"{'type':'in','term':'ts','values':['2017-11-16T22:31:08','yesterday']}",
     "Invalid value for column 'ts': cannot convert \"yesterday\" (string) to type timestamp"},
    {"{'type':'eq','term':'s','value':5}",
     "Invalid value for column 's': cannot convert 5 (long) to type struct<7: in: required long>"},
    {"{'type':'is-nan','term':'id'}", "is-nan cannot be used with column 'id': int has no NaN"},
    {"{'type':'not-nan','term':'name'}",
     "not-nan cannot be used with column 'name': string has no NaN"},
    {"{'type':'starts-with','term':'id','value':'x'}",
     "starts-with needs a string, but column 'id' is of type int"},
    {"{'type':'is-null','term':{'type':'transform','transform':'day','term':'name'}}",
     "Cannot bind: day cannot transform string values from 'name'"},
    {"{'type':'is-null','term':{'type':'transform','transform':'zorder','term':'name'}}",
     "Cannot bind: zorder cannot transform string values from 'name'"},
};

static void test_expression_bind__names_the_column_and_the_types(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct expression bound;
        assert_false(expression_bind(fixture_filter(fixture, refused[i][0]), schema, true,
                                     &fixture->arena, &bound, &fixture->err));
        fixture_assert_error(fixture, ERROR_BAD_REQUEST, refused[i][1]);
    }
}

static bool bind_in_any_case(struct fixture *fixture, const char *name, struct expression *bound)
{
    const struct schema *schema = fixture_schema(fixture, schema_text);
    struct slice text = arena_printf(&fixture->arena, "{'type':'not-null','term':'%s'}", name);
    return expression_bind(fixture_filter(fixture, text.ptr), schema, false, &fixture->arena, bound,
                           &fixture->err);
}

static void test_expression_bind__finds_names_in_any_case(void **state)
{
    struct fixture *fixture = *state;
    struct expression bound;
    assert_ok(bind_in_any_case(fixture,
                               "STRA\xc3\x9f"
                               "e",
                               &bound),
              &fixture->err);
    assert_int_equal(bound.terms[0].field_id, 8);
    assert_ok(bind_in_any_case(fixture, "\xc3\xa4RGER", &bound), &fixture->err);
    assert_int_equal(bound.terms[0].field_id, 17);
    assert_ok(bind_in_any_case(fixture, "L.X", &bound), &fixture->err);
    assert_int_equal(bound.terms[0].field_id, 12);
    assert_true(bound.terms[0].is_nested);
    assert_slice_equal(bound.terms[0].name, "L.X");
    assert_false(bind_in_any_case(fixture, "nix", &bound));
    fixture_assert_error(fixture, ERROR_BAD_REQUEST, "Cannot find column 'nix' in schema 3");
}

static void test_expression_bind__refuses_names_that_differ_by_case_only(void **state)
{
    struct fixture *fixture = *state;
    struct expression bound;
    assert_false(bind_in_any_case(fixture, "Id2", &bound));
    assert_int_equal(fixture->err.kind, ERROR_BAD_REQUEST);
    assert_non_null(strstr(fixture->err.message, "Column name 'Id2' is ambiguous without case"));
}

static void test_expression_bind__numbers_the_columns_that_are_left(void **state)
{
    struct fixture *fixture = *state;
    const struct expression *bound = fixture_bound(
        fixture, fixture_schema(fixture, schema_text),
        "{'type':'and','left':{'type':'eq','term':'ratio','value':1},'right':{'type':'and','left':"
        "{'type':'eq','term':'id','value':1},'right':{'type':'gt','term':'ratio','value':0}}}");
    assert_int_equal(bound->field_count, 2);
    assert_int_equal(bound->field_ids[0], 1);
    assert_int_equal(bound->field_ids[1], 5);
    for (uint32_t i = 0; i < bound->term_count; i++)
        assert_int_equal(bound->field_ids[bound->terms[i].column], bound->terms[i].field_id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_expression_bind__follows_the_reference),
        TEST(test_expression_bind__names_the_column_and_the_types),
        TEST(test_expression_bind__finds_names_in_any_case),
        TEST(test_expression_bind__refuses_names_that_differ_by_case_only),
        TEST(test_expression_bind__numbers_the_columns_that_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
