#include "cli/command.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "storage/all_stores.h"

const struct command *const command_rows[COMMAND_COUNT] = {
#define X(name) &command_##name,
    COMMANDS(X)
#undef X
};

/* The longest list of names to choose the nearest from. */
#define MAX_NAMES_SIZE (16 * KIB)

static struct slice name_of(const struct command *command)
{
    return slice_from_string(command->takes.command);
}

bool command_is_action(const struct command *command)
{
    struct slice name = name_of(command);
    return slice_find(name, ' ') < name.len;
}

bool command_is_action_of(const struct command *command, const struct command *head)
{
    struct slice name = name_of(command), group = name_of(head);
    return slice_starts_with(name, group) && slice_find(name, ' ') == group.len &&
           name.len > group.len;
}

/* The action of `head` that is called `text`, or without a head the command. */
static const struct command *find(const struct command *head, struct slice text)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *one = command_rows[i];
        if (head ? !command_is_action_of(one, head) : command_is_action(one))
            continue;
        size_t start = head ? name_of(head).len + 1 : 0;
        if (slice_equals(slice_from(name_of(one), start), text))
            return one;
    }
    return NULL;
}

/* Those of the group, or all commands, as "a|b|c". */
static void append_names(const struct command *head, struct buffer *names)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *one = command_rows[i];
        if (head ? !command_is_action_of(one, head) : command_is_action(one))
            continue;
        if (names->len > 0)
            buffer_append_byte(names, '|');
        buffer_append_slice(names, slice_from(name_of(one), head ? name_of(head).len + 1 : 0));
    }
}

static bool unknown(const struct command *head, struct slice text, struct error *err)
{
    struct buffer names;
    const char *group = head ? head->takes.command : "", *gap = head ? " " : "";
    buffer_init(&names, MAX_NAMES_SIZE);
    append_names(head, &names);
    if (!buffer_check(&names, "the commands", err)) {
        buffer_finish(&names);
        return false;
    }
    struct slice nearest = nearest_of(text, buffer_slice(&names));
    error_set(err, ERROR_BAD_REQUEST,
              "'%s%s%.*s' is no command: did you mean 'firn %s%s%.*s'? firn %s%s--help lists all",
              group, gap, SLICE_ARG(text), group, gap, SLICE_ARG(nearest), group, gap);
    buffer_finish(&names);
    return false;
}

bool command_find(int count, char *const *arguments, const struct command **ret_command,
                  int *ret_used, struct error *err)
{
    struct slice name = slice_from_string(count > 0 ? arguments[0] : "");
    const struct command *command = find(NULL, name), *action = NULL;
    if (command == NULL)
        return unknown(NULL, name, err);
    *ret_used = 1;
    if (command->run == NULL && count > 1 && arguments[1][0] != '-') {
        action = find(command, slice_from_string(arguments[1]));
        if (action == NULL)
            return unknown(command, slice_from_string(arguments[1]), err);
        *ret_used = 2;
    }
    *ret_command = action ? action : command;
    return true;
}

const char *command_variable(const char *name)
{
    return getenv(name);
}

bool command_database(struct options *options, const char **ret_path, struct error *err)
{
    struct slice data = option_text(options, OPTION_DATA);
    if (data.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "The option data must name a directory");
    struct slice path = arena_printf(&options->arena, "%.*s/firn.db", (int)data.len, data.ptr);
    if (path.ptr == NULL)
        return error_no_memory(err, "the database's path");
    *ret_path = path.ptr;
    return true;
}

bool command_files(struct object_stores **ret_objects, struct error *err)
{
    const struct all_stores_options options = {.environment = command_variable,
                                               .transport = http_transport_defaults,
                                               .lends_machine_keys = true};
    return all_stores_open(&options, ret_objects, err);
}
