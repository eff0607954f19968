/*
 * help.h — the command table as people and shells read it.
 *
 * Errors:   none of its own: those of the stream are seen by who ends the program
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* All commands, a line each. */
void help_print_index(bool has_colour, FILE *out);
/* One command; of a group its actions. `all` shows the options that are rarely needed, too. */
void help_print_command(const struct command *command, bool all, bool has_colour, FILE *out);

/* The whole table: firn.1 for man, docs/commands.md. */
void help_print_man(FILE *out);
void help_print_markdown(FILE *out);

/* What stands behind the name: "TABLE [options]". */
void help_print_usage(const struct command *command, FILE *out);
/* "--data DIR", "--json". */
void help_option_words(const struct option_row *row, char *ret_words, size_t size);

void completion_print_bash(FILE *out);
void completion_print_zsh(FILE *out);
void completion_print_fish(FILE *out);

#endif
