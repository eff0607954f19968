/*
 * json_text_fuzz.c — the scanner against jansson, and against itself.
 *
 * What the scanner accepts, jansson accepts too, but for what RFC 8259 leaves to implementations;
 * what it refuses, jansson refuses. The cursors and json_text_check agree, and every span lies in
 * the text.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/json_text.h"

#define ARENA_CEILING ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool lies_within(struct slice part, struct slice whole)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static void check_value(struct slice value, struct slice whole)
{
    struct arena arena;
    struct slice text;
    int64_t number = 0;
    require(lies_within(value, whole) && value.len > 0);
    arena_init(&arena, ARENA_CEILING);
    if (json_value_string(value, &arena, &text, NULL))
        require(json_value_is_string(value) && text.ptr[text.len] == '\0');
    if (json_value_int64(value, &number))
        require(!json_value_is_string(value) && !json_value_is_null(value));
    arena_finish(&arena);
}

/* True where the cursor reaches the end of an object. */
static bool walk_object(struct slice text)
{
    struct json_cursor cursor;
    struct json_member member;
    bool more = true;
    if (!json_object_open(text, &cursor, NULL))
        return false;
    while (more) {
        if (!json_object_next(&cursor, &member, &more, NULL))
            return false;
        if (more)
            check_value(member.value, text);
    }
    return true;
}

static bool walk_array(struct slice text)
{
    struct json_cursor cursor;
    struct slice value;
    bool more = true;
    if (!json_array_open(text, &cursor, NULL))
        return false;
    while (more) {
        if (!json_array_next(&cursor, &value, &more, NULL))
            return false;
        if (more)
            check_value(value, text);
    }
    return true;
}

/* Inside the grammar, but jansson cannot hold it: halves of surrogate pairs, numbers out of range,
 * NUL in a name. */
static bool jansson_lacks(const json_error_t *failure)
{
    enum json_error_code code = json_error_code(failure);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           strstr(failure->text, "invalid Unicode") ||
           strstr(failure->text, "real number overflow");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    json_error_t failure = {0};
    bool accepted = json_text_check(text, NULL);
    json_t *tree = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &failure);
    if (accepted)
        require(tree || jansson_lacks(&failure));
    else if (tree) /* jansson nests deeper than we do, and passes over a NUL after a number */
        require(size > 2 * JSON_TEXT_MAX_DEPTH || slice_find(text, '\0') < size);
    bool walked = walk_object(text) || walk_array(text);
    if (accepted)
        require(walked == (json_is_object(tree) || json_is_array(tree)) || !tree);
    else
        require(!walked || !slice_is_utf8(text));
    json_decref(tree);
    return 0;
}
