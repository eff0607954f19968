#include "iceberg/expression.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/expression_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct parse_case {
    const char *json;
    const char *text; /* for people */
    const char *back; /* JSON written; NULL: as it was read */
};

static const struct parse_case parses[] = {
    {"true", "true", NULL},
    {"false", "false", NULL},
    {"{'type':'literal','value':true}", "true", "true"},
    {"{'type':'true'}", "true", "true"},
    {"{'type':'false'}", "false", "false"},
    {"{'type':'is-null','term':'a'}", "a is null", NULL},
    {"{'type':'not-null','term':'a'}", "a is not null", NULL},
    {"{'type':'is-nan','term':'a'}", "a is nan", NULL},
    {"{'type':'not-nan','term':'a'}", "a is not nan", NULL},
    {"{'type':'lt','term':'a','value':1}", "a < 1", NULL},
    {"{'type':'lt-eq','term':'a','value':1.5}", "a <= 1.5", NULL},
    {"{'type':'gt','term':'a','value':'x'}", "a > \"x\"", NULL},
    {"{'type':'gt-eq','term':'a','value':false}", "a >= false", NULL},
    {"{'type':'eq','term':'a.b','value':1}", "a.b = 1", NULL},
    {"{'type':'not-eq','term':'a','value':1}", "a != 1", NULL},
    {"{'type':'starts-with','term':'a','value':'x'}", "a starts with \"x\"", NULL},
    {"{'type':'not-starts-with','term':'a','value':'x'}", "a not starts with \"x\"", NULL},
    {"{'type':'in','term':'a','values':[1,2]}", "a in (1, 2)", NULL},
    {"{'type':'not-in','term':'a','values':['x']}", "a not in (\"x\")", NULL},
    {"{'type':'in','term':'a','values':[]}", "a in ()", NULL},
    {"{'type':'in','term':'a','values':[1,2,3,4,5,6,7,8,9,10,11,12]}",
     "a in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, \xe2\x80\xa6 12 in all)", NULL},
    {"{'type':'NOT_EQ','term':'a','value':1}", "a != 1", "{'type':'not-eq','term':'a','value':1}"},
    {"{'type':'not','child':{'type':'eq','term':'a','value':1}}", "not (a = 1)", NULL},
    {"{'type':'not','child':true}", "false", "false"},
    {"{'type':'and','left':{'type':'is-null','term':'a'},'right':{'type':'or','left':"
     "{'type':'is-null','term':'b'},'right':{'type':'is-null','term':'c'}}}",
     "a is null and (b is null or c is null)", NULL},
    {"{'type':'or','left':{'type':'is-null','term':'a'},'right':{'type':'and','left':"
     "{'type':'is-null','term':'b'},'right':{'type':'is-null','term':'c'}}}",
     "a is null or b is null and c is null", NULL},
    {"{'type':'and','left':{'type':'is-null','term':'a'},'right':true}", "a is null",
     "{'type':'is-null','term':'a'}"},
    {"{'type':'or','left':{'type':'is-null','term':'a'},'right':true}", "true", "true"},
    /* the older forms of terms */
    {"{'type':'eq','term':{'type':'reference','term':'a'},'value':1}", "a = 1",
     "{'type':'eq','term':'a','value':1}"},
    {"{'type':'eq','term':{'type':'transform','transform':'day','term':'ts'},'value':1}",
     "day(ts) = 1", NULL},
    {"{'type':'eq','term':{'type':'transform','transform':'bucket[16]','term':{'type':"
     "'reference','term':'id'}},'value':3}",
     "bucket[16](id) = 3",
     "{'type':'eq','term':{'type':'transform','transform':'bucket[16]','term':'id'},'value':3}"},
    /* both forms of literals, and of their lists */
    {"{'type':'eq','term':'a','value':{'type':'literal','value':1}}", "a = 1",
     "{'type':'eq','term':'a','value':1}"},
    {"{'type':'eq','term':'a','value':{'type':'literal','value':'14.20','data-type':"
     "'decimal(9,2)'}}",
     "a = \"14.20\"", "{'type':'eq','term':'a','value':'14.20'}"},
    {"{'type':'in','term':'a','values':{'type':'literals','values':['2017-11-16'],'data-type':"
     "'date'}}",
     "a in (\"2017-11-16\")", "{'type':'in','term':'a','values':['2017-11-16']}"},
    /* the newer forms of predicates */
    {"{'type':'is-null','child':{'type':'reference','name':'a'}}", "a is null",
     "{'type':'is-null','term':'a'}"},
    {"{'type':'lt','left':{'type':'reference','name':'a'},'right':5}", "a < 5",
     "{'type':'lt','term':'a','value':5}"},
    {"{'type':'lt','left':5,'right':{'type':'reference','name':'a'}}", "a > 5",
     "{'type':'gt','term':'a','value':5}"},
    {"{'type':'gt-eq','left':{'type':'literal','value':5},'right':{'type':'reference','id':7}}",
     "#7 <= 5", "{'type':'lt-eq','term':{'type':'reference','id':7},'value':5}"},
    {"{'type':'in','child':{'type':'reference','name':'a'},'values':[1,2]}", "a in (1, 2)",
     "{'type':'in','term':'a','values':[1,2]}"},
    {"{'type':'eq','left':{'type':'apply','function':'year','arguments':[{'type':'reference',"
     "'name':'ts'}]},'right':50}",
     "year(ts) = 50",
     "{'type':'eq','term':{'type':'transform','transform':'year','term':'ts'},'value':50}"},
    {"{'type':'eq','left':{'type':'apply','function':{'catalog':'iceberg_functions','identifier':"
     "['bucket']},'arguments':[16,{'type':'reference','name':'id'}]},'right':3}",
     "bucket[16](id) = 3",
     "{'type':'eq','term':{'type':'transform','transform':'bucket[16]','term':'id'},'value':3}"},
};

