/*
 * Any bytes give a filter or an error that points into them; a filter that the protocol's reader
 * takes as well is printed as text that gives the same filter again.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "iceberg/expression.h"
#include "iceberg/filter_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool contains(struct slice text, const char *part)
{
    struct slice wanted = slice_from_string(part);
    for (size_t i = 0; i + wanted.len <= text.len; i++)
        if (memcmp(text.ptr + i, part, wanted.len) == 0)
            return true;
    return false;
}

/* Prints the filter; false where it is none that the protocol's reader takes. */
static bool print(const json_t *json, struct arena *arena, struct buffer *out)
{
    struct expression filter;
    if (!expression_parse(json, arena, &filter, NULL))
        return false;
    expression_write_text(&filter, out);
    return buffer_ok(out);
}

/* Names are printed without quotes, and lists are cut: such texts do not come back. */
static void check_printed(struct slice text, const json_t *json, struct arena *arena)
{
    struct buffer first, second;
    json_t *again = NULL;
    buffer_init(&first, 16 * MIB);
    buffer_init(&second, 16 * MIB);
    if (!contains(text, "`") && print(json, arena, &first) &&
        !contains(buffer_slice(&first), " in all)") && first.len <= MAX_FILTER_TEXT_SIZE) {
        bool is_read = filter_text_parse(buffer_slice(&first), arena, &again, NULL, NULL) &&
                       print(again, arena, &second);
        assert(is_read && slice_equals(buffer_slice(&first), buffer_slice(&second)));
    }
    json_decref(again);
    buffer_finish(&first);
    buffer_finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    struct arena arena;
    struct error err = {0};
    json_t *json = NULL;
    size_t at = 0;
    arena_init(&arena, 64 * MIB);
    if (filter_text_parse(text, &arena, &json, &at, &err))
        check_printed(text, json, &arena);
    else
        assert(at <= size && err.kind == ERROR_BAD_REQUEST);
    json_decref(json);
    arena_finish(&arena);
    return 0;
}
