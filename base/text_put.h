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

/* How many decimal digits it has. Of a number of n bits, n times log 2 (1233 / 4096) is its digits
 * less one, or one too many. */
static inline size_t put_digits(uint64_t value)
{
    static const uint64_t POWERS[] = {1,
                                      10,
                                      100,
                                      1000,
                                      10000,
                                      100000,
                                      1000000,
                                      10000000,
                                      100000000,
                                      1000000000,
                                      10000000000,
                                      100000000000,
                                      1000000000000,
                                      10000000000000,
                                      100000000000000,
                                      1000000000000000,
                                      10000000000000000,
                                      100000000000000000,
                                      1000000000000000000,
                                      10000000000000000000U};
    size_t guess = (size_t)(64 - __builtin_clzll(value | 1)) * 1233 >> 12;
    return guess + ((value | 1) >= POWERS[guess]);
}

/* From the last digit back, in its place: to move it there afterwards took longer than to make it.
 */
static inline char *put_uint64(char *at, uint64_t value)
{
    static const char PAIRS[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char *end = at + put_digits(value), *first = end;
    for (; value >= 100; value /= 100)
        memcpy(first -= 2, PAIRS + value % 100 * 2, 2);
    if (value >= 10)
        memcpy(first - 2, PAIRS + value * 2, 2);
    else
        first[-1] = (char)('0' + value);
    return end;
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
