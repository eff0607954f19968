#include "iceberg/avro_c_schema.h"

#include <stdio.h>

/* A letter and a number. */
#define NAME_SIZE 24

/* NULL where memory was short. Recursion is bounded by AVRO_SHAPE_MAX_DEPTH, and the number of
 * nodes by AVRO_SHAPE_MAX_WEIGHT. */
static avro_schema_t schema_build(const struct avro_shape *shape, size_t *serial);

/* Adds one child under a name of its own; avro-c counts its references itself. */
static bool child_append(avro_schema_t parent, bool is_record, size_t position,
                         const struct avro_shape *shape, size_t *serial)
{
    char name[NAME_SIZE];
    avro_schema_t child = schema_build(shape, serial);
    if (!child)
        return false;
    snprintf(name, sizeof(name), "f%zu", position);
    int status = is_record ? avro_schema_record_field_append(parent, name, child)
                           : avro_schema_union_append(parent, child);
    avro_schema_decref(child);
    return status == 0;
}

static avro_schema_t children_append(avro_schema_t parent, const struct avro_shape *shape,
                                     size_t *serial)
{
    if (!parent)
        return NULL;
    for (size_t i = 0; i < shape->child_count; i++) {
        bool is_record = shape->kind == AVRO_KIND_RECORD;
        if (!child_append(parent, is_record, i, shape->children[i].type, serial)) {
            avro_schema_decref(parent);
            return NULL;
        }
    }
    return parent;
}

static avro_schema_t items_build(const struct avro_shape *shape, size_t *serial)
{
    avro_schema_t item = schema_build(shape->children[0].type, serial);
    if (!item)
        return NULL;
    avro_schema_t schema =
        shape->kind == AVRO_KIND_ARRAY ? avro_schema_array(item) : avro_schema_map(item);
    avro_schema_decref(item);
    return schema;
}

static avro_schema_t schema_build(const struct avro_shape *shape, size_t *serial)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "t%zu", (*serial)++);
    switch (shape->kind) {
    case AVRO_KIND_NULL:
        return avro_schema_null();
    case AVRO_KIND_BOOLEAN:
        return avro_schema_boolean();
    case AVRO_KIND_INT:
    case AVRO_KIND_ENUM:
        return avro_schema_int();
    case AVRO_KIND_LONG:
        return avro_schema_long();
    case AVRO_KIND_FLOAT:
        return avro_schema_float();
    case AVRO_KIND_DOUBLE:
        return avro_schema_double();
    case AVRO_KIND_BYTES:
        return avro_schema_bytes();
    case AVRO_KIND_STRING:
        return avro_schema_string();
    case AVRO_KIND_FIXED:
        return avro_schema_fixed(name, shape->size);
    case AVRO_KIND_ARRAY:
    case AVRO_KIND_MAP:
        return items_build(shape, serial);
    case AVRO_KIND_UNION:
        return children_append(avro_schema_union(), shape, serial);
    case AVRO_KIND_RECORD:
        return children_append(avro_schema_record(name, NULL), shape, serial);
    }
    return NULL;
}

bool avro_c_schema_make(const struct avro_shape *shape, avro_schema_t *ret_schema,
                        struct error *err)
{
    size_t serial = 0;
    avro_schema_t schema = schema_build(shape, &serial);
    if (!schema)
        return error_no_memory(err, "an Avro schema");
    *ret_schema = schema;
    return true;
}
