#include "tests/unit/cmocka_all.h"

static void test_error_set__fills_kind_and_sentence_and_is_false(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(error_set(&err, ERROR_NO_SUCH_TABLE, "table %s is not there", "a.b"));
    assert_int_equal(err.kind, ERROR_NO_SUCH_TABLE);
    assert_string_equal(err.message, "table a.b is not there");
}

static void test_error_set__takes_null(void **state)
{
    (void)state;
    assert_false(error_set(NULL, ERROR_INTERNAL, "nobody listens"));
    assert_false(error_prefix(NULL, "nobody"));
    assert_false(error_no_memory(NULL, "nothing"));
    error_clear(NULL);
}

static void test_error_set__may_quote_its_own_message(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_STORAGE, "disk is gone");
    error_set(&err, ERROR_COMMIT_UNKNOWN, "outcome unknown: %s", err.message);
    assert_string_equal(err.message, "outcome unknown: disk is gone");
}

static void test_error_set__cuts_long_text_on_a_character(void **state)
{
    (void)state;
    /* Every offset of the cut within a three-byte character. */
    for (int shift = 0; shift < 3; shift++) {
        char name[2000] = {0};
        memset(name, 'x', (size_t)shift);
        for (size_t at = (size_t)shift; at + 3 < sizeof(name); at += 3)
            memcpy(name + at, "雪", 3);
        struct error err = {0};
        error_set(&err, ERROR_BAD_REQUEST, "%s", name);
        struct slice message = slice_from_string(err.message);
        assert_in_range(message.len, ERROR_MESSAGE_SIZE - 4, ERROR_MESSAGE_SIZE - 1);
        assert_true(slice_is_utf8(message));
        assert_true(slice_ends_with(message, SLICE_LITERAL("…")));
    }
}

static void test_error_set__keeps_the_longest_text_that_fits(void **state)
{
    (void)state;
    char text[ERROR_MESSAGE_SIZE];
    memset(text, 'y', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct error err = {0};
    error_set(&err, ERROR_BAD_REQUEST, "%s", text);
    assert_string_equal(err.message, text);
}

static void test_error_prefix__keeps_the_kind(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_CORRUPT, "a digest differs");
    assert_false(error_prefix(&err, "table '%s'", "t"));
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_string_equal(err.message, "table 't': a digest differs");
}

static void test_error_no_memory__says_for_what(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(error_no_memory(&err, "the answer"));
    assert_int_equal(err.kind, ERROR_NO_MEMORY);
    assert_non_null(strstr(err.message, "the answer"));
}

static void test_error_clear__leaves_none(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_CORRUPT, "x");
    error_clear(&err);
    assert_int_equal(err.kind, ERROR_NONE);
    assert_string_equal(err.message, "");
}

static void test_error_kind_name__names_every_kind_differently(void **state)
{
    (void)state;
    for (int a = 0; a < ERROR_KIND_COUNT; a++) {
        assert_non_null(error_kind_name((enum error_kind)a));
        for (int b = 0; b < a; b++)
            assert_string_not_equal(error_kind_name((enum error_kind)a),
                                    error_kind_name((enum error_kind)b));
    }
    assert_string_equal(error_kind_name(ERROR_COMMIT_FAILED), "commit_failed");
    assert_string_equal(error_kind_name(ERROR_KIND_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_set__fills_kind_and_sentence_and_is_false),
        cmocka_unit_test(test_error_set__takes_null),
        cmocka_unit_test(test_error_set__may_quote_its_own_message),
        cmocka_unit_test(test_error_set__cuts_long_text_on_a_character),
        cmocka_unit_test(test_error_set__keeps_the_longest_text_that_fits),
        cmocka_unit_test(test_error_prefix__keeps_the_kind),
        cmocka_unit_test(test_error_no_memory__says_for_what),
        cmocka_unit_test(test_error_clear__leaves_none),
        cmocka_unit_test(test_error_kind_name__names_every_kind_differently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
