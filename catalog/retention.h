/*
 * retention.h — how long a warehouse keeps what was dropped, so that it can be brought back.
 *
 * A warehouse's property "soft-delete-retention" says it: "7d", "12h", "30m", "45s". Without it,
 * and with "0", a drop is final at once. What was dropped keeps the end that it was given: another
 * value counts for later drops.
 *
 * Errors:   ERROR_BAD_REQUEST for a text that is no duration, or a longer one than is allowed
 * Threads:  a pure function; the duration is part of an immutable struct warehouse
 */
#ifndef CATALOG_RETENTION_H
#define CATALOG_RETENTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define RETENTION_PROPERTY "soft-delete-retention"

/* Of a warehouse's properties (an object of strings); 0: drops are final. */
bool retention_read(const json_t *properties, int64_t *ret_ms, struct error *err);

#endif
