#include "iceberg/metadata_file.h"

#include <libdeflate.h>

#include "base/limits.h"

/* gzip's own default, between the speed of level 1 and the size of level 12. */
#define GZIP_LEVEL 6
/* RFC 1952: ten bytes of header, at least two of deflate data, eight of trailer. */
#define GZIP_SMALLEST_MEMBER 20
/* Deflate cannot expand a byte to more than 1032 (a match of 258 from two bits). A trailer that
 * claims more lies. */
#define DEFLATE_MOST_EXPANSION 1032
/* The room that is tried where the trailer says nothing useful. */
#define FIRST_ROOM (64 * KIB)
#define NUMBER_DIGITS_MAX 10 /* of 2147483647, the largest version that Java's parser takes */

bool metadata_codec_parse(struct slice text, enum metadata_codec fallback,
                          enum metadata_codec *ret_codec, struct error *err)
{
    if (text.len == 0)
        *ret_codec = fallback;
    else if (slice_equals_ignore_case(text, SLICE_LITERAL("none")))
        *ret_codec = METADATA_CODEC_NONE;
    else if (slice_equals_ignore_case(text, SLICE_LITERAL("gzip")))
        *ret_codec = METADATA_CODEC_GZIP;
    else
        return error_set(err, ERROR_BAD_REQUEST,
                         "Invalid codec name: '%.*s' (metadata files can be 'none' or 'gzip')",
                         SLICE_ARG(text));
    return true;
}

/* The last segment of a location. */
static struct slice file_name_of(struct slice location)
{
    size_t start = location.len;
    while (start > 0 && location.ptr[start - 1] != '/')
        start--;
    return slice_from(location, start);
}

/* One more than the number before the first dash; 0 for a name that does not begin with one, such
 * as the "v3.metadata.json" of file system tables. */
static int64_t next_number(struct slice previous)
{
    struct slice name = file_name_of(previous);
    size_t digits = slice_find(name, '-');
    if (digits == name.len || digits == 0 || digits > NUMBER_DIGITS_MAX)
        return 0;
    int64_t number;
    if (!slice_to_int64(slice_make(name.ptr, digits), &number) || number >= INT32_MAX)
        return 0;
    return number + 1;
}

bool metadata_file_name(struct slice directory, struct slice previous, enum metadata_codec codec,
                        const struct random_source *random, struct arena *arena,
                        struct slice *ret_location, struct error *err)
{
    char uuid[UUID_TEXT_SIZE];
    TRY(uuid_make(random, uuid, err));
    while (directory.len > 0 && directory.ptr[directory.len - 1] == '/')
        directory.len--;
    /* Not SLICE_ARG: a location may be longer than what is fit for a message. */
    struct slice name =
        arena_printf(arena, "/%05lld-%s%s.metadata.json", (long long)next_number(previous), uuid,
                     codec == METADATA_CODEC_GZIP ? ".gz" : "");
    char *text = arena_alloc(arena, directory.len + name.len + 1);
    if (!name.ptr || !text)
        return error_no_memory(err, "the name of a metadata file");
    memcpy(text, directory.ptr, directory.len);
    memcpy(text + directory.len, name.ptr, name.len + 1);
    *ret_location = slice_make(text, directory.len + name.len);
    return true;
}

/* libdeflate writes no time stamp and no name, so equal text gives equal bytes. The bound may be
 * past the buffer's ceiling while the result is not. */
static bool gzip_append(struct slice text, struct libdeflate_compressor *compressor,
                        struct buffer *out, struct error *err)
{
    size_t room = libdeflate_gzip_compress_bound(compressor, text.len);
    if (room > out->ceiling - out->len)
        room = out->ceiling - out->len;
    if (!buffer_reserve(out, room))
        return buffer_check(out, "a compressed metadata file", err);
    size_t size =
        libdeflate_gzip_compress(compressor, text.ptr, text.len, out->ptr + out->len, room);
    if (size == 0)
        return error_set(err, ERROR_TOO_LARGE,
                         "a compressed metadata file is larger than %zu bytes, the most that is "
                         "allowed",
                         room);
    out->len += size;
    return true;
}

bool metadata_file_encode(struct slice text, enum metadata_codec codec, struct buffer *out,
                          struct error *err)
{
    if (codec == METADATA_CODEC_NONE) {
        buffer_append_slice(out, text);
        return buffer_check(out, "a metadata file", err);
    }
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(GZIP_LEVEL);
    if (!compressor)
        return error_no_memory(err, "a gzip compressor");
    bool ok = gzip_append(text, compressor, out, err);
    libdeflate_free_compressor(compressor);
    return ok;
}

