#include "base/json_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

static struct slice s(const char *text)
{
    return slice_from_string(text);
}

static void test_json_text_check__accepts_the_grammar(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0",
        "-0",
        "-1",
        "10",
        "1.5",
        "1e5",
        "1E+5",
        "-1.25e-10",
        "true",
        "false",
        "null",
        "\"\"",
        "[]",
        "{}",
        " [ ] ",
        "\t{\r\n}",
        "[1,2]",
        "{\"a\":1,\"b\":[{}]}",
        "{ \"a\" : 1 , \"b\" : 2 }",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
        "\"\\ud800\"",
        "\"\x7F 雪\"",
        "\"0123456789abcdef\"",
        "\"0123456789abcde\\n0123456789abcdef\"",
        "123456789012345678901234567890",
        "1e999",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct error err = {0};
        assert_ok(json_text_check(s(good[i]), &err), &err);
    }
}

static const struct {
    const char *text;
    size_t at; /* where the error says it is */
} BAD[] = {
    {"", 0},
    {" ", 1},
    {"01", 0},
    {"-", 1},
    {"-01", 1},
    {"1.", 2},
    {".5", 0},
    {"1e", 2},
    {"1e+", 3},
    {"+1", 0},
    {"tru", 0},
    {"True", 0},
    {"nul", 0},
    {"NaN", 0},
    {"\"", 1},
    {"\"abc", 1},
    {"\"\\", 1},
    {"\"\\x\"", 1},
    {"\"\\u12\"", 1},
    {"\"\\u12g4\"", 1},
    {"\"a\nb\"", 2},
    {"\"0123456789abcdef\x01\"", 17},
    {"[", 1},
    {"[1", 2},
    {"[1,", 3},
    {"[1,]", 3},
    {"[,1]", 1},
    {"[1 2]", 3},
    {"[1}", 2},
    {"]", 0},
    {"{", 1},
    {"{\"a\"", 4},
    {"{\"a\":", 5},
    {"{\"a\":1", 6},
    {"{\"a\":1,", 7},
    {"{\"a\":1,}", 7},
    {"{a:1}", 1},
    {"{1:1}", 1},
    {"{\"a\" 1}", 5},
    {"{\"a\":1]", 6},
    {"{} x", 3},
    {"1 2", 2},
    {"'a'", 0},
    {"[1]/**/", 3},
    {"\xEF\xBB\xBF{}", 0},
};

static void test_json_text_check__refuses_all_else_and_says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct error err = {0};
        char place[64];
        if (json_text_check(s(BAD[i].text), &err))
            fail_msg("%s was accepted", BAD[i].text);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        snprintf(place, sizeof(place), "not valid JSON at byte %zu: ", BAD[i].at);
        if (strncmp(err.message, place, strlen(place)) != 0)
            fail_msg("%s: %s, but expected %s", BAD[i].text, err.message, place);
    }
}

static void test_json_text_check__refuses_nul_and_other_controls_in_strings(void **state)
{
    (void)state;
    /* At every place of a block of sixteen. */
    for (unsigned char control = 0; control < 0x20; control++) {
        for (size_t at = 1; at < 34; at++) {
            char text[36];
            memset(text, 'x', sizeof(text));
            text[0] = text[35] = '"';
            assert_true(json_text_check(slice_make(text, sizeof(text)), NULL));
            text[at] = (char)control;
            assert_false(json_text_check(slice_make(text, sizeof(text)), NULL));
        }
    }
}

