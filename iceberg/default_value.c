#include "iceberg/default_value.h"

#include <float.h>
#include <math.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "iceberg/iso_time.h"
#include "iceberg/json_excerpt.h"

#define NANOS_PER_DAY INT64_C(86400000000000)

/* 38 digits need 127 bits and a sign. */
__extension__ typedef __int128 wide;

/* A value in the one form in which equal ones compare equal. */
struct single_value {
    wide number;       /* booleans, integers, unscaled decimals, dates and times */
    double real;       /* float, double */
    struct slice text; /* string, uuid, fixed, binary */
};

static bool refuse(const struct type *type, const json_t *json, const char *reason,
                   struct error *err)
{
    char name[JSON_EXCERPT_SIZE];
    struct json_excerpt excerpt = json_excerpt(json);
    type_name_write(type, name, sizeof(name));
    return error_set(err, ERROR_BAD_REQUEST, "Cannot parse default as a %s value: %s%s", name,
                     excerpt.text, reason);
}

static bool must_be_null(const struct type *type, const json_t *json, struct error *err)
{
    char name[JSON_EXCERPT_SIZE];
    struct json_excerpt excerpt = json_excerpt(json);
    type_name_write(type, name, sizeof(name));
    return error_set(err, ERROR_BAD_REQUEST, "Invalid default value for %s: %s (must be null)",
                     name, excerpt.text);
}

static bool parse_integer(const struct type *type, const json_t *json, int64_t least, int64_t most,
                          struct single_value *ret_value, struct error *err)
{
    if (!json_is_integer(json) || json_integer_value(json) < least ||
        json_integer_value(json) > most)
        return refuse(type, json, "", err);
    ret_value->number = json_integer_value(json);
    return true;
}

/* Only numbers with a fraction or exponent, as the reference implementation has it: 1 is none. */
static bool parse_real(const struct type *type, const json_t *json, struct single_value *ret_value,
                       struct error *err)
{
    if (!json_is_real(json))
        return refuse(type, json, "", err);
    double value = json_real_value(json);
    if (type->id == TYPE_FLOAT && fabs(value) > FLT_MAX)
        return refuse(type, json, ", it is out of range", err);
    ret_value->real = type->id == TYPE_FLOAT ? (double)(float)value : value;
    return true;
}

/* Reads "[+-]digits[.digits]"; *ret_scale is the count of digits after the point, *ret_digits the
 * count of those that are significant. Stops at anything else and returns how far it came. */
static size_t scan_decimal(struct slice text, wide *ret_unscaled, int64_t *ret_scale,
                           int *ret_digits, int *ret_seen)
{
    size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+') ? 1 : 0;
    bool is_fraction = false;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        *ret_seen = 1;
        *ret_digits += *ret_digits > 0 || c != '0';
        *ret_scale += is_fraction;
        if (*ret_digits <= 38)
            *ret_unscaled = *ret_unscaled * 10 + (c - '0');
    }
    return at;
}

/* "e-2" and the like, or nothing. */
static bool scan_exponent(struct slice text, int64_t *ret_exponent)
{
    if (text.len == 0)
        return true;
    if (text.ptr[0] != 'e' && text.ptr[0] != 'E')
        return false;
    struct slice digits = slice_from(text, 1);
    if (digits.len > 1 && digits.ptr[0] == '+' && digits.ptr[1] != '-')
        digits = slice_from(digits, 1);
    return slice_to_int64(digits, ret_exponent) && *ret_exponent > -INT32_MAX &&
           *ret_exponent < INT32_MAX;
}

static bool parse_decimal(const struct type *type, const json_t *json,
                          struct single_value *ret_value, struct error *err)
{
    wide unscaled = 0;
    int64_t scale = 0, exponent = 0;
    int digits = 0, seen = 0;
    if (!json_is_string(json))
        return refuse(type, json, "", err);
    struct slice text = json_slice(json);
    size_t end = scan_decimal(text, &unscaled, &scale, &digits, &seen);
    if (!seen || !scan_exponent(slice_from(text, end), &exponent))
        return refuse(type, json, "", err);
    if (scale - exponent != type->scale)
        return refuse(type, json, ", the scale doesn't match", err);
    if (digits > type->precision)
        return refuse(type, json, ", it has too many digits", err);
    ret_value->number = text.ptr[0] == '-' ? -unscaled : unscaled;
    return true;
}

static bool parse_date(const struct type *type, const json_t *json, struct single_value *ret_value,
                       struct error *err)
{
    int64_t days = 0;
    if (!json_is_string(json) || !iso_date_parse(json_slice(json), &days) || days < INT32_MIN ||
        days > INT32_MAX)
        return refuse(type, json, "", err);
    ret_value->number = days;
    return true;
}

