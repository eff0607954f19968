#include "cli/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

static const char *variables[3];

static const char *environment(const char *name)
{
    return strcmp(name, "NO_COLOR") == 0 ? variables[0]
           : strcmp(name, "TERM") == 0   ? variables[1]
                                         : NULL;
}

static void assert_shown(struct slice text, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 1024);
    terminal_append(&out, text);
    assert_slice_equal(buffer_slice(&out), expected);
    buffer_finish(&out);
}

static void test_terminal__hostile_names_are_harmless(void **state)
{
    (void)state;
    assert_shown(SLICE_LITERAL("plain, größe, 雪, <b>"), "plain, größe, 雪, <b>");
    assert_shown(SLICE_LITERAL("a\033[2Jb\n\x7f"), "a\\u{1b}[2Jb\\u{a}\\u{7f}");
    assert_shown(SLICE_LITERAL("\u202Eevil\u2066\u200B\uFEFF"),
                 "\\u{202e}evil\\u{2066}\\u{200b}\\u{feff}");
    assert_shown(SLICE_LITERAL("\xc2\x9b"
                               "31m"),
                 "\\u{9b}31m");
    assert_shown(SLICE_LITERAL("\xff\xc3"), "\\xff\\xc3");
    assert_shown(SLICE_LITERAL("a\0b"), "a\\u{0}b");
}

static void test_terminal__colours_need_a_terminal_and_no_veto(void **state)
{
    (void)state;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), file = open("/dev/null", O_WRONLY);
    assert_true(terminal >= 0 && file >= 0);
    variables[0] = NULL;
    variables[1] = "xterm";
    assert_true(terminal_has_colour(terminal, environment));
    assert_false(terminal_has_colour(file, environment));
    variables[0] = ""; /* no-color.org: set and not empty */
    assert_true(terminal_has_colour(terminal, environment));
    variables[0] = "1";
    assert_false(terminal_has_colour(terminal, environment));
    variables[0] = NULL;
    variables[1] = "dumb";
    assert_false(terminal_has_colour(terminal, environment));
    variables[1] = NULL;
    assert_false(terminal_has_colour(terminal, environment));
    close(terminal);
    close(file);
    assert_string_equal(terminal_style(false, STYLE_BAD), "");
    assert_string_equal(terminal_style(true, STYLE_PLAIN), "\033[0m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal__hostile_names_are_harmless),
        cmocka_unit_test(test_terminal__colours_need_a_terminal_and_no_veto),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
