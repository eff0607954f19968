/*
 * listing_command.h — what the commands of tables and of views do alike.
 */
#ifndef CLI_LISTING_COMMAND_H
#define CLI_LISTING_COMMAND_H

#include "cli/command.h"

/* `suffix` is "/tables" or "/views": the entities of the namespace that the operand names. */
bool listing_print(struct command_run *run, const char *suffix, struct error *err);
/* FROM TO; `suffix` is "/tables/rename" or "/views/rename". */
bool rename_command(struct command_run *run, const char *suffix, struct error *err);

#endif
