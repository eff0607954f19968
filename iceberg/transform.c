#include "iceberg/transform.h"

#include <stdio.h>

#include "base/json_tree.h"

static const char *const transform_words[] = {
    [TRANSFORM_IDENTITY] = "identity", [TRANSFORM_BUCKET] = "bucket",
    [TRANSFORM_TRUNCATE] = "truncate", [TRANSFORM_YEAR] = "year",
    [TRANSFORM_MONTH] = "month",       [TRANSFORM_DAY] = "day",
    [TRANSFORM_HOUR] = "hour",         [TRANSFORM_VOID] = "void",
};

static bool has_parameter(enum transform_kind kind)
{
    return kind == TRANSFORM_BUCKET || kind == TRANSFORM_TRUNCATE;
}

/* TRANSFORM_UNKNOWN where no known one of that form ("word" or "word[n]") is called so. */
static enum transform_kind find_kind(struct slice word, bool with_parameter)
{
    for (int kind = 0; kind < TRANSFORM_UNKNOWN; kind++) {
        if (has_parameter((enum transform_kind)kind) == with_parameter &&
            slice_equals_ignore_case(word, slice_from_string(transform_words[kind])))
            return (enum transform_kind)kind;
    }
    return TRANSFORM_UNKNOWN;
}

static bool is_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (c < '0' || c > '9'))
            return false;
    }
    return text.len > 0;
}

static bool is_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return text.len > 0;
}

/* Takes "word[123]" apart. */
static bool split_parameter(struct slice text, struct slice *ret_word, struct slice *ret_digits)
{
    size_t open = slice_find(text, '[');
    if (open + 2 > text.len || text.ptr[text.len - 1] != ']')
        return false;
    *ret_word = slice_make(text.ptr, open);
    *ret_digits = slice_make(text.ptr + open + 1, text.len - open - 2);
    return is_word(*ret_word) && is_digits(*ret_digits);
}

static bool parse_parameter(struct slice text, struct slice digits, enum transform_kind kind,
                            int32_t *ret_parameter, struct error *err)
{
    int64_t value = 0;
    if (!slice_to_int64(digits, &value) || value > INT32_MAX)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Invalid transform: %.*s (the number is too large)", SLICE_ARG(text));
    if (value == 0 && kind == TRANSFORM_BUCKET)
        return error_set(err, ERROR_BAD_REQUEST, "Invalid number of buckets: 0 (must be > 0)");
    if (value == 0 && kind == TRANSFORM_TRUNCATE)
        return error_set(err, ERROR_BAD_REQUEST, "Invalid truncate width: 0 (must be > 0)");
    *ret_parameter = (int32_t)value;
    return true;
}

bool transform_parse(struct slice text, struct transform *ret_transform, struct error *err)
{
    struct transform transform = {.text = text};
    struct slice word, digits;
    if (split_parameter(text, &word, &digits)) {
        transform.kind = find_kind(word, true);
        TRY(parse_parameter(text, digits, transform.kind, &transform.parameter, err));
    } else {
        transform.kind = find_kind(text, false);
    }
    *ret_transform = transform;
    return true;
}

bool transform_equals(const struct transform *a, const struct transform *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == TRANSFORM_UNKNOWN)
        return slice_equals(a->text, b->text);
    return !has_parameter(a->kind) || a->parameter == b->parameter;
}

static bool bucket_accepts(enum type_id id)
{
    switch (id) {
    case TYPE_INT:
    case TYPE_LONG:
    case TYPE_DECIMAL:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
    case TYPE_STRING:
    case TYPE_UUID:
    case TYPE_FIXED:
    case TYPE_BINARY:
        return true;
    default:
        return false;
    }
}

static bool is_timestamp(enum type_id id)
{
    return id == TYPE_TIMESTAMP || id == TYPE_TIMESTAMPTZ || id == TYPE_TIMESTAMP_NS ||
           id == TYPE_TIMESTAMPTZ_NS;
}

bool transform_accepts(const struct transform *transform, const struct type *source)
{
    enum type_id id = source->id;
    switch (transform->kind) {
    case TRANSFORM_IDENTITY:
        return type_is_primitive(source) && id != TYPE_GEOMETRY && id != TYPE_GEOGRAPHY;
    case TRANSFORM_BUCKET:
        return bucket_accepts(id);
    case TRANSFORM_TRUNCATE:
        return id == TYPE_INT || id == TYPE_LONG || id == TYPE_STRING || id == TYPE_BINARY ||
               id == TYPE_DECIMAL;
    case TRANSFORM_YEAR:
    case TRANSFORM_MONTH:
    case TRANSFORM_DAY:
        return id == TYPE_DATE || is_timestamp(id);
    case TRANSFORM_HOUR:
        return is_timestamp(id);
    case TRANSFORM_VOID:
    case TRANSFORM_UNKNOWN: /* what it does is not known, so it may accept anything */
        break;
    }
    return true;
}

struct slice transform_name_in(const struct transform *transform,
                               char scratch[TRANSFORM_NAME_SIZE])
{
    if (transform->kind == TRANSFORM_UNKNOWN)
        return transform->text;
    const char *word = transform_words[transform->kind];
    if (!has_parameter(transform->kind))
        return slice_from_string(word);
    int len = snprintf(scratch, TRANSFORM_NAME_SIZE, "%s[%d]", word, transform->parameter);
    return slice_make(scratch, (size_t)len);
}

static bool read_id(const json_t *json, int32_t *ret_id)
{
    json_int_t value = json_integer_value(json);
    if (!json_is_integer(json) || value < INT32_MIN || value > INT32_MAX)
        return false;
    *ret_id = (int32_t)value;
    return true;
}

static bool parse_several(const json_t *array, struct arena *arena, struct source_list *ret_all,
                          struct error *err)
{
    size_t count = json_array_size(array);
    int32_t *ids = ARENA_ARRAY(arena, int32_t, count);
    if (!ids)
        return error_no_memory(err, "source-ids");
    bool is_list = count > 0;
    for (size_t i = 0; is_list && i < count; i++)
        is_list = read_id(json_array_get(array, i), &ids[i]);
    if (!is_list)
        return error_set(err, ERROR_BAD_REQUEST,
                         "source-ids must be a list of one or more integers of 32 bits");
    *ret_all = (struct source_list){ids, count};
    return true;
}

bool source_list_parse(const json_t *field, struct arena *arena, int32_t *ret_first,
                       struct source_list *ret_all, struct error *err)
{
    json_t *array = NULL;
    struct source_list all = {NULL, 0};
    if (json_object_get(field, "source-id"))
        return json_get_int32(field, "source-id", ret_first, err);
    TRY(json_opt_array(field, "source-ids", &array, err));
    if (!array)
        return json_get_int32(field, "source-id", ret_first, err);
    TRY(parse_several(array, arena, &all, err));
    *ret_first = all.ids[0];
    if (all.count > 1)
        *ret_all = all;
    return true;
}

int source_list_set(json_t *field, int32_t first, struct source_list all)
{
    if (all.count == 0)
        return json_object_set_new(field, "source-id", json_integer(first));
    json_t *array = json_array();
    if (json_object_set_new(field, "source-ids", array))
        return -1;
    for (size_t i = 0; i < all.count; i++) {
        if (json_array_append_new(array, json_integer(all.ids[i])))
            return -1;
    }
    return 0;
}

bool source_list_equals(struct source_list a, struct source_list b)
{
    return a.count == b.count &&
           (a.count == 0 || memcmp(a.ids, b.ids, a.count * sizeof(*a.ids)) == 0);
}
