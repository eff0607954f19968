/*
 * avro_container.h — an Avro object container file over bytes: its metadata and its blocks.
 *
 * Spec:     Avro specification, "Object Container Files"; codecs null, deflate, snappy, zstandard
 * Owns:     a decompressor; the bytes stay the caller's and must outlive it
 * Errors:   ERROR_CORRUPT for what is no such file, ERROR_TOO_LARGE where a block inflates past the
 *           ceiling of the caller's buffer, ERROR_NO_MEMORY
 * Threads:  one thread at a time
 * Rule:     no size that the bytes claim is trusted: memory grows with what really comes out
 */
#ifndef ICEBERG_AVRO_CONTAINER_H
#define ICEBERG_AVRO_CONTAINER_H

#include "base/buffer.h"
#include "iceberg/avro_cursor.h"

#define AVRO_SYNC_SIZE 16

enum avro_codec { AVRO_CODEC_NULL, AVRO_CODEC_DEFLATE, AVRO_CODEC_SNAPPY, AVRO_CODEC_ZSTD };

struct libdeflate_decompressor;
struct ZSTD_DCtx_s;

struct avro_container {
    struct slice metadata; /* the encoded map of the header */
    struct slice schema;   /* avro.schema: JSON text, as it stands in the file */
    enum avro_codec codec;
    const unsigned char *sync;
    struct avro_cursor rest;                  /* the blocks that were not read yet */
    struct libdeflate_decompressor *inflater; /* made with the first block that needs it */
    struct ZSTD_DCtx_s *zstd;
};

struct avro_block {
    int64_t count;     /* how many objects the block says it holds; not negative, else unchecked */
    struct slice data; /* inflated */
};

/* Reads the header. After success, and only then, avro_container_finish is due. */
bool avro_container_open(struct slice bytes, struct avro_container *ret_container,
                         struct error *err);
void avro_container_finish(struct avro_container *container);

/* A value of the header's metadata ("format-version", "partition-spec-id" …); ptr NULL where the
 * key is not there. */
struct slice avro_container_metadata(const struct avro_container *container, const char *key);

/* The next block; *ret_more is false at the end of the file. The data are a view, into `scratch`
 * (whose former content is dropped) or, without a codec, into the file's bytes; they are valid
 * until the next call. */
bool avro_container_next(struct avro_container *container, struct buffer *scratch,
                         struct avro_block *ret_block, bool *ret_more, struct error *err);

/* The two halves of it: a block as it stands in the file, and the inflating of its data. */
bool avro_container_next_raw(struct avro_container *container, struct avro_block *ret_block,
                             bool *ret_more, struct error *err);
bool avro_container_inflate(struct avro_container *container, struct avro_block *block,
                            struct buffer *scratch, struct error *err);

#endif
