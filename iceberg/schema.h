/*
 * schema.h — a table's columns: fields by id and by name, identity of schemas, fresh ids.
 *
 * Spec:     table spec, "Schemas and Data Types", "Schema Evolution", "Identifier Field IDs",
 *           "Default values"
 * Owns:     schemas live in their arena and are immutable
 * Errors:   ERROR_BAD_REQUEST for text that is no schema, ERROR_VALIDATION for one that breaks a
 *           rule, ERROR_TOO_LARGE for nested names over MAX_SCHEMA_NAMES_SIZE
 */
#ifndef ICEBERG_SCHEMA_H
#define ICEBERG_SCHEMA_H

#include "iceberg/type.h"

/* One entry for each field at any depth. */
struct schema_field {
    const struct field *field;
    struct slice full_name; /* "a.b.c"; list elements "….element", map parts "….key", "….value" */
    struct slice short_name; /* as full_name, but without ".element" and ".value" where a struct
                              * follows; Java accepts it as an alias */
    int32_t parent_id; /* -1 at the top (but see schema_find_parent: -1 can be an id) */
};

/* One entry for each name that finds a field: full names, and short ones that are no full name. */
struct schema_name {
    struct slice name;
    const struct schema_field *field;
};

struct schema {
    int32_t schema_id;
    const struct type *root; /* TYPE_STRUCT */
    int32_t *identifier_ids; /* ascending */
    size_t identifier_count;
    struct schema_field *by_id; /* ascending by field id */
    size_t field_count;
    int32_t highest_field_id; /* 0 for an empty schema */
    struct schema_name *by_name; /* ascending by name, each once */
    size_t name_count;
};

/* Parses and checks what every schema must hold: unique ids and unique full names, identifier
 * fields that exist, are required primitives, not float or double, and reached through required
 * structs. A missing schema-id is 0. The JSON must outlive the schema (defaults and texts are
 * views). */
bool schema_parse(const json_t *json, struct arena *arena, struct schema **ret_schema,
                  struct error *err);

const struct schema_field *schema_find_id(const struct schema *schema, int32_t id);
/* The field that `field` (an entry of by_id) is nested in; NULL at the top. */
const struct schema_field *schema_find_parent(const struct schema *schema,
                                              const struct schema_field *field);
/* By full or short name, case-sensitive. */
const struct schema_field *schema_find_name(const struct schema *schema, struct slice name);

/* Same columns and identifier fields; schema ids are not compared (Schema.sameSchema). */
bool schema_same(const struct schema *a, const struct schema *b);

/* ERROR_VALIDATION naming every type and non-null initial default that `format_version` lacks. */
bool schema_check_format(const struct schema *schema, int format_version, struct error *err);

/* A copy with ids assigned anew from 1 in Java's order (all fields of a struct before their nested
 * ones), identifier ids remapped, schema-id 0. */
bool schema_assign_fresh_ids(const struct schema *schema, struct arena *arena,
                             struct schema **ret_schema, struct error *err);

/* {"type":"struct","schema-id":…,"identifier-field-ids":[…] where any,"fields":[…]}. */
json_t *schema_to_json(const struct schema *schema, int32_t schema_id);

#endif
