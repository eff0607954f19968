/*
 * hash.h — a hash of 64 bits for tables in memory: eight bytes at a time, each step the two halves
 * of a product of 128 bits. A location has a hundred bytes, and a load hashes it three times: byte
 * by byte that was a quarter of a microsecond.
 *
 * Threads:  pure functions
 * Rule:     not for what a client could choose to collide where that would cost much, nor for what
 *           is written down: it depends on the order of bytes in a word
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>
#include <string.h>

#include "base/slice.h"

#define HASH_BEGIN UINT64_C(0xCBF29CE484222325)
/* Odd and without a pattern: the fractions of the golden ratio, and of the root of three. */
#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)
#define HASH_END_FACTOR UINT64_C(0xBB67AE8584CAA73B)

static inline uint64_t hash_step(uint64_t hash, uint64_t word, uint64_t factor)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(hash ^ word) * factor;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Goes on with `hash`, which begins as HASH_BEGIN. Parts count: "ab", "c" is not "a", "bc". */
static inline uint64_t hash_bytes(uint64_t hash, struct slice bytes)
{
    const size_t size = sizeof(uint64_t);
    uint64_t last = 0;
    for (size_t i = 0; i + size < bytes.len; i += size)
        hash = hash_step(hash, hash_word(bytes.ptr + i), HASH_FACTOR);
    if (bytes.len >= size)
        last = hash_word(bytes.ptr + bytes.len - size);
    else if (bytes.len > 0)
        memcpy(&last, bytes.ptr, bytes.len);
    return hash_step(hash + bytes.len, last, HASH_FACTOR);
}

static inline uint64_t hash_end(uint64_t hash)
{
    return hash_step(hash, hash >> 32, HASH_END_FACTOR);
}

#endif
