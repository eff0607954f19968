#include "base/pack_like.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/pack.h"

/* Begins no zstd frame, and none of the files that are packed: JSON, gzip, Avro. */
static const char magic[] = {'\xF1', 'l', 'k', '1'};

#define CHECK_SIZE sizeof(uint32_t)
#define HEADER_SIZE (sizeof magic + CHECK_SIZE)
/* Of 64 bits, by seven. */
#define MAX_VARINT_SIZE 10

/* So many bytes of the base are a sample, found by their hash: all of it in such pieces. A uuid of
 * 36 letters, or what is as long and the same in both, has at least one. */
#define SAMPLE_SIZE ((size_t)16)
/* A slot names one of so many. */
#define MAX_SAMPLES ((size_t)UINT16_MAX)
/* A shorter copy takes as many bytes to tell as its literals. */
#define MIN_COPY SAMPLE_SIZE
/* Entries of a log differ in a few places and are alike between them. So a match is taken at once
 * only where it is longer than what they have in common: a longer one may begin within so many
 * bytes. */
#define GOOD_COPY 256
#define SEARCH_SIZE 256

struct pack_base {
    struct slice bytes; /* behind the slots, in the same piece of memory */
    uint32_t check;
    unsigned slot_bits;
    uint16_t slots[]; /* a sample's number, from 1; or 0 */
};

/* --- the base ----------------------------------------------------------------------------- */

/* Twice as many slots as samples, or more. */
static unsigned slot_bits_for(size_t size)
{
    unsigned bits = 4;
    while (((size_t)1 << bits) < size / SAMPLE_SIZE * 2)
        bits++;
    return bits;
}

static size_t slots_size(unsigned bits)
{
    return ((size_t)1 << bits) * sizeof(uint16_t);
}

size_t pack_base_size(size_t bytes)
{
    return sizeof(struct pack_base) + slots_size(slot_bits_for(bytes)) + bytes;
}

static size_t slot_of(const struct pack_base *base, const char *sample)
{
    uint64_t hash = hash_word(sample) * HASH_FACTOR;
    hash = (hash ^ (hash >> 32) ^ hash_word(sample + sizeof hash)) * HASH_END_FACTOR;
    return (size_t)(hash >> (64 - base->slot_bits));
}

/* Of samples that meet in a slot the last one stays. */
static void enter_samples(struct pack_base *base)
{
    for (size_t i = 0; i < base->bytes.len / SAMPLE_SIZE; i++)
        base->slots[slot_of(base, base->bytes.ptr + i * SAMPLE_SIZE)] = (uint16_t)(i + 1);
}

struct pack_base *pack_base_create(struct slice bytes)
{
    unsigned bits = slot_bits_for(bytes.len);
    if (bytes.len / SAMPLE_SIZE > MAX_SAMPLES)
        return NULL;
    struct pack_base *base = malloc(pack_base_size(bytes.len));
    if (!base)
        return NULL;
    char *copy = (char *)base->slots + slots_size(bits);
    memset(base->slots, 0, slots_size(bits));
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    base->bytes = slice_make(copy, bytes.len);
    base->check = libdeflate_crc32(0, copy, bytes.len);
    base->slot_bits = bits;
    enter_samples(base);
    return base;
}

void pack_base_destroy(struct pack_base *base)
{
    free(base);
}

struct slice pack_base_bytes(const struct pack_base *base)
{
    return base->bytes;
}

/* --- packing ------------------------------------------------------------------------------ */

/* Bytes that are the same in both. */
struct match {
    size_t at;   /* in those that are packed */
    size_t from; /* in the base */
    size_t size;
};

struct packing {
    struct slice bytes;
    const struct pack_base *base;
    char *out;
    size_t size;
    size_t limit;
    size_t literals; /* where those begin that were not written yet */
    size_t copied;   /* where the last copy ended in the base */
    bool is_over;
};

