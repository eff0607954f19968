#include "base/slice.h"

int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_equals_ignore_case(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    }
    return true;
}

struct slice slice_trim(struct slice text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        text = slice_from(text, 1);
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim_lines(struct slice text)
{
    while (text.len > 0 && is_space(text.ptr[0]))
        text = slice_from(text, 1);
    while (text.len > 0 && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

size_t slice_find(struct slice text, char byte)
{
    const char *found = text.len > 0 ? memchr(text.ptr, byte, text.len) : NULL;
    return found ? (size_t)(found - text.ptr) : text.len;
}

struct slice slice_printable(struct slice text, size_t most)
{
    size_t size = 0;
    while (size < text.len && size < most && text.ptr[size] >= ' ' && text.ptr[size] < 0x7F)
        size++;
    return slice_make(text.ptr, size);
}

bool slice_to_int64(struct slice text, int64_t *ret_value)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t at = negative ? 1 : 0;
    if (at == text.len)
        return false;
    /* Summed towards the sign, because INT64_MIN has no positive counterpart. */
    int64_t value = 0;
    for (; at < text.len; at++) {
        int digit = text.ptr[at] - '0';
        if (digit < 0 || digit > 9)
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* The bytes that may follow a lead byte: how many, and the range of the first (RFC 3629, section 4:
 * the narrowed ranges shut out overlong forms, surrogates and what lies past U+10FFFF). */
struct utf8_lead {
    unsigned char first, last; /* lead bytes of this row */
    unsigned char tail_count;
    unsigned char low, high; /* of the first tail byte */
};

static const struct utf8_lead UTF8_LEADS[] = {
    {0xC2, 0xDF, 1, 0x80, 0xBF}, {0xE0, 0xE0, 2, 0xA0, 0xBF}, {0xE1, 0xEC, 2, 0x80, 0xBF},
    {0xED, 0xED, 2, 0x80, 0x9F}, {0xEE, 0xEF, 2, 0x80, 0xBF}, {0xF0, 0xF0, 3, 0x90, 0xBF},
    {0xF1, 0xF3, 3, 0x80, 0xBF}, {0xF4, 0xF4, 3, 0x80, 0x8F},
};

static const struct utf8_lead *utf8_lead_find(unsigned char byte)
{
    for (size_t i = 0; i < sizeof(UTF8_LEADS) / sizeof(UTF8_LEADS[0]); i++) {
        if (byte >= UTF8_LEADS[i].first && byte <= UTF8_LEADS[i].last)
            return &UTF8_LEADS[i];
    }
    return NULL;
}

/* The size of the sequence of two to four bytes that starts here; 0 where it is malformed. */
static size_t utf8_sequence_size(const unsigned char *at, size_t left)
{
    const struct utf8_lead *lead = utf8_lead_find(at[0]);
    if (!lead || left <= lead->tail_count || at[1] < lead->low || at[1] > lead->high)
        return 0;
    for (size_t i = 2; i <= lead->tail_count; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    return (size_t)lead->tail_count + 1;
}

/* Most of our text is ASCII, so eight bytes are looked at together. */
static size_t skip_ascii(const unsigned char *bytes, size_t at, size_t len)
{
    uint64_t word = 0;
    while (len - at >= sizeof(word)) {
        memcpy(&word, bytes + at, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
        at += sizeof(word);
    }
    while (at < len && bytes[at] < 0x80)
        at++;
    return at;
}

bool slice_is_utf8(struct slice text)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    size_t at = 0;
    while ((at = skip_ascii(bytes, at, text.len)) < text.len) {
        size_t size = utf8_sequence_size(bytes + at, text.len - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}
