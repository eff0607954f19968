/*
 * hash.h — a hash of 64 bits for tables in memory: FNV-1a over parts, then MurmurHash3's finalizer,
 * since few of its bits are used.
 *
 * Threads:  pure functions
 * Rule:     not for what a client could choose to collide where that would cost much
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

#define HASH_BEGIN UINT64_C(0xCBF29CE484222325)

/* Goes on with `hash`, which begins as HASH_BEGIN. */
static inline uint64_t hash_bytes(uint64_t hash, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (unsigned char)bytes.ptr[i]) * UINT64_C(0x100000001B3);
    return hash;
}

static inline uint64_t hash_end(uint64_t hash)
{
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return hash ^ (hash >> 33);
}

#endif
