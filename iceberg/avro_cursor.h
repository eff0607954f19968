/*
 * avro_cursor.h — reads Avro's binary encoding from bytes that are not trusted.
 *
 * Spec:     Avro specification, "Binary Encoding"
 * Owns:     nothing; slices point into the bytes
 * Errors:   false where the bytes end too early or say what cannot be; the caller knows the place
 * Threads:  pure functions
 */
#ifndef ICEBERG_AVRO_CURSOR_H
#define ICEBERG_AVRO_CURSOR_H

#include "base/slice.h"

struct avro_cursor {
    const unsigned char *at;
    const unsigned char *end;
};

static inline struct avro_cursor avro_cursor_make(struct slice bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    return (struct avro_cursor){at, at + bytes.len};
}

static inline size_t avro_cursor_left(const struct avro_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

/* An int or a long: a zig-zag number, seven bits to the byte, in at most ten bytes. */
static inline bool avro_cursor_long(struct avro_cursor *cursor, int64_t *ret_value)
{
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (cursor->at == cursor->end)
            return false;
        unsigned char byte = *cursor->at++;
        /* The tenth byte has room for one bit. */
        if (shift == 63 && byte > 1)
            return false;
        bits |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_value = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return true;
        }
    }
    return false;
}

static inline bool avro_cursor_skip(struct avro_cursor *cursor, size_t size)
{
    if (size > avro_cursor_left(cursor))
        return false;
    cursor->at += size;
    return true;
}

/* A string or bytes: a length and as many bytes. */
static inline bool avro_cursor_bytes(struct avro_cursor *cursor, struct slice *ret_bytes)
{
    int64_t size;
    if (!avro_cursor_long(cursor, &size) || size < 0 || (uint64_t)size > avro_cursor_left(cursor))
        return false;
    *ret_bytes = (struct slice){(const char *)cursor->at, (size_t)size};
    cursor->at += size;
    return true;
}

/* The head of one block of an array or a map: how many items follow, 0 at the end. A negative count
 * is followed by the block's size in bytes. An item takes at least one byte, which no encoding of
 * use violates, so a count can be checked before anything is done with it. */
static inline bool avro_cursor_count(struct avro_cursor *cursor, size_t *ret_count)
{
    int64_t count, size;
    if (!avro_cursor_long(cursor, &count) || count == INT64_MIN)
        return false;
    if (count < 0) {
        count = -count;
        if (!avro_cursor_long(cursor, &size) || size < 0 ||
            (uint64_t)size > avro_cursor_left(cursor))
            return false;
    }
    if ((uint64_t)count > avro_cursor_left(cursor))
        return false;
    *ret_count = (size_t)count;
    return true;
}

#endif
