/*
 * default_value.h — a field's initial-default and write-default: do they fit the field's type?
 *
 * Spec:     table spec, "Default values", appendix D "JSON single-value serialization"
 * Errors:   ERROR_BAD_REQUEST "Cannot parse default as a int value: …"
 * Rule:     structs, lists, maps, unknown, variant, geometry and geography have only null defaults
 */
#ifndef ICEBERG_DEFAULT_VALUE_H
#define ICEBERG_DEFAULT_VALUE_H

#include "iceberg/type.h"

/* `json` is not null. */
bool default_value_check(const struct type *type, const json_t *json, struct error *err);

/* The same value, however it is spelled ("aB" and "AB" are one binary value). Both passed
 * default_value_check for `type`; NULL stands for no default. */
bool default_value_equals(const struct type *type, const json_t *a, const json_t *b);

#endif
