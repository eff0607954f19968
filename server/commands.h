/*
 * commands.h — the program's other commands: they look at a data directory, say what they found or
 * did, and end.
 *
 * Errors:   a sentence on stderr and an exit code
 * Rule:     main.c has the table of all commands; options are server/options.h's
 */
#ifndef SERVER_COMMANDS_H
#define SERVER_COMMANDS_H

#include "server/options.h"

#define EXIT_FINE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

/* `arguments` are those behind the command's name; the result is the exit code. */
int cmd_fsck(int count, char *const *arguments);
int cmd_backup(int count, char *const *arguments);
int cmd_restore(int count, char *const *arguments);
int cmd_plan(int count, char *const *arguments);

/* For commands: "firn: <sentence>" on stderr, and the code. */
int command_fail(const struct error *err, int code);
/* getenv. */
const char *command_variable(const char *name);
/* "<data>/firn.db" in the options' arena. */
bool command_database(struct options *options, const char **ret_path, struct error *err);

#endif
