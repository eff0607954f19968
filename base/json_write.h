/*
 * json_write.h — writes JSON straight into a buffer: commas, escapes, integers; no tree.
 *
 * Owns:     nothing; borrows the buffer, whose sticky state reports failure
 * Rule:     strings must be UTF-8; control characters, quote and backslash are escaped
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <jansson.h>

#include "base/buffer.h"

/* As many levels as the deepest hand-written answer, with room. */
#define JSON_WRITER_MAX_DEPTH 32

struct json_writer {
    struct buffer *out;
    unsigned depth;
    bool has_item[JSON_WRITER_MAX_DEPTH];
};

void json_writer_init(struct json_writer *writer, struct buffer *out);

void json_write_object_begin(struct json_writer *writer);
void json_write_object_end(struct json_writer *writer);
void json_write_array_begin(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);
void json_write_key(struct json_writer *writer, const char *key); /* then exactly one value */
void json_write_string(struct json_writer *writer, struct slice text);
void json_write_int64(struct json_writer *writer, int64_t value);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
void json_write_raw(struct json_writer *writer, struct slice json); /* text that is JSON already */
/* A key and its value. */
void json_write_string_member(struct json_writer *writer, const char *key, struct slice text);
void json_write_int64_member(struct json_writer *writer, const char *key, int64_t value);
/* Dumps a jansson value compactly, keys in insertion order. */
void json_write_tree(struct json_writer *writer, const json_t *value);

/* True where JSON has the text as it is, between quotes: ASCII without controls, quotes and
 * backslashes. (A DEL is taken for a control.) */
bool json_text_is_plain(struct slice text);

/* A string with quotes and escapes, appended to a plain buffer. */
void json_append_string(struct buffer *out, struct slice text);

#endif
