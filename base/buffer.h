/*
 * buffer.h — a byte buffer that grows up to a stated ceiling and remembers that it failed.
 *
 * Owns:     its bytes, until buffer_finish or buffer_detach
 * Errors:   sticky: after a failed append every append is a no-op and buffer_ok is false, so a
 *           writer checks once, at its end, with buffer_check
 * Threads:  one thread at a time
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum buffer_state { BUFFER_OK, BUFFER_OVER_CEILING, BUFFER_NO_MEMORY };

struct buffer {
    char *ptr;
    size_t len;
    size_t capacity;
    size_t ceiling;
    enum buffer_state state;
};

void buffer_init(struct buffer *buffer, size_t ceiling);
void buffer_finish(struct buffer *buffer);

/* The rest of buffer_reserve: what there is is not enough. */
bool buffer_grow(struct buffer *buffer, size_t extra);

/* Makes room for `extra` more bytes in one step. False (and sticky) where it cannot. In here, with
 * the short appends, because answers of a hundred thousand files are made of them. */
static inline bool buffer_reserve(struct buffer *buffer, size_t extra)
{
    return (buffer->state == BUFFER_OK && extra < buffer->capacity - buffer->len) ||
           buffer_grow(buffer, extra);
}

static inline void buffer_append(struct buffer *buffer, const void *bytes, size_t len)
{
    if (!buffer_reserve(buffer, len))
        return;
    if (len > 0)
        memcpy(buffer->ptr + buffer->len, bytes, len);
    buffer->len += len;
}

static inline void buffer_append_slice(struct buffer *buffer, struct slice text)
{
    buffer_append(buffer, text.ptr, text.len);
}

static inline void buffer_append_string(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

static inline void buffer_append_byte(struct buffer *buffer, char byte)
{
    if (buffer_reserve(buffer, 1))
        buffer->ptr[buffer->len++] = byte;
}

void buffer_append_int64(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Shortens to `len`, at most the present length. */
void buffer_truncate(struct buffer *buffer, size_t len);

static inline bool buffer_ok(const struct buffer *buffer)
{
    return buffer->state == BUFFER_OK;
}

/* False with ERROR_TOO_LARGE or ERROR_NO_MEMORY where an append failed; `what` names the text. */
bool buffer_check(const struct buffer *buffer, const char *what, struct error *err);

/* Ends the buffer. Where `is_written`, its bytes go into the arena; else `err` says why already. */
bool buffer_to_arena(struct buffer *buffer, bool is_written, const char *what, struct arena *arena,
                     struct slice *ret_bytes, struct error *err);

/* A view, valid until the next append or finish. */
static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){buffer->ptr ? buffer->ptr : "", buffer->len};
}

/* Hands the malloc'd bytes (buffer_slice before the call says how many) to the caller, who frees
 * them with free(); the buffer is empty and usable again. */
char *buffer_detach(struct buffer *buffer);

#endif
