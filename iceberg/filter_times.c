#include "iceberg/filter_times.h"

#include <stdio.h>

#include "base/json_tree.h"

/* "2024-01-01" */
#define DATE_SIZE 10
/* A timestamp of nanoseconds with an offset has 35 characters; longer texts are none. */
#define MAX_TIME_SIZE 40

static bool is_timestamp(const struct type *type)
{
    return type->id == TYPE_TIMESTAMP || type->id == TYPE_TIMESTAMPTZ ||
           type->id == TYPE_TIMESTAMP_NS || type->id == TYPE_TIMESTAMPTZ_NS;
}

static bool has_zone(const struct type *type)
{
    return type->id == TYPE_TIMESTAMPTZ || type->id == TYPE_TIMESTAMPTZ_NS;
}

static bool begins_with_date(struct slice text)
{
    static const char shape[] = "dddd-dd-dd";
    for (size_t i = 0; i < DATE_SIZE; i++) {
        bool is_digit = text.len > i && text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (text.len <= i || (shape[i] == 'd' ? !is_digit : text.ptr[i] != '-'))
            return false;
    }
    return true;
}

static bool names_zone(struct slice time)
{
    return slice_find(time, 'Z') < time.len || slice_find(time, '+') < time.len ||
           slice_find(time, '-') < time.len;
}

/* NULL where memory is short; the value itself where nothing is to be done. */
static json_t *complete(json_t *value, const struct type *type)
{
    char text[MAX_TIME_SIZE + sizeof("T00:00:00+00:00")];
    struct slice given = json_is_string(value) ? json_slice(value) : SLICE_EMPTY;
    if (given.len > MAX_TIME_SIZE || !begins_with_date(given))
        return json_incref(value);
    struct slice time = slice_from(given, DATE_SIZE + 1);
    bool has_time = given.len > DATE_SIZE;
    bool has_mark = has_time && (given.ptr[DATE_SIZE] == ' ' || given.ptr[DATE_SIZE] == 'T');
    if (has_time && !has_mark)
        return json_incref(value);
    snprintf(text, sizeof(text), "%.*sT%.*s%s", DATE_SIZE, given.ptr, has_time ? (int)time.len : 8,
             has_time ? time.ptr : "00:00:00", has_zone(type) && !names_zone(time) ? "+00:00" : "");
    return json_string(text);
}

static bool complete_member(json_t *predicate, const struct type *type, struct error *err)
{
    json_t *value = json_object_get(predicate, "value");
    if (value && json_object_set_new(predicate, "value", complete(value, type)) != 0)
        return error_no_memory(err, "a filter");
    json_t *values = json_object_get(predicate, "values");
    for (size_t i = 0; i < json_array_size(values); i++)
        if (json_array_set_new(values, i, complete(json_array_get(values, i), type)) != 0)
            return error_no_memory(err, "a filter");
    return true;
}

bool filter_times_complete(json_t *filter, const struct schema *schema, struct error *err)
{
    static const char *const below[] = {"left", "right", "child"};
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        json_t *child = json_object_get(filter, below[i]);
        if (child)
            TRY(filter_times_complete(child, schema, err));
    }
    const json_t *term = json_object_get(filter, "term");
    const struct schema_field *field =
        json_is_string(term) ? schema_find_name(schema, json_slice(term)) : NULL;
    return !field || !is_timestamp(field->field->type) ||
           complete_member(filter, field->field->type, err);
}
