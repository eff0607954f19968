#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>

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
