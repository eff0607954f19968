/* Declared in catalog/catalog.h: names of namespaces, tables, views and functions. */
#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/catalog.h"

/* The separator becomes a dot, as every client prints namespaces. */
const char *namespace_text(struct arena *arena, struct slice namespace_path)
{
    char *text = arena_string(arena, namespace_path);
    if (text == NULL)
        return "(out of memory)";
    for (char *at = text; *at; at++)
        if (*at == NAMESPACE_SEPARATOR)
            *at = '.';
    return text;
}

const char *entity_name_text(struct arena *arena, struct entity_name name)
{
    if (name.namespace_path.len == 0)
        return namespace_text(arena, name.name);
    struct slice text = arena_printf(arena, "%.*s.%.*s", SLICE_ARG(name.namespace_path),
                                     SLICE_ARG(name.name));
    return namespace_text(arena, text.ptr ? text : SLICE_EMPTY);
}

static bool has_control_character(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];
        if (byte < 0x20 || byte == 0x7F)
            return true;
    }
    return false;
}

bool name_check(struct slice name, const char *what, struct error *err)
{
    if (name.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "Invalid %s name: it is empty", what);
    if (name.len > MAX_NAME_SIZE)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Invalid %s name: it has %zu bytes, the longest allowed has %zu", what,
                         name.len, MAX_NAME_SIZE);
    if (!slice_is_utf8(name))
        return error_set(err, ERROR_BAD_REQUEST, "Invalid %s name: it is not UTF-8", what);
    if (has_control_character(name))
        return error_set(err, ERROR_BAD_REQUEST,
                         "Invalid %s name: control characters are not allowed", what);
    if (slice_equals_string(name, ".") || slice_equals_string(name, ".."))
        return error_set(err, ERROR_BAD_REQUEST, "Invalid %s name: '%.*s'", what,
                         SLICE_ARG(name));
    return true;
}

static bool append_level(const json_t *level, struct buffer *path, struct error *err)
{
    if (!json_is_string(level))
        return error_set(err, ERROR_BAD_REQUEST,
                         "Invalid namespace: every level must be a string");
    struct slice text = json_slice(level);
    TRY(name_check(text, "namespace", err));
    if (path->len > 0)
        buffer_append_byte(path, NAMESPACE_SEPARATOR);
    buffer_append_slice(path, text);
    return true;
}

static bool levels_join(const json_t *levels, struct buffer *path, struct error *err)
{
    size_t i;
    json_t *level;
    json_array_foreach(levels, i, level)
        TRY(append_level(level, path, err));
    return buffer_check(path, "the namespace", err);
}

bool namespace_path_parse(const struct call *call, const json_t *levels, bool allow_root,
                          struct slice *ret_path, struct error *err)
{
    if (!json_is_array(levels))
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot parse namespace: it must be an array of strings");
    if (json_array_size(levels) == 0 && !allow_root)
        return error_set(err, ERROR_BAD_REQUEST, "Invalid namespace: it has no levels");
    if (json_array_size(levels) > MAX_NAMESPACE_LEVELS)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Invalid namespace: %zu levels, the most allowed are %d",
                         json_array_size(levels), MAX_NAMESPACE_LEVELS);
    struct buffer path;
    buffer_init(&path, (MAX_NAME_SIZE + 1) * MAX_NAMESPACE_LEVELS);
    bool ok = levels_join(levels, &path, err);
    return buffer_to_arena(&path, ok, "the namespace", call->arena, ret_path, err);
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

bool namespace_path_check_size(struct slice path, struct error *err)
{
    size_t size = 0;
    for (size_t i = 0; i < path.len; i++)
        size += is_unreserved(path.ptr[i]) ? 1 : 3;
    return size <= MAX_NAMESPACE_URI_SIZE ||
           error_set(err, ERROR_BAD_REQUEST,
                     "Invalid namespace: in a URL it takes %zu bytes, the most allowed are %zu: "
                     "use shorter names or fewer levels",
                     size, MAX_NAMESPACE_URI_SIZE);
}

bool entity_name_parse(const struct call *call, const json_t *identifier,
                       struct entity_name *ret_name, struct error *err)
{
    if (!json_is_object(identifier))
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot parse identifier: it must be an object with namespace and name");
    json_t *levels = NULL;
    struct entity_name name;
    TRY(json_get_array(identifier, "namespace", &levels, err));
    TRY(namespace_path_parse(call, levels, false, &name.namespace_path, err));
    TRY(json_get_string(identifier, "name", &name.name, err));
    TRY(name_check(name.name, "table", err));
    *ret_name = name;
    return true;
}
