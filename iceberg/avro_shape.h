/*
 * avro_shape.h — a writer's Avro schema as a bounded tree that knows Iceberg's field ids.
 *
 * Spec:     Avro specification, "Schema Declaration"; table spec, appendix A "Avro" (field-id,
 *           element-id, key-id, value-id)
 * Owns:     trees live in the caller's arena; names are views into the JSON tree, which must
 *           outlive them
 * Errors:   ERROR_CORRUPT for what is no schema, is recursive, or expands past the bounds below
 * Threads:  immutable once parsed
 */
#ifndef ICEBERG_AVRO_SHAPE_H
#define ICEBERG_AVRO_SHAPE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "iceberg/avro_cursor.h"

/* Manifests nest six levels; readers recurse once per level. */
#define AVRO_SHAPE_MAX_DEPTH 64
/* Nodes after every named type is expanded where it is used: a schema of a few kilobytes can double
 * itself with each line. A v2 manifest with one partition field has 71. */
#define AVRO_SHAPE_MAX_WEIGHT 65536
/* What a named type costs to look up grows with their number; a manifest defines some ten. */
#define AVRO_SHAPE_MAX_NAMES 4096

enum avro_kind {
    AVRO_KIND_NULL,
    AVRO_KIND_BOOLEAN,
    AVRO_KIND_INT,
    AVRO_KIND_LONG,
    AVRO_KIND_FLOAT,
    AVRO_KIND_DOUBLE,
    AVRO_KIND_BYTES,
    AVRO_KIND_STRING,
    AVRO_KIND_FIXED,
    AVRO_KIND_ENUM,
    AVRO_KIND_ARRAY,
    AVRO_KIND_MAP,
    AVRO_KIND_UNION,
    AVRO_KIND_RECORD
};

#define AVRO_NO_ID (-1)

struct avro_shape;

/* A record's field, a union's branch, an array's or map's item. */
struct avro_child {
    struct slice name; /* empty but for fields */
    int32_t field_id;  /* field-id, element-id or value-id; AVRO_NO_ID where there is none */
    const struct avro_shape *type;
};

struct avro_shape {
    enum avro_kind kind;
    uint32_t depth;            /* 1 for a leaf */
    uint32_t weight;           /* nodes of the expanded tree; a large fixed counts as several */
    int64_t size;              /* of a fixed in bytes; how many symbols an enum has */
    struct slice logical_type; /* empty where there is none */
    struct avro_child *children;
    size_t child_count;
};

bool avro_shape_parse(const json_t *json, struct arena *arena, const struct avro_shape **ret_schema,
                      struct error *err);

/* The place of a record's field: by field id, and where no field has that id, by name; -1 where it
 * has neither. */
int avro_shape_find(const struct avro_shape *record, int32_t field_id, const char *name);

/* Steps over one value, checking all that its encoding claims: lengths, counts, branches. `budget`
 * is how many nodes it may have; what is left of it is written back. */
bool avro_shape_skip(const struct avro_shape *schema, struct avro_cursor *cursor, uint64_t *budget);

#endif
