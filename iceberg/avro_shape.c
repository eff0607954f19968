#include "iceberg/avro_shape.h"

#include "base/json_tree.h"

/* A fixed counts as a node for every so many bytes: readers may hold it whole. */
#define FIXED_BYTES_PER_NODE 64

struct named_type {
    struct slice full_name;
    const struct avro_shape *type; /* NULL while its definition is being read */
};

/* One parse. Named types are visible from their definition on, in reading order. */
struct schema_reader {
    struct arena *arena;
    struct named_type *names;
    size_t name_count;
    struct error *err;
};

static bool corrupt(struct schema_reader *reader, const char *problem)
{
    return error_set(reader->err, ERROR_CORRUPT, "the schema of the Avro file %s", problem);
}

static struct avro_shape *schema_new(struct schema_reader *reader, enum avro_kind kind)
{
    struct avro_shape *schema = ARENA_NEW(reader->arena, struct avro_shape);
    if (!schema) {
        error_no_memory(reader->err, "an Avro schema");
        return NULL;
    }
    *schema =
        (struct avro_shape){.kind = kind, .depth = 1, .weight = 1, .logical_type = SLICE_EMPTY};
    return schema;
}

static const struct {
    const char *name;
    enum avro_kind kind;
} KINDS[] = {
    {"null", AVRO_KIND_NULL},     {"boolean", AVRO_KIND_BOOLEAN}, {"int", AVRO_KIND_INT},
    {"long", AVRO_KIND_LONG},     {"float", AVRO_KIND_FLOAT},     {"double", AVRO_KIND_DOUBLE},
    {"bytes", AVRO_KIND_BYTES},   {"string", AVRO_KIND_STRING},   {"fixed", AVRO_KIND_FIXED},
    {"enum", AVRO_KIND_ENUM},     {"array", AVRO_KIND_ARRAY},     {"map", AVRO_KIND_MAP},
    {"record", AVRO_KIND_RECORD},
};

/* False for a name that is no type of Avro's own. */
static bool kind_find(struct slice name, enum avro_kind *ret_kind)
{
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (slice_equals_string(name, KINDS[i].name)) {
            *ret_kind = KINDS[i].kind;
            return true;
        }
    }
    return false;
}

static bool is_primitive(enum avro_kind kind)
{
    return kind <= AVRO_KIND_STRING;
}

/* "namespace.name", or the name where it has a dot or there is no namespace. */
static struct slice full_name_make(struct schema_reader *reader, struct slice name,
                                   struct slice space)
{
    if (space.len == 0 || slice_find(name, '.') < name.len)
        return name;
    char *text = arena_alloc(reader->arena, space.len + 1 + name.len);
    if (!text)
        return (struct slice){NULL, 0};
    memcpy(text, space.ptr, space.len);
    text[space.len] = '.';
    memcpy(text + space.len + 1, name.ptr, name.len);
    return slice_make(text, space.len + 1 + name.len);
}

/* What stands before the last dot. */
static struct slice namespace_of(struct slice full_name)
{
    size_t end = full_name.len;
    while (end > 0 && full_name.ptr[end - 1] != '.')
        end--;
    return slice_make(full_name.ptr, end > 0 ? end - 1 : 0);
}

static struct named_type *name_lookup(struct schema_reader *reader, struct slice full_name)
{
    for (size_t i = 0; i < reader->name_count; i++) {
        if (slice_equals(reader->names[i].full_name, full_name))
            return &reader->names[i];
    }
    return NULL;
}

/* Counts a child into its parent; false where the parent grows past what any reader expects. */
static bool child_count_in(struct schema_reader *reader, struct avro_shape *parent,
                           const struct avro_shape *child)
{
    if (child->depth >= parent->depth)
        parent->depth = child->depth + 1;
    parent->weight += child->weight;
    if (parent->depth > AVRO_SHAPE_MAX_DEPTH)
        return corrupt(reader, "is nested too deeply");
    if (parent->weight > AVRO_SHAPE_MAX_WEIGHT)
        return corrupt(reader, "is too large");
    return true;
}

static bool schema_read(struct schema_reader *reader, const json_t *json, struct slice space,
                        const struct avro_shape **ret_schema);

