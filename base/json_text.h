/*
 * json_text.h — finds where things are in JSON text without building a tree.
 *
 * A validating scanner: it walks members of an object or elements of an array and hands out the
 * spans of their text. Values are skipped at memory speed and can be forwarded byte for byte.
 *
 * Spec:     RFC 8259; nesting deeper than JSON_TEXT_MAX_DEPTH is refused
 * Owns:     nothing; every slice points into the caller's text
 * Errors:   ERROR_BAD_REQUEST with the byte offset
 * Threads:  pure functions
 */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include "base/arena.h"
#include "base/error.h"

/* Deeper than any schema that engines can read, shallow enough for a recursive reader's stack. */
#define JSON_TEXT_MAX_DEPTH 512

/* Items of an array, at least one, that were read before: well formed, as are the commas between
 * them. `at` is right behind the array's '[', as an offset into the text of the cursor. The first
 * of them, or all, may be left out of the text: what follows begins with a comma all the same. */
struct json_known {
    size_t at;
    size_t size;
};

struct json_cursor {
    struct slice text;
    size_t at;
    bool first;
    char close; /* '}' or ']' */
    const struct json_known *known; /* NULL: none; else of arrays that are members of the object */
    size_t known_count;
};

struct json_member {
    struct slice name;  /* raw text between the quotes: escapes are not resolved */
    struct slice value; /* raw text of the value, without surrounding space */
};

/* True where the whole text is one well-formed JSON value and valid UTF-8. Depth is bounded. Only
 * this function looks at UTF-8: the ones below take it as checked. */
bool json_text_check(struct slice text, struct error *err);

/* The same, with the place and the reason apart. */
struct json_fault {
    size_t at; /* byte offset */
    const char *why;
};
bool json_text_is_valid(struct slice text, struct json_fault *ret_fault);

/* Opens an object / array value (surrounding white space allowed). */
bool json_object_open(struct slice value, struct json_cursor *ret_cursor, struct error *err);
bool json_array_open(struct slice value, struct json_cursor *ret_cursor, struct error *err);

/* Passes over so many bytes of known items (json_known) behind the array's '['. */
void json_array_pass(struct json_cursor *cursor, size_t size);

/* Steps: *ret_more is false at the end (and then text after the closing bracket is an error).
 * Values are checked to be well formed while they are skipped, but for what is known. */
bool json_object_next(struct json_cursor *cursor, struct json_member *ret_member, bool *ret_more,
                      struct error *err);
bool json_array_next(struct json_cursor *cursor, struct slice *ret_value, bool *ret_more,
                     struct error *err);

/* The last member of that (unescaped, ASCII) name in an object; ptr is NULL where there is none. */
bool json_object_find(struct slice object, const char *name, struct slice *ret_value,
                      struct error *err);

/* How many bytes from the start need no escape inside of a string. */
size_t json_plain_size(struct slice text);

/* Typed reads of a scalar's raw text. */
bool json_value_is_null(struct slice value);
bool json_value_is_string(struct slice value);
bool json_value_int64(struct slice value, int64_t *ret_value); /* no fraction, no exponent */
/* Unescapes a string value (quotes included in `value`) into the arena, NUL-terminated. */
bool json_value_string(struct slice value, struct arena *arena, struct slice *ret_text,
                       struct error *err);

#endif
