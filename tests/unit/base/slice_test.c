#include "base/slice.h"
#include "tests/unit/cmocka_all.h"

static struct slice s(const char *text)
{
    return slice_from_string(text);
}

static void test_slice_compare__is_bytewise_and_shorter_first(void **state)
{
    (void)state;
    assert_int_equal(slice_compare(s("abc"), s("abc")), 0);
    assert_true(slice_compare(s("ab"), s("abc")) < 0);
    assert_true(slice_compare(s("abc"), s("ab")) > 0);
    assert_true(slice_compare(s("abd"), s("abcz")) > 0);
    assert_true(slice_compare(s("\xC3\xA9"), s("z")) > 0); /* bytes are unsigned */
    assert_true(slice_compare(s(""), s("a")) < 0);
    assert_int_equal(slice_compare((struct slice){NULL, 0}, s("")), 0);
}

static void test_slice_equals_ignore_case__folds_ascii_only(void **state)
{
    (void)state;
    assert_true(slice_equals_ignore_case(s("If-None-Match"), s("if-none-MATCH")));
    assert_false(slice_equals_ignore_case(s("É"), s("é")));
    assert_false(slice_equals_ignore_case(s("["), s("{"))); /* differ in the case bit only */
    assert_false(slice_equals_ignore_case(s("a"), s("ab")));
}

static void test_slice_find__gives_index_or_length(void **state)
{
    (void)state;
    assert_int_equal(slice_find(s("a/b/c"), '/'), 1);
    assert_int_equal(slice_find(s("abc"), '/'), 3);
    assert_int_equal(slice_find((struct slice){NULL, 0}, '/'), 0);
}

static void test_slice_parts__start_end_and_rest(void **state)
{
    (void)state;
    assert_true(slice_starts_with(s("s3://b"), s("s3://")));
    assert_false(slice_starts_with(s("s3"), s("s3://")));
    assert_true(slice_ends_with(s("x.avro"), s(".avro")));
    assert_false(slice_ends_with(s("avro"), s(".avro")));
    assert_slice_equal(slice_from(s("abc"), 1), "bc");
    assert_slice_equal(slice_from(s("abc"), 9), "");
}

static void test_slice_to_int64__reads_the_whole_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"-12", -12},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t value = 42;
        assert_true(slice_to_int64(s(good[i].text), &value));
        assert_true(value == good[i].value);
    }
}

static void test_slice_to_int64__refuses_all_else_and_leaves_the_output(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "1x",
        "0x10",
        "1.0",
        "1e3",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t value = 42;
        assert_false(slice_to_int64(s(bad[i]), &value));
        assert_int_equal(value, 42);
    }
}

/* RFC 3629, section 4: the edges of every row of the table, and what lies just outside. */
static const char *const WELL_FORMED[] = {
    "",
    "a",
    "\x7F",
    "\xC2\x80",
    "\xDF\xBF",
    "\xE0\xA0\x80",
    "\xE0\xBF\xBF",
    "\xE1\x80\x80",
    "\xEC\xBF\xBF",
    "\xED\x80\x80",
    "\xED\x9F\xBF",
    "\xEE\x80\x80",
    "\xEF\xBF\xBF",
    "\xF0\x90\x80\x80",
    "\xF0\xBF\xBF\xBF",
    "\xF1\x80\x80\x80",
    "\xF3\xBF\xBF\xBF",
    "\xF4\x80\x80\x80",
    "\xF4\x8F\xBF\xBF",
    "eight by\xC3\xA9 eight bytes",
    "雪🧊",
};
static const char *const MALFORMED[] = {
    "\x80",
    "\xBF",
    "\xC0\xAF",
    "\xC1\xBF",
    "\xC2",
    "\xC2\x41",
    "\xC2\xC0",
    "\xE0\x9F\xBF",
    "\xE0\x80\x80",
    "\xE1\x80",
    "\xE1\x80\x41",
    "\xED\xA0\x80",
    "\xED\xBF\xBF",
    "\xF0\x8F\xBF\xBF",
    "\xF0\x90\x80",
    "\xF1\x80\x80\x41",
    "\xF4\x90\x80\x80",
    "\xF5\x80\x80\x80",
    "\xFE",
    "\xFF",
    "12345678\x80",
    "1234567\xE9\x9B",
};

static void test_slice_is_utf8__accepts_the_edges_of_rfc_3629(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(WELL_FORMED) / sizeof(WELL_FORMED[0]); i++)
        assert_true(slice_is_utf8(s(WELL_FORMED[i])));
    assert_true(slice_is_utf8(slice_make("a\0b", 3)));
}

static void test_slice_is_utf8__refuses_overlong_surrogates_and_cut_sequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(MALFORMED) / sizeof(MALFORMED[0]); i++) {
        if (slice_is_utf8(s(MALFORMED[i])))
            fail_msg("row %zu is taken for UTF-8", i);
    }
}

static void test_printable__ends_where_a_sentence_would_break(void **state)
{
    (void)state;
    assert_slice_equal(slice_printable(SLICE_LITERAL("not you\r\nX: 1"), 100), "not you");
    assert_slice_equal(slice_printable(SLICE_LITERAL("caf\xC3\xA9"), 100), "caf");
    assert_slice_equal(slice_printable(SLICE_LITERAL("abcdef"), 4), "abcd");
    assert_slice_equal(slice_printable(SLICE_EMPTY, 4), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_compare__is_bytewise_and_shorter_first),
        cmocka_unit_test(test_slice_equals_ignore_case__folds_ascii_only),
        cmocka_unit_test(test_slice_find__gives_index_or_length),
        cmocka_unit_test(test_slice_parts__start_end_and_rest),
        cmocka_unit_test(test_slice_to_int64__reads_the_whole_range),
        cmocka_unit_test(test_slice_to_int64__refuses_all_else_and_leaves_the_output),
        cmocka_unit_test(test_slice_is_utf8__accepts_the_edges_of_rfc_3629),
        cmocka_unit_test(test_slice_is_utf8__refuses_overlong_surrogates_and_cut_sequences),
        cmocka_unit_test(test_printable__ends_where_a_sentence_would_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
