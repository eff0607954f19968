#include "iceberg/sort_order.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/json_excerpt.h"

#define UNSORTED_ORDER_ID 0

static bool parse_direction(const json_t *json, bool *ret_is_descending, struct error *err)
{
    struct slice text;
    TRY(json_get_string(json, "direction", &text, err));
    bool is_descending = slice_equals_ignore_case(text, SLICE_LITERAL("desc"));
    if (!is_descending && !slice_equals_ignore_case(text, SLICE_LITERAL("asc")))
        return error_set(err, ERROR_BAD_REQUEST, "Invalid sort direction: %.*s", SLICE_ARG(text));
    *ret_is_descending = is_descending;
    return true;
}

static bool parse_null_order(const json_t *json, bool *ret_nulls_last, struct error *err)
{
    struct slice text;
    TRY(json_get_string(json, "null-order", &text, err));
    bool nulls_last = slice_equals_ignore_case(text, SLICE_LITERAL("nulls-last"));
    if (!nulls_last && !slice_equals_ignore_case(text, SLICE_LITERAL("nulls-first")))
        return error_set(err, ERROR_BAD_REQUEST, "Unexpected null order: %.*s", SLICE_ARG(text));
    *ret_nulls_last = nulls_last;
    return true;
}

static bool parse_field(const json_t *json, struct arena *arena, struct sort_field *ret_field,
                        struct error *err)
{
    struct slice transform;
    if (!json_is_object(json)) {
        struct json_excerpt excerpt = json_excerpt(json);
        return error_set(err, ERROR_BAD_REQUEST, "Cannot parse sort field, not an object: %s",
                         excerpt.text);
    }
    TRY(json_get_string(json, "transform", &transform, err));
    TRY(source_list_parse(json, arena, &ret_field->source_id, &ret_field->sources, err));
    TRY(parse_direction(json, &ret_field->is_descending, err));
    TRY(parse_null_order(json, &ret_field->nulls_last, err));
    return transform_parse(transform, &ret_field->transform, err);
}

static bool parse_fields(const json_t *json, struct arena *arena, struct sort_order *order,
                         struct error *err)
{
    json_t *fields = NULL;
    TRY(json_get_array(json, "fields", &fields, err));
    if (json_array_size(fields) > MAX_SPEC_FIELDS)
        return error_set(err, ERROR_BAD_REQUEST, "Cannot parse sort order: more than %d fields",
                         MAX_SPEC_FIELDS);
    order->field_count = json_array_size(fields);
    order->fields = ARENA_ARRAY(arena, struct sort_field, order->field_count);
    if (!order->fields)
        return error_no_memory(err, "a sort order");
    for (size_t i = 0; i < order->field_count; i++)
        TRY(parse_field(json_array_get(fields, i), arena, &order->fields[i], err));
    return true;
}

/* "Sort order id 0 is reserved for the unsorted order" (table spec, "Sorting"). */
static bool check_order_id(const struct sort_order *order, struct error *err)
{
    bool is_sorted = order->field_count > 0;
    if (is_sorted && order->order_id == UNSORTED_ORDER_ID)
        return error_set(err, ERROR_BAD_REQUEST, "Sort order ID 0 is reserved for unsorted order");
    if (!is_sorted && order->order_id != UNSORTED_ORDER_ID)
        return error_set(err, ERROR_BAD_REQUEST, "Unsorted order ID must be 0");
    return true;
}

bool sort_order_parse(const json_t *json, struct arena *arena, struct sort_order **ret_order,
                      struct error *err)
{
    struct sort_order *order = ARENA_NEW(arena, struct sort_order);
    if (!order)
        return error_no_memory(err, "a sort order");
    if (!json_is_object(json)) {
        struct json_excerpt excerpt = json_excerpt(json);
        return error_set(err, ERROR_BAD_REQUEST, "Cannot parse sort order from non-object: %s",
                         excerpt.text);
    }
    TRY(json_get_int32(json, "order-id", &order->order_id, err));
    TRY(parse_fields(json, arena, order, err));
    TRY(check_order_id(order, err));
    *ret_order = order;
    return true;
}

