#include "base/base64url.h"

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url_encode(const unsigned char *bytes, size_t size, char *out)
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

bool base64url_decode(struct slice text, unsigned char *out, size_t *ret_size)
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
