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

void buffer_append(struct buffer *buffer, const void *bytes, size_t len);
void buffer_append_slice(struct buffer *buffer, struct slice text);
void buffer_append_string(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_append_int64(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for `extra` more bytes in one step. False (and sticky) where it cannot. */
bool buffer_reserve(struct buffer *buffer, size_t extra);

/* Shortens to `len`, at most the present length. */
void buffer_truncate(struct buffer *buffer, size_t len);

static inline bool buffer_ok(const struct buffer *buffer)
{
    return buffer->state == BUFFER_OK;
}

/* False with ERROR_TOO_LARGE or ERROR_NO_MEMORY where an append failed; `what` names the text. */
bool buffer_check(const struct buffer *buffer, const char *what, struct error *err);

/* A view, valid until the next append or finish. */
static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){buffer->ptr ? buffer->ptr : "", buffer->len};
}

/* Hands the malloc'd bytes (buffer_slice before the call says how many) to the caller, who frees
 * them with free(); the buffer is empty and usable again. */
char *buffer_detach(struct buffer *buffer);

#endif
