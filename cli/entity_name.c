#include "cli/entity_name.h"

#include "base/percent.h"

/* One level of "a.`b.c`.t", as a segment of a path; *rest is what follows its dot. */
static bool put_level(struct slice *rest, struct buffer *path, struct error *err)
{
    bool is_quoted = rest->len > 0 && rest->ptr[0] == '`';
    struct slice text = is_quoted ? slice_from(*rest, 1) : *rest;
    size_t size = slice_find(text, is_quoted ? '`' : '.');
    *rest = slice_from(text, size + is_quoted);
    bool is_whole = (!is_quoted || size < text.len) && (rest->len == 0 || rest->ptr[0] == '.');
    if (!is_whole || size == 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "The name must be given as namespace.name, or namespace.namespace; a "
                         "level with a dot in it stands in `quotes of this kind`");
    percent_append(path, slice_make(text.ptr, size));
    return true;
}

/* Where the last dot outside of quotes is: behind it is the table. Without one, past the end. */
static size_t last_dot(struct slice name)
{
    size_t at = name.len;
    bool is_quoted = false;
    for (size_t i = 0; i < name.len; i++) {
        is_quoted ^= name.ptr[i] == '`';
        at = name.ptr[i] == '.' && !is_quoted ? i : at;
    }
    return at;
}

bool entity_name_put_namespace(struct slice name, struct buffer *path, struct error *err)
{
    TRY(put_level(&name, path, err));
    while (name.len > 0) {
        buffer_append_string(path, "%1F");
        name = slice_from(name, 1);
        TRY(put_level(&name, path, err));
    }
    return buffer_check(path, "the address", err);
}

bool entity_name_put_path(struct slice name, const char *kind, struct buffer *path,
                          struct error *err)
{
    size_t dot = last_dot(name);
    struct slice table = slice_from(name, dot + 1);
    buffer_append_string(path, "/namespaces/");
    TRY(entity_name_put_namespace(slice_make(name.ptr, dot), path, err));
    buffer_printf(path, "/%s/", kind);
    TRY(put_level(&table, path, err));
    return table.len == 0 ? buffer_check(path, "the address", err)
                          : error_set(err, ERROR_BAD_REQUEST, "The name ends in a stray `");
}
