/*
 * value_convert — the conversions of the reference implementation's literals, a function for each
 * kind of literal. Where the reference fails on numbers that are out of a time's range, the literal
 * lies above or below the type; a text with more decimal places than the column lies between two
 * of its values.
 */
#include <float.h>
#include <math.h>

#include "base/clock.h"
#include "iceberg/iso_time.h"
#include "iceberg/value_decimal.h"
#include "iceberg/value_json.h"
#include "iceberg/value_time.h"

#define NANOS_PER_MICRO 1000
#define NANOS_PER_SECOND INT64_C(1000000000)

static enum value_fit fit_number(value_wide number, int64_t least, int64_t most,
                                 struct value *value)
{
    if (number > most)
        return VALUE_ABOVE;
    if (number < least)
        return VALUE_BELOW;
    value->number = (int64_t)number;
    return VALUE_FITS;
}

static enum value_fit fit_decimal(const struct decimal *decimal, const struct type *type,
                                  struct value *value)
{
    value->scale = type->scale;
    switch (decimal_rescale(decimal, type->scale, &value->unscaled)) {
    case DECIMAL_BETWEEN:
        return VALUE_BETWEEN;
    case DECIMAL_HUGE:
        return decimal->unscaled < 0 ? VALUE_BELOW : VALUE_ABOVE;
    case DECIMAL_EXACT:
        break;
    }
    return VALUE_FITS;
}

static enum value_fit from_int(int64_t number, const struct type *type, struct value *value)
{
    struct decimal decimal = {.unscaled = number, .digits = 19};
    switch (type->id) {
    case TYPE_INT:
    case TYPE_DATE:
        return fit_number(number, INT32_MIN, INT32_MAX, value);
    case TYPE_LONG:
        value->number = number;
        return VALUE_FITS;
    case TYPE_FLOAT:
        value->real = (double)(float)number;
        return VALUE_FITS;
    case TYPE_DOUBLE:
        value->real = (double)number;
        return VALUE_FITS;
    case TYPE_DECIMAL:
        while (decimal.digits > 1 && number / (int64_t)decimal_power(decimal.digits - 1) == 0)
            decimal.digits--;
        return fit_decimal(&decimal, type, value);
    default:
        return VALUE_UNFIT;
    }
}

/* Numbers without a type are microseconds where a column counts time. */
static enum value_fit from_long(int64_t number, const struct type *type, struct value *value)
{
    switch (type->id) {
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        value->number = number;
        return VALUE_FITS;
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
        return fit_number((value_wide)number * NANOS_PER_MICRO, INT64_MIN, INT64_MAX, value);
    default:
        return from_int(number, type, value);
    }
}

/* Half up, as the reference rounds floating point numbers to the column's scale. */
static enum value_fit round_decimal(struct decimal decimal, const struct type *type,
                                    struct value *value)
{
    int64_t dropped = decimal.scale - type->scale;
    if (dropped > DECIMAL_MAX_DIGITS) {
        decimal = (struct decimal){0};
    } else if (dropped > 0) {
        value_wide power = decimal_power(dropped);
        bool is_negative = decimal.unscaled < 0;
        value_wide size = is_negative ? -decimal.unscaled : decimal.unscaled;
        size = size / power + (size % power >= power / 2);
        decimal.unscaled = is_negative ? -size : size;
        decimal.scale = type->scale;
    }
    return fit_decimal(&decimal, type, value);
}

static enum value_fit real_to_decimal(const struct value *literal, const struct type *type,
                                      struct value *value)
{
    char text[VALUE_REAL_SIZE];
    struct decimal decimal;
    value_real_text(literal, text);
    if (!decimal_parse(slice_from_string(text), &decimal))
        return VALUE_UNFIT;
    return round_decimal(decimal, type, value);
}

static enum value_fit from_real(const struct value *literal, const struct type *type,
                                struct value *value)
{
    double real = literal->real;
    switch (type->id) {
    case TYPE_FLOAT:
        if (real > (double)FLT_MAX)
            return VALUE_ABOVE;
        if (real < -(double)FLT_MAX)
            return VALUE_BELOW;
        value->real = (double)(float)real;
        return VALUE_FITS;
    case TYPE_DOUBLE:
        value->real = real;
        return VALUE_FITS;
    case TYPE_DECIMAL:
        return real_to_decimal(literal, type, value);
    default:
        return VALUE_UNFIT;
    }
}

static bool is_nanos(enum type_id type)
{
    return type == TYPE_TIMESTAMP_NS || type == TYPE_TIMESTAMPTZ_NS;
}

static bool is_timestamp(enum type_id type)
{
    return type == TYPE_TIMESTAMP || type == TYPE_TIMESTAMPTZ || is_nanos(type);
}

static enum value_fit from_timestamp(const struct value *literal, const struct type *type,
                                     struct value *value)
{
    if (type->id == TYPE_DATE) {
        value->number = divide_down(literal->number, time_units_per_day(literal->type));
        return VALUE_FITS;
    }
    if (!is_timestamp(type->id))
        return VALUE_UNFIT;
    if (is_nanos(type->id) && !is_nanos(literal->type))
        return fit_number((value_wide)literal->number * NANOS_PER_MICRO, INT64_MIN, INT64_MAX,
                          value);
    bool is_narrowed = !is_nanos(type->id) && is_nanos(literal->type);
    value->number = is_narrowed ? divide_down(literal->number, NANOS_PER_MICRO) : literal->number;
    return VALUE_FITS;
}

