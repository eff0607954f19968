#include "scan/entry_program_shape.h"

bool entry_shape_is_number(const struct avro_shape *shape)
{
    return shape->kind == AVRO_KIND_INT || shape->kind == AVRO_KIND_LONG;
}

bool entry_shape_is_bytes(const struct avro_shape *shape)
{
    return shape->kind == AVRO_KIND_BYTES || shape->kind == AVRO_KIND_STRING;
}

size_t entry_shape_least_size(const struct avro_shape *shape)
{
    size_t least = shape->kind == AVRO_KIND_UNION ? SIZE_MAX : 0;
    switch (shape->kind) {
    case AVRO_KIND_NULL:
        return 0;
    case AVRO_KIND_FIXED:
        return (size_t)shape->size;
    case AVRO_KIND_FLOAT:
        return 4;
    case AVRO_KIND_DOUBLE:
        return 8;
    case AVRO_KIND_RECORD:
        for (size_t i = 0; i < shape->child_count; i++)
            least += entry_shape_least_size(shape->children[i].type);
        return least;
    case AVRO_KIND_UNION:
        for (size_t i = 0; i < shape->child_count; i++) {
            size_t size = entry_shape_least_size(shape->children[i].type);
            least = size < least ? size : least;
        }
        return least + 1;
    default:
        return 1;
    }
}

size_t entry_shape_count_numbers(const struct avro_shape *shape)
{
    size_t count = 0;
    if (entry_shape_is_number(shape) || shape->kind == AVRO_KIND_ENUM)
        return 1;
    if (shape->kind != AVRO_KIND_RECORD)
        return 0;
    for (size_t i = 0; i < shape->child_count; i++) {
        size_t inner = entry_shape_count_numbers(shape->children[i].type);
        if (inner == 0)
            return 0;
        count += inner;
    }
    return count;
}

bool entry_shape_is_pair(const struct avro_shape *item, bool wants_bytes)
{
    if (item->kind != AVRO_KIND_RECORD || item->child_count != 2)
        return false;
    const struct avro_shape *value = item->children[1].type;
    return entry_shape_is_number(item->children[0].type) &&
           (wants_bytes ? entry_shape_is_bytes(value) : entry_shape_is_number(value));
}
