#include "server/page_token.h"

#include "base/base64url.h"

#define TOKEN_VERSION 1
#define OVERHEAD 3 /* version, kind, check sum */

static unsigned char check_sum(const unsigned char *bytes, size_t size)
{
    unsigned sum = 0x5A;
    for (size_t i = 0; i < size; i++)
        sum = (sum * 31 + bytes[i]) & 0xFF;
    return (unsigned char)sum;
}

bool page_token_make(char kind, struct slice after, struct arena *arena, struct slice *ret_token,
                     struct error *err)
{
    size_t size = after.len + OVERHEAD;
    unsigned char *bytes = arena_alloc(arena, size);
    char *text = arena_alloc(arena, BASE64URL_SIZE(size));
    if (bytes == NULL || text == NULL)
        return error_no_memory(err, "a page token");
    bytes[0] = TOKEN_VERSION;
    bytes[1] = (unsigned char)kind;
    memcpy(bytes + 2, after.ptr, after.len);
    bytes[size - 1] = check_sum(bytes, size - 1);
    *ret_token = (struct slice){text, base64url_encode(bytes, size, text)};
    return true;
}

bool page_token_read(char kind, struct slice token, struct arena *arena, struct slice *ret_after,
                     struct error *err)
{
    unsigned char *bytes = arena_alloc(arena, token.len + 1);
    size_t size = 0;
    if (bytes == NULL)
        return error_no_memory(err, "a page token");
    bool ok = base64url_decode(token, bytes, &size) && size >= OVERHEAD &&
              bytes[0] == TOKEN_VERSION && bytes[1] == (unsigned char)kind &&
              bytes[size - 1] == check_sum(bytes, size - 1);
    struct slice after = {(const char *)bytes + 2, ok ? size - OVERHEAD : 0};
    if (!ok || !slice_is_utf8(after))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The pageToken is not one that this listing gave: start again with an "
                         "empty pageToken");
    *ret_after = after;
    return true;
}
