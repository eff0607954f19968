/*
 * avro_records.h — an Avro file's writer's shape, and its blocks one by one.
 *
 * Owns:     the shape, until avro_records_finish; the bytes stay the caller's and must outlive it
 * Errors:   ERROR_CORRUPT, ERROR_TOO_LARGE, ERROR_NO_MEMORY; sentences name the file by `what`
 * Threads:  one thread at a time
 */
#ifndef ICEBERG_AVRO_RECORDS_H
#define ICEBERG_AVRO_RECORDS_H

#include "iceberg/avro_container.h"
#include "iceberg/avro_shape.h"

struct avro_records {
    struct avro_container container;
    const struct avro_shape *shape; /* a record's, or who reads it finds none of its fields */
    const char *what;               /* "the manifest list" */
    json_t *schema;                 /* names of the shape point into it */
    struct arena arena;
    struct buffer scratch;
    size_t inflated;
};

/* `what` is a literal. After success, and only then, avro_records_finish is due. */
bool avro_records_open(struct slice bytes, const char *what, struct avro_records *ret_records,
                       struct error *err);
void avro_records_finish(struct avro_records *records);

/* The next block, inflated, valid until the next call; *ret_more is false at the end. */
bool avro_records_next(struct avro_records *records, struct avro_block *ret_block, bool *ret_more,
                       struct error *err);

/* How many nodes of the schema the block may visit. An honest record takes two bytes a node. */
uint64_t avro_block_budget(const struct avro_block *block);

/* "<what> is cut off or damaged". Always false. */
bool avro_records_damaged(const struct avro_records *records, struct error *err);

/* One number where the shape, or a branch of it, is one: *ret_is_there is false for null. False
 * where the bytes are damaged or another type stands there. */
bool avro_number_read(const struct avro_shape *shape, struct avro_cursor *cursor, uint64_t *budget,
                      bool *ret_is_there, int64_t *ret_number);

#endif
