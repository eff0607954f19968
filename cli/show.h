/*
 * show.h — parts of metadata as people read them: names, types, times, properties.
 *
 * Rule:     all of it may come from elsewhere, and is made harmless for a terminal
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <jansson.h>

#include "base/buffer.h"

#define MAX_SHOWN_SIZE ((size_t)256 << 20)

/* ["a", "b.c"] as a.`b.c`; what entity_name.h reads back. */
void show_levels(const json_t *levels, struct buffer *out);
/* {"namespace": …, "name": …} as a.`b.c`.t, or as t where it has no levels. */
void show_identifier(const json_t *identifier, struct buffer *out);
/* Members of an object of texts, a line each, behind two spaces. */
void show_properties(const json_t *properties, struct buffer *out);
/* "long", "list<struct<a: int>>" */
void show_type(const json_t *type, struct buffer *out);
/* Milliseconds since the epoch as 2026-01-31T12:00:00.000Z */
void show_time(json_int_t time_ms, struct buffer *out);
/* A JSON string or number as it is; nothing for what is neither. */
void show_value(const json_t *value, struct buffer *out);
/* Prints it, unless it failed to grow, and finishes it. */
bool show_end(struct buffer *out, struct error *err);

#endif
