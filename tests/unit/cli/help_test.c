#include "cli/help.h"

#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

/* A terminal as it opens. */
#define SCREEN_LINES 24
#define SCREEN_COLUMNS 80

struct text {
    char *ptr;
    size_t size;
    FILE *out;
};

static FILE *open_text(struct text *text)
{
    memset(text, 0, sizeof(*text));
    text->out = open_memstream(&text->ptr, &text->size);
    assert_non_null(text->out);
    return text->out;
}

/* The prompt takes a line of the screen. */
static void check_screen(struct text *text, const char *name)
{
    size_t lines = 0;
    fclose(text->out);
    for (char *line = text->ptr, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++)
        if (end - line > SCREEN_COLUMNS)
            fail_msg("%s: %.*s", name, (int)(end - line), line);
    if (lines > SCREEN_LINES - 1)
        fail_msg("the help of %s has %zu lines:\n%s", name, lines, text->ptr);
    free(text->ptr);
}

static void test_help__fits_a_screen(void **state)
{
    struct text text;
    (void)state;
    help_print_index(false, open_text(&text));
    check_screen(&text, "firn");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        help_print_command(command_rows[i], false, false, open_text(&text));
        check_screen(&text, command_rows[i]->takes.command);
    }
}

static void test_help__all_lists_every_option(void **state)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        struct text text;
        (void)state;
        help_print_command(command_rows[i], true, false, open_text(&text));
        fclose(text.out);
        for (const unsigned *id = command_rows[i]->takes.ids;
             command_rows[i]->run && *id != OPTION_END; id++) {
            char flag[64];
            snprintf(flag, sizeof(flag), "  --%s", flag_rows[*id].name);
            assert_non_null(strstr(text.ptr, flag));
        }
        free(text.ptr);
    }
}

static void test_help__colours_are_asked_for(void **state)
{
    struct text text;
    (void)state;
    help_print_command(&command_fsck, false, false, open_text(&text));
    fclose(text.out);
    assert_null(strchr(text.ptr, '\033'));
    free(text.ptr);
    help_print_command(&command_fsck, false, true, open_text(&text));
    fclose(text.out);
    assert_non_null(strchr(text.ptr, '\033'));
    free(text.ptr);
}

static void test_help__manual_and_page_have_every_command(void **state)
{
    static void (*const WRITERS[])(FILE *) = {help_print_man, help_print_markdown,
                                              completion_print_bash, completion_print_zsh,
                                              completion_print_fish};
    (void)state;
    for (size_t i = 0; i < sizeof(WRITERS) / sizeof(WRITERS[0]); i++) {
        struct text text;
        WRITERS[i](open_text(&text));
        fclose(text.out);
        for (size_t j = 0; j < COMMAND_COUNT; j++) {
            const char *name = command_rows[j]->takes.command, *gap = strchr(name, ' ');
            assert_non_null(strstr(text.ptr, gap ? gap + 1 : name));
        }
        assert_non_null(strstr(text.ptr, "log"));
        free(text.ptr);
    }
}

static void test_help__page_is_current(void **state)
{
    struct text text;
    char page[256 * 1024];
    FILE *file = fopen("docs/commands.md", "re");
    (void)state;
    assert_non_null(file);
    size_t size = fread(page, 1, sizeof(page) - 1, file);
    page[size] = '\0';
    fclose(file);
    help_print_markdown(open_text(&text));
    fclose(text.out);
    if (strcmp(text.ptr, page) != 0)
        fail_msg("docs/commands.md is not what the table of commands says: run ./dev docs");
    free(text.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help__fits_a_screen),
        cmocka_unit_test(test_help__all_lists_every_option),
        cmocka_unit_test(test_help__colours_are_asked_for),
        cmocka_unit_test(test_help__page_is_current),
        cmocka_unit_test(test_help__manual_and_page_have_every_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