static void test_json_text_check__refuses_text_that_is_not_utf8(void **state)
{
    (void)state;
    struct error err = {0};
    assert_fails(json_text_check(s("\"\xFF\""), &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_text_check(s("\"\xED\xA0\x80\""), &err), &err, ERROR_BAD_REQUEST);
}

/* `depth` brackets; the text is freed by the caller. */
static char *nested(size_t depth)
{
    char *text = malloc(2 * depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void test_json_text_check__bounds_the_depth(void **state)
{
    (void)state;
    struct error err = {0};
    char *deepest = nested(JSON_TEXT_MAX_DEPTH);
    char *too_deep = nested(JSON_TEXT_MAX_DEPTH + 1);
    char *absurd = nested(1000000);
    assert_ok(json_text_check(s(deepest), &err), &err);
    assert_fails(json_text_check(s(too_deep), &err), &err, ERROR_BAD_REQUEST);
    assert_non_null(strstr(err.message, "nested"));
    assert_fails(json_text_check(s(absurd), &err), &err, ERROR_BAD_REQUEST);
    free(deepest);
    free(too_deep);
    free(absurd);
}

static void test_json_cursor__counts_its_own_level_as_the_check_does(void **state)
{
    (void)state;
    struct error err = {0};
    struct json_cursor cursor;
    struct slice value;
    bool more = false;
    char *deepest = nested(JSON_TEXT_MAX_DEPTH);
    char *too_deep = nested(JSON_TEXT_MAX_DEPTH + 1);
    assert_ok(json_array_open(s(deepest), &cursor, &err), &err);
    assert_ok(json_array_next(&cursor, &value, &more, &err), &err);
    assert_ok(json_array_open(s(too_deep), &cursor, &err), &err);
    assert_fails(json_array_next(&cursor, &value, &more, &err), &err, ERROR_BAD_REQUEST);
    free(deepest);
    free(too_deep);
}

static void test_json_object_next__spans_are_exact(void **state)
{
    (void)state;
    static const char text[] = " { \"a\" : 1 ,\"b\\n\":\t{\"c\":[1, 2]} , \"\":\"x y\"\n} ";
    static const char *const names[] = {"a", "b\\n", ""};
    static const char *const values[] = {"1", "{\"c\":[1, 2]}", "\"x y\""};
    struct error err = {0};
    struct json_cursor cursor;
    struct json_member member;
    bool more = false;
    assert_ok(json_object_open(s(text), &cursor, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(json_object_next(&cursor, &member, &more, &err), &err);
        assert_true(more);
        assert_slice_equal(member.name, names[i]);
        assert_slice_equal(member.value, values[i]);
        assert_in_range((size_t)(member.value.ptr - text), 1, sizeof(text));
    }
    for (int again = 0; again < 2; again++) { /* the end stays the end */
        assert_ok(json_object_next(&cursor, &member, &more, &err), &err);
        assert_false(more);
    }
}

static void test_json_array_next__spans_are_exact(void **state)
{
    (void)state;
    static const char *const values[] = {"1", "\"a,]\"", "[ ]", "{\"x\":null}", "true"};
    struct error err = {0};
    struct json_cursor cursor;
    struct slice value;
    bool more = false;
    assert_ok(json_array_open(s("[1 ,\"a,]\", [ ],{\"x\":null},\n true ]"), &cursor, &err), &err);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_ok(json_array_next(&cursor, &value, &more, &err), &err);
        assert_true(more);
        assert_slice_equal(value, values[i]);
    }
    assert_ok(json_array_next(&cursor, &value, &more, &err), &err);
    assert_false(more);
}

static void test_json_cursor__open_wants_its_kind(void **state)
{
    (void)state;
    struct error err = {0};
    struct json_cursor cursor;
    assert_fails(json_object_open(s("[]"), &cursor, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_array_open(s("{}"), &cursor, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_array_open(s("  "), &cursor, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_object_open(s(""), &cursor, &err), &err, ERROR_BAD_REQUEST);
}

/* Steps to the end or to the first error. */
static bool walk_object(const char *text, struct error *err)
{
    struct json_cursor cursor;
    struct json_member member;
    bool more = true;
    TRY(json_object_open(s(text), &cursor, err));
    while (more)
        TRY(json_object_next(&cursor, &member, &more, err));
    return true;
}

static void test_json_object_next__refuses_malformed_members(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{",           "{\"a\"",      "{\"a\":",     "{\"a\":1",  "{\"a\":1,",
        "{\"a\":1,}",  "{,}",         "{a:1}",       "{\"a\" 1}", "{\"a\":1 \"b\":2}",
        "{\"a\":1]",   "{\"a\":tru}", "{\"a\":1} x", "{} {}",     "{\"a\":{\"b\":}}",
        "{\"a\n\":1}", "{\"a\":1,,}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {0};
        if (walk_object(bad[i], &err))
            fail_msg("%s was accepted", bad[i]);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    }
}

static void test_json_array_next__refuses_malformed_elements(void **state)
{
    (void)state;
    static const char *const bad[] = {"[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "[1}", "[1] 2"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct json_cursor cursor;
        struct slice value;
        bool more = true;
        assert_true(json_array_open(s(bad[i]), &cursor, NULL));
        while (more && json_array_next(&cursor, &value, &more, NULL))
            continue;
        assert_true(more); /* it stopped at an error, not at an end */
    }
}

static void test_json_object_find__gives_the_last_of_a_name(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"b\":2,\"a\":[3],\"\\u0063-\\/d\":4,\"e\\n\":5}";
    struct error err = {0};
    struct slice value;
    assert_ok(json_object_find(s(text), "a", &value, &err), &err);
    assert_slice_equal(value, "[3]");
    assert_ok(json_object_find(s(text), "c-/d", &value, &err), &err); /* written with escapes */
    assert_slice_equal(value, "4");
    assert_ok(json_object_find(s(text), "e", &value, &err), &err);
    assert_null(value.ptr);
    assert_ok(json_object_find(s("{}"), "a", &value, &err), &err);
    assert_null(value.ptr);
    assert_fails(json_object_find(s("{\"a\":1,"), "a", &value, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(json_object_find(s("[1]"), "a", &value, &err), &err, ERROR_BAD_REQUEST);
}

static void test_json_value_int64__is_an_integer_of_the_grammar(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "-", "01", "-01", "00", "1.0", "1e3", "\"1\"", "null", "9223372036854775808", " 1",
    };
    int64_t value = 42;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(json_value_int64(s(bad[i]), &value));
    assert_int_equal(value, 42);
    assert_true(json_value_int64(s("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_true(json_value_int64(s("0"), &value));
    assert_int_equal(value, 0);
}

static void test_json_value_kinds__are_told_by_the_text(void **state)
{
    (void)state;
    assert_true(json_value_is_null(s("null")));
    assert_false(json_value_is_null(s("\"null\"")));
    assert_true(json_value_is_string(s("\"\"")));
    assert_false(json_value_is_string(s("\"")));
    assert_false(json_value_is_string(s("1")));
}

static void test_json_value_string__unescapes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"\"\"", ""},
        {"\"plain\"", "plain"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"a\\u0041\\u00e9\\u96EA\\ud83e\\uDDCAz\"", "aAé雪🧊z"},
        {"\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"},
        {"\"\\ud800\\udc00\\udbff\\udfff\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct slice text = SLICE_EMPTY;
        assert_ok(json_value_string(s(rows[i][0]), &arena, &text, &err), &err);
        assert_slice_equal(text, rows[i][1]);
        assert_int_equal(text.ptr[text.len], '\0');
    }
    arena_finish(&arena);
}

static void test_json_value_string__refuses_what_has_no_utf8_or_is_no_string(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\"\\ud800\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\\u0000\"",
        "1",
        "",
        "\"",
        "\"a\"b\"",
        "\"a\" ",
        "\"\\\"",
        "\"\\ud83d\\ud83d\"",
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {0};
        struct slice text = {"untouched", 9};
        assert_fails(json_value_string(s(bad[i]), &arena, &text, &err), &err, ERROR_BAD_REQUEST);
        assert_slice_equal(text, "untouched");
    }
    arena_finish(&arena);
}

static void test_json_value_string__says_when_the_arena_is_full(void **state)
{
    (void)state;
    struct arena none;
    struct error err = {0};
    struct slice text;
    arena_init(&none, 0);
    assert_fails(json_value_string(s("\"a\""), &none, &text, &err), &err, ERROR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_text_check__accepts_the_grammar),
        cmocka_unit_test(test_json_text_check__refuses_all_else_and_says_where),
        cmocka_unit_test(test_json_text_check__refuses_nul_and_other_controls_in_strings),
        cmocka_unit_test(test_json_text_check__refuses_text_that_is_not_utf8),
        cmocka_unit_test(test_json_text_check__bounds_the_depth),
        cmocka_unit_test(test_json_cursor__counts_its_own_level_as_the_check_does),
        cmocka_unit_test(test_json_object_next__spans_are_exact),
        cmocka_unit_test(test_json_array_next__spans_are_exact),
        cmocka_unit_test(test_json_cursor__open_wants_its_kind),
        cmocka_unit_test(test_json_object_next__refuses_malformed_members),
        cmocka_unit_test(test_json_array_next__refuses_malformed_elements),
        cmocka_unit_test(test_json_object_find__gives_the_last_of_a_name),
        cmocka_unit_test(test_json_value_int64__is_an_integer_of_the_grammar),
        cmocka_unit_test(test_json_value_kinds__are_told_by_the_text),
        cmocka_unit_test(test_json_value_string__unescapes),
        cmocka_unit_test(test_json_value_string__refuses_what_has_no_utf8_or_is_no_string),
        cmocka_unit_test(test_json_value_string__says_when_the_arena_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
