/* The command table as completion scripts of shells (cli/help.h). */
#include "cli/help.h"

/* "a|b" as "a b". */
static void put_words(const char *choices, FILE *out)
{
    for (; *choices; choices++)
        fputc(*choices == '|' ? ' ' : *choices, out);
}

/* What stands behind the name that is completed with file names. */
static bool is_path(const char *value)
{
    return strcmp(value, "DIR") == 0 || strcmp(value, "FILE") == 0;
}

/* --- bash ----------------------------------------------------------------------------------- */

static void put_bash_words(const struct command *command, FILE *out)
{
    fprintf(out, "    '%s') words=\"", command->takes.command);
    for (size_t i = 0; i < COMMAND_COUNT && command->run == NULL; i++)
        if (command_is_action_of(command_rows[i], command))
            fprintf(out, "%s ",
                    command_rows[i]->takes.command + strlen(command->takes.command) + 1);
    if (command->takes.choices)
        put_words(command->takes.choices, out);
    for (const unsigned *id = command->takes.ids; command->run && *id != OPTION_END; id++)
        fprintf(out, " --%s", command->takes.rows[*id].name);
    fputs(" --help\" ;;\n", out);
}

static void put_bash_values(FILE *out)
{
    for (unsigned id = 0; id < FLAG_END; id++) {
        const struct option_row *row = &flag_rows[id];
        if (row->type == OPTION_TYPE_CHOICE) {
            fprintf(out, "    --%s) COMPREPLY=($(compgen -W \"", row->name);
            put_words(row->value, out);
            fputs("\" -- \"$current\")); return ;;\n", out);
        } else if (row->type != OPTION_TYPE_FLAG) {
            fprintf(out, "    --%s) COMPREPLY=(%s); return ;;\n", row->name,
                    is_path(row->value) ? "$(compgen -f -- \"$current\")" : "");
        }
    }
}

