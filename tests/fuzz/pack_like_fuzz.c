/*
 * pack_like_fuzz.c — the input is cut in two, by its first two bytes. What the second part is
 * packed to, like the first, unpacks to it again; and the second part taken for packed bytes, with
 * a check that holds, is unpacked or refused.
 */
#include <libdeflate.h>
#include <stdlib.h>

#include "base/pack_like.h"

#define CEILING ((size_t)1 << 20)
#define HEADER_SIZE 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_round_trip(struct slice bytes, struct slice base)
{
    struct arena arena;
    struct buffer out;
    struct slice packed;
    struct pack_base *packing = pack_base_create(base);
    require(packing);
    arena_init(&arena, 4 * CEILING);
    buffer_init(&out, CEILING);
    if (pack_like(bytes, packing, bytes.len + 32, &arena, &packed)) {
        require(packed.len <= bytes.len + 32);
        require(unpack_like(packed, base, &out, NULL));
        require(slice_equals(buffer_slice(&out), bytes));
    }
    buffer_finish(&out);
    arena_finish(&arena);
    pack_base_destroy(packing);
}

static void unpack_anything(struct slice bytes, struct slice base)
{
    struct buffer packed, out;
    uint32_t check = libdeflate_crc32(0, base.ptr, base.len);
    check = libdeflate_crc32(check, bytes.ptr, bytes.len);
    char header[HEADER_SIZE] = {'\xF1', 'l', 'k', '1'};
    for (size_t i = 0; i < 4; i++)
        header[4 + i] = (char)(check >> (8 * i));
    buffer_init(&packed, CEILING);
    buffer_init(&out, CEILING);
    buffer_append(&packed, header, sizeof header);
    buffer_append_slice(&packed, bytes);
    if (!unpack_like(buffer_slice(&packed), base, &out, NULL))
        require(out.len == 0);
    buffer_finish(&packed);
    buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 64 * 1024)
        return 0;
    struct slice all = {(const char *)data + 2, size - 2};
    size_t cut = (size_t)(data[0] | data[1] << 8);
    if (cut > all.len)
        cut = all.len;
    struct slice base = slice_make(all.ptr, cut), bytes = slice_from(all, cut);
    check_round_trip(bytes, base);
    unpack_anything(bytes, base);
    return 0;
}
