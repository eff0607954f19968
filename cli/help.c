#include "cli/help.h"

#include "base/nearest.h"
#include "cli/terminal.h"

/* Where the second column begins; names of commands and options are shorter. */
#define OPTION_WIDTH 25
#define COMMAND_WIDTH 12
#define ACTION_WIDTH 36
#define SCREEN_COLUMNS 80

void help_option_words(const struct option_row *row, char *ret_words, size_t size)
{
    bool is_flag = row->type == OPTION_TYPE_FLAG;
    bool is_long = row->type == OPTION_TYPE_CHOICE && strlen(row->value) > OPTION_WIDTH - 12;
    snprintf(ret_words, size, "--%s%s%s", row->name, is_flag ? "" : " ",
             is_flag   ? ""
             : is_long ? "WORD"
                       : row->value);
}

void help_print_usage(const struct command *command, FILE *out)
{
    fprintf(out, "firn %s", command->takes.command);
    if (command->run == NULL)
        fputs(" ACTION", out);
    if (command->takes.operands)
        fprintf(out, " %s", command->takes.operands);
    fputs(" [options]", out);
}

/* Words of a text, so that no line is longer than a terminal's; an empty line stays. */
static void print_wrapped(const char *text, FILE *out)
{
    size_t column = 0;
    while (*text) {
        size_t size = strcspn(text, " \n");
        bool is_gap = strncmp(text + size, "\n\n", 2) == 0;
        if (column > 0 && column + 1 + size > SCREEN_COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, "%s%.*s", column > 0 ? " " : "", (int)size, text);
        column += size + (column > 0);
        text += size;
        if (is_gap) {
            fputs("\n\n", out);
            column = 0;
        }
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

static void print_choices(const struct command *command, FILE *out)
{
    struct slice rest = slice_from_string(command->takes.choices), one;
    size_t column = (size_t)fprintf(out, "%s is one of", command->takes.operands);
    while (nearest_next(&rest, &one)) {
        if (column + 1 + one.len > SCREEN_COLUMNS)
            column = (size_t)fprintf(out, "\n   ") - 1;
        column += (size_t)fprintf(out, " %.*s", SLICE_ARG(one));
    }
    fputs("\n\n", out);
}

static void print_heading(const char *text, bool has_colour, FILE *out)
{
    fprintf(out, "%s%s%s\n", terminal_style(has_colour, STYLE_BOLD), text,
            terminal_style(has_colour, STYLE_PLAIN));
}

void help_print_index(bool has_colour, FILE *out)
{
    fprintf(out, "Firn %s, an Apache Iceberg REST catalog. Usage: firn COMMAND [options]\n\n",
            FIRN_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *one = command_rows[i];
        if (!command_is_action(one))
            fprintf(out, "  %s%-*s%s %s\n", terminal_style(has_colour, STYLE_BOLD), COMMAND_WIDTH,
                    one->takes.command, terminal_style(has_colour, STYLE_PLAIN), one->summary);
    }
    fputs("\nBegin with `firn serve`. `firn COMMAND --help` says more, `man firn` all.\n", out);
}

/* A default that says something. */
static bool has_default(const struct option_row *row)
{
    return row->type != OPTION_TYPE_FLAG && row->fallback[0] != '\0' &&
           strcmp(row->fallback, "0") != 0;
}

static void print_option(const struct option_row *row, FILE *out)
{
    char words[80];
    help_option_words(row, words, sizeof(words));
    fprintf(out, "  %-*s %s", OPTION_WIDTH, words, row->help);
    if (row->type == OPTION_TYPE_CHOICE && strstr(words, row->value) == NULL)
        fprintf(out, ": %s", row->value);
    if (has_default(row))
        fprintf(out, " (%s)", row->fallback);
    fputc('\n', out);
}

static size_t print_options(const struct command *command, bool all, FILE *out)
{
    size_t left_out = 0;
    for (const unsigned *id = command->takes.ids; *id != OPTION_END; id++) {
        const struct option_row *row = &command->takes.rows[*id];
        if (all || row->rank == OPTION_RANK_MAIN)
            print_option(row, out);
        else
            left_out++;
    }
    return left_out;
}

static void print_actions(const struct command *head, FILE *out)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *one = command_rows[i];
        char words[80];
        if (!command_is_action_of(one, head))
            continue;
        snprintf(words, sizeof(words), "firn %s %s", one->takes.command,
                 one->takes.operands ? one->takes.operands : "");
        fprintf(out, "  %-*s %s\n", ACTION_WIDTH, words, one->summary);
    }
}

void help_print_command(const struct command *command, bool all, bool has_colour, FILE *out)
{
    fputs(terminal_style(has_colour, STYLE_BOLD), out);
    help_print_usage(command, out);
    fprintf(out, "%s\n", terminal_style(has_colour, STYLE_PLAIN));
    print_wrapped(command->details, out);
    fputc('\n', out);
    if (command->run == NULL) {
        print_actions(command, out);
        return;
    }
    if (command->takes.choices)
        print_choices(command, out);
    if (command->examples)
        fprintf(out, "%s\n", command->examples);
    if (command->takes.ids[0] == OPTION_END)
        return;
    print_heading("Options", has_colour, out);
    size_t left_out = print_options(command, all, out);
    if (left_out > 0)
        fprintf(out, "  %-*s the %zu that are rarely needed, too\n", OPTION_WIDTH, "--help-all",
                left_out);
}
