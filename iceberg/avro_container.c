#include "iceberg/avro_container.h"

#include <libdeflate.h>
#include <snappy-c.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/limits.h"

#define MAGIC SLICE_LITERAL("Obj\x01")
/* Twice the 64 kB at which writers usually end a block: one attempt does. */
#define FIRST_ROOM (128 * KIB)
/* Where a block is larger, the first guess; a wrong one costs another attempt, not the block. */
#define USUAL_EXPANSION 8
#define SNAPPY_CRC_SIZE 4
/* Snappy's longest copy makes 64 bytes out of three. */
#define SNAPPY_MOST_EXPANSION 64

/* Steps over one entry of the metadata map. */
static bool metadata_entry_read(struct avro_cursor *cursor, struct slice *ret_key,
                                struct slice *ret_value)
{
    return avro_cursor_bytes(cursor, ret_key) && avro_cursor_bytes(cursor, ret_value);
}

static bool metadata_skip(struct avro_cursor *cursor)
{
    size_t count;
    struct slice key, value;
    for (;;) {
        TRY(avro_cursor_count(cursor, &count));
        if (count == 0)
            return true;
        for (; count > 0; count--)
            TRY(metadata_entry_read(cursor, &key, &value));
    }
}

struct slice avro_container_metadata(const struct avro_container *container, const char *key)
{
    struct avro_cursor cursor = avro_cursor_make(container->metadata);
    struct slice name, value;
    size_t count;
    while (avro_cursor_count(&cursor, &count) && count > 0) {
        for (; count > 0 && metadata_entry_read(&cursor, &name, &value); count--) {
            if (slice_equals_string(name, key))
                return value;
        }
    }
    return (struct slice){NULL, 0};
}

static bool codec_read(struct avro_container *container, struct error *err)
{
    struct slice name = avro_container_metadata(container, "avro.codec");
    if (!name.ptr || slice_equals_string(name, "null"))
        container->codec = AVRO_CODEC_NULL;
    else if (slice_equals_string(name, "deflate"))
        container->codec = AVRO_CODEC_DEFLATE;
    else if (slice_equals_string(name, "snappy"))
        container->codec = AVRO_CODEC_SNAPPY;
    else if (slice_equals_string(name, "zstandard"))
        container->codec = AVRO_CODEC_ZSTD;
    else
        return error_set(err, ERROR_CORRUPT, "the Avro file has the unknown codec '%.*s'",
                         SLICE_ARG(name));
    return true;
}

bool avro_container_open(struct slice bytes, struct avro_container *ret_container,
                         struct error *err)
{
    if (!slice_starts_with(bytes, MAGIC))
        return error_set(err, ERROR_CORRUPT, "the bytes are not an Avro file");
    struct avro_container container = {.codec = AVRO_CODEC_NULL};
    container.rest = avro_cursor_make(slice_from(bytes, MAGIC.len));
    const unsigned char *start = container.rest.at;
    if (!metadata_skip(&container.rest))
        return error_set(err, ERROR_CORRUPT, "the header of the Avro file is cut off or damaged");
    container.metadata = slice_make((const char *)start, (size_t)(container.rest.at - start));
    container.sync = container.rest.at;
    if (!avro_cursor_skip(&container.rest, AVRO_SYNC_SIZE))
        return error_set(err, ERROR_CORRUPT, "the header of the Avro file is cut off");
    container.schema = avro_container_metadata(&container, "avro.schema");
    if (!container.schema.ptr)
        return error_set(err, ERROR_CORRUPT, "the Avro file has no schema");
    TRY(codec_read(&container, err));
    *ret_container = container;
    return true;
}

void avro_container_finish(struct avro_container *container)
{
    if (container->inflater)
        libdeflate_free_decompressor(container->inflater);
    ZSTD_freeDCtx(container->zstd);
    container->inflater = NULL;
    container->zstd = NULL;
}

enum inflate_result { INFLATE_DONE, INFLATE_MORE_ROOM, INFLATE_DAMAGED };

/* One attempt to inflate `data` into `room` bytes. */
typedef enum inflate_result (*inflate_fn)(struct avro_container *container, struct slice data,
                                          char *out, size_t room, size_t *ret_size);

static enum inflate_result inflate_deflate(struct avro_container *container, struct slice data,
                                           char *out, size_t room, size_t *ret_size)
{
    enum libdeflate_result result =
        libdeflate_deflate_decompress(container->inflater, data.ptr, data.len, out, room, ret_size);
    if (result == LIBDEFLATE_SUCCESS)
        return INFLATE_DONE;
    return result == LIBDEFLATE_INSUFFICIENT_SPACE ? INFLATE_MORE_ROOM : INFLATE_DAMAGED;
}

static enum inflate_result inflate_zstd(struct avro_container *container, struct slice data,
                                        char *out, size_t room, size_t *ret_size)
{
    size_t size = ZSTD_decompressDCtx(container->zstd, out, room, data.ptr, data.len);
    if (ZSTD_isError(size))
        return ZSTD_getErrorCode(size) == ZSTD_error_dstSize_tooSmall ? INFLATE_MORE_ROOM
                                                                      : INFLATE_DAMAGED;
    *ret_size = size;
    return INFLATE_DONE;
}

