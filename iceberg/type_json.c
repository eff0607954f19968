/*
 * Types to and from JSON. Both directions recurse, a few frames for each level of nesting; the
 * depth of JSON from outside was bounded by JSON_TEXT_MAX_DEPTH where it was parsed.
 */
#include "base/json_tree.h"
#include "base/tree_copy.h"
#include "iceberg/default_value.h"
#include "iceberg/json_excerpt.h"
#include "iceberg/type.h"
#include "iceberg/type_primitive.h"

static bool require_bool(const json_t *object, const char *name, bool *ret_value,
                         struct error *err)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_boolean(value))
        return error_set(err, ERROR_BAD_REQUEST, "%s must be a boolean", name);
    *ret_value = json_is_true(value);
    return true;
}

static bool require_type(const json_t *object, const char *name, struct arena *arena,
                         const struct type **ret_type, struct error *err)
{
    const json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value))
        return error_set(err, ERROR_BAD_REQUEST, "Cannot parse missing field: %s", name);
    return type_parse(value, arena, ret_type, err);
}

/* Null is how some writers spell "no default". */
static bool parse_default(const json_t *object, const char *name, const struct type *type,
                          const json_t **ret_default, struct error *err)
{
    const json_t *value = json_object_get(object, name);
    *ret_default = NULL;
    if (!value || json_is_null(value))
        return true;
    TRY(default_value_check(type, value, err));
    *ret_default = value;
    return true;
}

/* "Must be optional with null defaults" (table spec, "Primitive Types"). */
static bool check_unknown(const struct field *field, struct error *err)
{
    if (field->is_required && field->type->id == TYPE_UNKNOWN)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot create required field with unknown type: %.*s",
                         SLICE_ARG(field->name));
    return true;
}

static bool parse_struct_field(const json_t *json, struct arena *arena, struct field *ret_field,
                               struct error *err)
{
    if (!json_is_object(json)) {
        struct json_excerpt excerpt = json_excerpt(json);
        return error_set(err, ERROR_BAD_REQUEST, "Cannot parse struct field from non-object: %s",
                         excerpt.text);
    }
    TRY(json_get_int32(json, "id", &ret_field->id, err));
    TRY(json_get_string(json, "name", &ret_field->name, err));
    TRY(require_type(json, "type", arena, &ret_field->type, err));
    TRY(parse_default(json, "initial-default", ret_field->type, &ret_field->initial_default, err));
    TRY(parse_default(json, "write-default", ret_field->type, &ret_field->write_default, err));
    TRY(json_opt_string(json, "doc", &ret_field->doc, err));
    TRY(require_bool(json, "required", &ret_field->is_required, err));
    return check_unknown(ret_field, err);
}

static bool alloc_fields(struct type *type, size_t count, struct arena *arena, struct error *err)
{
    type->fields = ARENA_ARRAY(arena, struct field, count);
    type->field_count = count;
    return type->fields || error_no_memory(err, "a schema");
}

static bool parse_struct(const json_t *json, struct arena *arena, struct type *type,
                         struct error *err)
{
    json_t *fields = NULL;
    TRY(json_get_array(json, "fields", &fields, err));
    type->id = TYPE_STRUCT;
    TRY(alloc_fields(type, json_array_size(fields), arena, err));
    for (size_t i = 0; i < type->field_count; i++)
        TRY(parse_struct_field(json_array_get(fields, i), arena, &type->fields[i], err));
    return true;
}

/* The part of a list or map called `name`: "<name>-id", "<name>" and, but for keys, which are
 * always required, "<name>-required". */
struct part_names {
    const char *name;
    const char *id;
    const char *required; /* NULL: always */
};

static const struct part_names element_part = {"element", "element-id", "element-required"};
static const struct part_names key_part = {"key", "key-id", NULL};
static const struct part_names value_part = {"value", "value-id", "value-required"};

static bool parse_part(const json_t *json, const struct part_names *part, struct arena *arena,
                       struct field *ret_field, struct error *err)
{
    ret_field->name = slice_from_string(part->name);
    ret_field->is_required = true;
    TRY(json_get_int32(json, part->id, &ret_field->id, err));
    TRY(require_type(json, part->name, arena, &ret_field->type, err));
    if (part->required)
        TRY(require_bool(json, part->required, &ret_field->is_required, err));
    return check_unknown(ret_field, err);
}

static bool parse_list(const json_t *json, struct arena *arena, struct type *type,
                       struct error *err)
{
    type->id = TYPE_LIST;
    TRY(alloc_fields(type, 1, arena, err));
    return parse_part(json, &element_part, arena, &type->fields[0], err);
}

