#include "storage/profile_text.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "storage/endpoint.h"

bool profile_check_members(const json_t *object, const char *const *names, const char *what,
                           struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0)
            i++;
        if (names[i] == NULL)
            return error_set(err, ERROR_BAD_REQUEST, "%s has no field '%s'", what, key);
    }
    return true;
}

bool profile_has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F)
            return true;
    return false;
}

bool profile_text_read(const json_t *object, const char *name, struct arena *arena,
                       struct slice *ret, struct error *err)
{
    struct slice text = {NULL, 0};
    TRY(json_opt_string(object, name, &text, err));
    if (text.ptr == NULL)
        return true;
    if (text.len == 0 || text.len > MAX_PROFILE_TEXT_SIZE || profile_has_control(text))
        return error_set(err, ERROR_BAD_REQUEST,
                         "storage: %s must have 1 to %zu bytes and no control characters", name,
                         MAX_PROFILE_TEXT_SIZE);
    text = arena_slice(arena, text);
    if (text.ptr == NULL)
        return error_no_memory(err, "a storage profile");
    *ret = text;
    return true;
}

bool profile_endpoint_read(const json_t *object, const char *name, struct arena *arena,
                           struct slice *ret, struct error *err)
{
    struct slice text = SLICE_EMPTY;
    TRY(profile_text_read(object, name, arena, &text, err));
    return text.len == 0 || endpoint_canonical(text, name, arena, ret, err);
}
