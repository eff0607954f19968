/*
 * output.h — what commands print: JSON for programs, tables for people.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

/* One line of compact JSON. Takes the reference over; NULL (memory was short as it was made) is
 * ERROR_NO_MEMORY. */
bool output_json(json_t *owned, struct error *err);
/* That something is done: "dropped a.b", or {"dropped": "a.b"}. */
bool output_done(bool as_json, const char *verb, struct slice name, struct error *err);

#endif
