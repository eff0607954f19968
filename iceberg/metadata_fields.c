#include "iceberg/metadata_fields.h"

/* Resolves the escape at raw[*at] (a backslash) to one ASCII character and steps behind it; -1 for
 * what no member name of ours contains. */
static int escape_read(struct slice raw, size_t *at)
{
    if (*at + 1 < raw.len && raw.ptr[*at + 1] != 'u') {
        char c = raw.ptr[*at + 1];
        *at += 2;
        return c == '/' ? c : -1;
    }
    if (*at + 6 > raw.len)
        return -1;
    int code = 0;
    for (size_t i = *at + 2; i < *at + 6; i++)
        code = code * 16 + hex_value(raw.ptr[i]);
    *at += 6;
    return code < 0x80 ? code : -1;
}

static bool escaped_name_is(struct slice raw, const char *name)
{
    size_t at = 0;
    while (at < raw.len && *name != '\0') {
        int c = raw.ptr[at];
        if (c == '\\')
            c = escape_read(raw, &at);
        else
            at++;
        if (c != *name)
            return false;
        name++;
    }
    return at == raw.len && *name == '\0';
}

bool metadata_name_is(struct slice raw, const char *name)
{
    if (slice_equals_string(raw, name))
        return true;
    /* Nobody escapes these names; where somebody does, other readers see the same member. */
    return memchr(raw.ptr, '\\', raw.len) != NULL && escaped_name_is(raw, name);
}

bool metadata_fields_read(struct slice object, const char *list, const char *const *names,
                          size_t count, struct slice *ret_values, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        ret_values[i] = (struct slice){NULL, 0};
    if (object.len == 0 || object.ptr[0] != '{')
        return error_set(err, ERROR_BAD_REQUEST, "%s: every entry must be an object", list);
    struct json_cursor cursor;
    TRY(json_object_open(object, &cursor, err));
    for (;;) {
        struct json_member member;
        bool more;
        TRY(json_object_next(&cursor, &member, &more, err));
        if (!more)
            return true;
        for (size_t i = 0; i < count; i++) {
            if (!metadata_name_is(member.name, names[i]))
                continue;
            ret_values[i] = member.value;
            break;
        }
    }
}

static bool field_error(struct metadata_field field, const char *problem, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST, "%s%s%s %s", field.list ? field.list : "",
                     field.list ? ": " : "", field.name, problem);
}

bool metadata_field_is_absent(struct metadata_field field)
{
    return !field.value.ptr || json_value_is_null(field.value);
}

bool metadata_get_int64(struct metadata_field field, int64_t *ret, struct error *err)
{
    if (!field.value.ptr)
        return field_error(field, "is missing", err);
    if (!json_value_int64(field.value, ret))
        return field_error(field, "must be a 64-bit integer", err);
    return true;
}

bool metadata_get_int32(struct metadata_field field, int32_t *ret, struct error *err)
{
    int64_t value;
    if (!field.value.ptr)
        return field_error(field, "is missing", err);
    if (!json_value_int64(field.value, &value) || value < INT32_MIN || value > INT32_MAX)
        return field_error(field, "must be a 32-bit integer", err);
    *ret = (int32_t)value;
    return true;
}

bool metadata_opt_int64(struct metadata_field field, int64_t *ret, struct error *err)
{
    return metadata_field_is_absent(field) || metadata_get_int64(field, ret, err);
}

bool metadata_opt_int32(struct metadata_field field, int32_t *ret, struct error *err)
{
    return metadata_field_is_absent(field) || metadata_get_int32(field, ret, err);
}

bool metadata_get_string(struct metadata_field field, struct arena *arena, struct slice *ret,
                         struct error *err)
{
    struct slice value = field.value;
    if (!value.ptr)
        return field_error(field, "is missing", err);
    if (!json_value_is_string(value))
        return field_error(field, "must be a string", err);
    if (memchr(value.ptr, '\\', value.len) != NULL)
        return json_value_string(value, arena, ret, err);
    *ret = slice_make(value.ptr + 1, value.len - 2);
    return true;
}

bool metadata_require_kind(struct metadata_field field, char first, struct error *err)
{
    if (!field.value.ptr)
        return field_error(field, "is missing", err);
    if (field.value.len > 0 && field.value.ptr[0] == first)
        return true;
    const char *problem = first == '{'   ? "must be an object"
                          : first == '[' ? "must be an array"
                                         : "must be a string";
    return field_error(field, problem, err);
}
