/* firn version (cli/command.h). */
#include "cli/command.h"

#include <stdio.h>

static bool version(struct command_run *run, struct error *err)
{
    (void)err;
    puts(run->wants_json ? "{\"version\":\"" FIRN_VERSION "\"}" : "firn " FIRN_VERSION);
    return true;
}

static const unsigned IDS[] = {FLAG_JSON, OPTION_END};

const struct command command_version = {
    .takes = COMMAND_TAKES("version", NULL, IDS),
    .summary = "print the version",
    .details = "Prints the version of this program.\n",
    .run = version,
};
