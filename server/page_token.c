#include "server/page_token.h"

#include "base/base64url.h"
#include "base/digest.h"

#define TOKEN_VERSION 2
/* Hex digits of the mark. It finds mistakes; it keeps no secret, so 32 bits will do. */
#define MARK_SIZE 8
#define OVERHEAD (1 + MARK_SIZE)

static bool mark_of(const struct page_listing *listing, struct slice after,
                    char ret_hex[DIGEST_HEX_SIZE], struct error *err)
{
    const struct slice parts[] = {{&listing->kind, 1}, listing->warehouse, listing->parent, after};
    return digest_parts(parts, sizeof(parts) / sizeof(parts[0]), ret_hex, err);
}

bool page_token_make(const struct page_listing *listing, struct slice after, struct arena *arena,
                     struct slice *ret_token, struct error *err)
{
    char mark[DIGEST_HEX_SIZE];
    size_t size = after.len + OVERHEAD;
    unsigned char *bytes = arena_alloc(arena, size);
    char *text = arena_alloc(arena, BASE64URL_SIZE(size));
    if (bytes == NULL || text == NULL)
        return error_no_memory(err, "a page token");
    TRY(mark_of(listing, after, mark, err));
    bytes[0] = TOKEN_VERSION;
    memcpy(bytes + 1, mark, MARK_SIZE);
    memcpy(bytes + OVERHEAD, after.ptr, after.len);
    *ret_token = (struct slice){text, base64url_encode(bytes, size, text)};
    return true;
}

bool page_token_read(const struct page_listing *listing, struct slice token, struct arena *arena,
                     struct slice *ret_after, struct error *err)
{
    char mark[DIGEST_HEX_SIZE] = "";
    unsigned char *bytes = arena_alloc(arena, token.len + 1);
    size_t size = 0;
    if (bytes == NULL)
        return error_no_memory(err, "a page token");
    bool ok =
        base64url_decode(token, bytes, &size) && size >= OVERHEAD && bytes[0] == TOKEN_VERSION;
    struct slice after = {(const char *)bytes + OVERHEAD, ok ? size - OVERHEAD : 0};
    if (ok)
        TRY(mark_of(listing, after, mark, err));
    if (!ok || memcmp(bytes + 1, mark, MARK_SIZE) != 0 || !slice_is_utf8(after))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The pageToken is not one that this listing gave: start again with an "
                         "empty pageToken");
    *ret_after = after;
    return true;
}