static enum value_fit text_to_timestamp(struct slice text, const struct type *type,
                                        struct value *value)
{
    struct iso_moment moment;
    bool has_zone = type->id == TYPE_TIMESTAMPTZ || type->id == TYPE_TIMESTAMPTZ_NS;
    if (!iso_moment_parse(text, &moment) || moment.has_offset != has_zone)
        return VALUE_UNFIT;
    value_wide nanos = (value_wide)moment.days * NANOS_PER_DAY + moment.nanos -
                       (value_wide)moment.offset_s * NANOS_PER_SECOND;
    value_wide unit = is_nanos(type->id) ? 1 : NANOS_PER_MICRO;
    return fit_number(nanos / unit - (nanos % unit < 0), INT64_MIN, INT64_MAX, value);
}

static enum value_fit text_to_time(struct slice text, const struct type *type, struct value *value)
{
    int64_t number = 0;
    if (is_timestamp(type->id))
        return text_to_timestamp(text, type, value);
    if (type->id == TYPE_DATE)
        return iso_date_parse(text, &number) ? fit_number(number, INT32_MIN, INT32_MAX, value)
                                             : VALUE_UNFIT;
    if (!iso_time_parse(text, &number))
        return VALUE_UNFIT;
    value->number = number / NANOS_PER_MICRO;
    return VALUE_FITS;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Pairs of hexadecimal digits; where `has_dashes`, a uuid's dashes are passed over. */
static bool decode_hex(struct slice text, bool has_dashes, char *bytes, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i += 2) {
        if (has_dashes && text.ptr[i] == '-')
            i++;
        if (i + 1 >= text.len)
            return false;
        int high = hex_digit(text.ptr[i]), low = hex_digit(text.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[len++] = (char)(high << 4 | low);
    }
    *ret_len = len;
    return true;
}

static bool text_to_bytes(struct slice text, const struct type *type, struct arena *arena,
                          struct value *value, enum value_fit *ret_fit, struct error *err)
{
    bool is_uuid = type->id == TYPE_UUID;
    size_t len = 0;
    if (is_uuid && !uuid_is_valid(text.ptr, text.len))
        return true;
    char *bytes = arena_alloc(arena, text.len / 2 + 1);
    if (!bytes)
        return error_no_memory(err, "a literal");
    if (!decode_hex(text, is_uuid, bytes, &len) ||
        (type->id == TYPE_FIXED && len != (size_t)type->length))
        return true;
    value->bytes = slice_make(bytes, len);
    *ret_fit = VALUE_FITS;
    return true;
}

static bool from_text(struct slice text, const struct type *type, struct arena *arena,
                      struct value *value, enum value_fit *ret_fit, struct error *err)
{
    struct decimal decimal;
    switch (type->id) {
    case TYPE_STRING:
        value->bytes = text;
        *ret_fit = VALUE_FITS;
        return true;
    case TYPE_UUID:
    case TYPE_FIXED:
    case TYPE_BINARY:
        return text_to_bytes(text, type, arena, value, ret_fit, err);
    case TYPE_DECIMAL:
        if (decimal_parse(text, &decimal))
            *ret_fit = fit_decimal(&decimal, type, value);
        return true;
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
        *ret_fit = text_to_time(text, type, value);
        return true;
    default:
        return true;
    }
}

static enum value_fit from_bytes(const struct value *literal, const struct type *type,
                                 struct value *value)
{
    bool is_fixed = type->id == TYPE_FIXED && literal->bytes.len == (size_t)type->length;
    if (!is_fixed && type->id != TYPE_BINARY)
        return VALUE_UNFIT;
    value->bytes = literal->bytes;
    return VALUE_FITS;
}

/* Decimals keep their value in the column's scale; the rest stays as it is or does not fit. */
static enum value_fit from_same(const struct value *literal, const struct type *type,
                                struct value *value)
{
    if (literal->type != type->id)
        return VALUE_UNFIT;
    if (type->id != TYPE_DECIMAL) {
        *value = *literal;
        return VALUE_FITS;
    }
    struct decimal decimal = {.unscaled = literal->unscaled, .scale = literal->scale};
    value_wide size = literal->unscaled < 0 ? -literal->unscaled : literal->unscaled;
    while (decimal.digits < DECIMAL_MAX_DIGITS && size >= decimal_power(decimal.digits))
        decimal.digits++;
    return fit_decimal(&decimal, type, value);
}

static enum value_fit from_typed(const struct value *literal, const struct type *type,
                                 struct value *value)
{
    switch (literal->type) {
    case TYPE_INT:
        return from_int(literal->number, type, value);
    case TYPE_LONG:
        return from_long(literal->number, type, value);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return from_real(literal, type, value);
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
        return from_timestamp(literal, type, value);
    case TYPE_FIXED:
    case TYPE_BINARY:
        return from_bytes(literal, type, value);
    default:
        return from_same(literal, type, value);
    }
}

bool value_convert(const struct value *literal, const struct type *type, struct arena *arena,
                   struct value *ret_value, enum value_fit *ret_fit, struct error *err)
{
    struct value value = {.type = type->id};
    enum value_fit fit = VALUE_UNFIT;
    if (literal->type == TYPE_STRING)
        TRY(from_text(literal->bytes, type, arena, &value, &fit, err));
    else
        fit = from_typed(literal, type, &value);
    if (fit == VALUE_FITS || fit == VALUE_BETWEEN)
        *ret_value = value;
    *ret_fit = fit;
    return true;
}
