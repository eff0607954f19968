#include "iceberg/partition_spec.h"

#include <stdio.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/json_excerpt.h"

static bool parse_field(const json_t *json, struct arena *arena, struct partition_field *ret_field,
                        struct error *err)
{
    struct slice transform;
    if (!json_is_object(json)) {
        struct json_excerpt excerpt = json_excerpt(json);
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot parse partition field, not an object: %s", excerpt.text);
    }
    TRY(json_get_string(json, "name", &ret_field->name, err));
    TRY(json_get_string(json, "transform", &transform, err));
    TRY(source_list_parse(json, arena, &ret_field->source_id, &ret_field->sources, err));
    TRY(transform_parse(transform, &ret_field->transform, err));
    ret_field->field_id = PARTITION_FIELD_ID_NONE;
    if (json_object_get(json, "field-id"))
        TRY(json_get_int32(json, "field-id", &ret_field->field_id, err));
    return true;
}

/* Either every field has its id or none has (table spec, "Partition Evolution"). */
static bool check_ids_are_complete(const json_t *fields, struct error *err)
{
    size_t count = json_array_size(fields);
    size_t missing = 0;
    for (size_t i = 0; i < count; i++)
        missing += !json_object_get(json_array_get(fields, i), "field-id");
    if (missing == 0 || missing == count)
        return true;
    return error_set(err, ERROR_BAD_REQUEST,
                     "Cannot parse spec with missing field IDs: %zu missing of %zu fields.",
                     missing, count);
}

static bool parse_fields(const json_t *json, struct arena *arena, struct partition_spec *spec,
                         struct error *err)
{
    if (!json_is_array(json)) {
        struct json_excerpt excerpt = json_excerpt(json);
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot parse partition spec fields, not an array: %s", excerpt.text);
    }
    if (json_array_size(json) > MAX_SPEC_FIELDS)
        return error_set(err, ERROR_BAD_REQUEST, "Cannot parse spec: more than %d fields",
                         MAX_SPEC_FIELDS);
    spec->field_count = json_array_size(json);
    spec->fields = ARENA_ARRAY(arena, struct partition_field, spec->field_count);
    if (!spec->fields)
        return error_no_memory(err, "a partition spec");
    for (size_t i = 0; i < spec->field_count; i++)
        TRY(parse_field(json_array_get(json, i), arena, &spec->fields[i], err));
    return check_ids_are_complete(json, err);
}

bool partition_spec_parse(const json_t *json, struct arena *arena,
                          struct partition_spec **ret_spec, struct error *err)
{
    struct partition_spec *spec = ARENA_NEW(arena, struct partition_spec);
    json_t *fields = NULL;
    if (!spec)
        return error_no_memory(err, "a partition spec");
    if (!json_is_object(json)) {
        struct json_excerpt excerpt = json_excerpt(json);
        return error_set(err, ERROR_BAD_REQUEST, "Cannot parse spec from non-object: %s",
                         excerpt.text);
    }
    TRY(json_opt_int32(json, "spec-id", &spec->spec_id, NULL, err));
    TRY(json_get_array(json, "fields", &fields, err));
    TRY(parse_fields(fields, arena, spec, err));
    *ret_spec = spec;
    return true;
}

bool partition_spec_parse_v1(const json_t *fields, struct arena *arena,
                             struct partition_spec **ret_spec, struct error *err)
{
    struct partition_spec *spec = ARENA_NEW(arena, struct partition_spec);
    if (!spec)
        return error_no_memory(err, "a partition spec");
    TRY(parse_fields(fields, arena, spec, err));
    for (size_t i = 0; i < spec->field_count; i++) {
        if (spec->fields[i].field_id == PARTITION_FIELD_ID_NONE)
            spec->fields[i].field_id = PARTITION_FIELD_ID_START + (int32_t)i;
    }
    *ret_spec = spec;
    return true;
}

