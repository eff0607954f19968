/*
 * avro_write.h — Avro's binary encoding and object container files, written.
 *
 * Spec:     Avro specification, "Binary Encoding", "Object Container Files"
 * Owns:     nothing; everything is appended to the caller's buffer, which remembers what failed
 * Errors:   ERROR_NO_MEMORY, ERROR_TOO_LARGE
 * Threads:  pure functions
 */
#ifndef ICEBERG_AVRO_WRITE_H
#define ICEBERG_AVRO_WRITE_H

#include "base/buffer.h"
#include "iceberg/avro_container.h"
#include "iceberg/avro_shape.h"

/* An int or a long. */
void avro_put_long(struct buffer *out, int64_t value);
/* A string or bytes. */
void avro_put_bytes(struct buffer *out, struct slice bytes);
/* A number as a shape has it: itself, or a branch of a union. False where there is none. */
bool avro_put_number(struct buffer *out, const struct avro_shape *shape, int64_t value);
/* null, where a union has it. False where it has not. */
bool avro_put_null(struct buffer *out, const struct avro_shape *shape);

struct avro_pair {
    struct slice key;
    struct slice value;
};

/* The magic, the metadata and AVRO_SYNC_SIZE bytes that end each block. The caller's pairs hold
 * avro.schema and avro.codec. */
void avro_put_header(struct buffer *out, const struct avro_pair *pairs, size_t count,
                     const unsigned char *sync);
/* A block whose data are in the file's codec already. */
void avro_put_raw_block(struct buffer *out, const struct avro_block *block,
                        const unsigned char *sync);
/* A block of plain data, for the codec "deflate". */
bool avro_put_deflated_block(struct buffer *out, const struct avro_block *block,
                             const unsigned char *sync, struct error *err);

#endif
