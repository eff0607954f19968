/*
 * entry_program_read.h — steps over Avro's encoding, written for speed: numbers, bytes, and arrays
 * that are stepped over whole.
 *
 * Each takes the place in the bytes and where they end, and returns the next place, or NULL where
 * the bytes end too early or say what cannot be: so the place stays in a register.
 *
 * Spec:     Avro specification, "Binary Encoding"
 * Owns:     nothing
 * Threads:  pure functions
 * Rule:     what is only stepped over is checked for its bounds alone: such a number may have more
 *           than ten bytes
 */
#ifndef SCAN_ENTRY_PROGRAM_READ_H
#define SCAN_ENTRY_PROGRAM_READ_H

#include "iceberg/avro_cursor.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)
/* Items of a map whose heads are remembered, and maps. */
#define HINT_COUNT ((size_t)64)

typedef const unsigned char *place;

/* An item of a map that was stepped over in the row before, and mostly is of the same key and size
 * in this one: which bits of its first bytes say so, and what they were. Taking it for granted that
 * it is, and only comparing, lets the next one begin before this one's size has come from memory:
 * the size is a branch to predict then, not a value to wait for. */
struct hint {
    uint32_t mask;
    uint32_t head; /* with a bit outside of the mask: nothing fits */
    uint32_t size;
};
/* Key and length in a byte each, and the most bytes that such a length says; and what is read to
 * compare the next item. */
#define HINT_ROOM (2 + 63 + sizeof(uint32_t))

static inline size_t left(place at, place end)
{
    return (size_t)(end - at);
}

