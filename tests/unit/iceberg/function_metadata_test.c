#include "iceberg/function_metadata.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

#define VERSION \
    "{'version-id':1,'timestamp-ms':5,'representations':[" \
    "{'type':'sql','dialect':'trino','sql':'x + 1'}]}"
#define DEFINITION(id, parameters, more) \
    "{'definition-id':'" id "','parameters':[" parameters "],'return-type':'int'," \
    "'function-type':'udf','current-version-id':1,'versions':[" VERSION "]" more "}"
#define FUNCTION(definitions) \
    "{'function-uuid':'42fd3f91-bc10-41c1-8a52-92b57dd0a9b2','format-version':1," \
    "'definitions':[" definitions "],'definition-log':[{'timestamp-ms':5," \
    "'definition-versions':[{'definition-id':'int','version-id':1}]}]}"
#define X_INT "{'name':'x','type':'int'}"

static json_t *tree_of(const char *text)
{
    char *copy = strdup(text);
    json_error_t where;
    assert_non_null(copy);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *tree = json_loads(copy, JSON_DECODE_ANY, &where);
    if (tree == NULL)
        fail_msg("%s: %s", where.text, text);
    free(copy);
    return tree;
}

static void accepts(const char *text)
{
    struct error err = {0};
    struct slice uuid;
    json_t *tree = tree_of(text);
    assert_ok(function_metadata_check(tree, &uuid, &err), &err);
    assert_slice_equal(uuid, "42fd3f91-bc10-41c1-8a52-92b57dd0a9b2");
    json_decref(tree);
}

static void refuses(const char *text, const char *part)
{
    struct error err = {0};
    struct slice uuid;
    json_t *tree = tree_of(text);
    if (function_metadata_check(tree, &uuid, &err))
        fail_msg("accepted: %s", text);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    if (strstr(err.message, part) == NULL)
        fail_msg("'%s' is not in: %s", part, err.message);
    json_decref(tree);
}

/* The text with the first `from` replaced. */
static void refuses_with(const char *from, const char *to, const char *part)
{
    static const char text[] = FUNCTION(DEFINITION("int", X_INT, ""));
    const char *at = strstr(text, from);
    char changed[2048];
    assert_non_null(at);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to,
                   at + strlen(from));
    refuses(changed, part);
}

static void test_function_metadata__accepts_overloads(void **state)
{
    (void)state;
    accepts(FUNCTION(DEFINITION("int", X_INT, "")));
    accepts(FUNCTION(DEFINITION("int", X_INT, ",'specific-name':'a'") ","
                     DEFINITION("float", "{'name':'x','type':'float'}", ",'specific-name':'b'")));
    accepts(FUNCTION(DEFINITION("", "", "")));
    accepts(FUNCTION(DEFINITION("int", X_INT, ",'future-field':{'a':[1]}")));
}

/* "int,list<int>,struct<id:int,name:string> – three parameters" */
static void test_function_metadata__derives_ids_of_nested_types(void **state)
{
    (void)state;
    accepts(FUNCTION(DEFINITION(
        "int,list<int>,struct<id:int,name:string>",
        X_INT ",{'name':'y','type':{'type':'list','element':'int','element-id':9}},"
              "{'name':'z','type':{'type':'struct','fields':[{'name':'id','type':'int'},"
              "{'name':'name','type':'string','required':true}]}}",
        "")));
    accepts(FUNCTION(DEFINITION("map<string,decimal(9,2)>",
                                "{'name':'m','type':{'type':'map','key':'string',"
                                "'value':'decimal(9,2)'}}",
                                "")));
    refuses(FUNCTION(DEFINITION("int, string", X_INT ",{'name':'s','type':'string'}", "")),
            "must be 'int,string', the types of its parameters");
    refuses(FUNCTION(DEFINITION("int", "{'name':'x','type':'big int'}", "")),
            "a type must be a name without spaces or quotes");
    refuses(FUNCTION(DEFINITION("int", "{'name':'x'}", "")), "a type is missing");
    refuses(FUNCTION(DEFINITION("int", "{'type':'int'}", "")), "name");
    refuses(FUNCTION(DEFINITION("int", "{'name':'x','type':{'type':'set'}}", "")),
            "a nested type is a struct, a list or a map");
}