static void test_expression_parse__reads_every_form_of_the_protocol(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(parses); i++) {
        const struct expression *filter = fixture_filter(fixture, parses[i].json);
        const char *back = parses[i].back ? parses[i].back : parses[i].json;
        assert_string_equal(fixture_filter_text(fixture, filter), parses[i].text);
        assert_string_equal(fixture_filter_json(fixture, filter), back);
    }
}

static const char *const refused[][2] = {
    {"1", "Cannot parse filter: an expression must be an object or a boolean: 1"},
    {"{'type':'literal','value':1}", "Cannot parse filter: only a boolean literal is a predicate: "
                                     "{\"type\":\"literal\",\"value\":1}"},
    {"{'type':'between','term':'a'}",
     "Cannot parse filter: unknown operation: {\"type\":\"between\",\"term\":\"a\"}"},
    {"{'type':'and','left':true}",
     "Cannot parse filter: and, or need left and right: {\"type\":\"and\",\"left\":true}"},
    {"{'type':'not'}", "Cannot parse filter: not needs a child: {\"type\":\"not\"}"},
    {"{'type':'eq','term':'a'}",
     "Cannot parse filter: a comparison needs a term and a value, or left and right: "
     "{\"type\":\"eq\",\"term\":\"a\"}"},
    {"{'type':'eq','term':'a','values':[1]}",
     "Cannot parse filter: a comparison has no values, but one value: "
     "{\"type\":\"eq\",\"term\":\"a\",\"values\":[1]}"},
    {"{'type':'in','term':'a','value':1}", "Cannot parse filter: IN has no value, but values: "
                                           "{\"type\":\"in\",\"term\":\"a\",\"value\":1}"},
    {"{'type':'in','term':'a','values':1}",
     "Cannot parse filter: values must be a list of literals: "
     "{\"type\":\"in\",\"term\":\"a\",\"values\":1}"},
    {"{'type':'is-null','term':'a','value':1}",
     "Cannot parse filter: a test of null or NaN has no value: "
     "{\"type\":\"is-null\",\"term\":\"a\",\"value\":1}"},
    {"{'type':'is-null'}",
     "Cannot parse filter: a predicate needs a term or child: {\"type\":\"is-null\"}"},
    {"{'type':'eq','term':'a','value':null}", "Cannot convert JSON to a literal: null"},
    {"{'type':'eq','term':'a','value':[1]}", "Cannot convert JSON to a literal: [1]"},
    {"{'type':'eq','term':'a','value':{'type':'literal','value':'x','data-type':'int'}}",
     "Cannot parse \"x\" as a value of type int"},
    {"{'type':'eq','term':'a','value':{'type':'literal','value':1,'data-type':'variant'}}",
     "Cannot parse filter: data-type must be a primitive type: \"variant\""},
    {"{'type':'eq','left':{'type':'reference','name':'a'},'right':{'type':'reference','name':"
     "'b'}}",
     "Cannot parse filter: a comparison needs a column on one side and a literal on the other: "
     "{\"type\":\"eq\",\"left\":{\"type\":\"reference\",\"name\":\"a\"},\"right\":{\"type\":"
     "\"reference\",\"name\":\"b\"}}"},
    {"{'type':'is-null','term':1}", "Cannot parse reference: it must be a string or an object: 1"},
    {"{'type':'is-null','term':''}", "Cannot parse reference: the name is empty: \"\""},
    {"{'type':'is-null','term':{'type':'column'}}",
     "Cannot parse reference: unknown type: {\"type\":\"column\"}"},
    {"{'type':'is-null','child':{'type':'apply','function':'upper','arguments':['a']}}",
     "Cannot parse reference: only the partition transforms are known as functions: "
     "{\"type\":\"apply\",\"function\":\"upper\",\"arguments\":[\"a\"]}"},
    {"{'type':'is-null','term':{'type':'transform','transform':'bucket[0]','term':'a'}}",
     "Invalid number of buckets: 0 (must be > 0)"},
};

