/*
 * Text to tree, in two passes: json_text_is_valid proves the grammar, the depth and the UTF-8; then
 * the builders below walk text that they can trust and only meet what the grammar leaves open:
 * duplicate names, numbers out of range, characters that a NUL-terminated UTF-8 string cannot hold.
 *
 * Not json_loadb: where malloc fails, jansson 2.14's lexer drops a byte of the token it collects
 * and goes on, so that a body can be misread, and a string whose closing quote was dropped is
 * copied past its end. Its constructors, which are used here, report failure. This is also two to
 * three times as fast (150 MB/s against 50, table metadata of 900 kB, gcc -O2, freeing included).
 *
 * What the tree takes is added up before each allocation, and held below MAX_JSON_TREE_SIZE.
 */
#include <math.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "base/json_tree.h"
#include "base/limits.h"

/* One number or one escaped string at a time is held apart; the text itself was bounded before. */
#define SCRATCH_CEILING SIZE_MAX

/* What jansson 2.14 allocates for each kind: jemalloc rounds up to 16, and above 128 by a quarter
 * at most. True, false and null are static. An object begins with eight buckets, an array with room
 * for eight values. */
#define OBJECT_WEIGHT 240
#define ARRAY_WEIGHT 144
#define STRING_WEIGHT 72 /* and its text */
#define NUMBER_WEIGHT 32
/* A member's pair, and its name is added; two buckets of 16 bytes, and a third while the table
 * doubles. */
#define MEMBER_WEIGHT 128
/* Two pointers of a table that has just doubled, and one of the table that it is copied from. */
#define ELEMENT_WEIGHT 24

static size_t text_weight(size_t length)
{
    return length + length / 4;
}

struct builder {
    const char *start;
    const char *end;
    const char *at;
    const char *failed_at;
    const char *failed_why; /* NULL where memory is short */
    size_t weight;          /* of the tree so far: never less than what is allocated */
    bool is_too_heavy;
};

/* Notes the fault and gives NULL, which is what the builders return for it. */
static json_t *build_fail(struct builder *builder, const char *at, const char *why)
{
    builder->failed_at = at;
    builder->failed_why = why;
    return NULL;
}

/* Before something of that size is allocated. */
static bool add_weight(struct builder *builder, size_t size)
{
    builder->weight += size;
    builder->is_too_heavy = builder->weight > MAX_JSON_TREE_SIZE;
    return !builder->is_too_heavy;
}

