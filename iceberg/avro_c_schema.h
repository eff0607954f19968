/*
 * avro_c_schema.h — the avro-c schema that decodes what a shape describes.
 *
 * Built from the shape rather than from the file's JSON: avro-c never sees text that nobody
 * checked, its rules for names do not matter, and what can still fail is memory.
 *
 * Owns:     the result is the caller's, who frees it with avro_schema_decref
 * Errors:   ERROR_NO_MEMORY
 * Rule:     the encoding is the same, the names are not: children are found by position. An enum is
 *           decoded as the int that it is on the wire.
 */
#ifndef ICEBERG_AVRO_C_SCHEMA_H
#define ICEBERG_AVRO_C_SCHEMA_H

#include <avro.h>

#include "iceberg/avro_shape.h"

bool avro_c_schema_make(const struct avro_shape *shape, avro_schema_t *ret_schema,
                        struct error *err);

#endif