/* In the machine's order, which is little-endian wherever Firn is built. */
static inline uint64_t load_word(place at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint32_t load_head(place at)
{
    uint32_t head;
    memcpy(&head, at, sizeof(head));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    head = __builtin_bswap32(head);
#endif
    return head;
}

/* There is room for the whole head. */
static inline bool hint_fits(const struct hint *hint, place at)
{
    return (load_head(at) & hint->mask) == hint->head;
}

static inline void hint_set(struct hint *hint, place at, place end, uint32_t mask, size_t size)
{
    if (left(at, end) >= sizeof(hint->head))
        *hint = (struct hint){mask, load_head(at) & mask, (uint32_t)size};
}

/* A key of one byte and a number of up to three: the high bits of the number's bytes say where it
 * ends. */
static inline void hint_set_number(struct hint *hint, place at, place end, size_t size)
{
    uint32_t mask = 0xFF | (UINT32_C(0x80808000) & UINT32_MAX >> (32 - 8 * size));
    hint_set(hint, at, end, mask, size);
}

static inline place long_read_slowly(place at, place end, int64_t *ret_value)
{
    struct avro_cursor cursor = {at, end};
    return avro_cursor_long(&cursor, ret_value) ? cursor.at : NULL;
}

static inline int64_t unzigzag(uint64_t bits)
{
    return (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
}

/* Numbers of two to eight bytes without a branch on their length, which no predictor learns. */
static inline place long_read_word(place at, int64_t *ret_value, uint64_t word, uint64_t ends)
{
    unsigned size = ((unsigned)__builtin_ctzll(ends) >> 3) + 1;
    word &= (ends ^ (ends - 1)) & ~HIGH_BITS;
    /* Seven-bit groups close up: pairs, then fours, then all eight. */
    word = (word & UINT64_C(0x007F007F007F007F)) | (word & UINT64_C(0x7F007F007F007F00)) >> 1;
    word = (word & UINT64_C(0x00003FFF00003FFF)) | (word & UINT64_C(0x3FFF00003FFF0000)) >> 2;
    word = (word & UINT64_C(0x000000000FFFFFFF)) | (word & UINT64_C(0x0FFFFFFF00000000)) >> 4;
    *ret_value = unzigzag(word);
    return at + size;
}

static inline place long_read(place at, place end, int64_t *ret_value)
{
    if (__builtin_expect(left(at, end) < sizeof(uint64_t), 0))
        return long_read_slowly(at, end, ret_value);
    if (*at < 0x80) {
        *ret_value = unzigzag(*at);
        return at + 1;
    }
    uint64_t word = load_word(at);
    uint64_t ends = ~word & HIGH_BITS;
    return ends ? long_read_word(at, ret_value, word, ends) : long_read_slowly(at, end, ret_value);
}

static inline place longs_skip_slowly(place at, place end, size_t count)
{
    for (; count > 0 && at < end; at++)
        count -= *at < 0x80;
    return count == 0 ? at : NULL;
}

/* One number. */
static inline place long_skip(place at, place end)
{
    if (__builtin_expect(left(at, end) < sizeof(uint64_t), 0))
        return longs_skip_slowly(at, end, 1);
    if (*at < 0x80)
        return at + 1;
    uint64_t ends = ~load_word(at) & HIGH_BITS;
    return ends ? at + (__builtin_ctzll(ends) >> 3) + 1 : longs_skip_slowly(at, end, 1);
}

static inline place fixed_skip(place at, place end, size_t size)
{
    return size <= left(at, end) ? at + size : NULL;
}

static inline place bytes_read(place at, place end, struct slice *ret_bytes)
{
    int64_t size;
    at = long_read(at, end, &size);
    if (!at || size < 0 || (uint64_t)size > left(at, end))
        return NULL;
    *ret_bytes = slice_make((const char *)at, (size_t)size);
    return at + size;
}

static inline place count_read_slowly(place at, place end, size_t *ret_count, int64_t *ret_size)
{
    int64_t count;
    at = long_read(at, end, &count);
    if (at && count < 0) {
        if (count == INT64_MIN)
            return NULL;
        count = -count;
        at = long_read(at, end, ret_size);
        if (at && (*ret_size < 0 || (uint64_t)*ret_size > left(at, end)))
            return NULL;
    }
    if (at)
        *ret_count = (size_t)count;
    return at;
}

/* The head of a block of items; 0 ends the array. `ret_size` is what the block says it takes, or
 * -1 where it does not say. */
static inline place count_read(place at, place end, size_t *ret_count, int64_t *ret_size)
{
    *ret_size = -1;
    if (at == end || (*at & 0x81) != 0)
        return count_read_slowly(at, end, ret_count, ret_size);
    *ret_count = *at >> 1;
    return at + 1;
}

/* Steps over `count` numbers: over as many bytes whose high bit is clear. */
static inline place longs_skip(place at, place end, size_t count)
{
    while (left(at, end) >= sizeof(uint64_t) && count > 0) {
        uint64_t ends = (~load_word(at) & HIGH_BITS) >> 7;
        /* Byte i becomes the number of ends in bytes 0 to i; the last one is the sum. */
        uint64_t sums = ends * LOW_BITS;
        size_t all = (size_t)(sums >> 56);
        if (all < count) {
            count -= all;
            at += sizeof(uint64_t);
            continue;
        }
        /* The first byte whose sum reaches the count is where the last number ends. */
        uint64_t reached = ((sums | HIGH_BITS) - count * LOW_BITS) & HIGH_BITS;
        return at + (__builtin_ctzll(reached) >> 3) + 1;
    }
    return longs_skip_slowly(at, end, count);
}

static inline place long_items_skip(place at, place end, size_t width)
{
    for (;;) {
        size_t count;
        int64_t size;
        at = count_read(at, end, &count, &size);
        if (!at || count == 0)
            return at;
        if (size >= 0) {
            at += size;
            continue;
        }
        if (width > 0 && count > left(at, end))
            return NULL;
        at = longs_skip(at, end, count * width);
        if (!at)
            return NULL;
    }
}

/* A number and bytes. */
static inline place pair_skip_slowly(place at, place end)
{
    int64_t key;
    struct slice bytes;
    at = long_read(at, end, &key);
    return at ? bytes_read(at, end, &bytes) : NULL;
}

/* Key and length in a byte each, and the length not negative. */
static inline bool pair_is_short(place at, place end)
{
    return left(at, end) >= 2 && (at[0] | at[1]) < 0x80 && (at[1] & 1) == 0;
}

static inline place pair_skip(place at, place end, struct hint *hint)
{
    if (!pair_is_short(at, end))
        return pair_skip_slowly(at, end);
    size_t size = 2 + (at[1] >> 1);
    hint_set(hint, at, end, UINT16_MAX, size);
    return fixed_skip(at, end, size);
}

static inline place pairs_skip_block(place at, place end, size_t count, struct hint *hints)
{
    size_t hinted = count < HINT_COUNT ? count : HINT_COUNT;
    for (size_t i = 0; i < hinted; i++) {
        if (left(at, end) >= HINT_ROOM && hint_fits(&hints[i], at)) {
            at += hints[i].size;
            continue;
        }
        at = pair_skip(at, end, &hints[i]);
        if (!at)
            return NULL;
    }
    for (size_t i = hinted; i < count && at; i++)
        at = pair_skip_slowly(at, end);
    return at;
}

static inline place pairs_skip(place at, place end, struct hint *hints)
{
    for (;;) {
        size_t count;
        int64_t size;
        at = count_read(at, end, &count, &size);
        if (!at || count == 0)
            return at;
        at = size >= 0 ? at + size : pairs_skip_block(at, end, count, hints);
        if (!at)
            return NULL;
    }
}

#endif
