#include "iceberg/value.h"

#include <math.h>

#include "iceberg/value_time.h"

enum value_class value_class_of(enum type_id type)
{
    switch (type) {
    case TYPE_BOOLEAN:
    case TYPE_INT:
    case TYPE_LONG:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
        return VALUE_NUMBER;
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return VALUE_REAL;
    case TYPE_DECIMAL:
        return VALUE_WIDE;
    case TYPE_STRING:
    case TYPE_UUID:
    case TYPE_FIXED:
    case TYPE_BINARY:
        return VALUE_BYTES;
    case TYPE_UNKNOWN:
        return VALUE_NULL;
    default:
        return VALUE_NESTED;
    }
}

bool value_is_nan(const struct value *value)
{
    return value_class_of(value->type) == VALUE_REAL && isnan(value->real);
}

static int compare_reals(double a, double b)
{
    if (isnan(a) || isnan(b))
        return !!isnan(a) - !!isnan(b);
    return (a > b) - (a < b);
}

int value_compare(const struct value *a, const struct value *b)
{
    switch (value_class_of(a->type)) {
    case VALUE_NUMBER:
        return (a->number > b->number) - (a->number < b->number);
    case VALUE_WIDE:
        return (a->unscaled > b->unscaled) - (a->unscaled < b->unscaled);
    case VALUE_REAL:
        return compare_reals(a->real, b->real);
    case VALUE_BYTES: {
        int order = slice_compare(a->bytes, b->bytes);
        return (order > 0) - (order < 0);
    }
    case VALUE_NULL:
    case VALUE_NESTED:
        break;
    }
    return 0;
}

/* Little-endian, as the machines that this is built for. */
static int64_t read_int32(struct slice bytes)
{
    int32_t value;
    memcpy(&value, bytes.ptr, sizeof(value));
    return value;
}

static int64_t read_int64(struct slice bytes)
{
    int64_t value;
    memcpy(&value, bytes.ptr, sizeof(value));
    return value;
}

static bool take_int(struct slice bytes, struct value *ret_value)
{
    if (bytes.len != sizeof(int32_t))
        return false;
    ret_value->number = read_int32(bytes);
    return true;
}

static bool take_long(struct slice bytes, struct value *ret_value)
{
    if (bytes.len != sizeof(int64_t))
        return take_int(bytes, ret_value);
    ret_value->number = read_int64(bytes);
    return true;
}

/* Four bytes are the date that the column held before its type was promoted. Only the local types
 * can come from a date. */
static bool take_timestamp(enum type_id type, struct slice bytes, struct value *ret_value)
{
    if (bytes.len == sizeof(int64_t)) {
        ret_value->number = read_int64(bytes);
        return true;
    }
    bool is_nanos = type == TYPE_TIMESTAMP_NS;
    if (bytes.len != sizeof(int32_t) || (!is_nanos && type != TYPE_TIMESTAMP))
        return false;
    int64_t per_day = is_nanos ? NANOS_PER_DAY : MICROS_PER_DAY;
    return !__builtin_mul_overflow(read_int32(bytes), per_day, &ret_value->number);
}

static bool take_float(struct slice bytes, struct value *ret_value)
{
    float value;
    if (bytes.len != sizeof(value))
        return false;
    memcpy(&value, bytes.ptr, sizeof(value));
    ret_value->real = (double)value;
    return true;
}

static bool take_double(struct slice bytes, struct value *ret_value)
{
    if (bytes.len != sizeof(double))
        return take_float(bytes, ret_value);
    memcpy(&ret_value->real, bytes.ptr, sizeof(double));
    return true;
}

/* Two's complement, big-endian, of any length up to 16 bytes. */
static bool take_decimal(int32_t scale, struct slice bytes, struct value *ret_value)
{
    if (bytes.len == 0 || bytes.len > sizeof(value_wide))
        return false;
    __extension__ unsigned __int128 bits = (signed char)bytes.ptr[0] < 0 ? ~(__uint128_t)0 : 0;
    for (size_t i = 0; i < bytes.len; i++)
        bits = bits << 8 | (unsigned char)bytes.ptr[i];
    ret_value->unscaled = (value_wide)bits;
    ret_value->scale = scale;
    return true;
}

static bool take_boolean(struct slice bytes, struct value *ret_value)
{
    if (bytes.len != 1)
        return false;
    ret_value->number = bytes.ptr[0] != 0;
    return true;
}

static bool take_bytes(const struct type *type, struct slice bytes, struct value *ret_value)
{
    if (type->id == TYPE_UUID && bytes.len != 16)
        return false;
    ret_value->bytes = bytes;
    return true;
}

static bool take(const struct type *type, struct slice bytes, struct value *ret_value)
{
    switch (type->id) {
    case TYPE_BOOLEAN:
        return take_boolean(bytes, ret_value);
    case TYPE_INT:
    case TYPE_DATE:
        return take_int(bytes, ret_value);
    case TYPE_LONG:
        return take_long(bytes, ret_value);
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
        return take_timestamp(type->id, bytes, ret_value);
    case TYPE_FLOAT:
        return take_float(bytes, ret_value);
    case TYPE_DOUBLE:
        return take_double(bytes, ret_value);
    case TYPE_DECIMAL:
        return take_decimal(type->scale, bytes, ret_value);
    case TYPE_STRING:
    case TYPE_UUID:
    case TYPE_FIXED:
    case TYPE_BINARY:
        return take_bytes(type, bytes, ret_value);
    default:
        return false;
    }
}

bool value_from_bytes(const struct type *type, struct slice bytes, struct value *ret_value)
{
    struct value value = {.type = type->id};
    TRY(take(type, bytes, &value));
    *ret_value = value;
    return true;
}

static struct slice put_number(int64_t number, size_t size, char *scratch)
{
    memcpy(scratch, &number, size); /* little-endian: the low bytes come first */
    return slice_make(scratch, size);
}

/* The fewest bytes that keep the sign. */
static struct slice put_decimal(value_wide unscaled, char scratch[VALUE_SCRATCH_SIZE])
{
    size_t at = VALUE_SCRATCH_SIZE;
    bool is_negative = unscaled < 0;
    bool is_done = false;
    while (!is_done) {
        scratch[--at] = (char)(unscaled & 0xff);
        unscaled >>= 8;
        bool is_sign_kept = (scratch[at] < 0) == is_negative;
        is_done = at == 0 || (unscaled == (is_negative ? -1 : 0) && is_sign_kept);
    }
    return slice_make(scratch + at, VALUE_SCRATCH_SIZE - at);
}

static struct slice put_real(const struct value *value, char *scratch)
{
    if (value->type == TYPE_DOUBLE) {
        memcpy(scratch, &value->real, sizeof(double));
        return slice_make(scratch, sizeof(double));
    }
    float narrow = (float)value->real;
    memcpy(scratch, &narrow, sizeof(narrow));
    return slice_make(scratch, sizeof(narrow));
}

struct slice value_to_bytes(const struct value *value, char scratch[VALUE_SCRATCH_SIZE])
{
    switch (value_class_of(value->type)) {
    case VALUE_WIDE:
        return put_decimal(value->unscaled, scratch);
    case VALUE_REAL:
        return put_real(value, scratch);
    case VALUE_BYTES:
        return value->bytes;
    default:
        break;
    }
    if (value->type == TYPE_BOOLEAN)
        return put_number(value->number, 1, scratch);
    bool is_short = value->type == TYPE_INT || value->type == TYPE_DATE;
    return put_number(value->number, is_short ? sizeof(int32_t) : sizeof(int64_t), scratch);
}
