#include "iceberg/transform_apply.h"

#include <math.h>

#include "iceberg/value_time.h"

static const struct type int_type = {.id = TYPE_INT};
static const struct type date_type = {.id = TYPE_DATE};
static const struct type unknown_type = {.id = TYPE_UNKNOWN};

const struct type *transform_result_type(const struct transform *transform,
                                         const struct type *source)
{
    switch (transform->kind) {
    case TRANSFORM_BUCKET:
    case TRANSFORM_YEAR:
    case TRANSFORM_MONTH:
    case TRANSFORM_HOUR:
        return &int_type;
    case TRANSFORM_DAY:
        return &date_type;
    case TRANSFORM_UNKNOWN:
        return &unknown_type;
    case TRANSFORM_IDENTITY:
    case TRANSFORM_TRUNCATE:
    case TRANSFORM_VOID:
        break;
    }
    return source;
}

bool transform_preserves_order(const struct transform *transform)
{
    return transform->kind != TRANSFORM_BUCKET && transform->kind != TRANSFORM_VOID &&
           transform->kind != TRANSFORM_UNKNOWN;
}

static uint32_t rotate(uint32_t bits, int by)
{
    return bits << by | bits >> (32 - by);
}

static uint32_t mix_block(uint32_t block)
{
    return rotate(block * 0xcc9e2d51u, 15) * 0x1b873593u;
}

static uint32_t mix_end(uint32_t hash, size_t len)
{
    hash ^= (uint32_t)len;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

/* Murmur3, x86 variant of 32 bits, seed 0. */
static int32_t murmur3(struct slice bytes)
{
    uint32_t hash = 0, tail = 0;
    size_t whole = bytes.len / 4 * 4;
    for (size_t i = 0; i < whole; i += 4) {
        uint32_t block;
        memcpy(&block, bytes.ptr + i, sizeof(block));
        hash = rotate(hash ^ mix_block(block), 13) * 5 + 0xe6546b64u;
    }
    for (size_t i = bytes.len; i > whole; i--)
        tail = tail << 8 | (unsigned char)bytes.ptr[i - 1];
    return (int32_t)mix_end(hash ^ mix_block(tail), bytes.len);
}

static int32_t hash_long(int64_t number)
{
    char bytes[sizeof(number)];
    memcpy(bytes, &number, sizeof(number));
    return murmur3(slice_make(bytes, sizeof(bytes)));
}

/* Both zeros are one value, and so are all NaNs. */
static int32_t hash_real(double real)
{
    int64_t bits = 0;
    if (isnan(real))
        return hash_long(INT64_C(0x7ff8000000000000));
    if (real < 0 || real > 0)
        memcpy(&bits, &real, sizeof(bits));
    return hash_long(bits);
}

int32_t transform_hash(const struct value *value)
{
    char scratch[VALUE_SCRATCH_SIZE];
    switch (value->type) {
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
        return hash_long(divide_down(value->number, 1000));
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return hash_real(value->real);
    case TYPE_DECIMAL:
    case TYPE_STRING:
    case TYPE_UUID:
    case TYPE_FIXED:
    case TYPE_BINARY:
        return murmur3(value_to_bytes(value, scratch));
    default:
        return hash_long(value->number);
    }
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

size_t text_length(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += !is_continuation(text.ptr[i]);
    return count;
}

size_t text_prefix_size(struct slice text, size_t count)
{
    size_t at = 0;
    for (; at < text.len; at++) {
        if (!is_continuation(text.ptr[at]) && count-- == 0)
            break;
    }
    return at;
}

/* The multiple of the width at or below. Near the smallest number it wraps around, as it does for
 * the writers whose partitions are read here. */
static int64_t truncate_number(const struct value *source, int32_t width)
{
    int64_t rest = source->number % width;
    uint64_t result = (uint64_t)source->number - (uint64_t)(rest < 0 ? rest + width : rest);
    return source->type == TYPE_INT ? (int32_t)(uint32_t)result : (int64_t)result;
}

static bool truncate_value(const struct value *source, int32_t width, struct value *ret_result)
{
    struct value result = *source;
    value_wide rest = 0;
    switch (source->type) {
    case TYPE_INT:
    case TYPE_LONG:
        result.number = truncate_number(source, width);
        break;
    case TYPE_DECIMAL:
        rest = source->unscaled % width;
        result.unscaled -= rest < 0 ? rest + width : rest;
        break;
    case TYPE_STRING:
        result.bytes.len = text_prefix_size(source->bytes, (size_t)width);
        break;
    case TYPE_BINARY:
        result.bytes.len = source->bytes.len < (size_t)width ? source->bytes.len : (size_t)width;
        break;
    default:
        return false;
    }
    *ret_result = result;
    return true;
}

static int64_t months_from_days(int64_t days)
{
    struct civil_date date = civil_from_days(days);
    return (date.year - 1970) * 12 + date.month - 1;
}

static bool apply_time(enum transform_kind kind, const struct value *source,
                       struct value *ret_result)
{
    int64_t per_day = time_units_per_day(source->type);
    if (per_day == 0 || source->type == TYPE_TIME ||
        (kind == TRANSFORM_HOUR && source->type == TYPE_DATE))
        return false;
    int64_t days = divide_down(source->number, per_day);
    struct value result = {.type = TYPE_INT};
    if (kind == TRANSFORM_HOUR)
        result.number = divide_down(source->number, per_day / 24);
    else if (kind == TRANSFORM_DAY)
        result = (struct value){.type = TYPE_DATE, .number = days};
    else if (kind == TRANSFORM_MONTH)
        result.number = months_from_days(days);
    else
        result.number = civil_from_days(days).year - 1970;
    *ret_result = result;
    return true;
}

static bool apply_bucket(const struct value *source, int32_t count, struct value *ret_result)
{
    bool is_hashed = source->type != TYPE_BOOLEAN && value_class_of(source->type) != VALUE_REAL;
    if (!is_hashed)
        return false;
    int32_t bucket = (transform_hash(source) & INT32_MAX) % count;
    *ret_result = (struct value){.type = TYPE_INT, .number = bucket};
    return true;
}

bool transform_apply(const struct transform *transform, const struct value *source,
                     struct value *ret_result)
{
    if (transform->kind == TRANSFORM_UNKNOWN)
        return false;
    if (value_is_null(source) || transform->kind == TRANSFORM_VOID) {
        *ret_result = VALUE_NONE;
        return true;
    }
    switch (transform->kind) {
    case TRANSFORM_IDENTITY:
        *ret_result = *source;
        return true;
    case TRANSFORM_BUCKET:
        return apply_bucket(source, transform->parameter, ret_result);
    case TRANSFORM_TRUNCATE:
        return truncate_value(source, transform->parameter, ret_result);
    default:
        return apply_time(transform->kind, source, ret_result);
    }
}
