#include "iceberg/type_primitive.h"

#include <strings.h>

/* The widest decimal that fits 16 bytes (table spec, "Primitive Types"). */
#define DECIMAL_MAX_PRECISION 38

static const char *const primitive_words[] = {
    [TYPE_BOOLEAN] = "boolean",
    [TYPE_INT] = "int",
    [TYPE_LONG] = "long",
    [TYPE_FLOAT] = "float",
    [TYPE_DOUBLE] = "double",
    [TYPE_DECIMAL] = "decimal",
    [TYPE_DATE] = "date",
    [TYPE_TIME] = "time",
    [TYPE_TIMESTAMP] = "timestamp",
    [TYPE_TIMESTAMPTZ] = "timestamptz",
    [TYPE_TIMESTAMP_NS] = "timestamp_ns",
    [TYPE_TIMESTAMPTZ_NS] = "timestamptz_ns",
    [TYPE_STRING] = "string",
    [TYPE_UUID] = "uuid",
    [TYPE_FIXED] = "fixed",
    [TYPE_BINARY] = "binary",
    [TYPE_UNKNOWN] = "unknown",
    [TYPE_VARIANT] = "variant",
    [TYPE_GEOMETRY] = "geometry",
    [TYPE_GEOGRAPHY] = "geography",
};

#define PRIMITIVE_COUNT (sizeof(primitive_words) / sizeof(primitive_words[0]))

static const char *const edge_algorithms[] = {"spherical", "vincenty", "thomas", "andoyer",
                                              "karney"};

