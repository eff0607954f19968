/*
 * text_put.h — bytes and numbers into memory that is known to have room: for the few loops whose
 * text is most of their work. Everything else appends to a buffer, which looks for room itself.
 *
 * Threads:  pure functions
 */
#ifndef BASE_TEXT_PUT_H
#define BASE_TEXT_PUT_H

#include "base/slice.h"

/* An int64 in decimal: sign and 19 digits. */
#define PUT_INT64_SIZE 20

/* Each returns the place behind what it wrote. */
static inline char *put_slice(char *at, struct slice text)
{
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

#define PUT_LITERAL(at, literal) \
    ((char *)memcpy((at), (literal), sizeof(literal) - 1) + sizeof(literal) - 1)

static inline char *put_uint64(char *at, uint64_t value)
{
    static const char PAIRS[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char digits[PUT_INT64_SIZE];
    size_t first = sizeof(digits);
    for (; value >= 100; value /= 100)
        memcpy(digits + (first -= 2), PAIRS + value % 100 * 2, 2);
    if (value >= 10)
        memcpy(digits + (first -= 2), PAIRS + value * 2, 2);
    else
        digits[--first] = (char)('0' + value);
    memcpy(at, digits + first, sizeof(digits) - first);
    return at + (sizeof(digits) - first);
}

static inline char *put_int64(char *at, int64_t value)
{
    if (value >= 0)
        return put_uint64(at, (uint64_t)value);
    *at = '-';
    /* The magnitude of INT64_MIN does not fit an int64. */
    return put_uint64(at + 1, -(uint64_t)value);
}

#endif