static bool reference_read(struct schema_reader *reader, struct slice name, struct slice space,
                           const struct avro_shape **ret_schema)
{
    struct slice full_name = full_name_make(reader, name, space);
    if (!full_name.ptr)
        return error_no_memory(reader->err, "an Avro schema");
    struct named_type *found = name_lookup(reader, full_name);
    if (!found)
        found = name_lookup(reader, name);
    if (!found)
        return corrupt(reader, "names a type that it does not define");
    /* A type inside itself has no bound, and no Iceberg schema has one. */
    if (!found->type)
        return corrupt(reader, "is recursive");
    *ret_schema = found->type;
    return true;
}

static bool name_read(struct schema_reader *reader, struct slice name, struct slice space,
                      const struct avro_shape **ret_schema)
{
    enum avro_kind kind;
    if (!kind_find(name, &kind))
        return reference_read(reader, name, space, ret_schema);
    if (!is_primitive(kind))
        return corrupt(reader, "has a complex type without its definition");
    struct avro_shape *schema = schema_new(reader, kind);
    *ret_schema = schema;
    return schema != NULL;
}

/* Adds one child read from `json`. */
static bool child_read(struct schema_reader *reader, struct avro_shape *parent, const json_t *json,
                       struct slice space, struct avro_child *child)
{
    TRY(schema_read(reader, json, space, &child->type));
    return child_count_in(reader, parent, child->type);
}

static bool children_make(struct schema_reader *reader, struct avro_shape *parent, size_t count)
{
    /* Checked before memory is taken for them: each is a node at least. */
    if (count > AVRO_SHAPE_MAX_WEIGHT)
        return corrupt(reader, "is too large");
    parent->children = ARENA_ARRAY(reader->arena, struct avro_child, count);
    if (!parent->children)
        return error_no_memory(reader->err, "an Avro schema");
    for (size_t i = 0; i < count; i++)
        parent->children[i] = (struct avro_child){.name = SLICE_EMPTY, .field_id = AVRO_NO_ID};
    parent->child_count = count;
    return true;
}

static bool union_read(struct schema_reader *reader, const json_t *json, struct slice space,
                       const struct avro_shape **ret_schema)
{
    struct avro_shape *schema = schema_new(reader, AVRO_KIND_UNION);
    if (!schema)
        return false;
    if (json_array_size(json) == 0)
        return corrupt(reader, "has an empty union");
    TRY(children_make(reader, schema, json_array_size(json)));
    for (size_t i = 0; i < schema->child_count; i++) {
        const json_t *branch = json_array_get(json, i);
        if (json_is_array(branch))
            return corrupt(reader, "has a union in a union");
        TRY(child_read(reader, schema, branch, space, &schema->children[i]));
    }
    *ret_schema = schema;
    return true;
}

/* An id that is not an int32 is as good as none. */
static int32_t id_read(const json_t *object, const char *name)
{
    const json_t *id = json_object_get(object, name);
    json_int_t value = json_is_integer(id) ? json_integer_value(id) : AVRO_NO_ID;
    return value >= 0 && value <= INT32_MAX ? (int32_t)value : AVRO_NO_ID;
}

static bool item_read(struct schema_reader *reader, struct avro_shape *schema, const json_t *json,
                      struct slice space)
{
    bool is_array = schema->kind == AVRO_KIND_ARRAY;
    TRY(children_make(reader, schema, 1));
    schema->children[0].field_id = id_read(json, is_array ? "element-id" : "value-id");
    const json_t *item = json_object_get(json, is_array ? "items" : "values");
    return child_read(reader, schema, item, space, &schema->children[0]);
}

static bool field_read(struct schema_reader *reader, struct avro_shape *record, const json_t *json,
                       struct slice space, struct avro_child *field)
{
    const json_t *name = json_object_get(json, "name");
    if (!json_is_string(name))
        return corrupt(reader, "has a field without a name");
    field->name = json_slice(name);
    field->field_id = id_read(json, "field-id");
    return child_read(reader, record, json_object_get(json, "type"), space, field);
}

