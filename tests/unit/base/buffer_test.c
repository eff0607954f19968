#include "base/buffer.h"

#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

static void test_buffer__collects_all_kinds_of_appends(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err = {0};
    buffer_init(&buffer, 100);
    assert_slice_equal(buffer_slice(&buffer), "");
    buffer_append(&buffer, "ab", 2);
    buffer_append_slice(&buffer, SLICE_LITERAL("cd"));
    buffer_append_string(&buffer, "ef");
    buffer_append_byte(&buffer, ' ');
    buffer_append_int64(&buffer, INT64_MIN);
    buffer_append_byte(&buffer, ' ');
    buffer_append_int64(&buffer, 0);
    buffer_printf(&buffer, " %s=%d", "n", 7);
    assert_slice_equal(buffer_slice(&buffer), "abcdef -9223372036854775808 0 n=7");
    assert_ok(buffer_check(&buffer, "the text", &err), &err);
    buffer_finish(&buffer);
}

static void test_buffer__takes_exactly_its_ceiling(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    for (int i = 0; i < 1000; i++)
        buffer_append_byte(&buffer, 'x');
    assert_true(buffer_ok(&buffer));
    assert_int_equal(buffer.len, 1000);
    buffer_append_slice(&buffer, SLICE_EMPTY);
    assert_true(buffer_ok(&buffer));
    buffer_append_byte(&buffer, 'x');
    assert_false(buffer_ok(&buffer));
    buffer_finish(&buffer);
}

static void test_buffer__over_its_ceiling_fails_for_good_and_keeps_what_was_there(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err = {0};
    buffer_init(&buffer, 5);
    buffer_append_string(&buffer, "abc");
    buffer_append_string(&buffer, "def");
    assert_false(buffer_ok(&buffer));
    buffer_append_string(&buffer, "g"); /* would fit, but a text with a hole is worse than none */
    buffer_printf(&buffer, "%d", 1);
    buffer_append_int64(&buffer, 1);
    assert_false(buffer_reserve(&buffer, 0));
    assert_slice_equal(buffer_slice(&buffer), "abc");
    assert_fails(buffer_check(&buffer, "the name", &err), &err, ERROR_TOO_LARGE);
    assert_non_null(strstr(err.message, "the name"));
    buffer_finish(&buffer);
}

static void test_buffer__printf_over_the_ceiling_appends_nothing(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 4);
    buffer_printf(&buffer, "%s", "abcd");
    assert_slice_equal(buffer_slice(&buffer), "abcd");
    buffer_printf(&buffer, "%s", "e");
    assert_int_equal(buffer.state, BUFFER_OVER_CEILING);
    assert_slice_equal(buffer_slice(&buffer), "abcd");
    buffer_finish(&buffer);
}

static void test_buffer__refuses_sizes_that_overflow(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, SIZE_MAX);
    buffer_append_byte(&buffer, 'a');
    assert_false(buffer_reserve(&buffer, SIZE_MAX - 1));
    assert_int_equal(buffer.state, BUFFER_NO_MEMORY);
    buffer_finish(&buffer);
}

static void test_buffer_reserve__one_step_then_no_growth(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1 << 20);
    assert_true(buffer_reserve(&buffer, 5000));
    const char *before = buffer.ptr;
    for (int i = 0; i < 5000; i++)
        buffer_append_byte(&buffer, 'x');
    assert_ptr_equal(buffer.ptr, before);
    buffer_finish(&buffer);
}

static void test_buffer_truncate__shortens_and_never_lengthens(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append_string(&buffer, "abcdef");
    buffer_truncate(&buffer, 9);
    assert_slice_equal(buffer_slice(&buffer), "abcdef");
    buffer_truncate(&buffer, 2);
    assert_slice_equal(buffer_slice(&buffer), "ab");
    buffer_finish(&buffer);
}

static void test_buffer_detach__leaves_an_empty_usable_buffer(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 3);
    buffer_append_string(&buffer, "abc");
    buffer_append_byte(&buffer, 'd');
    char *bytes = buffer_detach(&buffer);
    assert_memory_equal(bytes, "abc", 3);
    free(bytes);
    buffer_append_string(&buffer, "xyz");
    assert_slice_equal(buffer_slice(&buffer), "xyz");
    buffer_finish(&buffer);
    buffer_finish(NULL);
}

static void test_buffer_to_arena__ends_the_buffer_whatever_comes_of_it(void **state)
{
    struct buffer buffer;
    struct arena arena;
    struct slice bytes = SLICE_LITERAL("before");
    struct error err = {0};
    (void)state;
    arena_init(&arena, 4096);
    buffer_init(&buffer, 4);
    buffer_append_string(&buffer, "text");
    assert_ok(buffer_to_arena(&buffer, true, "a text", &arena, &bytes, &err), &err);
    assert_slice_equal(bytes, "text");
    buffer_init(&buffer, 4);
    buffer_append_string(&buffer, "longer");
    assert_fails(buffer_to_arena(&buffer, true, "a text", &arena, &bytes, &err), &err,
                 ERROR_TOO_LARGE);
    buffer_init(&buffer, 4);
    error_set(&err, ERROR_CONFLICT, "of the writer");
    assert_false(buffer_to_arena(&buffer, false, "a text", &arena, &bytes, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_slice_equal(bytes, "text");
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer__collects_all_kinds_of_appends),
        cmocka_unit_test(test_buffer__takes_exactly_its_ceiling),
        cmocka_unit_test(test_buffer__over_its_ceiling_fails_for_good_and_keeps_what_was_there),
        cmocka_unit_test(test_buffer__printf_over_the_ceiling_appends_nothing),
        cmocka_unit_test(test_buffer__refuses_sizes_that_overflow),
        cmocka_unit_test(test_buffer_reserve__one_step_then_no_growth),
        cmocka_unit_test(test_buffer_truncate__shortens_and_never_lengthens),
        cmocka_unit_test(test_buffer_detach__leaves_an_empty_usable_buffer),
        cmocka_unit_test(test_buffer_to_arena__ends_the_buffer_whatever_comes_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
