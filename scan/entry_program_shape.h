/*
 * entry_program_shape.h — questions about a writer's type that decide which step reads it.
 *
 * Owns:     nothing
 * Threads:  pure functions
 * Rule:     they recurse over the shape, whose depth and weight its parser bounds
 */
#ifndef SCAN_ENTRY_PROGRAM_SHAPE_H
#define SCAN_ENTRY_PROGRAM_SHAPE_H

#include "iceberg/avro_shape.h"

bool entry_shape_is_number(const struct avro_shape *shape); /* int or long */
bool entry_shape_is_bytes(const struct avro_shape *shape);  /* bytes or string */

/* The least that a value takes; 0 where it takes nothing whatever it is. */
size_t entry_shape_least_size(const struct avro_shape *shape);

/* How many numbers stand in each value and nothing else; 0 where there is anything else. */
size_t entry_shape_count_numbers(const struct avro_shape *shape);

/* A record of a plain number and a plain value (bytes or a number), in this order: what all known
 * writers make of an item of a map from field ids. */
bool entry_shape_is_pair(const struct avro_shape *item, bool wants_bytes);

#endif
