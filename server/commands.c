#include "server/commands.h"

#include <stdlib.h>

int command_fail(const struct error *err, int code)
{
    fprintf(stderr, "firn: %s\n", err->message);
    return code;
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
