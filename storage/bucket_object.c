#include "storage/bucket_object.h"

#include "storage/location.h"

bool bucket_object_parse(struct slice uri, struct bucket_object *ret_object, struct error *err)
{
    struct bucket_object object = {.scheme = location_scheme(uri)};
    struct slice rest = slice_from(uri, object.scheme.len);
    if (object.scheme.ptr != uri.ptr || !slice_starts_with(rest, SLICE_LITERAL("://")))
        return error_set(err, ERROR_BAD_REQUEST, "'%.*s' is not <scheme>://bucket/key",
                         SLICE_ARG(uri));
    rest = slice_from(rest, 3);
    object.bucket = slice_make(rest.ptr, slice_find(rest, '/'));
    object.key = slice_from(rest, object.bucket.len + 1);
    if (object.bucket.len == 0 || slice_find(rest, '\0') != rest.len)
        return error_set(err, ERROR_BAD_REQUEST, "'%.*s' needs a bucket, and no NUL byte",
                         SLICE_ARG(uri));
    for (size_t i = 0; i < object.bucket.len; i++) {
        char c = object.bucket.ptr[i];
        bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
        if (!is_fine)
            return error_set(err, ERROR_BAD_REQUEST,
                             "'%.*s' names no bucket: use letters, digits, '.', '-' and '_'",
                             SLICE_ARG(uri));
    }
    *ret_object = object;
    return true;
}

struct slice bucket_object_root(const struct bucket_object *object)
{
    const char *start = object->scheme.ptr;
    return slice_make(start, (size_t)(object->bucket.ptr + object->bucket.len - start));
}
