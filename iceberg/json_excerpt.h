/*
 * json_excerpt.h — the beginning of a JSON value as text, for messages that quote what was wrong.
 *
 * Errors:   none: where memory is short the excerpt is shorter or empty, the message still stands
 */
#ifndef ICEBERG_JSON_EXCERPT_H
#define ICEBERG_JSON_EXCERPT_H

#include <jansson.h>

#include "base/slice.h"

/* Enough to recognise a value, short enough to leave room for the sentence around it. */
#define JSON_EXCERPT_SIZE 256

struct json_excerpt {
    char text[JSON_EXCERPT_SIZE]; /* NUL-terminated, cut on a character boundary */
};

/* NULL gives "null". Only as much of the value is printed as fits. */
struct json_excerpt json_excerpt(const json_t *json);

/* Shortens bytes that were cut off at `len` so that the last character is whole. */
size_t text_cut(const char *text, size_t len);

#endif