static int append_field(json_t *fields, const struct partition_field *field)
{
    char scratch[TRANSFORM_NAME_SIZE];
    struct slice transform = transform_name_in(&field->transform, scratch);
    json_t *object = json_object();
    if (json_array_append_new(fields, object))
        return -1;
    return json_object_set_new(object, "name", json_from_slice(field->name)) ||
           json_object_set_new(object, "transform", json_from_slice(transform)) ||
           source_list_set(object, field->source_id, field->sources) ||
           (field->field_id != PARTITION_FIELD_ID_NONE &&
            json_object_set_new(object, "field-id", json_integer(field->field_id)));
}

static int set_spec(json_t *object, const struct partition_spec *spec)
{
    if (json_object_set_new(object, "spec-id", json_integer(spec->spec_id)))
        return -1;
    json_t *fields = json_array();
    if (json_object_set_new(object, "fields", fields))
        return -1;
    for (size_t i = 0; i < spec->field_count; i++) {
        if (append_field(fields, &spec->fields[i]))
            return -1;
    }
    return 0;
}

json_t *partition_spec_to_json(const struct partition_spec *spec)
{
    json_t *object = json_object();
    if (object && set_spec(object, spec)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

bool partition_spec_compatible(const struct partition_spec *a, const struct partition_spec *b)
{
    if (a->field_count != b->field_count)
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        const struct partition_field *left = &a->fields[i], *right = &b->fields[i];
        if (left->source_id != right->source_id ||
            !source_list_equals(left->sources, right->sources) ||
            !transform_equals(&left->transform, &right->transform) ||
            !slice_equals(left->name, right->name))
            return false;
    }
    return true;
}

bool partition_spec_has_sequential_ids(const struct partition_spec *spec)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        if (spec->fields[i].field_id != PARTITION_FIELD_ID_START + (int32_t)i)
            return false;
    }
    return true;
}

int32_t partition_spec_last_id(const struct partition_spec *spec)
{
    int32_t last = PARTITION_FIELD_ID_START - 1;
    for (size_t i = 0; i < spec->field_count; i++)
        last = spec->fields[i].field_id > last ? spec->fields[i].field_id : last;
    return last;
}

bool partition_spec_is_unpartitioned(const struct partition_spec *spec)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        if (spec->fields[i].transform.kind != TRANSFORM_VOID)
            return false;
    }
    return true;
}

/* "1000: id_bucket: bucket[16](1)". */
struct field_text {
    char text[JSON_EXCERPT_SIZE];
};

static struct field_text describe(const struct partition_field *field)
{
    struct field_text text = {{0}};
    char scratch[TRANSFORM_NAME_SIZE];
    char id[16] = "null";
    struct slice transform = transform_name_in(&field->transform, scratch);
    if (field->field_id != PARTITION_FIELD_ID_NONE)
        snprintf(id, sizeof(id), "%d", field->field_id);
    int len = snprintf(text.text, sizeof(text.text), "%s: %.*s: %.*s(%d)", id,
                       SLICE_ARG(field->name), SLICE_ARG(transform), field->source_id);
    if (len >= (int)sizeof(text.text))
        text.text[text_cut(text.text, sizeof(text.text) - 1)] = '\0';
    return text;
}

static bool source_is_missing(const struct partition_field *field, struct error *err)
{
    struct field_text text = describe(field);
    return error_set(err, ERROR_VALIDATION, "Cannot find source column for partition field: %s",
                     text.text);
}

/* A partition that is named like a column would be read as that column: only its own values, or
 * none, may stand there. A source that was dropped makes the spec a historical one. */
static bool check_column_name(const struct partition_field *field, const struct schema *schema,
                              struct error *err)
{
    const struct schema_field *column = schema_find_name(schema, field->name);
    if (!column || !schema_find_id(schema, field->source_id))
        return true;
    bool may_share = field->transform.kind == TRANSFORM_IDENTITY ||
                     field->transform.kind == TRANSFORM_VOID;
    if (!may_share)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot create partition from name that exists in schema: %.*s",
                         SLICE_ARG(field->name));
    if (column->field->id != field->source_id)
        return error_set(
            err, ERROR_VALIDATION,
            "Cannot create identity partition sourced from different field in schema: %.*s",
            SLICE_ARG(field->name));
    return true;
}

