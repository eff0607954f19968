/*
 * expression_term.h — what a predicate is about, from JSON, and its column in a schema.
 *
 * Spec:     expressions spec, appendix B: REFERENCE, TERM, APPLY (the partition transforms among
 *           Iceberg's functions)
 * Errors:   ERROR_BAD_REQUEST
 */
#ifndef ICEBERG_EXPRESSION_TERM_H
#define ICEBERG_EXPRESSION_TERM_H

#include "iceberg/expression.h"

/* "name", {"type":"reference","name" or "id" or "term"}, {"type":"transform","transform","term"},
 * {"type":"apply","function","arguments"}. Texts are copied. */
bool expression_term_parse(const json_t *json, struct arena *arena,
                           struct expression_term *ret_term, struct error *err);

/* A schema's names, found with or without regard to case. */
struct expression_names;
bool expression_names_create(const struct schema *schema, bool is_case_sensitive,
                             struct arena *arena, struct expression_names **ret_names,
                             struct error *err);

/* The term with its column's id and types; `column` is left 0. */
bool expression_term_bind(const struct expression_term *term, const struct expression_names *names,
                          struct expression_term *ret_term, const struct schema_field **ret_field,
                          struct error *err);

#endif
