/*
 * command.h — the one table of commands: arguments, options, help and handler of each.
 *
 * `firn NAME --help`, the manual, the completion of shells and docs/commands.md come from it. A new
 * command is a row of COMMANDS and a file cli/cmd_*.c that defines `command_<row>`; an option that
 * no command had before is a row of cli/flags.h.
 *
 * Owns:     the rows are constant; struct command_run is main's
 * Errors:   a handler that returns false has its sentence in *err: main prints it and takes the
 *           exit code from its kind (cli/exit_code.h), but for one that the handler has set
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/exit_code.h"
#include "cli/flags.h"
#include "storage/object_store.h"

/* In the order of `firn --help`. A group's head stands before its actions. */
#define COMMANDS(X)     \
    X(serve)            \
    X(connect)          \
    X(demo)             \
    X(doctor)           \
    X(init)             \
    X(namespace)        \
    X(namespace_list)   \
    X(namespace_show)   \
    X(namespace_create) \
    X(namespace_drop)   \
    X(table)            \
    X(table_list)       \
    X(table_show)       \
    X(table_history)    \
    X(table_rename)     \
    X(table_register)   \
    X(table_drop)       \
    X(view)             \
    X(view_list)        \
    X(view_show)        \
    X(view_rename)      \
    X(view_drop)        \
    X(warehouse)        \
    X(warehouse_list)   \
    X(warehouse_show)   \
    X(warehouse_create) \
    X(warehouse_alter)  \
    X(warehouse_set)    \
    X(warehouse_check)  \
    X(warehouse_remove) \
    X(plan)             \
    X(undrop)           \
    X(import)           \
    X(fsck)             \
    X(backup)           \
    X(restore)          \
    X(completion)       \
    X(help)             \
    X(version)

struct command_run {
    const struct command *command;
    struct options options;
    int code;        /* what to end with; a handler may set it, whether it fails or not */
    bool has_colour; /* stdout is a terminal whose owner has nothing against it */
    bool wants_json; /* --json */
};

typedef bool (*command_fn)(struct command_run *run, struct error *err);

struct command {
    struct option_set takes; /* .command is the name: "fsck", "table drop" */
    const char *summary;     /* for a list of commands: no capital, no full stop */
    const char *details;     /* paragraphs, which --help wraps: an empty line is between them */
    const char *examples;    /* lines to paste; may be NULL */
    command_fn run;          /* NULL: the head of a group, "table" */
};

#define COMMAND_TAKES(name_, operands_, ids_)                                         \
    {                                                                                 \
        .command = (name_), .operands = (operands_), .rows = flag_rows, .ids = (ids_) \
    }

enum command_number {
#define X(name) COMMAND_##name,
    COMMANDS(X)
#undef X
        COMMAND_COUNT
};
#define X(name) extern const struct command command_##name;
COMMANDS(X)
#undef X

extern const struct command *const command_rows[COMMAND_COUNT];

/* The command of argv[1…], and how many arguments its name takes. Where there is none, *err says
 * which one is nearest. */
bool command_find(int count, char *const *arguments, const struct command **ret_command,
                  int *ret_used, struct error *err);
/* True where `command` is an action of the group `head`. */
bool command_is_action_of(const struct command *command, const struct command *head);
bool command_is_action(const struct command *command);

/* getenv. */
const char *command_variable(const char *name);
/* "<data>/firn.db" in the options' arena. */
bool command_database(struct options *options, const char **ret_path, struct error *err);
/* The stores that files of tables lie in. The caller destroys them. */
bool command_files(struct object_stores **ret_objects, struct error *err);

#endif
