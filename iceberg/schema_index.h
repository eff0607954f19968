/*
 * schema_index.h — turns a struct type into a schema: fields by id and by name, rules checked.
 *
 * Spec:     table spec, "Schemas and Data Types", "Identifier Field IDs"
 * Owns:     what it makes lives in the arena
 * Errors:   ERROR_VALIDATION for ids or names that are there twice and for identifier fields that
 *           cannot be; ERROR_TOO_LARGE where the full names together pass MAX_SCHEMA_NAMES_SIZE
 */
#ifndef ICEBERG_SCHEMA_INDEX_H
#define ICEBERG_SCHEMA_INDEX_H

#include "iceberg/schema.h"

/* `identifier_ids` (in the arena, in any order, repeats allowed) is sorted in place and kept. */
bool schema_build(int32_t schema_id, const struct type *root, int32_t *identifier_ids,
                  size_t identifier_count, struct arena *arena, struct schema **ret_schema,
                  struct error *err);

#endif