/* Avro puts the CRC-32 of the inflated bytes, big-endian, behind each snappy block. */
static enum inflate_result inflate_snappy(struct avro_container *container, struct slice data,
                                          char *out, size_t room, size_t *ret_size)
{
    size_t size;
    (void)container;
    if (data.len < SNAPPY_CRC_SIZE)
        return INFLATE_DAMAGED;
    data.len -= SNAPPY_CRC_SIZE;
    if (snappy_uncompressed_length(data.ptr, data.len, &size) != SNAPPY_OK ||
        size / SNAPPY_MOST_EXPANSION > data.len)
        return INFLATE_DAMAGED;
    if (size > room)
        return INFLATE_MORE_ROOM;
    if (snappy_uncompress(data.ptr, data.len, out, &size) != SNAPPY_OK)
        return INFLATE_DAMAGED;
    const unsigned char *crc = (const unsigned char *)data.ptr + data.len;
    uint32_t wanted =
        (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 | (uint32_t)crc[2] << 8 | (uint32_t)crc[3];
    *ret_size = size;
    return libdeflate_crc32(0, out, size) == wanted ? INFLATE_DONE : INFLATE_DAMAGED;
}

static size_t first_room(struct slice data, size_t ceiling)
{
    size_t room = data.len < ceiling / USUAL_EXPANSION ? data.len * USUAL_EXPANSION : ceiling;
    if (room < FIRST_ROOM)
        room = FIRST_ROOM;
    return room < ceiling ? room : ceiling;
}

/* Attempts with twice the room each time, up to the ceiling: what a header claims of its inflated
 * size is not asked for, because a few bytes can claim gigabytes. */
static bool inflate_into(struct avro_container *container, inflate_fn inflate, struct slice data,
                         struct buffer *scratch, struct error *err)
{
    for (size_t room = first_room(data, scratch->ceiling);;) {
        size_t size;
        if (!buffer_reserve(scratch, room))
            return buffer_check(scratch, "an Avro block", err);
        switch (inflate(container, data, scratch->ptr, room, &size)) {
        case INFLATE_DONE:
            scratch->len = size;
            return true;
        case INFLATE_DAMAGED:
            return error_set(err, ERROR_CORRUPT, "a block of the Avro file does not inflate");
        case INFLATE_MORE_ROOM:
            break;
        }
        if (room == scratch->ceiling)
            return error_set(err, ERROR_TOO_LARGE,
                             "a block of the Avro file inflates to more than %zu bytes, the most "
                             "that is allowed",
                             room);
        room = room > scratch->ceiling / 2 ? scratch->ceiling : room * 2;
    }
}

static bool inflater_require(struct avro_container *container, struct error *err)
{
    if (container->codec == AVRO_CODEC_DEFLATE && !container->inflater)
        container->inflater = libdeflate_alloc_decompressor();
    if (container->codec == AVRO_CODEC_ZSTD && !container->zstd)
        container->zstd = ZSTD_createDCtx();
    bool is_missing = (container->codec == AVRO_CODEC_DEFLATE && !container->inflater) ||
                      (container->codec == AVRO_CODEC_ZSTD && !container->zstd);
    return is_missing ? error_no_memory(err, "a decompressor") : true;
}

static bool block_inflate(struct avro_container *container, struct slice data,
                          struct buffer *scratch, struct error *err)
{
    static const inflate_fn inflate[] = {
        [AVRO_CODEC_DEFLATE] = inflate_deflate,
        [AVRO_CODEC_SNAPPY] = inflate_snappy,
        [AVRO_CODEC_ZSTD] = inflate_zstd,
    };
    TRY(inflater_require(container, err));
    buffer_truncate(scratch, 0);
    return inflate_into(container, inflate[container->codec], data, scratch, err);
}

/* A block as it stands in the file: count, bytes, and the file's sync marker. */
static bool block_read(struct avro_container *container, struct avro_block *ret_block)
{
    struct avro_cursor *rest = &container->rest;
    if (!avro_cursor_long(rest, &ret_block->count) || ret_block->count < 0)
        return false;
    if (!avro_cursor_bytes(rest, &ret_block->data))
        return false;
    const unsigned char *sync = rest->at;
    return avro_cursor_skip(rest, AVRO_SYNC_SIZE) &&
           memcmp(sync, container->sync, AVRO_SYNC_SIZE) == 0;
}

bool avro_container_next_raw(struct avro_container *container, struct avro_block *ret_block,
                             bool *ret_more, struct error *err)
{
    struct avro_block block;
    if (container->rest.at == container->rest.end) {
        *ret_more = false;
        return true;
    }
    if (!block_read(container, &block))
        return error_set(err, ERROR_CORRUPT, "a block of the Avro file is cut off or damaged");
    *ret_block = block;
    *ret_more = true;
    return true;
}

bool avro_container_inflate(struct avro_container *container, struct avro_block *block,
                            struct buffer *scratch, struct error *err)
{
    if (container->codec == AVRO_CODEC_NULL)
        return true;
    TRY(block_inflate(container, block->data, scratch, err));
    block->data = buffer_slice(scratch);
    return true;
}

bool avro_container_next(struct avro_container *container, struct buffer *scratch,
                         struct avro_block *ret_block, bool *ret_more, struct error *err)
{
    struct avro_block block;
    bool more = false;
    TRY(avro_container_next_raw(container, &block, &more, err));
    if (more) {
        TRY(avro_container_inflate(container, &block, scratch, err));
        *ret_block = block;
    }
    *ret_more = more;
    return true;
}