static bool fields_read(struct schema_reader *reader, struct avro_shape *record, const json_t *json,
                        struct slice space)
{
    const json_t *fields = json_object_get(json, "fields");
    if (!json_is_array(fields))
        return corrupt(reader, "has a record without fields");
    TRY(children_make(reader, record, json_array_size(fields)));
    for (size_t i = 0; i < record->child_count; i++)
        TRY(field_read(reader, record, json_array_get(fields, i), space, &record->children[i]));
    return true;
}

static bool fixed_read(struct schema_reader *reader, struct avro_shape *schema, const json_t *json)
{
    const json_t *size = json_object_get(json, "size");
    json_int_t most = (json_int_t)AVRO_SHAPE_MAX_WEIGHT * FIXED_BYTES_PER_NODE;
    if (!json_is_integer(size) || json_integer_value(size) < 0 || json_integer_value(size) > most)
        return corrupt(reader, "has a fixed type of an impossible size");
    schema->size = json_integer_value(size);
    schema->weight += (uint32_t)(schema->size / FIXED_BYTES_PER_NODE);
    return true;
}

static bool enum_read(struct schema_reader *reader, struct avro_shape *schema, const json_t *json)
{
    const json_t *symbols = json_object_get(json, "symbols");
    if (!json_is_array(symbols) || json_array_size(symbols) == 0)
        return corrupt(reader, "has an enum without symbols");
    schema->size = (int64_t)json_array_size(symbols);
    return true;
}

/* Enters a new named type, still undefined. Its place in the list is *ret_index. */
static bool name_define(struct schema_reader *reader, const json_t *json, struct slice space,
                        size_t *ret_index)
{
    const json_t *name = json_object_get(json, "name");
    const json_t *own_space = json_object_get(json, "namespace");
    if (!json_is_string(name))
        return corrupt(reader, "has a named type without a name");
    if (json_is_string(own_space))
        space = json_slice(own_space);
    struct slice full_name = full_name_make(reader, json_slice(name), space);
    if (!full_name.ptr)
        return error_no_memory(reader->err, "an Avro schema");
    if (name_lookup(reader, full_name))
        return corrupt(reader, "defines a type twice");
    if (reader->name_count == AVRO_SHAPE_MAX_NAMES)
        return corrupt(reader, "defines too many types");
    *ret_index = reader->name_count++;
    reader->names[*ret_index] = (struct named_type){.full_name = full_name};
    return true;
}

static bool named_read(struct schema_reader *reader, struct avro_shape *schema, const json_t *json,
                       struct slice space)
{
    size_t index = 0;
    TRY(name_define(reader, json, space, &index));
    struct slice inner = namespace_of(reader->names[index].full_name);
    if (schema->kind == AVRO_KIND_RECORD)
        TRY(fields_read(reader, schema, json, inner));
    else if (schema->kind == AVRO_KIND_FIXED)
        TRY(fixed_read(reader, schema, json));
    else
        TRY(enum_read(reader, schema, json));
    reader->names[index].type = schema;
    return true;
}

static bool object_read(struct schema_reader *reader, const json_t *json, struct slice space,
                        const struct avro_shape **ret_schema)
{
    const json_t *type = json_object_get(json, "type");
    enum avro_kind kind;
    /* {"type": {…}} and {"type": "some.Name"} wrap another schema. */
    if (!json_is_string(type) || !kind_find(json_slice(type), &kind))
        return schema_read(reader, type, space, ret_schema);
    struct avro_shape *schema = schema_new(reader, kind);
    if (!schema)
        return false;
    const json_t *logical_type = json_object_get(json, "logicalType");
    if (json_is_string(logical_type))
        schema->logical_type = json_slice(logical_type);
    if (kind == AVRO_KIND_ARRAY || kind == AVRO_KIND_MAP)
        TRY(item_read(reader, schema, json, space));
    else if (!is_primitive(kind))
        TRY(named_read(reader, schema, json, space));
    *ret_schema = schema;
    return true;
}

/* Recursion is bounded by the depth of the JSON tree, which its parser bounds. */
static bool schema_read(struct schema_reader *reader, const json_t *json, struct slice space,
                        const struct avro_shape **ret_schema)
{
    if (json_is_string(json))
        return name_read(reader, json_slice(json), space, ret_schema);
    if (json_is_array(json))
        return union_read(reader, json, space, ret_schema);
    if (json_is_object(json))
        return object_read(reader, json, space, ret_schema);
    return corrupt(reader, "has a place where a type is missing");
}