static int append_field(json_t *fields, const struct sort_field *field)
{
    char scratch[TRANSFORM_NAME_SIZE];
    struct slice transform = transform_name_in(&field->transform, scratch);
    json_t *object = json_object();
    if (json_array_append_new(fields, object))
        return -1;
    return json_object_set_new(object, "transform", json_from_slice(transform)) ||
           source_list_set(object, field->source_id, field->sources) ||
           json_object_set_new(object, "direction",
                               json_string(field->is_descending ? "desc" : "asc")) ||
           json_object_set_new(object, "null-order",
                               json_string(field->nulls_last ? "nulls-last" : "nulls-first"));
}

static int set_order(json_t *object, const struct sort_order *order)
{
    if (json_object_set_new(object, "order-id", json_integer(order->order_id)))
        return -1;
    json_t *fields = json_array();
    if (json_object_set_new(object, "fields", fields))
        return -1;
    for (size_t i = 0; i < order->field_count; i++) {
        if (append_field(fields, &order->fields[i]))
            return -1;
    }
    return 0;
}

json_t *sort_order_to_json(const struct sort_order *order)
{
    json_t *object = json_object();
    if (object && set_order(object, order)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

bool sort_order_same(const struct sort_order *a, const struct sort_order *b)
{
    if (a->field_count != b->field_count)
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        const struct sort_field *left = &a->fields[i], *right = &b->fields[i];
        if (left->source_id != right->source_id ||
            !source_list_equals(left->sources, right->sources) ||
            !transform_equals(&left->transform, &right->transform) ||
            left->is_descending != right->is_descending || left->nulls_last != right->nulls_last)
            return false;
    }
    return true;
}

/* "Cannot find source column for sort field: identity(5) ASC NULLS FIRST". */
static bool source_is_missing(const struct sort_field *field, struct error *err)
{
    char scratch[TRANSFORM_NAME_SIZE];
    struct slice transform = transform_name_in(&field->transform, scratch);
    return error_set(err, ERROR_VALIDATION,
                     "Cannot find source column for sort field: %.*s(%d) %s NULLS %s",
                     SLICE_ARG(transform), field->source_id, field->is_descending ? "DESC" : "ASC",
                     field->nulls_last ? "LAST" : "FIRST");
}

static bool check_source(const struct sort_field *field, int32_t source_id,
                         const struct schema *schema, struct error *err)
{
    char name[JSON_EXCERPT_SIZE];
    char scratch[TRANSFORM_NAME_SIZE];
    const struct schema_field *source = schema_find_id(schema, source_id);
    if (!source)
        return source_is_missing(field, err);
    type_name_write(source->field->type, name, sizeof(name));
    if (!type_is_primitive(source->field->type))
        return error_set(err, ERROR_VALIDATION, "Cannot sort by non-primitive source field: %s",
                         name);
    struct slice transform = transform_name_in(&field->transform, scratch);
    if (!transform_accepts(&field->transform, source->field->type))
        return error_set(err, ERROR_VALIDATION, "Invalid source type %s for transform: %.*s", name,
                         SLICE_ARG(transform));
    return true;
}

bool sort_order_check(const struct sort_order *order, const struct schema *schema,
                      struct error *err)
{
    for (size_t i = 0; i < order->field_count; i++) {
        const struct sort_field *field = &order->fields[i];
        TRY(check_source(field, field->source_id, schema, err));
        for (size_t j = 1; j < field->sources.count; j++)
            TRY(check_source(field, field->sources.ids[j], schema, err));
    }
    return true;
}

bool sort_order_check_names(const struct sort_order *order, const struct schema *schema,
                            struct error *err)
{
    for (size_t i = 0; i < order->field_count; i++) {
        const struct schema_field *source = schema_find_id(schema, order->fields[i].source_id);
        if (source && source->full_name.len == 0)
            return error_set(err, ERROR_VALIDATION, "Invalid column name: (empty)");
    }
    return true;
}
