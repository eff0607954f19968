/*
 * Invariants
 * 1. len <= ceiling, always.
 * 2. Where ptr is not NULL, capacity > len: there is room for a NUL after the bytes (printf writes
 *    it, and a blob made from the buffer ends with it), which the ceiling does not count.
 * 3. state leaves BUFFER_OK only once; the bytes from before stay readable.
 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text_put.h"

/* The first allocation: most keys, URIs and small answers fit. */
#define FIRST_CAPACITY ((size_t)256)

void buffer_init(struct buffer *buffer, size_t ceiling)
{
    *buffer = (struct buffer){.ceiling = ceiling};
}

void buffer_finish(struct buffer *buffer)
{
    if (!buffer)
        return;
    free(buffer->ptr);
    *buffer = (struct buffer){.ceiling = buffer->ceiling};
}

static bool buffer_fail(struct buffer *buffer, enum buffer_state state)
{
    buffer->state = state;
    return false;
}

/* Doubling keeps appends linear; past the ceiling no memory is ever asked for. */
static size_t next_capacity(const struct buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    if (capacity > buffer->ceiling && buffer->ceiling < SIZE_MAX)
        capacity = buffer->ceiling + 1;
    return capacity;
}

bool buffer_grow(struct buffer *buffer, size_t extra)
{
    if (buffer->state != BUFFER_OK)
        return false;
    if (extra > buffer->ceiling - buffer->len)
        return buffer_fail(buffer, BUFFER_OVER_CEILING);
    if (extra >= SIZE_MAX - buffer->len)
        return buffer_fail(buffer, BUFFER_NO_MEMORY);
    size_t capacity = next_capacity(buffer, buffer->len + extra + 1);
    char *bytes = realloc(buffer->ptr, capacity);
    if (!bytes)
        return buffer_fail(buffer, BUFFER_NO_MEMORY);
    buffer->ptr = bytes;
    buffer->capacity = capacity;
    return true;
}

void buffer_append_int64(struct buffer *buffer, int64_t value)
{
    char text[PUT_INT64_SIZE];
    bool has_room = buffer->state == BUFFER_OK && buffer->capacity - buffer->len > PUT_INT64_SIZE;
    if (has_room) {
        char *at = buffer->ptr + buffer->len;
        buffer->len += (size_t)(put_int64(at, value) - at);
        return;
    }
    buffer_append(buffer, text, (size_t)(put_int64(text, value) - text));
}

/* Into the room that there is; where that is too little, again into enough. */
void buffer_printf(struct buffer *buffer, const char *fmt, ...)
{
    va_list args;
    size_t room = buffer->state == BUFFER_OK ? buffer->capacity - buffer->len : 0;
    va_start(args, fmt);
    int wanted = vsnprintf(room ? buffer->ptr + buffer->len : NULL, room, fmt, args);
    va_end(args);
    if (wanted < 0) {
        buffer_fail(buffer, BUFFER_NO_MEMORY);
        return;
    }
    if (!buffer_reserve(buffer, (size_t)wanted))
        return;
    if ((size_t)wanted >= room) {
        va_start(args, fmt);
        vsnprintf(buffer->ptr + buffer->len, (size_t)wanted + 1, fmt, args);
        va_end(args);
    }
    buffer->len += (size_t)wanted;
}

void buffer_truncate(struct buffer *buffer, size_t len)
{
    if (len < buffer->len)
        buffer->len = len;
}

bool buffer_check(const struct buffer *buffer, const char *what, struct error *err)
{
    if (buffer->state == BUFFER_OK)
        return true;
    if (buffer->state == BUFFER_NO_MEMORY)
        return error_no_memory(err, what);
    return error_set(err, ERROR_TOO_LARGE, "%s is larger than %zu bytes, the most that is allowed",
                     what, buffer->ceiling);
}

bool buffer_to_arena(struct buffer *buffer, bool is_written, const char *what, struct arena *arena,
                     struct slice *ret_bytes, struct error *err)
{
    bool ok = is_written && buffer_check(buffer, what, err);
    struct slice copy = ok ? arena_slice(arena, buffer_slice(buffer)) : (struct slice){NULL, 0};
    buffer_finish(buffer);
    if (ok && copy.ptr == NULL)
        return error_no_memory(err, what);
    if (ok)
        *ret_bytes = copy;
    return ok;
}

char *buffer_detach(struct buffer *buffer)
{
    char *bytes = buffer->ptr;
    *buffer = (struct buffer){.ceiling = buffer->ceiling};
    return bytes;
}
