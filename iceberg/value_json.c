#include "iceberg/value_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/json_write.h"
#include "iceberg/json_excerpt.h"
#include "iceberg/value_decimal.h"
#include "iceberg/value_time.h"

bool value_literal_from_json(const json_t *json, struct arena *arena, struct value *ret_value,
                             struct error *err)
{
    if (json_is_boolean(json)) {
        *ret_value = (struct value){.type = TYPE_BOOLEAN, .number = json_is_true(json)};
    } else if (json_is_integer(json)) {
        *ret_value = (struct value){.type = TYPE_LONG, .number = json_integer_value(json)};
    } else if (json_is_real(json)) {
        *ret_value = (struct value){.type = TYPE_DOUBLE, .real = json_real_value(json)};
    } else if (json_is_string(json)) {
        struct slice text = arena_slice(arena, json_slice(json));
        if (!text.ptr)
            return error_no_memory(err, "a literal");
        *ret_value = (struct value){.type = TYPE_STRING, .bytes = text};
    } else {
        struct json_excerpt excerpt = json_excerpt(json);
        return error_set(err, ERROR_BAD_REQUEST, "Cannot convert JSON to a literal: %s",
                         excerpt.text);
    }
    return true;
}

/* Types whose JSON is a number or boolean take no text, and the others nothing else. */
static bool json_suits(const struct type *type, const json_t *json)
{
    switch (type->id) {
    case TYPE_BOOLEAN:
        return json_is_boolean(json);
    case TYPE_INT:
    case TYPE_LONG:
        return json_is_integer(json);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return json_is_number(json);
    default:
        return json_is_string(json);
    }
}

bool value_from_json(const struct type *type, const json_t *json, struct arena *arena,
                     struct value *ret_value, struct error *err)
{
    struct value literal = VALUE_NONE, value = VALUE_NONE;
    enum value_fit fit = VALUE_UNFIT;
    if (json_suits(type, json)) {
        TRY(value_literal_from_json(json, arena, &literal, err));
        TRY(value_convert(&literal, type, arena, &value, &fit, err));
    }
    if (fit == VALUE_FITS) {
        *ret_value = value;
        return true;
    }
    char name[JSON_EXCERPT_SIZE];
    struct json_excerpt excerpt = json_excerpt(json);
    type_name_write(type, name, sizeof(name));
    return error_set(err, ERROR_BAD_REQUEST, "Cannot parse %s as a value of type %s", excerpt.text,
                     name);
}

void value_real_text(const struct value *value, char ret_text[VALUE_REAL_SIZE])
{
    bool is_float = value->type == TYPE_FLOAT;
    int most = is_float ? 9 : 17;
    for (int digits = is_float ? 6 : 15; digits <= most; digits++) {
        snprintf(ret_text, VALUE_REAL_SIZE, "%.*g", digits, value->real);
        double again = is_float ? (double)strtof(ret_text, NULL) : strtod(ret_text, NULL);
        if (again >= value->real && again <= value->real)
            return;
    }
}

static void write_real(const struct value *value, struct buffer *out)
{
    char text[VALUE_REAL_SIZE];
    if (isnan(value->real)) {
        buffer_append_string(out, "\"NaN\"");
    } else if (isinf(value->real)) {
        buffer_append_string(out, value->real < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    } else {
        value_real_text(value, text);
        buffer_append_string(out, text);
        /* Readers tell floating point numbers from integers by these. */
        if (!strpbrk(text, ".e"))
            buffer_append_string(out, ".0");
    }
}

static void write_hex(struct slice bytes, struct buffer *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        buffer_append_byte(out, "0123456789ABCDEF"[byte >> 4]);
        buffer_append_byte(out, "0123456789ABCDEF"[byte & 15]);
    }
}

static void write_uuid(struct slice bytes, struct buffer *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buffer_append_byte(out, '-');
        buffer_printf(out, "%02x", (unsigned)(unsigned char)bytes.ptr[i]);
    }
}

/* Types that are written as a string without anything to escape. */
static void write_quoted(const struct value *value, struct buffer *out)
{
    buffer_append_byte(out, '"');
    if (value->type == TYPE_DECIMAL)
        decimal_write(value->unscaled, value->scale, out);
    else if (value->type == TYPE_UUID)
        write_uuid(value->bytes, out);
    else if (value_class_of(value->type) == VALUE_BYTES)
        write_hex(value->bytes, out);
    else
        time_write(value->type, value->number, out);
    buffer_append_byte(out, '"');
}

void value_write_json(const struct value *value, struct buffer *out)
{
    switch (value->type) {
    case TYPE_UNKNOWN:
        buffer_append_string(out, "null");
        break;
    case TYPE_BOOLEAN:
        buffer_append_string(out, value->number ? "true" : "false");
        break;
    case TYPE_INT:
    case TYPE_LONG:
        buffer_append_int64(out, value->number);
        break;
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        write_real(value, out);
        break;
    case TYPE_STRING:
        json_append_string(out, value->bytes);
        break;
    default:
        write_quoted(value, out);
    }
}
