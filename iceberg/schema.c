#include "iceberg/schema.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json_tree.h"
#include "iceberg/json_excerpt.h"
#include "iceberg/schema_index.h"

/* The first format version with default values other than null (table spec, "Version 3"). */
#define DEFAULT_VALUES_MIN_FORMAT_VERSION 3

static bool parse_identifier_ids(const json_t *json, struct arena *arena, int32_t **ret_ids,
                                 size_t *ret_count, struct error *err)
{
    json_t *array = NULL;
    TRY(json_opt_array(json, "identifier-field-ids", &array, err));
    size_t count = json_array_size(array);
    int32_t *ids = ARENA_ARRAY(arena, int32_t, count);
    if (!ids)
        return error_no_memory(err, "a schema");
    for (size_t i = 0; i < count; i++) {
        const json_t *id = json_array_get(array, i);
        json_int_t value = json_integer_value(id);
        if (!json_is_integer(id) || value < INT32_MIN || value > INT32_MAX)
            return error_set(err, ERROR_BAD_REQUEST,
                             "identifier-field-ids must be a list of integers of 32 bits");
        ids[i] = (int32_t)value;
    }
    *ret_ids = ids;
    *ret_count = count;
    return true;
}

bool schema_parse(const json_t *json, struct arena *arena, struct schema **ret_schema,
                  struct error *err)
{
    const struct type *root = NULL;
    int32_t schema_id = 0;
    int32_t *identifier_ids = NULL;
    size_t identifier_count = 0;
    TRY(type_parse(json, arena, &root, err));
    if (root->id != TYPE_STRUCT) {
        char name[JSON_EXCERPT_SIZE];
        type_name_write(root, name, sizeof(name));
        return error_set(err, ERROR_BAD_REQUEST, "Cannot create schema, not a struct type: %s",
                         name);
    }
    TRY(json_opt_int32(json, "schema-id", &schema_id, NULL, err));
    TRY(parse_identifier_ids(json, arena, &identifier_ids, &identifier_count, err));
    return schema_build(schema_id, root, identifier_ids, identifier_count, arena, ret_schema, err);
}

const struct schema_field *schema_find_id(const struct schema *schema, int32_t id)
{
    size_t low = 0, high = schema->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int32_t found = schema->by_id[middle].field->id;
        if (found == id)
            return &schema->by_id[middle];
        if (found < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct schema_field *schema_find_parent(const struct schema *schema,
                                              const struct schema_field *field)
{
    uintptr_t first = (uintptr_t)schema->root->fields;
    uintptr_t end = (uintptr_t)(schema->root->fields + schema->root->field_count);
    uintptr_t at = (uintptr_t)field->field;
    return at >= first && at < end ? NULL : schema_find_id(schema, field->parent_id);
}

const struct schema_field *schema_find_name(const struct schema *schema, struct slice name)
{
    size_t low = 0, high = schema->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(schema->by_name[middle].name, name);
        if (order == 0)
            return schema->by_name[middle].field;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool schema_same(const struct schema *a, const struct schema *b)
{
    if (a->identifier_count != b->identifier_count)
        return false;
    for (size_t i = 0; i < a->identifier_count; i++) {
        if (a->identifier_ids[i] != b->identifier_ids[i])
            return false;
    }
    return type_equals(a->root, b->root);
}

/* Sentences one under the other, as many as an error message holds; error_set cuts the last one. */
struct problems {
    char text[ERROR_MESSAGE_SIZE];
    size_t len;
    bool is_cut;
};

__attribute__((format(printf, 2, 3))) static void add_problem(struct problems *problems,
                                                              const char *fmt, ...)
{
    va_list args;
    if (problems->is_cut)
        return;
    size_t room = sizeof(problems->text) - problems->len;
    va_start(args, fmt);
    int len = vsnprintf(problems->text + problems->len, room, fmt, args);
    va_end(args);
    if (len < 0)
        return;
    problems->is_cut = (size_t)len >= room;
    problems->len += problems->is_cut ? room - 1 : (size_t)len;
}

/* Strings as they are, anything else as JSON. */
static void add_default_problem(struct problems *problems, const struct schema_field *field)
{
    struct json_excerpt excerpt = json_excerpt(field->field->initial_default);
    struct slice text = slice_from_string(excerpt.text);
    if (json_is_string(field->field->initial_default))
        text = json_slice(field->field->initial_default);
    add_problem(problems,
                "\n- Invalid initial default for %.*s: non-null default (%.*s) is not supported "
                "until v%d",
                SLICE_ARG(field->full_name), SLICE_ARG(text), DEFAULT_VALUES_MIN_FORMAT_VERSION);
}

static void add_type_problem(struct problems *problems, const struct schema_field *field)
{
    char name[JSON_EXCERPT_SIZE];
    type_name_write(field->field->type, name, sizeof(name));
    add_problem(problems, "\n- Invalid type for %.*s: %s is not supported until v%d",
                SLICE_ARG(field->full_name), name, type_min_format_version(field->field->type));
}

bool schema_check_format(const struct schema *schema, int format_version, struct error *err)
{
    struct problems problems = {{0}, 0, false};
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct schema_field *field = &schema->by_id[i];
        if (field->field->initial_default && format_version < DEFAULT_VALUES_MIN_FORMAT_VERSION)
            add_default_problem(&problems, field);
        else if (format_version < type_min_format_version(field->field->type))
            add_type_problem(&problems, field);
    }
    if (problems.len == 0)
        return true;
    return error_set(err, ERROR_VALIDATION, "Invalid schema for v%d:%s", format_version,
                     problems.text);
}

static json_t *ids_to_json(const int32_t *ids, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < count; i++) {
        if (json_array_append_new(array, json_integer(ids[i]))) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

/* The fields move over from a struct of their own, so that the keys come in the usual order. */
static int set_schema(json_t *object, const struct schema *schema, int32_t schema_id)
{
    json_t *root = type_to_json(schema->root);
    int failed =
        json_object_set_new(object, "type", json_string("struct")) ||
        json_object_set_new(object, "schema-id", json_integer(schema_id)) ||
        (schema->identifier_count > 0 &&
         json_object_set_new(object, "identifier-field-ids",
                             ids_to_json(schema->identifier_ids, schema->identifier_count))) ||
        json_object_set(object, "fields", json_object_get(root, "fields"));
    json_decref(root);
    return failed;
}

json_t *schema_to_json(const struct schema *schema, int32_t schema_id)
{
    json_t *object = json_object();
    if (object && set_schema(object, schema, schema_id)) {
        json_decref(object);
        return NULL;
    }
    return object;
}
