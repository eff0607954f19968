#include "base/json_tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

static json_t *parse(const char *text)
{
    json_t *tree = NULL;
    struct error err = {0};
    assert_ok(json_tree_parse(slice_from_string(text), "request body", &tree, &err), &err);
    return tree;
}

static void test_json_tree_parse__takes_any_value(void **state)
{
    (void)state;
    static const char *const good[] = {"{}", "[1,2]", "\"x\"", "1", "null", " true ", "{\"a\":{}}"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        json_decref(parse(good[i]));
}

static void test_json_tree_parse__refuses_and_names_the_text_and_the_place(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "{",       "{\"a\":1,\"a\":2}",      "{} x",
        "[\"\xFF\"]", "[01]",    "[92233720368547758080]", "{\"a\":\"\\u0000\"}",
        "[1e999]",    "{'a':1}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {0};
        json_t *tree = NULL;
        assert_fails(json_tree_parse(slice_from_string(bad[i]), "request body", &tree, &err), &err,
                     ERROR_BAD_REQUEST);
        assert_null(tree);
        assert_non_null(strstr(err.message, "request body is not valid JSON: "));
        assert_non_null(strstr(err.message, "at line 1, column "));
    }
}

/* [[…]] with `depth` levels, and brackets in a string, which are not levels. */
static char *nested(size_t depth)
{
    static const char text[] = "\"[[[[\\\"[[[\"";
    char *out = malloc(2 * depth + sizeof(text));
    memset(out, '[', depth);
    memcpy(out + depth, text, sizeof(text) - 1);
    memset(out + depth + sizeof(text) - 1, ']', depth);
    out[2 * depth + sizeof(text) - 1] = '\0';
    return out;
}

static void test_json_tree_parse__bounds_the_depth(void **state)
{
    (void)state;
    struct error err = {0};
    json_t *tree = NULL;
    char *deepest = nested(JSON_TEXT_MAX_DEPTH);
    char *too_deep = nested(JSON_TEXT_MAX_DEPTH + 1);
    json_decref(parse(deepest));
    assert_fails(json_tree_parse(slice_from_string(too_deep), "request body", &tree, &err), &err,
                 ERROR_BAD_REQUEST);
    assert_non_null(strstr(err.message, "nested"));
    free(deepest);
    free(too_deep);
}

static void test_json_get__reads_what_is_there(void **state)
{
    (void)state;
    struct error err = {0};
    struct slice text = SLICE_EMPTY;
    int64_t wide = 0;
    int32_t narrow = 0;
    json_t *inner = NULL;
    json_t *tree = parse("{\"s\":\"x\",\"n\":9223372036854775807,\"i\":-2147483648,"
                         "\"o\":{\"k\":\"v\"},\"a\":[1]}");
    assert_ok(json_get_string(tree, "s", &text, &err), &err);
    assert_slice_equal(text, "x");
    assert_ok(json_get_int64(tree, "n", &wide, &err), &err);
    assert_true(wide == INT64_MAX);
    assert_ok(json_get_int32(tree, "i", &narrow, &err), &err);
    assert_int_equal(narrow, INT32_MIN);
    assert_ok(json_get_object(tree, "o", &inner, &err), &err);
    assert_true(json_is_object(inner));
    assert_ok(json_get_array(tree, "a", &inner, &err), &err);
    assert_true(json_is_array(inner));
    json_decref(tree);
}

