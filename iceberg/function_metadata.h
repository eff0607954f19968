/*
 * function_metadata.h — is this JSON the metadata of a SQL function?
 *
 * Spec:     UDF spec: metadata, definitions, definition ids, versions, representations, the log
 * Errors:   ERROR_BAD_REQUEST with the field that is missing or wrong
 * Threads:  pure functions
 */
#ifndef ICEBERG_FUNCTION_METADATA_H
#define ICEBERG_FUNCTION_METADATA_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

#define FUNCTION_FORMAT_VERSION 1

/* Checks the whole tree; *ret_uuid is a view into it. */
bool function_metadata_check(const json_t *metadata, struct slice *ret_uuid,
                             struct error *err);

#endif