static void step_space(struct builder *builder)
{
    const char *at = builder->at;
    while (at < builder->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    builder->at = at;
}

/* The span of the string that starts here, quotes included; the builder stands after it. */
static struct slice step_string(struct builder *builder, bool *ret_escaped)
{
    const char *start = builder->at;
    const char *at = start + 1;
    bool escaped = false;
    for (; *at != '"'; at++) {
        if (*at == '\\') {
            escaped = true;
            at++;
        }
    }
    builder->at = at + 1;
    *ret_escaped = escaped;
    return (struct slice){start, (size_t)(at + 1 - start)};
}

/* A string's text: a view of what stands between the quotes, or unescaped into `scratch`. */
static bool read_text(struct builder *builder, struct arena *scratch, struct slice *ret_text)
{
    bool escaped = false;
    struct error err;
    struct slice raw = step_string(builder, &escaped);
    if (!escaped) {
        *ret_text = (struct slice){raw.ptr + 1, raw.len - 2};
        return true;
    }
    if (json_value_string(raw, scratch, ret_text, &err))
        return true;
    build_fail(builder, raw.ptr,
               err.kind == ERROR_NO_MEMORY
                   ? NULL
                   : "a string must not hold \\u0000 or half of a surrogate pair");
    return false;
}

static json_t *build_string(struct builder *builder)
{
    struct arena scratch;
    struct slice text;
    json_t *string = NULL;
    arena_init(&scratch, SCRATCH_CEILING);
    if (read_text(builder, &scratch, &text) &&
        add_weight(builder, STRING_WEIGHT + text_weight(text.len)))
        string = json_stringn_nocheck(text.ptr, text.len);
    arena_finish(&scratch);
    return string;
}

static bool is_number_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static json_t *build_real(struct builder *builder, struct slice raw)
{
    struct arena scratch;
    arena_init(&scratch, SCRATCH_CEILING);
    char *text = arena_string(&scratch, raw);
    double value = text ? strtod(text, NULL) : 0.0;
    arena_finish(&scratch);
    if (!text)
        return NULL;
    if (isinf(value))
        return build_fail(builder, raw.ptr, "a number is too large");
    return json_real(value);
}

static json_t *build_number(struct builder *builder)
{
    const char *start = builder->at;
    bool is_integer = true;
    for (; builder->at < builder->end && is_number_byte(*builder->at); builder->at++)
        is_integer = is_integer && *builder->at != '.' && (*builder->at | 0x20) != 'e';
    struct slice raw = {start, (size_t)(builder->at - start)};
    int64_t value = 0;
    if (!add_weight(builder, NUMBER_WEIGHT))
        return NULL;
    if (!is_integer)
        return build_real(builder, raw);
    if (!slice_to_int64(raw, &value))
        return build_fail(builder, start, "an integer does not fit 64 bits");
    return json_integer(value);
}

static json_t *build_value(struct builder *builder);

/* True (and past it) where the closing bracket stands; a comma between items is passed. */
static bool step_closed(struct builder *builder, char close)
{
    step_space(builder);
    if (*builder->at == ',') {
        builder->at++;
        step_space(builder);
    }
    if (*builder->at != close)
        return false;
    builder->at++;
    return true;
}

/* `"name": value`, put into `object`. */
static bool build_member(struct builder *builder, json_t *object, struct arena *scratch)
{
    const char *start = builder->at;
    struct slice name;
    TRY(read_text(builder, scratch, &name));
    TRY(add_weight(builder, MEMBER_WEIGHT + text_weight(name.len)));
    if (json_object_getn(object, name.ptr, name.len)) {
        build_fail(builder, start, "an object has two members of the same name");
        return false;
    }
    step_space(builder);
    builder->at++; /* ':' */
    step_space(builder);
    json_t *value = build_value(builder);
    return value && json_object_setn_new_nocheck(object, name.ptr, name.len, value) == 0;
}

static json_t *build_object(struct builder *builder)
{
    struct arena scratch; /* names that hold escapes; takes no memory for all others */
    json_t *object = add_weight(builder, OBJECT_WEIGHT) ? json_object() : NULL;
    bool ok = object != NULL;
    arena_init(&scratch, SCRATCH_CEILING);
    builder->at++;
    while (ok && !step_closed(builder, '}'))
        ok = build_member(builder, object, &scratch);
    arena_finish(&scratch);
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *build_array(struct builder *builder)
{
    json_t *array = add_weight(builder, ARRAY_WEIGHT) ? json_array() : NULL;
    bool ok = array != NULL;
    builder->at++;
    while (ok && !step_closed(builder, ']')) {
        json_t *value = add_weight(builder, ELEMENT_WEIGHT) ? build_value(builder) : NULL;
        ok = value && json_array_append_new(array, value) == 0;
    }
    if (ok)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *build_word(struct builder *builder, size_t size, json_t *value)
{
    builder->at += size;
    return value;
}

static json_t *build_value(struct builder *builder)
{
    switch (*builder->at) {
    case '"':
        return build_string(builder);
    case '{':
        return build_object(builder);
    case '[':
        return build_array(builder);
    case 't':
        return build_word(builder, strlen("true"), json_true());
    case 'f':
        return build_word(builder, strlen("false"), json_false());
    case 'n':
        return build_word(builder, strlen("null"), json_null());
    default:
        return build_number(builder);
    }
}

/* People count lines and columns from 1. */
static bool report(struct slice text, struct json_fault fault, const char *what, struct error *err)
{
    size_t line = 1, column = 1;
    for (size_t at = 0; at < fault.at; at++) {
        column++;
        if (text.ptr[at] == '\n') {
            line++;
            column = 1;
        }
    }
    return error_set(err, ERROR_BAD_REQUEST, "%s is not valid JSON: %s at line %zu, column %zu",
                     what, fault.why, line, column);
}

bool json_tree_parse(struct slice text, const char *what, json_t **ret_tree, struct error *err)
{
    struct json_fault fault;
    if (!json_text_is_valid(text, &fault))
        return report(text, fault, what, err);
    struct builder builder = {.start = text.ptr, .end = text.ptr + text.len, .at = text.ptr};
    step_space(&builder);
    json_t *tree = build_value(&builder);
    if (tree) {
        *ret_tree = tree;
        return true;
    }
    if (builder.is_too_heavy)
        return error_set(err, ERROR_TOO_LARGE,
                         "%s has too many JSON values: in memory they take more than %zu bytes, so "
                         "send less at once",
                         what, MAX_JSON_TREE_SIZE);
    if (!builder.failed_why)
        return error_no_memory(err, what);
    fault.at = (size_t)(builder.failed_at - builder.start);
    fault.why = builder.failed_why;
    return report(text, fault, what, err);
}