/* "There can be only one definition for a given signature"; the specific name "must be unique". */
static void test_function_metadata__refuses_two_alike(void **state)
{
    (void)state;
    refuses(FUNCTION(DEFINITION("int", X_INT, "") "," DEFINITION("int", X_INT, "")),
            "two definitions have the definition-id 'int'");
    refuses(FUNCTION(DEFINITION("int", X_INT, ",'specific-name':'a'") ","
                     DEFINITION("float", "{'name':'x','type':'float'}", ",'specific-name':'a'")),
            "two definitions have the specific-name 'a'");
}

static void test_function_metadata__refuses_what_is_missing_or_wrong(void **state)
{
    (void)state;
    refuses("[]", "it must be a JSON object");
    refuses("{}", "function-uuid");
    refuses(FUNCTION(""), "it has no definitions");
    refuses(FUNCTION("1"), "a definition must be an object");
    refuses_with("42fd3f91-bc10", "no", "function-uuid must be a UUID");
    refuses_with("'format-version':1", "'format-version':2", "the only format-version is 1");
    refuses_with("'format-version':1", "'format-version':'1'", "format-version");
    refuses_with("'definition-log'", "'other'", "definition-log");
    refuses_with("'timestamp-ms':5,'definition-versions'", "'definition-versions'",
                 "timestamp-ms");
    refuses_with("'udf'", "'procedure'", "function-type is udf or udtf");
    refuses_with("'udf'", "'udtf'", "the return-type of a udtf must be a struct");
    refuses_with("'return-type':'int','function-type':'udf'",
                 "'return-type':'struct<a:int>','function-type':'udtf'",
                 "the return-type of a udtf must be a struct");
    refuses_with("'current-version-id':1", "'current-version-id':2",
                 "current-version-id names no version");
    refuses_with("'versions':[" VERSION "]", "'versions':[" VERSION "," VERSION "]",
                 "version ids must increase");
    refuses_with("'versions':[" VERSION "]", "'versions':[]", "current-version-id");
    refuses_with("'type':'sql'", "'type':'python'", "the only representation type is sql");
    refuses_with("'version-id':1,'timestamp-ms'", "'version-id':1,'on-null-input':'x',"
                                                  "'timestamp-ms'",
                 "on-null-input is call or return-null");
    refuses_with("'version-id':1,'timestamp-ms'", "'version-id':1,'deterministic':1,"
                                                  "'timestamp-ms'",
                 "deterministic");
    refuses_with("'sql':'x + 1'}", "'sql':'x + 1'},{'type':'sql','dialect':'TRINO','sql':'1'}",
                 "two representations of one dialect");
}

static void test_function_metadata__accepts_a_table_function(void **state)
{
    (void)state;
    accepts("{'function-uuid':'42fd3f91-bc10-41c1-8a52-92b57dd0a9b2','format-version':1,"
            "'secure':true,'doc':'d','properties':{'a':'b'},'location':'s3://b/f','definitions':[{"
            "'definition-id':'string','parameters':[{'name':'c','type':'string'}],"
            "'return-type':{'type':'struct','fields':[{'name':'name','type':'string'}]},"
            "'function-type':'udtf','current-version-id':1,'versions':[" VERSION "]}],"
            "'definition-log':[]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_function_metadata__accepts_overloads),
        cmocka_unit_test(test_function_metadata__derives_ids_of_nested_types),
        cmocka_unit_test(test_function_metadata__refuses_two_alike),
        cmocka_unit_test(test_function_metadata__refuses_what_is_missing_or_wrong),
        cmocka_unit_test(test_function_metadata__accepts_a_table_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