const char *type_primitive_word(enum type_id id)
{
    return (size_t)id < PRIMITIVE_COUNT ? primitive_words[id] : NULL;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice trim(struct slice text)
{
    while (text.len > 0 && is_space(text.ptr[0]))
        text = slice_from(text, 1);
    while (text.len > 0 && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static bool starts_with_word(struct slice text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && strncasecmp(text.ptr, word, len) == 0;
}

/* Strips "<word><open>" and "<close>"; false where the text is not of that form. */
static bool parameters_of(struct slice text, const char *word, char open, char close,
                          struct slice *ret_inner)
{
    size_t len = strlen(word);
    if (!starts_with_word(text, word) || text.len < len + 2 || text.ptr[len] != open ||
        text.ptr[text.len - 1] != close)
        return false;
    *ret_inner = slice_make(text.ptr + len + 1, text.len - len - 2);
    return true;
}

/* Digits only, with space around; *ret_is_number is false where it is anything else. */
static bool parse_number(struct slice text, int32_t *ret_value, bool *ret_is_number,
                         struct error *err)
{
    struct slice digits = trim(text);
    int64_t value = 0;
    *ret_is_number = false;
    if (digits.len == 0)
        return true;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return true;
        value = value * 10 + (digits.ptr[i] - '0');
        if (value > INT32_MAX)
            return error_set(err, ERROR_BAD_REQUEST, "Cannot parse type: %.*s is too large",
                             SLICE_ARG(digits));
    }
    *ret_is_number = true;
    *ret_value = (int32_t)value;
    return true;
}

static bool parse_fixed(struct slice inner, struct type *ret_type, bool *ret_matched,
                        struct error *err)
{
    TRY(parse_number(inner, &ret_type->length, ret_matched, err));
    ret_type->id = TYPE_FIXED;
    return true;
}

static bool parse_decimal(struct slice inner, struct type *ret_type, bool *ret_matched,
                          struct error *err)
{
    size_t comma = slice_find(inner, ',');
    *ret_matched = false;
    if (comma == inner.len)
        return true;
    bool is_precision = false;
    bool is_scale = false;
    TRY(parse_number(slice_make(inner.ptr, comma), &ret_type->precision, &is_precision, err));
    TRY(parse_number(slice_from(inner, comma + 1), &ret_type->scale, &is_scale, err));
    if (!is_precision || !is_scale)
        return true;
    if (ret_type->precision > DECIMAL_MAX_PRECISION)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Decimals with precision larger than 38 are not supported: %d",
                         ret_type->precision);
    *ret_matched = true;
    ret_type->id = TYPE_DECIMAL;
    return true;
}

/* "<word>", "<word> (…)": *ret_inner has ptr NULL where there are no parentheses. */
static bool geo_parameters(struct slice text, const char *word, struct slice *ret_inner)
{
    if (!starts_with_word(text, word))
        return false;
    struct slice rest = slice_from(text, strlen(word));
    while (rest.len > 0 && is_space(rest.ptr[0]))
        rest = slice_from(rest, 1);
    if (rest.len == 0) {
        *ret_inner = slice_make(NULL, 0);
        return true;
    }
    if (rest.len < 2 || rest.ptr[0] != '(' || rest.ptr[rest.len - 1] != ')')
        return false;
    *ret_inner = slice_make(rest.ptr + 1, rest.len - 2);
    return true;
}

static bool parse_crs(struct slice text, struct type *ret_type, struct error *err)
{
    struct slice crs = trim(text);
    if (crs.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "Invalid CRS: (empty string)");
    ret_type->crs = crs;
    return true;
}

static bool parse_geometry(struct slice inner, struct type *ret_type, bool *ret_matched,
                           struct error *err)
{
    *ret_matched = slice_find(inner, ')') == inner.len;
    ret_type->id = TYPE_GEOMETRY;
    return !inner.ptr || !*ret_matched || parse_crs(inner, ret_type, err);
}

static bool parse_edge_algorithm(struct slice name, struct type *ret_type, struct error *err)
{
    for (size_t i = 0; i < sizeof(edge_algorithms) / sizeof(edge_algorithms[0]); i++) {
        struct slice known = slice_from_string(edge_algorithms[i]);
        if (slice_equals_ignore_case(name, known)) {
            ret_type->edge_algorithm = known;
            return true;
        }
    }
    return error_set(err, ERROR_BAD_REQUEST, "Invalid edge interpolation algorithm: %.*s",
                     SLICE_ARG(name));
}

static bool parse_geography(struct slice inner, struct type *ret_type, bool *ret_matched,
                            struct error *err)
{
    size_t comma = slice_find(inner, ',');
    *ret_matched = true;
    ret_type->id = TYPE_GEOGRAPHY;
    if (!inner.ptr)
        return true;
    if (comma < inner.len)
        TRY(parse_edge_algorithm(trim(slice_from(inner, comma + 1)), ret_type, err));
    return parse_crs(slice_make(inner.ptr, comma), ret_type, err);
}

static bool parse_plain(struct slice text, struct type *ret_type)
{
    for (size_t id = 0; id < PRIMITIVE_COUNT; id++) {
        if (id == TYPE_DECIMAL || id == TYPE_FIXED ||
            !slice_equals_ignore_case(text, slice_from_string(primitive_words[id])))
            continue;
        ret_type->id = (enum type_id)id;
        return true;
    }
    return false;
}

static bool parse_parameterized(struct slice text, struct type *ret_type, bool *ret_matched,
                                struct error *err)
{
    struct slice inner;
    *ret_matched = false;
    if (geo_parameters(text, "geometry", &inner))
        return parse_geometry(inner, ret_type, ret_matched, err);
    if (geo_parameters(text, "geography", &inner))
        return parse_geography(inner, ret_type, ret_matched, err);
    if (parameters_of(text, "fixed", '[', ']', &inner))
        return parse_fixed(inner, ret_type, ret_matched, err);
    if (parameters_of(text, "decimal", '(', ')', &inner))
        return parse_decimal(inner, ret_type, ret_matched, err);
    return true;
}

bool type_primitive_parse(struct slice text, struct type *ret_type, struct error *err)
{
    struct type type = {0};
    bool is_matched = parse_plain(text, &type);
    if (!is_matched)
        TRY(parse_parameterized(text, &type, &is_matched, err));
    if (!is_matched)
        return error_set(err, ERROR_BAD_REQUEST, "Cannot parse type string to primitive: %.*s",
                         SLICE_ARG(text));
    *ret_type = type;
    return true;
}