static size_t common_prefix(struct slice a, struct slice b)
{
    const size_t block = 256, word = sizeof(uint64_t);
    size_t most = a.len < b.len ? a.len : b.len, size = 0;
    while (most - size >= block && memcmp(a.ptr + size, b.ptr + size, block) == 0)
        size += block;
    while (most - size >= word && hash_word(a.ptr + size) == hash_word(b.ptr + size))
        size += word;
    while (size < most && a.ptr[size] == b.ptr[size])
        size++;
    return size;
}

static struct match match_at(const struct packing *packing, size_t at, size_t from)
{
    size_t size =
        common_prefix(slice_from(packing->bytes, at), slice_from(packing->base->bytes, from));
    return (struct match){at, from, size};
}

/* By the sample that begins like the bytes at `at`, and as far back as `first`. */
static struct match match_by_sample(const struct packing *packing, size_t at, size_t first)
{
    struct slice base = packing->base->bytes;
    size_t found = packing->base->slots[slot_of(packing->base, packing->bytes.ptr + at)];
    if (found == 0)
        return (struct match){at, 0, 0};
    struct match match = match_at(packing, at, (found - 1) * SAMPLE_SIZE);
    if (match.size < SAMPLE_SIZE)
        return (struct match){at, 0, 0};
    while (match.at > first && match.from > 0 &&
           packing->bytes.ptr[match.at - 1] == base.ptr[match.from - 1]) {
        match.at--;
        match.from--;
        match.size++;
    }
    return match;
}

/* The first match that begins soon after `at`; or a good one instead that begins within it. */
static struct match search(const struct packing *packing, size_t at)
{
    struct match first = match_at(packing, at, packing->copied);
    size_t end = packing->bytes.len - at < SEARCH_SIZE ? packing->bytes.len : at + SEARCH_SIZE;
    for (size_t i = at; i + SAMPLE_SIZE <= end && first.size < GOOD_COPY; i++) {
        struct match match = match_by_sample(packing, i, at);
        bool is_within = match.at < first.at + first.size;
        if (first.size < MIN_COPY || (is_within && match.size >= GOOD_COPY))
            first = match;
        if (match.size > 0)
            i = match.at + match.size - 1; /* within it others are found, which end there as well */
    }
    return first;
}

static void put_bytes(struct packing *packing, struct slice bytes)
{
    packing->is_over = packing->is_over || bytes.len > packing->limit - packing->size;
    if (packing->is_over || bytes.len == 0)
        return;
    memcpy(packing->out + packing->size, bytes.ptr, bytes.len);
    packing->size += bytes.len;
}

static void put_varint(struct packing *packing, uint64_t value)
{
    char text[MAX_VARINT_SIZE];
    size_t size = 0;
    while (value >= 0x80) {
        text[size++] = (char)(value | 0x80);
        value >>= 7;
    }
    text[size++] = (char)value;
    put_bytes(packing, slice_make(text, size));
}

static void put_literals(struct packing *packing, size_t end)
{
    size_t size = end - packing->literals;
    put_varint(packing, size);
    put_bytes(packing, slice_make(packing->bytes.ptr + packing->literals, size));
    packing->literals = end;
}

static void put_copy(struct packing *packing, struct match match)
{
    bool is_back = match.from < packing->copied;
    uint64_t distance = is_back ? packing->copied - match.from : match.from - packing->copied;
    put_literals(packing, match.at);
    put_varint(packing, match.size);
    put_varint(packing, distance << 1 | is_back);
    packing->literals = match.at + match.size;
    packing->copied = match.from + match.size;
}

static void put_all(struct packing *packing)
{
    size_t at = 0;
    while (at < packing->bytes.len && !packing->is_over) {
        struct match match = search(packing, at);
        if (match.size >= MIN_COPY) {
            put_copy(packing, match);
            at = packing->literals;
        } else {
            size_t rest = packing->bytes.len - at;
            at += rest < SEARCH_SIZE ? rest : SEARCH_SIZE - SAMPLE_SIZE;
            packing->is_over = at - packing->literals > packing->limit;
        }
    }
    if (packing->literals < packing->bytes.len)
        put_literals(packing, packing->bytes.len);
}

static void put_check(char at[CHECK_SIZE], uint32_t check)
{
    for (size_t i = 0; i < CHECK_SIZE; i++)
        at[i] = (char)(check >> (8 * i));
}