static bool is_redundant(const struct partition_field *a, const struct partition_field *b)
{
    return a->transform.kind != TRANSFORM_VOID && a->source_id == b->source_id &&
           source_list_equals(a->sources, b->sources) &&
           transform_equals(&a->transform, &b->transform);
}

static bool check_against_earlier(const struct partition_spec *spec, size_t position,
                                  struct error *err)
{
    const struct partition_field *field = &spec->fields[position];
    for (size_t i = 0; i < position; i++) {
        const struct partition_field *earlier = &spec->fields[i];
        if (slice_equals(earlier->name, field->name))
            return error_set(err, ERROR_VALIDATION,
                             "Cannot use partition name more than once: %.*s",
                             SLICE_ARG(field->name));
        if (is_redundant(earlier, field)) {
            struct field_text first = describe(earlier), second = describe(field);
            return error_set(err, ERROR_VALIDATION,
                             "Cannot add redundant partition: %s conflicts with %s", first.text,
                             second.text);
        }
    }
    return true;
}

/* Columns may have empty names, but the reference makes a new spec by its sources' names. */
static bool check_source_name(const struct partition_field *field, const struct schema *schema,
                              struct error *err)
{
    const struct schema_field *source = schema_find_id(schema, field->source_id);
    if (!source || source->full_name.len > 0)
        return true;
    return error_set(err, ERROR_VALIDATION, "Invalid column name: (empty)");
}

bool partition_spec_check_names(const struct partition_spec *spec, const struct schema *schema,
                                struct error *err)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        const struct partition_field *field = &spec->fields[i];
        TRY(check_column_name(field, schema, err));
        if (field->name.len == 0)
            return error_set(err, ERROR_VALIDATION, "Cannot use empty partition name: ");
        TRY(check_against_earlier(spec, i, err));
        TRY(check_source_name(field, schema, err));
        if (field->transform.kind != TRANSFORM_VOID && !schema_find_id(schema, field->source_id))
            return source_is_missing(field, err);
    }
    return true;
}

static bool check_parents(const struct schema_field *source, const struct schema *schema,
                          struct error *err)
{
    char name[JSON_EXCERPT_SIZE];
    const struct schema_field *parent = schema_find_parent(schema, source);
    for (; parent; parent = schema_find_parent(schema, parent)) {
        if (parent->field->type->id == TYPE_STRUCT)
            continue;
        type_name_write(parent->field->type, name, sizeof(name));
        return error_set(err, ERROR_VALIDATION, "Invalid partition field parent: %s", name);
    }
    return true;
}

static bool check_source(const struct partition_field *field, int32_t source_id,
                         const struct schema *schema, struct error *err)
{
    char name[JSON_EXCERPT_SIZE];
    char scratch[TRANSFORM_NAME_SIZE];
    const struct schema_field *source = schema_find_id(schema, source_id);
    if (!source)
        return source_is_missing(field, err);
    type_name_write(source->field->type, name, sizeof(name));
    if (!type_is_primitive(source->field->type))
        return error_set(err, ERROR_VALIDATION,
                         "Cannot partition by non-primitive source field: %s", name);
    struct slice transform = transform_name_in(&field->transform, scratch);
    if (!transform_accepts(&field->transform, source->field->type))
        return error_set(err, ERROR_VALIDATION, "Invalid source type %s for transform: %.*s", name,
                         SLICE_ARG(transform));
    return check_parents(source, schema, err);
}

/* Void is what a v1 field becomes when it is dropped, so its source may be anything, or gone. */
static bool check_sources(const struct partition_field *field, const struct schema *schema,
                          struct error *err)
{
    if (field->transform.kind == TRANSFORM_VOID)
        return true;
    TRY(check_source(field, field->source_id, schema, err));
    for (size_t i = 1; i < field->sources.count; i++)
        TRY(check_source(field, field->sources.ids[i], schema, err));
    return true;
}

bool partition_spec_check(const struct partition_spec *spec, const struct schema *schema,
                          struct error *err)
{
    for (size_t i = 0; i < spec->field_count; i++)
        TRY(check_sources(&spec->fields[i], schema, err));
    return true;
}