bool avro_shape_parse(const json_t *json, struct arena *arena, const struct avro_shape **ret_schema,
                      struct error *err)
{
    struct schema_reader reader = {.arena = arena, .err = err};
    reader.names = ARENA_ARRAY(arena, struct named_type, AVRO_SHAPE_MAX_NAMES);
    if (!reader.names)
        return error_no_memory(err, "an Avro schema");
    return schema_read(&reader, json, SLICE_EMPTY, ret_schema);
}

int avro_shape_find(const struct avro_shape *record, int32_t field_id, const char *name)
{
    if (record->kind != AVRO_KIND_RECORD)
        return -1;
    for (size_t i = 0; i < record->child_count; i++) {
        if (record->children[i].field_id == field_id)
            return (int)i;
    }
    for (size_t i = 0; i < record->child_count; i++) {
        if (record->children[i].field_id == AVRO_NO_ID &&
            slice_equals_string(record->children[i].name, name))
            return (int)i;
    }
    return -1;
}

static bool items_skip(const struct avro_shape *schema, struct avro_cursor *cursor,
                       uint64_t *budget)
{
    const struct avro_shape *item = schema->children[0].type;
    struct slice key;
    size_t count;
    for (;;) {
        TRY(avro_cursor_count(cursor, &count));
        if (count == 0)
            return true;
        for (; count > 0; count--) {
            if (schema->kind == AVRO_KIND_MAP)
                TRY(avro_cursor_bytes(cursor, &key));
            /* The weight, not what is encoded: a reader makes room for every node of an item. */
            if (*budget < item->weight)
                return false;
            *budget -= item->weight;
            TRY(avro_shape_skip(item, cursor, budget));
        }
    }
}

static bool union_skip(const struct avro_shape *schema, struct avro_cursor *cursor,
                       uint64_t *budget)
{
    int64_t branch;
    TRY(avro_cursor_long(cursor, &branch));
    if (branch < 0 || (uint64_t)branch >= schema->child_count)
        return false;
    return avro_shape_skip(schema->children[branch].type, cursor, budget);
}

static bool record_skip(const struct avro_shape *schema, struct avro_cursor *cursor,
                        uint64_t *budget)
{
    for (size_t i = 0; i < schema->child_count; i++)
        TRY(avro_shape_skip(schema->children[i].type, cursor, budget));
    return true;
}

/* A number that must be at least `low` and below `high`. */
static bool number_skip(struct avro_cursor *cursor, int64_t low, int64_t high)
{
    int64_t value = 0;
    return avro_cursor_long(cursor, &value) && value >= low && value < high;
}

static bool boolean_skip(struct avro_cursor *cursor)
{
    const unsigned char *at = cursor->at;
    return avro_cursor_skip(cursor, 1) && *at <= 1;
}

bool avro_shape_skip(const struct avro_shape *schema, struct avro_cursor *cursor, uint64_t *budget)
{
    struct slice bytes;
    int64_t number;
    switch (schema->kind) {
    case AVRO_KIND_NULL:
        return true;
    case AVRO_KIND_BOOLEAN:
        return boolean_skip(cursor);
    case AVRO_KIND_INT:
        return number_skip(cursor, INT32_MIN, (int64_t)INT32_MAX + 1);
    case AVRO_KIND_LONG:
        return avro_cursor_long(cursor, &number);
    case AVRO_KIND_FLOAT:
        return avro_cursor_skip(cursor, 4);
    case AVRO_KIND_DOUBLE:
        return avro_cursor_skip(cursor, 8);
    case AVRO_KIND_BYTES:
    case AVRO_KIND_STRING:
        return avro_cursor_bytes(cursor, &bytes);
    case AVRO_KIND_FIXED:
        return avro_cursor_skip(cursor, (size_t)schema->size);
    case AVRO_KIND_ENUM:
        return number_skip(cursor, 0, schema->size);
    case AVRO_KIND_ARRAY:
    case AVRO_KIND_MAP:
        return items_skip(schema, cursor, budget);
    case AVRO_KIND_UNION:
        return union_skip(schema, cursor, budget);
    case AVRO_KIND_RECORD:
        return record_skip(schema, cursor, budget);
    }
    return false;
}
