#include "server/page_token.h"

#define TOKEN_VERSION 1
#define OVERHEAD 3 /* version, kind, check sum */

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static unsigned char check_sum(const unsigned char *bytes, size_t size)
{
    unsigned sum = 0x5A;
    for (size_t i = 0; i < size; i++)
        sum = (sum * 31 + bytes[i]) & 0xFF;
    return (unsigned char)sum;
}

/* Base64url without padding (RFC 4648, section 5). */
static size_t encode(const unsigned char *bytes, size_t size, char *out)
{
    size_t len = 0;
    unsigned held = 0, bits = 0;
    for (size_t i = 0; i < size; i++) {
        held = (held << 8 | bytes[i]) & 0xFFFF;
        for (bits += 8; bits >= 6; bits -= 6)
            out[len++] = DIGITS[held >> (bits - 6) & 63];
    }
    if (bits > 0)
        out[len++] = DIGITS[held << (6 - bits) & 63];
    return len;
}

static bool decode(struct slice text, unsigned char *out, size_t *ret_size)
{
    size_t size = 0;
    unsigned held = 0, bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.ptr[i] ? strchr(DIGITS, text.ptr[i]) : NULL;
        if (digit == NULL)
            return false;
        held = (held << 6 | (unsigned)(digit - DIGITS)) & 0xFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[size++] = (unsigned char)(held >> bits);
        }
    }
    *ret_size = size;
    return bits < 6 && (held & ((1U << bits) - 1)) == 0;
}

bool page_token_make(char kind, struct slice after, struct arena *arena, struct slice *ret_token,
                     struct error *err)
{
    size_t size = after.len + OVERHEAD;
    unsigned char *bytes = arena_alloc(arena, size);
    char *text = arena_alloc(arena, size * 4 / 3 + 4);
    if (bytes == NULL || text == NULL)
        return error_no_memory(err, "a page token");
    bytes[0] = TOKEN_VERSION;
    bytes[1] = (unsigned char)kind;
    memcpy(bytes + 2, after.ptr, after.len);
    bytes[size - 1] = check_sum(bytes, size - 1);
    *ret_token = (struct slice){text, encode(bytes, size, text)};
    return true;
}

bool page_token_read(char kind, struct slice token, struct arena *arena, struct slice *ret_after,
                     struct error *err)
{
    unsigned char *bytes = arena_alloc(arena, token.len + 1);
    size_t size = 0;
    if (bytes == NULL)
        return error_no_memory(err, "a page token");
    bool ok = decode(token, bytes, &size) && size >= OVERHEAD && bytes[0] == TOKEN_VERSION &&
              bytes[1] == (unsigned char)kind && bytes[size - 1] == check_sum(bytes, size - 1);
    struct slice after = {(const char *)bytes + 2, ok ? size - OVERHEAD : 0};
    if (!ok || !slice_is_utf8(after))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The pageToken is not one that this listing gave: start again with an "
                         "empty pageToken");
    *ret_after = after;
    return true;
}
