#include "base/tree_copy.h"

json_t *tree_copy_shallow(const json_t *object)
{
    json_t *copy = json_object();
    if (copy && json_object_update(copy, (json_t *)object)) {
        json_decref(copy);
        return NULL;
    }
    return copy;
}

static json_t *copy_object(const json_t *object)
{
    const char *name = NULL;
    size_t len = 0;
    json_t *value = NULL, *copy = json_object();
    json_object_keylen_foreach((json_t *)object, name, len, value)
    {
        if (copy && json_object_setn_new_nocheck(copy, name, len, tree_copy_deep(value))) {
            json_decref(copy);
            return NULL;
        }
    }
    return copy;
}

static json_t *copy_array(const json_t *array)
{
    size_t i = 0;
    json_t *value = NULL, *copy = json_array();
    json_array_foreach((json_t *)array, i, value) {
        if (copy && json_array_append_new(copy, tree_copy_deep(value))) {
            json_decref(copy);
            return NULL;
        }
    }
    return copy;
}

json_t *tree_copy_deep(const json_t *value)
{
    if (json_is_object(value))
        return copy_object(value);
    if (json_is_array(value))
        return copy_array(value);
    return json_deep_copy(value);
}

static bool says_nothing(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
}

static bool merge_arrays(json_t *canonical, const json_t *request)
{
    size_t i = 0;
    json_t *item = NULL;
    if (json_array_size(canonical) != json_array_size(request))
        return true;
    json_array_foreach((json_t *)request, i, item) {
        if (!tree_merge_unknown(json_array_get(canonical, i), item))
            return false;
    }
    return true;
}

bool tree_merge_unknown(json_t *canonical, const json_t *request)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (json_is_array(canonical) && json_is_array(request))
        return merge_arrays(canonical, request);
    if (!json_is_object(canonical))
        return true;
    json_object_foreach((json_t *)request, name, value) {
        json_t *present = json_object_get(canonical, name);
        if (!present && !says_nothing(value) &&
            json_object_set_new(canonical, name, tree_copy_deep(value)))
            return false;
        if (present && !tree_merge_unknown(present, value))
            return false;
    }
    return true;
}
