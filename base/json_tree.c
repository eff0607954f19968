#include "base/json_tree.h"

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    default:
        return "null";
    }
}

static bool wrong_type(const char *field, const char *wanted, const json_t *value,
                       struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST, "%s must be %s, but is %s", field, wanted,
                     type_name(value));
}

/* The field's value, NULL for absent and for null. False where `object` cannot have fields. */
static bool field_find(const json_t *object, const char *field, json_t **ret_value,
                       struct error *err)
{
    if (object && !json_is_object(object))
        return error_set(err, ERROR_BAD_REQUEST, "%s must be a field of an object, but is in %s",
                         field, type_name(object));
    json_t *value = json_object_get(object, field);
    *ret_value = json_is_null(value) ? NULL : value;
    return true;
}

static bool field_require(const json_t *object, const char *field, const char *wanted,
                          json_t **ret_value, struct error *err)
{
    json_t *value = NULL;
    TRY(field_find(object, field, &value, err));
    if (!value)
        return error_set(err, ERROR_BAD_REQUEST, "%s must be %s, but is %s", field, wanted,
                         json_object_get(object, field) ? "null" : "missing");
    *ret_value = value;
    return true;
}

static bool read_string(const json_t *value, const char *field, struct slice *ret,
                        struct error *err)
{
    if (!json_is_string(value))
        return wrong_type(field, "a string", value, err);
    *ret = json_slice(value);
    return true;
}

bool json_get_string(const json_t *object, const char *field, struct slice *ret, struct error *err)
{
    json_t *value = NULL;
    TRY(field_require(object, field, "a string", &value, err));
    return read_string(value, field, ret, err);
}

bool json_opt_string(const json_t *object, const char *field, struct slice *ret, struct error *err)
{
    json_t *value = NULL;
    TRY(field_find(object, field, &value, err));
    return value ? read_string(value, field, ret, err) : true;
}

static bool read_int64(const json_t *value, const char *field, int64_t *ret, struct error *err)
{
    if (!json_is_integer(value))
        return wrong_type(field, "an integer", value, err);
    *ret = json_integer_value(value);
    return true;
}

static bool read_int32(const json_t *value, const char *field, int32_t *ret, struct error *err)
{
    int64_t wide = 0;
    TRY(read_int64(value, field, &wide, err));
    if (wide < INT32_MIN || wide > INT32_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "%s must be an integer of 32 bits, but is %lld",
                         field, (long long)wide);
    *ret = (int32_t)wide;
    return true;
}

static void present_set(bool *ret_present, bool present)
{
    if (ret_present)
        *ret_present = present;
}

bool json_get_int64(const json_t *object, const char *field, int64_t *ret, struct error *err)
{
    json_t *value = NULL;
    TRY(field_require(object, field, "an integer", &value, err));
    return read_int64(value, field, ret, err);
}

bool json_opt_int64(const json_t *object, const char *field, int64_t *ret, bool *ret_present,
                    struct error *err)
{
    json_t *value = NULL;
    TRY(field_find(object, field, &value, err));
    if (value)
        TRY(read_int64(value, field, ret, err));
    present_set(ret_present, value != NULL);
    return true;
}

bool json_get_int32(const json_t *object, const char *field, int32_t *ret, struct error *err)
{
    json_t *value = NULL;
    TRY(field_require(object, field, "an integer", &value, err));
    return read_int32(value, field, ret, err);
}

bool json_opt_int32(const json_t *object, const char *field, int32_t *ret, bool *ret_present,
                    struct error *err)
{
    json_t *value = NULL;
    TRY(field_find(object, field, &value, err));
    if (value)
        TRY(read_int32(value, field, ret, err));
    present_set(ret_present, value != NULL);
    return true;
}

bool json_opt_bool(const json_t *object, const char *field, bool *ret, struct error *err)
{
    json_t *value = NULL;
    TRY(field_find(object, field, &value, err));
    if (!value)
        return true;
    if (!json_is_boolean(value))
        return wrong_type(field, "a boolean", value, err);
    *ret = json_is_true(value);
    return true;
}

static bool read_container(json_t *value, const char *field, json_type type, json_t **ret_borrowed,
                           struct error *err)
{
    if (json_typeof(value) != type)
        return wrong_type(field, type == JSON_OBJECT ? "an object" : "an array", value, err);
    *ret_borrowed = value;
    return true;
}

bool json_get_object(const json_t *object, const char *field, json_t **ret_borrowed,
                     struct error *err)
{
    json_t *value = NULL;
    TRY(field_require(object, field, "an object", &value, err));
    return read_container(value, field, JSON_OBJECT, ret_borrowed, err);
}

bool json_opt_object(const json_t *object, const char *field, json_t **ret_borrowed,
                     struct error *err)
{
    json_t *value = NULL;
    TRY(field_find(object, field, &value, err));
    return value ? read_container(value, field, JSON_OBJECT, ret_borrowed, err) : true;
}

bool json_get_array(const json_t *object, const char *field, json_t **ret_borrowed,
                    struct error *err)
{
    json_t *value = NULL;
    TRY(field_require(object, field, "an array", &value, err));
    return read_container(value, field, JSON_ARRAY, ret_borrowed, err);
}

bool json_opt_array(const json_t *object, const char *field, json_t **ret_borrowed,
                    struct error *err)
{
    json_t *value = NULL;
    TRY(field_find(object, field, &value, err));
    return value ? read_container(value, field, JSON_ARRAY, ret_borrowed, err) : true;
}

bool json_opt_string_map(const json_t *object, const char *field, json_t **ret_borrowed,
                         struct error *err)
{
    json_t *map = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    TRY(json_opt_object(object, field, &map, err));
    json_object_foreach(map, key, value) {
        if (!json_is_string(value))
            return error_set(err, ERROR_BAD_REQUEST, "%s['%s'] must be a string, but is %s", field,
                             key, type_name(value));
    }
    *ret_borrowed = map;
    return true;
}

struct slice json_slice(const json_t *string)
{
    const char *text = json_string_value(string);
    return text ? (struct slice){text, json_string_length(string)} : SLICE_EMPTY;
}

json_t *json_from_slice(struct slice text)
{
    return json_stringn(text.ptr ? text.ptr : "", text.len);
}
