/*
 * doctor.h — what `firn doctor` looks at, and how it tells.
 *
 * A check looks at one thing and reports once: good, a warning (it works, but look), bad (with the
 * line that cures it), or that it was not looked at and why.
 *
 * Errors:   false only where the report itself cannot be made (memory)
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <jansson.h>

#include "cli/command.h"

enum doctor_state { DOCTOR_GOOD, DOCTOR_WARNING, DOCTOR_BAD, DOCTOR_SKIPPED };

struct doctor {
    struct command_run *run;
    json_t *checks; /* with --json; else NULL */
    int counts[4];  /* by state */
};

/* `cure` is a line to run or to do, NULL where nothing is wrong. The texts are arena_printf's. */
void doctor_report(struct doctor *doctor, enum doctor_state state, const char *check,
                   struct slice detail, struct slice cure);
/* printf into the run's arena. */
#define DOCTOR_TEXT(doctor, ...) arena_printf(&(doctor)->run->options.arena, __VA_ARGS__)
#define DOCTOR_NO_CURE ((struct slice){NULL, 0})

/* The machine and the server: port or server, disk, clock. */
void doctor_check_server(struct doctor *doctor);
void doctor_check_disk(struct doctor *doctor);
void doctor_check_clock(struct doctor *doctor);
/* The data directory: database and schema, the warehouses' places. */
void doctor_check_database(struct doctor *doctor);
/* What clients on this machine have. */
void doctor_check_java(struct doctor *doctor);
void doctor_check_spark(struct doctor *doctor);
void doctor_check_python(struct doctor *doctor);

#endif