static bool parse_map(const json_t *json, struct arena *arena, struct type *type,
                      struct error *err)
{
    type->id = TYPE_MAP;
    TRY(alloc_fields(type, 2, arena, err));
    TRY(parse_part(json, &key_part, arena, &type->fields[0], err));
    return parse_part(json, &value_part, arena, &type->fields[1], err);
}

static bool parse_any(const json_t *json, struct arena *arena, struct type *type,
                      struct error *err)
{
    if (json_is_string(json))
        return type_primitive_parse(json_slice(json), type, err);
    const json_t *word = json_object_get(json, "type");
    if (json_is_string(word)) {
        struct slice name = json_slice(word);
        if (slice_equals_string(name, "struct"))
            return parse_struct(json, arena, type, err);
        if (slice_equals_string(name, "list"))
            return parse_list(json, arena, type, err);
        if (slice_equals_string(name, "map"))
            return parse_map(json, arena, type, err);
    }
    struct json_excerpt excerpt = json_excerpt(json);
    return error_set(err, ERROR_BAD_REQUEST, "Cannot parse type from json: %s", excerpt.text);
}

bool type_parse(const json_t *json, struct arena *arena, const struct type **ret_type,
                struct error *err)
{
    struct type *type = ARENA_NEW(arena, struct type);
    if (!type)
        return error_no_memory(err, "a type");
    TRY(parse_any(json, arena, type, err));
    *ret_type = type;
    return true;
}

/* The setters below answer -1 where memory is short; they are chained with ||, like jansson's. */
static int set_slice(json_t *object, const char *name, struct slice text)
{
    return json_object_set_new(object, name, json_from_slice(text));
}

static int set_default(json_t *object, const char *name, const json_t *value)
{
    return value ? json_object_set_new(object, name, tree_copy_deep(value)) : 0;
}

static int set_part(json_t *object, const struct part_names *part, const struct field *field)
{
    return json_object_set_new(object, part->id, json_integer(field->id)) ||
           json_object_set_new(object, part->name, type_to_json(field->type)) ||
           (part->required &&
            json_object_set_new(object, part->required, json_boolean(field->is_required)));
}

static int append_struct_field(json_t *fields, const struct field *field)
{
    json_t *object = json_object();
    if (json_array_append_new(fields, object))
        return -1;
    return json_object_set_new(object, "id", json_integer(field->id)) ||
           set_slice(object, "name", field->name) ||
           json_object_set_new(object, "required", json_boolean(field->is_required)) ||
           json_object_set_new(object, "type", type_to_json(field->type)) ||
           (field->doc.ptr && set_slice(object, "doc", field->doc)) ||
           set_default(object, "initial-default", field->initial_default) ||
           set_default(object, "write-default", field->write_default);
}

static int set_struct(json_t *object, const struct type *type)
{
    if (json_object_set_new(object, "type", json_string("struct")))
        return -1;
    json_t *fields = json_array();
    if (json_object_set_new(object, "fields", fields))
        return -1;
    for (size_t i = 0; i < type->field_count; i++) {
        if (append_struct_field(fields, &type->fields[i]))
            return -1;
    }
    return 0;
}

static int set_list(json_t *object, const struct type *type)
{
    return json_object_set_new(object, "type", json_string("list")) ||
           set_part(object, &element_part, &type->fields[0]);
}

static int set_map(json_t *object, const struct type *type)
{
    return json_object_set_new(object, "type", json_string("map")) ||
           set_part(object, &key_part, &type->fields[0]) ||
           set_part(object, &value_part, &type->fields[1]);
}

static json_t *nested_to_json(const struct type *type)
{
    json_t *object = json_object();
    int failed = !object || (type->id == TYPE_STRUCT ? set_struct(object, type)
                             : type->id == TYPE_LIST ? set_list(object, type)
                                                     : set_map(object, type));
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

/* A primitive's name is short but for a CRS, which a client chose. */
#define SHORT_NAME_SIZE 128

static json_t *name_to_json(const struct type *type)
{
    char text[SHORT_NAME_SIZE];
    size_t len = type_name_write(type, text, sizeof(text));
    if (len < sizeof(text))
        return json_from_slice(slice_make(text, len));
    struct arena arena;
    arena_init(&arena, len + 4096);
    struct slice name = type_name(type, &arena);
    json_t *json = name.ptr ? json_from_slice(name) : NULL;
    arena_finish(&arena);
    return json;
}

json_t *type_to_json(const struct type *type)
{
    return type_primitive_word(type->id) ? name_to_json(type) : nested_to_json(type);
}
