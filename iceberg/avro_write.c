#include "iceberg/avro_write.h"

#include <libdeflate.h>
#include <stdlib.h>

/* zlib's default, which Avro libraries use too. */
#define DEFLATE_LEVEL 6

void avro_put_long(struct buffer *out, int64_t value)
{
    uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (; bits >= 0x80; bits >>= 7)
        buffer_append_byte(out, (char)(0x80 | (bits & 0x7F)));
    buffer_append_byte(out, (char)bits);
}

void avro_put_bytes(struct buffer *out, struct slice bytes)
{
    avro_put_long(out, (int64_t)bytes.len);
    buffer_append_slice(out, bytes);
}

static bool fits(enum avro_kind kind, int64_t value)
{
    return kind == AVRO_KIND_LONG ||
           (kind == AVRO_KIND_INT && value >= INT32_MIN && value <= INT32_MAX);
}

bool avro_put_number(struct buffer *out, const struct avro_shape *shape, int64_t value)
{
    if (shape->kind != AVRO_KIND_UNION) {
        TRY(fits(shape->kind, value));
        avro_put_long(out, value);
        return true;
    }
    for (size_t i = 0; i < shape->child_count; i++) {
        if (!fits(shape->children[i].type->kind, value))
            continue;
        avro_put_long(out, (int64_t)i);
        avro_put_long(out, value);
        return true;
    }
    return false;
}

bool avro_put_null(struct buffer *out, const struct avro_shape *shape)
{
    for (size_t i = 0; shape->kind == AVRO_KIND_UNION && i < shape->child_count; i++) {
        if (shape->children[i].type->kind != AVRO_KIND_NULL)
            continue;
        avro_put_long(out, (int64_t)i);
        return true;
    }
    return shape->kind == AVRO_KIND_NULL;
}

void avro_put_header(struct buffer *out, const struct avro_pair *pairs, size_t count,
                     const unsigned char *sync)
{
    buffer_append(out, "Obj\x01", 4);
    if (count > 0)
        avro_put_long(out, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        avro_put_bytes(out, pairs[i].key);
        avro_put_bytes(out, pairs[i].value);
    }
    avro_put_long(out, 0);
    buffer_append(out, sync, AVRO_SYNC_SIZE);
}

void avro_put_raw_block(struct buffer *out, const struct avro_block *block,
                        const unsigned char *sync)
{
    avro_put_long(out, block->count);
    avro_put_bytes(out, block->data);
    buffer_append(out, sync, AVRO_SYNC_SIZE);
}

bool avro_put_deflated_block(struct buffer *out, const struct avro_block *block,
                             const unsigned char *sync, struct error *err)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(DEFLATE_LEVEL);
    size_t room = libdeflate_deflate_compress_bound(compressor, block->data.len);
    char *bytes = compressor ? malloc(room) : NULL;
    if (bytes) {
        size_t size =
            libdeflate_deflate_compress(compressor, block->data.ptr, block->data.len, bytes, room);
        struct avro_block deflated = {block->count, slice_make(bytes, size)};
        avro_put_raw_block(out, &deflated, sync);
    }
    free(bytes);
    libdeflate_free_compressor(compressor);
    return bytes ? true : error_no_memory(err, "an Avro block");
}