/* What is left to inflate, and how much may still come out of it. */
struct inflater {
    struct libdeflate_decompressor *decompressor;
    struct slice rest;
    struct buffer *out;
    size_t end; /* out->len never passes it */
};

static size_t inflater_most(const struct inflater *inflater)
{
    size_t left = inflater->end - inflater->out->len;
    size_t in = inflater->rest.len;
    return in < left / DEFLATE_MOST_EXPANSION ? in * DEFLATE_MOST_EXPANSION : left;
}

/* ISIZE, the last four bytes. */
static size_t isize_of(struct slice gzip)
{
    unsigned char tail[4];
    memcpy(tail, gzip.ptr + gzip.len - sizeof(tail), sizeof(tail));
    return (size_t)tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
}

/* ISIZE is the inflated size where the file is one member. It is a hint, not
 * more: no memory is taken beyond what this many bytes can expand to. */
static size_t inflater_first_room(const struct inflater *inflater)
{
    size_t isize = isize_of(inflater->rest);
    size_t room = isize > FIRST_ROOM ? isize : FIRST_ROOM;
    size_t most = inflater_most(inflater);
    return room < most ? room : most;
}

/* One attempt on one member with that much room. */
static enum libdeflate_result member_inflate(struct inflater *inflater, size_t room)
{
    size_t taken = 0, made = 0;
    struct buffer *out = inflater->out;
    enum libdeflate_result result =
        libdeflate_gzip_decompress_ex(inflater->decompressor, inflater->rest.ptr,
                                      inflater->rest.len, out->ptr + out->len, room, &taken, &made);
    if (result == LIBDEFLATE_SUCCESS) {
        inflater->rest = slice_from(inflater->rest, taken);
        out->len += made;
    }
    return result;
}

/* Doubles the room until the member fits or the ceiling is reached. */
static bool member_append(struct inflater *inflater, struct error *err)
{
    if (inflater->rest.len < GZIP_SMALLEST_MEMBER)
        return error_set(err, ERROR_CORRUPT, "the gzip'd metadata file is cut off");
    size_t room = inflater_first_room(inflater);
    for (;;) {
        if (!buffer_reserve(inflater->out, room))
            return buffer_check(inflater->out, "an inflated metadata file", err);
        enum libdeflate_result result = member_inflate(inflater, room);
        if (result == LIBDEFLATE_SUCCESS)
            return true;
        if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
            return error_set(err, ERROR_CORRUPT,
                             "the metadata file begins like gzip, but does not inflate");
        if (room == inflater->end - inflater->out->len)
            return error_set(err, ERROR_TOO_LARGE,
                             "the metadata file inflates to more than %zu bytes, the most that is "
                             "allowed",
                             inflater->end);
        /* Where the expansion bound was too low the bytes lie about it somewhere; go on to the
         * ceiling, which is what counts. */
        size_t left = inflater->end - inflater->out->len;
        room = room > left / 2 ? left : room * 2;
    }
}

static bool gzip_decode(struct inflater *inflater, struct error *err)
{
    /* RFC 1952, section 2.2: a file is a series of members, one after another. */
    while (inflater->rest.len > 0)
        TRY(member_append(inflater, err));
    return true;
}

static bool is_gzip(struct slice bytes)
{
    return slice_starts_with(bytes, SLICE_LITERAL("\x1f\x8b"));
}

size_t metadata_file_claimed_size(struct slice bytes)
{
    if (!is_gzip(bytes) || bytes.len < GZIP_SMALLEST_MEMBER)
        return bytes.len;
    return isize_of(bytes);
}

bool metadata_file_decode(struct slice bytes, struct buffer *out, struct error *err)
{
    if (!is_gzip(bytes)) {
        if (bytes.len > MAX_METADATA_SIZE)
            return error_set(err, ERROR_TOO_LARGE,
                             "the metadata file is larger than %zu bytes, the most that is allowed",
                             MAX_METADATA_SIZE);
        buffer_append_slice(out, bytes);
        return buffer_check(out, "a metadata file", err);
    }
    struct inflater inflater = {.rest = bytes, .out = out, .end = out->len + MAX_METADATA_SIZE};
    if (inflater.end > out->ceiling)
        inflater.end = out->ceiling;
    inflater.decompressor = libdeflate_alloc_decompressor();
    if (!inflater.decompressor)
        return error_no_memory(err, "a gzip decompressor");
    bool ok = gzip_decode(&inflater, err);
    libdeflate_free_decompressor(inflater.decompressor);
    return ok;
}