static void test_expression_parse__says_what_is_wrong(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct expression filter;
        assert_false(expression_parse(fixture_json(fixture, refused[i][0]), &fixture->arena,
                                      &filter, &fixture->err));
        fixture_assert_error(fixture, ERROR_BAD_REQUEST, refused[i][1]);
    }
}

static json_t *nested(size_t depth)
{
    json_t *tree = json_true();
    for (size_t i = 0; i < depth; i++)
        tree = json_pack("{s:s,s:o}", "type", "not", "child", tree);
    return tree;
}

static void test_expression_parse__bounds_the_depth(void **state)
{
    struct fixture *fixture = *state;
    struct expression filter;
    json_t *fits = nested(MAX_FILTER_DEPTH), *deep = nested(10000);
    assert_ok(expression_parse(fits, &fixture->arena, &filter, &fixture->err), &fixture->err);
    assert_false(expression_parse(deep, &fixture->arena, &filter, &fixture->err));
    fixture_assert_error(fixture, ERROR_BAD_REQUEST,
                         "Cannot parse filter: it is nested deeper than 500 levels");
    json_decref(fits);
    json_decref(deep);
}

static json_t *in_list(size_t count)
{
    json_t *values = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(values, json_integer((json_int_t)i));
    return json_pack("{s:s,s:s,s:o}", "type", "in", "term", "a", "values", values);
}

static void test_expression_parse__bounds_the_literals(void **state)
{
    struct fixture *fixture = *state;
    struct expression filter;
    json_t *fits = in_list(MAX_FILTER_LITERALS), *many = in_list(1000000);
    assert_ok(expression_parse(fits, &fixture->arena, &filter, &fixture->err), &fixture->err);
    assert_false(expression_parse(many, &fixture->arena, &filter, &fixture->err));
    fixture_assert_error(fixture, ERROR_BAD_REQUEST,
                         "Cannot parse filter: it has more than 200000 literals; join with a "
                         "table instead, or scan without this predicate");
    json_decref(fits);
    json_decref(many);
}

static json_t *balanced(size_t leaves)
{
    if (leaves == 1)
        return json_pack("{s:s,s:s}", "type", "is-null", "term", "a");
    return json_pack("{s:s,s:o,s:o}", "type", "and", "left", balanced(leaves / 2), "right",
                     balanced(leaves - leaves / 2));
}

static void test_expression_parse__bounds_the_predicates(void **state)
{
    struct fixture *fixture = *state;
    struct expression filter;
    json_t *fits = balanced(MAX_FILTER_PREDICATES), *many = balanced(MAX_FILTER_PREDICATES + 1);
    assert_ok(expression_parse(fits, &fixture->arena, &filter, &fixture->err), &fixture->err);
    assert_false(expression_parse(many, &fixture->arena, &filter, &fixture->err));
    fixture_assert_error(fixture, ERROR_BAD_REQUEST,
                         "Cannot parse filter: it has more than 10000 predicates");
    json_decref(fits);
    json_decref(many);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_expression_parse__reads_every_form_of_the_protocol),
        TEST(test_expression_parse__says_what_is_wrong),
        TEST(test_expression_parse__bounds_the_depth),
        TEST(test_expression_parse__bounds_the_literals),
        TEST(test_expression_parse__bounds_the_predicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