void completion_print_bash(FILE *out)
{
    fputs("# firn completion bash\n"
          "_firn() {\n"
          "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
          "  local command=${COMP_WORDS[1]} words=\n"
          "  case $before in\n",
          out);
    put_bash_values(out);
    fputs("  esac\n"
          "  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W \"",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!command_is_action(command_rows[i]))
            fprintf(out, "%s ", command_rows[i]->takes.command);
    fputs("\" -- \"$current\"))\n    return\n  fi\n"
          "  case $command in\n    ",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (command_rows[i]->run == NULL)
            fprintf(out, "%s|", command_rows[i]->takes.command);
    fputs("'')\n      ((COMP_CWORD == 2)) || command+=\" ${COMP_WORDS[2]}\" ;;\n  esac\n"
          "  case $command in\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        put_bash_words(command_rows[i], out);
    fputs("  esac\n"
          "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "  [[ ${#COMPREPLY[@]} -gt 0 || $current == -* ]] ||\n"
          "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
          "}\n"
          "complete -F _firn firn\n",
          out);
}

/* --- zsh ------------------------------------------------------------------------------------ */

/* Text inside of '…' in which zsh splits at ':' and ends at ']'. */
static void put_zsh(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (strchr(":[]\\", *text))
            fputc('\\', out);
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
}

static void put_zsh_option(const struct option_row *row, FILE *out)
{
    fprintf(out, " \\\n        '--%s%s[", row->name, row->type == OPTION_TYPE_FLAG ? "" : "=");
    put_zsh(row->help, out);
    fputc(']', out);
    if (row->type == OPTION_TYPE_CHOICE) {
        fputs(":word:(", out);
        put_words(row->value, out);
        fputc(')', out);
    } else if (row->type != OPTION_TYPE_FLAG) {
        fputc(':', out);
        put_zsh(row->value, out);
        fputs(is_path(row->value) ? ":_files" : ": ", out);
    }
    fputc('\'', out);
}

static void put_zsh_command(const struct command *command, FILE *out)
{
    if (command->run == NULL)
        return;
    fprintf(out, "    '%s')\n      _arguments '--help[say more]'", command->takes.command);
    for (const unsigned *id = command->takes.ids; *id != OPTION_END; id++)
        put_zsh_option(&command->takes.rows[*id], out);
    if (command->takes.choices) {
        fputs(" \\\n        ':word:(", out);
        put_words(command->takes.choices, out);
        fputs(")'", out);
    } else if (command->takes.operands) {
        fputs(" \\\n        '*:argument:_files'", out);
    }
    fputs(" ;;\n", out);
}

/* `actions=( … )` of a group, `commands=( … )` of all. */
static void put_zsh_list(const struct command *head, FILE *out)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *one = command_rows[i];
        if (head ? !command_is_action_of(one, head) : command_is_action(one))
            continue;
        fprintf(out, " '%s:", one->takes.command + (head ? strlen(head->takes.command) + 1 : 0));
        put_zsh(one->summary, out);
        fputc('\'', out);
    }
}

void completion_print_zsh(FILE *out)
{
    fputs("#compdef firn\n_firn() {\n  local -a commands\n  local command=$words[2]\n"
          "  if ((CURRENT == 2)); then\n    commands=(",
          out);
    put_zsh_list(NULL, out);
    fputs(")\n    _describe command commands\n    return\n  fi\n  case $command in\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (command_rows[i]->run)
            continue;
        fprintf(out, "    %s)\n      if ((CURRENT == 3)); then\n        commands=(",
                command_rows[i]->takes.command);
        put_zsh_list(command_rows[i], out);
        fputs(")\n        _describe action commands\n        return\n      fi\n"
              "      command+=\" $words[3]\"\n      shift words\n      ((CURRENT--)) ;;\n",
              out);
    }
    fputs("  esac\n  shift words\n  ((CURRENT--))\n  case $command in\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        put_zsh_command(command_rows[i], out);
    fputs("  esac\n}\nif [ \"$funcstack[1]\" = _firn ]; then _firn \"$@\"; "
          "else compdef _firn firn; fi\n",
          out);
}

/* --- fish ----------------------------------------------------------------------------------- */

static void put_fish(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

/* The condition under which a command's own words are offered. */
static void put_fish_condition(const struct command *command, FILE *out)
{
    const char *name = command->takes.command, *gap = strchr(name, ' ');
    fprintf(out, "complete -c firn -n '__fish_seen_subcommand_from %.*s",
            (int)(gap ? gap - name : (long)strlen(name)), name);
    if (gap)
        fprintf(out, "; and __fish_seen_subcommand_from %s", gap + 1);
    fputc('\'', out);
}

static void put_fish_option(const struct command *command, const struct option_row *row, FILE *out)
{
    put_fish_condition(command, out);
    fprintf(out, " -l %s", row->name);
    if (row->type == OPTION_TYPE_CHOICE) {
        fputs(" -x -a '", out);
        put_words(row->value, out);
        fputc('\'', out);
    } else if (row->type != OPTION_TYPE_FLAG) {
        fputs(is_path(row->value) ? " -r -F" : " -x", out);
    }
    fputs(" -d ", out);
    put_fish(row->help, out);
    fputc('\n', out);
}

static void put_fish_command(const struct command *command, FILE *out)
{
    for (size_t i = 0; i < COMMAND_COUNT && command->run == NULL; i++) {
        const struct command *action = command_rows[i];
        if (!command_is_action_of(action, command))
            continue;
        put_fish_condition(command, out);
        fprintf(out, " -f -a %s -d ", action->takes.command + strlen(command->takes.command) + 1);
        put_fish(action->summary, out);
        fputc('\n', out);
    }
    if (command->takes.choices) {
        put_fish_condition(command, out);
        fputs(" -f -a '", out);
        put_words(command->takes.choices, out);
        fputs("'\n", out);
    }
    for (const unsigned *id = command->takes.ids; command->run && *id != OPTION_END; id++)
        put_fish_option(command, &command->takes.rows[*id], out);
}

void completion_print_fish(FILE *out)
{
    fputs("# firn completion fish\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (command_is_action(command_rows[i]))
            continue;
        fprintf(out, "complete -c firn -n __fish_use_subcommand -f -a %s -d ",
                command_rows[i]->takes.command);
        put_fish(command_rows[i]->summary, out);
        fputc('\n', out);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        put_fish_command(command_rows[i], out);
}
