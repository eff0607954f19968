/* The command table as a manual page and as docs/commands.md (cli/help.h). */
#include "cli/help.h"

/* --- firn.1 --------------------------------------------------------------------------------- */

/* Text for roff: '-' as it is typed, no line that begins with a request. */
static void put_roff(const char *text, FILE *out)
{
    bool is_start = true;
    for (; *text; text++) {
        if (is_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
        is_start = *text == '\n';
    }
}

/* Paragraphs stand apart by an empty line. */
static void put_roff_paragraphs(const char *text, FILE *out)
{
    const char *gap;
    for (; (gap = strstr(text, "\n\n")) != NULL; text = gap + 2) {
        char paragraph[2048];
        snprintf(paragraph, sizeof(paragraph), "%.*s", (int)(gap - text), text);
        put_roff(paragraph, out);
        fputs("\n.PP\n", out);
    }
    put_roff(text, out);
}

static void put_roff_option(const struct option_row *row, bool is_setting, FILE *out)
{
    char words[80], variable[OPTION_VARIABLE_SIZE];
    snprintf(words, sizeof(words), "--%s%s%s", row->name, row->type == OPTION_TYPE_FLAG ? "" : " ",
             row->value);
    option_variable_name(row->name, variable);
    fputs(".TP\n.B ", out);
    put_roff(words, out);
    fputc('\n', out);
    put_roff(row->help, out);
    if (row->type != OPTION_TYPE_FLAG && row->fallback[0]) {
        fputs(" (default: ", out);
        put_roff(row->fallback, out);
        fputc(')', out);
    }
    fprintf(out, ".%s%s\n", is_setting ? " Variable: " : "", is_setting ? variable : "");
}

static void put_roff_command(const struct command *command, FILE *out)
{
    fputs(".SS \"", out);
    help_print_usage(command, out);
    fputs("\"\n", out);
    put_roff_paragraphs(command->details, out);
    fputc('\n', out);
    if (command->examples) {
        fputs(".PP\n.nf\n", out);
        put_roff(command->examples, out);
        fputs(".fi\n", out);
    }
    for (const unsigned *id = command->takes.ids; command->run && *id != OPTION_END; id++)
        put_roff_option(&command->takes.rows[*id], *id < OPTION_SETTING_COUNT, out);
}

void help_print_man(FILE *out)
{
    fputs(".TH FIRN 1 \"\" \"Firn " FIRN_VERSION "\"\n"
          ".SH NAME\nfirn \\- an Apache Iceberg REST catalog\n"
          ".SH SYNOPSIS\n.B firn\n.I COMMAND\n[\\fIoptions\\fR]\n"
          ".SH DESCRIPTION\nOne process that keeps namespaces, tables and views of Apache Iceberg "
          "and serves them\nto engines over HTTP.\n.B firn serve\nneeds no options.\n"
          ".SH COMMANDS\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        put_roff_command(command_rows[i], out);
    fputs(".SH \"EXIT STATUS\"\n", out);
#define X(enumerator, number, meaning)    \
    fprintf(out, ".TP\n.B %d\n", number); \
    put_roff(meaning "\n", out);
    EXIT_CODES(X)
#undef X
    fputs(".SH ENVIRONMENT\nEach option that names a variable above can be given by it. "
          ".B NO_COLOR\nturns colours off.\n"
          ".SH FILES\n.TP\n.I ./firn\\-data\nthe catalog's directory, unless\n.B \\-\\-data\n"
          "names another\n",
          out);
}

/* --- docs/commands.md ----------------------------------------------------------------------- */

/* A cell of a table: '|' would end it. */
static void put_cell(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_row(const struct option_row *row, bool is_setting, FILE *out)
{
    char variable[OPTION_VARIABLE_SIZE];
    option_variable_name(row->name, variable);
    fprintf(out, "| `--%s%s", row->name, row->type == OPTION_TYPE_FLAG ? "" : " ");
    put_cell(row->value, out);
    fputs("` | ", out);
    put_cell(row->help, out);
    fprintf(out, " | %s%s%s | %s%s%s |\n", row->fallback[0] ? "`" : "", row->fallback,
            row->fallback[0] ? "`" : "", is_setting ? "`" : "", is_setting ? variable : "",
            is_setting ? "`" : "");
}

static void put_section(const struct command *command, FILE *out)
{
    fprintf(out, "\n%s firn %s\n\n```\n", command_is_action(command) ? "###" : "##",
            command->takes.command);
    help_print_usage(command, out);
    fprintf(out, "\n```\n\n%s", command->details);
    if (command->run == NULL)
        return;
    if (command->takes.choices)
        fprintf(out, "\n%s: `%s`\n", command->takes.operands, command->takes.choices);
    if (command->examples)
        fprintf(out, "\n```\n%s```\n", command->examples);
    fputs("\n| option | | default | variable |\n|---|---|---|---|\n", out);
    for (const unsigned *id = command->takes.ids; *id != OPTION_END; id++)
        put_row(&command->takes.rows[*id], *id < OPTION_SETTING_COUNT, out);
}

void help_print_markdown(FILE *out)
{
    fputs("# Commands\n\n"
          "<!-- not run, all of this page: usage lines are no commands, and examples name tables "
          "of your own -->\n\n"
          "`firn help --format markdown` writes this page; so do `man firn` and `firn COMMAND "
          "--help` come from the same\ntable. Every command takes `--help`, `--help-all` and "
          "`--json`. Options that have a variable can also be\ngiven by it, or as a member of the "
          "JSON file that `--config` names: a flag wins over a variable, a variable\nover the "
          "file. Colours are for terminals alone, and `NO_COLOR` turns them off.\n\n"
          "| exit code | |\n|---|---|\n",
          out);
#define X(enumerator, number, meaning) fprintf(out, "| %d | %s |\n", number, meaning);
    EXIT_CODES(X)
#undef X
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        put_section(command_rows[i], out);
}
