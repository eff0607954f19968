/* firn help, firn completion (cli/command.h). */
#include "cli/command.h"

#include <stdio.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "cli/help.h"

#define MAX_TABLE_SIZE (4 * MIB)

/* --- the table as JSON ---------------------------------------------------------------------- */

static void write_member(struct json_writer *writer, const char *name, const char *text)
{
    json_write_key(writer, name);
    if (text)
        json_write_string(writer, slice_from_string(text));
    else
        json_write_null(writer);
}

static void write_option(struct json_writer *writer, unsigned id)
{
    char variable[OPTION_VARIABLE_SIZE];
    const struct option_row *row = &flag_rows[id];
    option_variable_name(row->name, variable);
    json_write_object_begin(writer);
    write_member(writer, "name", row->name);
    write_member(writer, "value", row->type == OPTION_TYPE_FLAG ? NULL : row->value);
    write_member(writer, "default", row->fallback);
    write_member(writer, "variable", id < OPTION_SETTING_COUNT ? variable : NULL);
    write_member(writer, "help", row->help);
    json_write_object_end(writer);
}

static void write_command(struct json_writer *writer, const struct command *command)
{
    json_write_object_begin(writer);
    write_member(writer, "name", command->takes.command);
    write_member(writer, "operands", command->takes.operands);
    write_member(writer, "choices", command->takes.choices);
    write_member(writer, "summary", command->summary);
    write_member(writer, "details", command->details);
    json_write_key(writer, "options");
    json_write_array_begin(writer);
    for (const unsigned *id = command->takes.ids; *id != OPTION_END; id++)
        write_option(writer, *id);
    json_write_array_end(writer);
    json_write_object_end(writer);
}

static bool print_json(struct error *err)
{
    struct buffer text;
    struct json_writer writer;
    buffer_init(&text, MAX_TABLE_SIZE);
    json_writer_init(&writer, &text);
    json_write_object_begin(&writer);
    json_write_key(&writer, "commands");
    json_write_array_begin(&writer);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        write_command(&writer, command_rows[i]);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    bool ok = buffer_check(&text, "the table of commands", err);
    if (ok)
        printf("%.*s\n", (int)text.len, text.ptr);
    buffer_finish(&text);
    return ok;
}

/* --- firn help ------------------------------------------------------------------------------ */

enum { FORMAT_TEXT, FORMAT_MAN, FORMAT_MARKDOWN };

static bool print_one(struct command_run *run, struct error *err)
{
    char *arguments[] = {(char *)run->options.operands[0].ptr,
                         (char *)run->options.operands[1].ptr};
    const struct command *command = NULL;
    int used = 0;
    TRY(command_find(arguments[1] ? 2 : 1, arguments, &command, &used, err));
    help_print_command(command, true, run->has_colour, stdout);
    return true;
}

static bool help(struct command_run *run, struct error *err)
{
    int64_t format = option_number(&run->options, FLAG_FORMAT);
    if (run->wants_json)
        return print_json(err);
    if (format == FORMAT_MAN)
        help_print_man(stdout);
    else if (format == FORMAT_MARKDOWN)
        help_print_markdown(stdout);
    else if (run->options.operands[0].ptr)
        return print_one(run, err);
    else
        help_print_index(run->has_colour, stdout);
    return true;
}

static const unsigned HELP_IDS[] = {FLAG_FORMAT, FLAG_JSON, OPTION_END};

const struct command command_help = {
    .takes = COMMAND_TAKES("help", "[COMMAND] [ACTION]", HELP_IDS),
    .summary = "print this, the help of a command, or the manual",
    .details = "Prints what a command does and takes. The manual page and docs/commands.md are\n"
               "made by it, too, out of the same table.\n",
    .examples = "    firn help fsck\n"
                "    firn help --format man > firn.1\n",
    .run = help,
};

/* --- firn completion ------------------------------------------------------------------------ */

static bool completion(struct command_run *run, struct error *err)
{
    struct slice shell = run->options.operands[0];
    (void)err;
    if (slice_equals_string(shell, "bash"))
        completion_print_bash(stdout);
    else if (slice_equals_string(shell, "zsh"))
        completion_print_zsh(stdout);
    else
        completion_print_fish(stdout);
    return true;
}

static const unsigned COMPLETION_IDS[] = {OPTION_END};

const struct command command_completion = {
    .takes = {.command = "completion",
              .operands = "SHELL",
              .choices = "bash|zsh|fish",
              .rows = flag_rows,
              .ids = COMPLETION_IDS},
    .summary = "print what makes a shell complete firn's words",
    .details = "Prints a script that the shell reads at its start.\n",
    .examples = "    firn completion bash > ~/.local/share/bash-completion/completions/firn\n"
                "    firn completion zsh > \"${fpath[1]}/_firn\"\n"
                "    firn completion fish > ~/.config/fish/completions/firn.fish\n",
    .run = completion,
};