static void test_json_get__missing_null_and_wrong_types_name_the_field(void **state)
{
    (void)state;
    struct error err = {0};
    struct slice text = {"untouched", 9};
    int64_t wide = 7;
    int32_t narrow = 7;
    json_t *inner = NULL;
    json_t *tree = parse("{\"null\":null,\"n\":1,\"s\":\"x\",\"r\":1.0,\"big\":2147483648}");
    assert_fails(json_get_string(tree, "name", &text, &err), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "name must be a string, but is missing");
    assert_fails(json_get_string(tree, "null", &text, &err), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "null must be a string, but is null");
    assert_fails(json_get_string(tree, "n", &text, &err), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "n must be a string, but is an integer");
    assert_fails(json_get_int64(tree, "r", &wide, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_get_int64(tree, "s", &wide, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_get_int32(tree, "big", &narrow, &err), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "big must be an integer of 32 bits, but is 2147483648");
    assert_fails(json_get_object(tree, "s", &inner, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_get_array(tree, "s", &inner, &err), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "s must be an array, but is a string");
    assert_slice_equal(text, "untouched");
    assert_true(wide == 7 && narrow == 7 && !inner);
    json_decref(tree);
}

static void test_json_opt__absent_and_null_leave_the_output(void **state)
{
    (void)state;
    static const char *const fields[] = {"absent", "null"};
    json_t *tree = parse("{\"null\":null}");
    for (size_t i = 0; i < 2; i++) {
        struct error err = {0};
        struct slice text = {"untouched", 9};
        int64_t wide = 7;
        int32_t narrow = 7;
        bool flag = true, present = true;
        json_t *inner = tree;
        assert_ok(json_opt_string(tree, fields[i], &text, &err), &err);
        assert_ok(json_opt_int64(tree, fields[i], &wide, &present, &err), &err);
        assert_false(present);
        present = true;
        assert_ok(json_opt_int32(tree, fields[i], &narrow, &present, &err), &err);
        assert_false(present);
        assert_ok(json_opt_bool(tree, fields[i], &flag, &err), &err);
        assert_ok(json_opt_object(tree, fields[i], &inner, &err), &err);
        assert_ok(json_opt_array(tree, fields[i], &inner, &err), &err);
        assert_slice_equal(text, "untouched");
        assert_true(wide == 7 && narrow == 7 && flag && inner == tree);
    }
    json_decref(tree);
}

static void test_json_opt__reads_what_is_there_and_refuses_other_types(void **state)
{
    (void)state;
    struct error err = {0};
    struct slice text = SLICE_EMPTY;
    int64_t wide = 0;
    int32_t narrow = 0;
    bool flag = false, present = false;
    json_t *inner = NULL;
    json_t *tree = parse("{\"s\":\"x\",\"n\":5,\"t\":true,\"o\":{},\"a\":[]}");
    assert_ok(json_opt_string(tree, "s", &text, &err), &err);
    assert_slice_equal(text, "x");
    assert_ok(json_opt_int64(tree, "n", &wide, &present, &err), &err);
    assert_true(present && wide == 5);
    assert_ok(json_opt_int32(tree, "n", &narrow, NULL, &err), &err);
    assert_int_equal(narrow, 5);
    assert_ok(json_opt_bool(tree, "t", &flag, &err), &err);
    assert_true(flag);
    assert_ok(json_opt_object(tree, "o", &inner, &err), &err);
    assert_ok(json_opt_array(tree, "a", &inner, &err), &err);
    assert_true(json_is_array(inner));
    assert_fails(json_opt_string(tree, "n", &text, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_opt_int64(tree, "s", &wide, &present, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_opt_int32(tree, "t", &narrow, &present, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_opt_bool(tree, "n", &flag, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_opt_object(tree, "a", &inner, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_opt_array(tree, "o", &inner, &err), &err, ERROR_BAD_REQUEST);
    json_decref(tree);
}

static void test_json_fields__of_what_is_no_object_are_refused(void **state)
{
    (void)state;
    struct error err = {0};
    struct slice text = SLICE_EMPTY;
    json_t *tree = parse("[1]");
    assert_fails(json_get_string(tree, "s", &text, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_opt_string(tree, "s", &text, &err), &err, ERROR_BAD_REQUEST);
    assert_ok(json_opt_string(NULL, "s", &text, &err), &err); /* an absent object has no fields */
    assert_fails(json_get_string(NULL, "s", &text, &err), &err, ERROR_BAD_REQUEST);
    json_decref(tree);
}

static void test_json_opt_string_map__wants_strings_only(void **state)
{
    (void)state;
    struct error err = {0};
    json_t *map = NULL;
    json_t *tree = parse("{\"good\":{\"a\":\"1\"},\"bad\":{\"a\":\"1\",\"b\":2},\"other\":[]}");
    assert_ok(json_opt_string_map(tree, "good", &map, &err), &err);
    assert_int_equal(json_object_size(map), 1);
    assert_fails(json_opt_string_map(tree, "bad", &map, &err), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "bad['b'] must be a string, but is an integer");
    assert_fails(json_opt_string_map(tree, "other", &map, &err), &err, ERROR_BAD_REQUEST);
    assert_int_equal(json_object_size(map), 1);
    assert_ok(json_opt_string_map(tree, "absent", &map, &err), &err);
    assert_null(map);
    json_decref(tree);
}

static void test_json_slice__views_and_makes_strings(void **state)
{
    (void)state;
    json_t *string = json_from_slice(slice_make("雪xyz", 3));
    assert_slice_equal(json_slice(string), "雪");
    json_decref(string);
    string = json_from_slice((struct slice){NULL, 0});
    assert_slice_equal(json_slice(string), "");
    json_decref(string);
    assert_null(json_from_slice(SLICE_LITERAL("\xFF")));
    assert_slice_equal(json_slice(NULL), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_tree_parse__takes_any_value),
        cmocka_unit_test(test_json_tree_parse__refuses_and_names_the_text_and_the_place),
        cmocka_unit_test(test_json_tree_parse__bounds_the_depth),
        cmocka_unit_test(test_json_get__reads_what_is_there),
        cmocka_unit_test(test_json_get__missing_null_and_wrong_types_name_the_field),
        cmocka_unit_test(test_json_opt__absent_and_null_leave_the_output),
        cmocka_unit_test(test_json_opt__reads_what_is_there_and_refuses_other_types),
        cmocka_unit_test(test_json_fields__of_what_is_no_object_are_refused),
        cmocka_unit_test(test_json_opt_string_map__wants_strings_only),
        cmocka_unit_test(test_json_slice__views_and_makes_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
