#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/terminal.h"

bool output_json(json_t *owned, struct error *err)
{
    char *text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;
    json_decref(owned);
    if (text == NULL)
        return error_no_memory(err, "the output");
    puts(text);
    free(text);
    return true;
}

bool output_done(bool as_json, const char *verb, struct slice name, struct error *err)
{
    if (as_json)
        return output_json(json_pack("{s:s%}", verb, name.ptr, name.len), err);
    printf("%s ", verb);
    terminal_print(stdout, name);
    putchar('\n');
    return true;
}