bool pack_like(struct slice bytes, const struct pack_base *base, size_t limit, struct arena *arena,
               struct slice *ret_packed)
{
    struct packing packing = {.bytes = bytes, .base = base, .limit = limit, .size = HEADER_SIZE};
    if (limit < HEADER_SIZE || !(packing.out = arena_alloc(arena, limit)))
        return false;
    put_varint(&packing, bytes.len);
    put_all(&packing);
    if (packing.is_over)
        return false;
    memcpy(packing.out, magic, sizeof magic);
    put_check(packing.out + sizeof magic, libdeflate_crc32(base->check, packing.out + HEADER_SIZE,
                                                           packing.size - HEADER_SIZE));
    *ret_packed = slice_make(packing.out, packing.size);
    return true;
}

/* --- unpacking ---------------------------------------------------------------------------- */

static uint32_t get_check(const char at[CHECK_SIZE])
{
    uint32_t check = 0;
    for (size_t i = 0; i < CHECK_SIZE; i++)
        check |= (uint32_t)(unsigned char)at[i] << (8 * i);
    return check;
}

static bool is_whole(struct slice packed, struct slice base)
{
    if (packed.len < HEADER_SIZE)
        return false;
    struct slice rest = slice_from(packed, HEADER_SIZE);
    uint32_t check = libdeflate_crc32(0, base.ptr, base.len);
    return get_check(packed.ptr + sizeof magic) == libdeflate_crc32(check, rest.ptr, rest.len);
}

static bool get_varint(struct slice *rest, size_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < rest->len && i < MAX_VARINT_SIZE; i++) {
        unsigned char byte = (unsigned char)rest->ptr[i];
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *rest = slice_from(*rest, i + 1);
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* Bytes of `from`; false where it has not so many, or they would be more than are still wanted. */
static bool take(struct slice from, size_t size, size_t *wanted, struct buffer *out)
{
    if (size > from.len || size > *wanted)
        return false;
    buffer_append(out, from.ptr, size);
    *wanted -= size;
    return true;
}

/* The copy's place, which begins behind or before the end of the last one. */
static bool place_of_copy(struct slice base, size_t distance, size_t *copied)
{
    size_t size = distance >> 1;
    bool is_back = distance & 1;
    if (size > (is_back ? *copied : base.len - *copied))
        return false;
    *copied = is_back ? *copied - size : *copied + size;
    return true;
}

static bool take_all(struct slice rest, struct slice base, size_t wanted, struct buffer *out)
{
    size_t copied = 0;
    while (wanted > 0) {
        size_t literals, copy, distance;
        if (!get_varint(&rest, &literals) || !take(rest, literals, &wanted, out))
            return false;
        rest = slice_from(rest, literals);
        if (wanted == 0)
            break;
        if (!get_varint(&rest, &copy) || !get_varint(&rest, &distance) ||
            !place_of_copy(base, distance, &copied) ||
            !take(slice_from(base, copied), copy, &wanted, out))
            return false;
        copied += copy;
    }
    return rest.len == 0;
}

static bool damaged(struct error *err)
{
    return error_set(err, ERROR_CORRUPT, "bytes that were packed like others are damaged");
}

static bool unpack_whole(struct slice packed, struct slice base, struct buffer *out,
                         struct error *err)
{
    size_t size = 0, before = out->len;
    struct slice rest = slice_from(packed, HEADER_SIZE);
    if (!is_whole(packed, base) || !get_varint(&rest, &size))
        return damaged(err);
    if (!buffer_reserve(out, size))
        return buffer_check(out, "packed bytes", err);
    if (take_all(rest, base, size, out))
        return true;
    buffer_truncate(out, before);
    return damaged(err);
}

bool unpack_like(struct slice packed, struct slice base, struct buffer *out, struct error *err)
{
    if (slice_starts_with(packed, slice_make(magic, sizeof magic)))
        return unpack_whole(packed, base, out, err);
    if (base.len == 0)
        return unpack(packed, out, err);
    return pack_is_frame(packed) ? unpack_prefixed(packed, base, out, err) : damaged(err);
}
