/*
 * slice.h — text and bytes as pointer and length; borrowed, never owned, not NUL-terminated.
 *
 * Owns:     nothing; a slice is valid as long as what it points into
 * Rule:     NUL-terminated strings exist only at library borders
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *ptr;
    size_t len;
};

#define SLICE_EMPTY ((struct slice){"", 0})
#define SLICE_LITERAL(text) ((struct slice){(text), sizeof(text) - 1})
/* For printf("%.*s", SLICE_ARG(s)): precision is an int; messages are cut long before INT_MAX. */
#define SLICE_ARG(s) (int)((s).len > 4096 ? 4096 : (s).len), (s).ptr

static inline struct slice slice_make(const char *ptr, size_t len)
{
    return (struct slice){ptr, len};
}

/* A view of a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_from_string(const char *text)
{
    return text ? (struct slice){text, strlen(text)} : SLICE_EMPTY;
}

static inline bool slice_equals(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_equals_string(struct slice a, const char *b)
{
    return slice_equals(a, slice_from_string(b));
}

static inline bool slice_starts_with(struct slice text, struct slice prefix)
{
    return text.len >= prefix.len && memcmp(text.ptr, prefix.ptr, prefix.len) == 0;
}

static inline bool slice_ends_with(struct slice text, struct slice suffix)
{
    return text.len >= suffix.len &&
           memcmp(text.ptr + text.len - suffix.len, suffix.ptr, suffix.len) == 0;
}

/* The part from `start` on; a start past the end gives an empty slice at the end. */
static inline struct slice slice_from(struct slice text, size_t start)
{
    size_t at = start < text.len ? start : text.len;
    return (struct slice){text.ptr + at, text.len - at};
}

/* Byte-wise order, shorter first on a tie: the order of memcmp and of SQLite's BINARY collation. */
int slice_compare(struct slice a, struct slice b);

/* ASCII-only, for protocol words (schemes, header names, uuids), never for users' names. */
bool slice_equals_ignore_case(struct slice a, struct slice b);

/* Finds a byte: index, or text.len where it is not there. */
size_t slice_find(struct slice text, char byte);
/* Without blanks and tabs at both ends. */
struct slice slice_trim(struct slice text);
/* The same, and without line ends (CR, LF). */
struct slice slice_trim_lines(struct slice text);

/* Its first bytes, at most `most`, up to the first that is no printable ASCII: what a stranger
 * says, for a sentence of ours. */
struct slice slice_printable(struct slice text, size_t most);

/* Strict decimal int64, whole slice, optional '-': false where it is anything else or overflows. */
bool slice_to_int64(struct slice text, int64_t *ret_value);

/* The value of one hexadecimal digit in either case, or -1. */
int hex_value(char digit);

/* True where the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool slice_is_utf8(struct slice text);

#endif
