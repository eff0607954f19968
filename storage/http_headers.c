#include "storage/http_headers.h"

#include <assert.h>

#include "storage/http_transport.h"

void http_headers_add(struct http_header_list *list, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    assert(list->count < HTTP_MAX_HEADERS);
    list->items[list->count++] = (struct http_header){slice_from_string(name), value};
}

bool http_headers_add_bearer(struct http_header_list *list, const char *token, struct arena *arena,
                             struct error *err)
{
    const struct slice parts[] = {SLICE_LITERAL("Bearer "), slice_from_string(token)};
    struct slice value = arena_join(arena, parts, 2);
    if (!value.ptr)
        return error_no_memory(err, "a token");
    http_headers_add(list, "Authorization", value);
    return true;
}

bool http_headers_lines(const struct http_header_list *list, struct arena *arena,
                        struct http_header_lines *ret_lines, struct error *err)
{
    const char **lines = ARENA_ARRAY(arena, const char *, list->count + 1);
    for (size_t i = 0; lines && i < list->count; i++) {
        const struct slice parts[] = {list->items[i].name, SLICE_LITERAL(": "),
                                      list->items[i].value};
        lines[i] = arena_join(arena, parts, sizeof parts / sizeof parts[0]).ptr;
        if (!lines[i])
            lines = NULL;
    }
    if (!lines)
        return error_no_memory(err, "the headers of a request");
    *ret_lines = (struct http_header_lines){lines, list->count};
    return true;
}