static bool parse_time(const struct type *type, const json_t *json, struct single_value *ret_value,
                       struct error *err)
{
    int64_t nanos = 0;
    if (!json_is_string(json) || !iso_time_parse(json_slice(json), &nanos))
        return refuse(type, json, "", err);
    ret_value->number = nanos / 1000;
    return true;
}

static bool parse_timestamp(const struct type *type, const json_t *json,
                            struct single_value *ret_value, struct error *err)
{
    bool has_zone = type->id == TYPE_TIMESTAMPTZ || type->id == TYPE_TIMESTAMPTZ_NS;
    bool is_nanos = type->id == TYPE_TIMESTAMP_NS || type->id == TYPE_TIMESTAMPTZ_NS;
    struct iso_moment moment;
    if (!json_is_string(json) || !iso_moment_parse(json_slice(json), &moment) ||
        moment.has_offset != has_zone)
        return refuse(type, json, "", err);
    if (moment.offset_s != 0)
        return refuse(type, json, ", offset must be +00:00", err);
    wide value = ((wide)moment.days * NANOS_PER_DAY + moment.nanos) / (is_nanos ? 1 : 1000);
    if (value < INT64_MIN || value > INT64_MAX)
        return refuse(type, json, ", it is out of range", err);
    ret_value->number = value;
    return true;
}

static bool is_hex(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (hex_value(text.ptr[i]) < 0)
            return false;
    }
    return text.len % 2 == 0;
}

static bool parse_bytes(const struct type *type, const json_t *json,
                        struct single_value *ret_value, struct error *err)
{
    if (!json_is_string(json) || !is_hex(json_slice(json)))
        return refuse(type, json, "", err);
    ret_value->text = json_slice(json);
    if (type->id == TYPE_FIXED && ret_value->text.len != (size_t)type->length * 2)
        return refuse(type, json, ", incorrect length", err);
    return true;
}

static bool parse_text(const struct type *type, const json_t *json, struct single_value *ret_value,
                       struct error *err)
{
    if (!json_is_string(json))
        return refuse(type, json, "", err);
    ret_value->text = json_slice(json);
    if (type->id == TYPE_UUID && !uuid_is_valid(ret_value->text.ptr, ret_value->text.len))
        return refuse(type, json, "", err);
    return true;
}

/* The one place that says which values a type has; *ret_value starts as all zero. */
static bool parse_single_value(const struct type *type, const json_t *json,
                               struct single_value *ret_value, struct error *err)
{
    switch (type->id) {
    case TYPE_BOOLEAN:
        ret_value->number = json_is_true(json);
        return json_is_boolean(json) || refuse(type, json, "", err);
    case TYPE_INT:
        return parse_integer(type, json, INT32_MIN, INT32_MAX, ret_value, err);
    case TYPE_LONG:
        return parse_integer(type, json, INT64_MIN, INT64_MAX, ret_value, err);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return parse_real(type, json, ret_value, err);
    case TYPE_DECIMAL:
        return parse_decimal(type, json, ret_value, err);
    case TYPE_DATE:
        return parse_date(type, json, ret_value, err);
    case TYPE_TIME:
        return parse_time(type, json, ret_value, err);
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
        return parse_timestamp(type, json, ret_value, err);
    case TYPE_STRING:
    case TYPE_UUID:
        return parse_text(type, json, ret_value, err);
    case TYPE_FIXED:
    case TYPE_BINARY:
        return parse_bytes(type, json, ret_value, err);
    default:
        return must_be_null(type, json, err);
    }
}

bool default_value_check(const struct type *type, const json_t *json, struct error *err)
{
    struct single_value value = {0};
    return parse_single_value(type, json, &value, err);
}

bool default_value_equals(const struct type *type, const json_t *a, const json_t *b)
{
    struct single_value left = {0}, right = {0};
    if (!a || !b)
        return a == b;
    if (!parse_single_value(type, a, &left, NULL) || !parse_single_value(type, b, &right, NULL))
        return false;
    bool is_exact = type->id == TYPE_STRING;
    bool is_same_text = is_exact ? slice_equals(left.text, right.text)
                                 : slice_equals_ignore_case(left.text, right.text);
    /* By order, not by ==: both are finite, and -0.0 differs from 0.0 in the reference. */
    return left.number == right.number && is_same_text && left.real <= right.real &&
           left.real >= right.real && !signbit(left.real) == !signbit(right.real);
}
