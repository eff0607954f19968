#include "cli/entity_name.h"

#include "base/json_tree.h"
#include "base/percent.h"

/* One level of "a.`b.c`.t"; *rest is what follows it, from its dot on. */
static bool take_level(struct slice *rest, struct slice *ret_level, struct error *err)
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
    *ret_level = slice_make(text.ptr, size);
    return true;
}

static bool put_level(struct slice *rest, struct buffer *path, struct error *err)
{
    struct slice level;
    TRY(take_level(rest, &level, err));
    percent_append(path, level);
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

struct slice entity_name_namespace(struct slice name)
{
    return slice_make(name.ptr, last_dot(name));
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

static bool stray_quote(struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST, "The name ends in a stray `");
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
    return table.len == 0 ? buffer_check(path, "the address", err) : stray_quote(err);
}

static bool append_level(json_t *levels, struct slice *rest, struct error *err)
{
    struct slice level;
    TRY(take_level(rest, &level, err));
    return json_array_append_new(levels, json_from_slice(level)) == 0 ||
           error_set(err, ERROR_BAD_REQUEST, "The name is not UTF-8");
}

static bool append_levels(json_t *levels, struct slice name, struct error *err)
{
    TRY(append_level(levels, &name, err));
    while (name.len > 0) {
        name = slice_from(name, 1);
        TRY(append_level(levels, &name, err));
    }
    return true;
}

bool entity_name_put_members(struct slice name, json_t *object, struct error *err)
{
    size_t dot = last_dot(name);
    struct slice table = slice_from(name, dot + 1), level;
    json_t *levels = json_array();
    if (json_object_set_new(object, "namespace", levels) != 0)
        return error_no_memory(err, "a request");
    TRY(append_levels(levels, slice_make(name.ptr, dot), err));
    TRY(take_level(&table, &level, err));
    if (table.len > 0)
        return stray_quote(err);
    return json_object_set_new(object, "name", json_from_slice(level)) == 0 ||
           error_set(err, ERROR_BAD_REQUEST, "The name is not UTF-8");
}

bool entity_name_levels(struct slice name, json_t **ret_levels, struct error *err)
{
    json_t *levels = json_array();
    if (levels == NULL)
        return error_no_memory(err, "a name");
    if (append_levels(levels, name, err)) {
        *ret_levels = levels;
        return true;
    }
    json_decref(levels);
    return false;
}

bool entity_name_identifier(struct slice name, json_t **ret_identifier, struct error *err)
{
    json_t *identifier = json_object();
    if (identifier == NULL)
        return error_no_memory(err, "a name");
    if (entity_name_put_members(name, identifier, err)) {
        *ret_identifier = identifier;
        return true;
    }
    json_decref(identifier);
    return false;
}
