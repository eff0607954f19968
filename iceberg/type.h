/*
 * type.h — Iceberg's types as values: primitives, structs, lists, maps.
 *
 * Spec:     table spec, "Schemas and Data Types", appendix C "Schemas"
 * Owns:     types live in the arena they were parsed into and are immutable afterwards
 * Errors:   ERROR_BAD_REQUEST "Cannot parse type …"
 * Rule:     the functions recurse over nested types: JSON that becomes a type has passed
 *           json_tree_parse, which bounds its depth by JSON_TEXT_MAX_DEPTH
 */
#ifndef ICEBERG_TYPE_H
#define ICEBERG_TYPE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

enum type_id {
    TYPE_BOOLEAN,
    TYPE_INT,
    TYPE_LONG,
    TYPE_FLOAT,
    TYPE_DOUBLE,
    TYPE_DECIMAL,
    TYPE_DATE,
    TYPE_TIME,
    TYPE_TIMESTAMP,
    TYPE_TIMESTAMPTZ,
    TYPE_TIMESTAMP_NS,
    TYPE_TIMESTAMPTZ_NS,
    TYPE_STRING,
    TYPE_UUID,
    TYPE_FIXED,
    TYPE_BINARY,
    TYPE_UNKNOWN,
    TYPE_VARIANT,
    TYPE_GEOMETRY,
    TYPE_GEOGRAPHY,
    TYPE_STRUCT,
    TYPE_LIST,
    TYPE_MAP
};

struct field;

struct type {
    enum type_id id;
    int32_t precision; /* decimal */
    int32_t scale;     /* decimal */
    int32_t length;    /* fixed */
    struct slice crs;  /* geometry, geography: empty means the default OGC:CRS84 */
    struct slice edge_algorithm; /* geography: empty means the default spherical */
    /* struct: its fields. list: one field "element". map: two fields "key", "value". */
    struct field *fields;
    size_t field_count;
};

struct field {
    int32_t id;
    bool is_required;
    struct slice name;
    const struct type *type;
    struct slice doc; /* ptr NULL: none */
    const json_t *initial_default; /* single-value JSON (appendix D); NULL: none. Owned by */
    const json_t *write_default;   /* the tree that was parsed: it must outlive the type */
};

static inline bool type_is_primitive(const struct type *type)
{
    return type->id < TYPE_VARIANT || type->id == TYPE_GEOMETRY || type->id == TYPE_GEOGRAPHY;
}

/* From JSON: a string for primitives and variant, an object for nested types. */
bool type_parse(const json_t *json, struct arena *arena, const struct type **ret_type,
                struct error *err);

/* "decimal(9, 2)", "struct<1: a: optional int, …>" …; ptr NULL where memory is short. */
struct slice type_name(const struct type *type, struct arena *arena);

/* The same names cut to `size` - 1 bytes on a character boundary, NUL-terminated: for messages
 * where there is no arena. field_name_write gives "1: a: optional int (doc)". Both return the full
 * name's size. */
size_t type_name_write(const struct type *type, char *ret_text, size_t size);
size_t field_name_write(const struct field *field, char *ret_text, size_t size);

/* Structural equality: ids, names, requiredness, docs and defaults of nested fields included. */
bool type_equals(const struct type *a, const struct type *b);

/* The lowest format version that has this type (nested ones not looked at): 1 or 3. */
int type_min_format_version(const struct type *type);

/* A new JSON value; NULL when memory is short. */
json_t *type_to_json(const struct type *type);

#endif
