/*
 * type_primitive.h — types that are written as one string: "int", "decimal(9, 2)", "fixed[16]" …
 *
 * Spec:     table spec, "Primitive Types", appendix C "Schemas"
 * Errors:   ERROR_BAD_REQUEST "Cannot parse type string to primitive: …"
 */
#ifndef ICEBERG_TYPE_PRIMITIVE_H
#define ICEBERG_TYPE_PRIMITIVE_H

#include "iceberg/type.h"

/* Names are matched without case, spaces within parameters are allowed. The slices of *ret_type are
 * views of `text`. Variant is among these types although it is no primitive. */
bool type_primitive_parse(struct slice text, struct type *ret_type, struct error *err);

/* "int", "decimal": the name without parameters; NULL for struct, list, map. */
const char *type_primitive_word(enum type_id id);

#endif
