/*
 * The scanner is a set of skip_… functions: each takes the place where its piece of grammar starts
 * and returns the place after it, or NULL with the failure noted in struct scan. They recurse once
 * per level of nesting, at most JSON_TEXT_MAX_DEPTH times. Plain bytes of strings, which are most
 * of any metadata text, are passed sixteen at a time: 1.5 to 2 GB/s on compact table metadata
 * (gcc -O2, one core), where a tree parser reads 60 to 80 MB/s.
 */
#include "base/json_text.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct scan {
    const char *start;
    const char *end;
    const char *failed_at;
    const char *failed_why;
};

static struct scan scan_make(struct slice text)
{
    return (struct scan){.start = text.ptr, .end = text.ptr + text.len};
}

static const char *scan_fail(struct scan *scan, const char *at, const char *why)
{
    scan->failed_at = at;
    scan->failed_why = why;
    return NULL;
}

static bool scan_error(const struct scan *scan, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST, "not valid JSON at byte %zu: %s",
                     (size_t)(scan->failed_at - scan->start), scan->failed_why);
}

/* RFC 8259, section 2: ws. Compact text has none, so the first look nearly always decides. */
static inline const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

#ifdef __SSE2__
/* Whole blocks without quote, backslash or control character; stops at the byte that is one. */
static inline const char *skip_plain_blocks(const char *at, const char *end, bool *ret_found)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(0x1F);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        __m128i special =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(special, control));
        if (mask != 0) {
            *ret_found = true;
            return at + __builtin_ctz(mask);
        }
    }
    return at;
}
#else
#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)
#define HAS_ZERO(word) (((word)-ONES) & ~(word)&HIGHS)
#define HAS_CONTROL(word) (((word)-ONES * 0x20) & ~(word)&HIGHS)

/* The same, eight at a time in a plain register. The tests may see more than there is, above a true
 * hit only, so the byte loop that follows always decides. */
static inline const char *skip_plain_blocks(const char *at, const char *end, bool *ret_found)
{
    uint64_t word = 0;
    (void)ret_found;
    for (; end - at >= 8; at += 8) {
        memcpy(&word, at, sizeof(word));
        if (HAS_ZERO(word ^ (ONES * '"')) | HAS_ZERO(word ^ (ONES * '\\')) | HAS_CONTROL(word))
            break;
    }
    return at;
}
#endif

/* To the first quote, backslash or control character, or the end. */
static inline const char *skip_plain(const char *at, const char *end)
{
    bool found = false;
    at = skip_plain_blocks(at, end, &found);
    if (found)
        return at;
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    return at;
}

size_t json_plain_size(struct slice text)
{
    return text.len ? (size_t)(skip_plain(text.ptr, text.ptr + text.len) - text.ptr) : 0;
}

/* The four digits after \u; false where they are not all there. */
static bool hex_quad(const char *at, const char *end, unsigned *ret_unit)
{
    if (end - at < 4)
        return false;
    unsigned unit = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return false;
        unit = unit * 16 + (unsigned)digit;
    }
    *ret_unit = unit;
    return true;
}

/* RFC 8259, section 7. Lone surrogates are inside the grammar; they are refused where a string is
 * read (json_value_string), because there they have no UTF-8. */
static const char *skip_escape(struct scan *scan, const char *at)
{
    unsigned unit = 0;
    if (scan->end - at < 2)
        return scan_fail(scan, at, "a string is not closed");
    if (at[1] == 'u') {
        if (!hex_quad(at + 2, scan->end, &unit))
            return scan_fail(scan, at, "\\u needs four hexadecimal digits");
        return at + 6;
    }
    if (at[1] == '\0' || !strchr("\"\\/bfnrt", at[1]))
        return scan_fail(scan, at, "there is no such escape");
    return at + 2;
}

/* From after the opening quote to after the closing one. */
static const char *skip_string(struct scan *scan, const char *at)
{
    const char *opened = at;
    for (;;) {
        at = skip_plain(at, scan->end);
        if (at == scan->end)
            return scan_fail(scan, opened, "a string is not closed");
        if (*at == '"')
            return at + 1;
        if (*at != '\\')
            return scan_fail(scan, at, "a control character in a string must be escaped");
        at = skip_escape(scan, at);
        if (!at)
            return NULL;
    }
}

static inline const char *skip_digits(const char *at, const char *end)
{
    while (at < end && (unsigned char)(*at - '0') <= 9)
        at++;
    return at;
}

static const char *skip_digits_wanted(struct scan *scan, const char *at)
{
    const char *after = skip_digits(at, scan->end);
    return after == at ? scan_fail(scan, at, "a digit is missing in a number") : after;
}

/* RFC 8259, section 6: [ minus ] int [ frac ] [ exp ]. */
static const char *skip_number(struct scan *scan, const char *at)
{
    const char *end = scan->end;
    if (*at == '-')
        at++;
    const char *digits = at;
    at = skip_digits_wanted(scan, at);
    if (!at)
        return NULL;
    if (*digits == '0' && at - digits > 1)
        return scan_fail(scan, digits, "a number must not begin with a zero");
    if (at < end && *at == '.') {
        at = skip_digits_wanted(scan, at + 1);
        if (!at)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = skip_digits_wanted(scan, at);
    }
    return at;
}

static const char *skip_word(struct scan *scan, const char *at, struct slice word)
{
    if ((size_t)(scan->end - at) < word.len || memcmp(at, word.ptr, word.len) != 0)
        return scan_fail(scan, at, "a value is not a JSON value");
    return at + word.len;
}

static const char *skip_value(struct scan *scan, const char *at, unsigned depth);

/* `"name": value` and the space around it. */
static const char *skip_member(struct scan *scan, const char *at, unsigned depth)
{
    if (at == scan->end || *at != '"')
        return scan_fail(scan, at, "a member must begin with its name in quotes");
    at = skip_string(scan, at + 1);
    if (!at)
        return NULL;
    at = skip_space(at, scan->end);
    if (at == scan->end || *at != ':')
        return scan_fail(scan, at, "':' is missing after a member's name");
    return skip_value(scan, skip_space(at + 1, scan->end), depth);
}

static inline const char *skip_item(struct scan *scan, const char *at, char close, unsigned depth)
{
    return close == '}' ? skip_member(scan, at, depth) : skip_value(scan, at, depth);
}

/* Further items up to the closing bracket, from after one of them. */
static const char *skip_more_items(struct scan *scan, const char *at, char close, unsigned depth)
{
    const char *end = scan->end;
    while (at) {
        at = skip_space(at, end);
        if (at == end)
            return scan_fail(scan, at, "the text ends inside an object or array");
        if (*at == close)
            return at + 1;
        if (*at != ',')
            return scan_fail(scan, at, "',' or a closing bracket is missing");
        at = skip_item(scan, skip_space(at + 1, end), close, depth);
    }
    return NULL;
}

/* Items up to the closing bracket, from after the opening one. */
static const char *skip_items(struct scan *scan, const char *at, char close, unsigned depth)
{
    at = skip_space(at, scan->end);
    if (at < scan->end && *at == close)
        return at + 1;
    return skip_more_items(scan, skip_item(scan, at, close, depth), close, depth);
}

static const char *skip_nested(struct scan *scan, const char *at, char close, unsigned depth)
{
    if (depth == JSON_TEXT_MAX_DEPTH)
        return scan_fail(scan, at, "objects and arrays are nested too deeply");
    return skip_items(scan, at + 1, close, depth + 1);
}

static const char *skip_value(struct scan *scan, const char *at, unsigned depth)
{
    if (at == scan->end)
        return scan_fail(scan, at, "a value is missing");
    switch (*at) {
    case '"':
        return skip_string(scan, at + 1);
    case '{':
        return skip_nested(scan, at, '}', depth);
    case '[':
        return skip_nested(scan, at, ']', depth);
    case 't':
        return skip_word(scan, at, SLICE_LITERAL("true"));
    case 'f':
        return skip_word(scan, at, SLICE_LITERAL("false"));
    case 'n':
        return skip_word(scan, at, SLICE_LITERAL("null"));
    default:
        if (*at == '-' || (unsigned char)(*at - '0') <= 9)
            return skip_number(scan, at);
        return scan_fail(scan, at, "a value is not a JSON value");
    }
}

bool json_text_is_valid(struct slice text, struct json_fault *ret_fault)
{
    struct scan scan = scan_make(text);
    const char *at = skip_value(&scan, skip_space(scan.start, scan.end), 0);
    if (at) {
        at = skip_space(at, scan.end);
        if (at < scan.end)
            at = scan_fail(&scan, at, "there is text after the value");
    }
    if (at && !slice_is_utf8(text))
        at = scan_fail(&scan, scan.start, "the text is not UTF-8");
    if (at)
        return true;
    ret_fault->at = (size_t)(scan.failed_at - scan.start);
    ret_fault->why = scan.failed_why;
    return false;
}

bool json_text_check(struct slice text, struct error *err)
{
    struct json_fault fault;
    if (json_text_is_valid(text, &fault))
        return true;
    return error_set(err, ERROR_BAD_REQUEST, "not valid JSON at byte %zu: %s", fault.at, fault.why);
}

static bool cursor_open(struct slice value, char open, char close, struct json_cursor *ret_cursor,
                        struct error *err)
{
    struct scan scan = scan_make(value);
    const char *at = skip_space(scan.start, scan.end);
    if (at == scan.end || *at != open) {
        scan_fail(&scan, at, open == '{' ? "an object is expected" : "an array is expected");
        return scan_error(&scan, err);
    }
    *ret_cursor = (struct json_cursor){
        .text = value,
        .at = (size_t)(at + 1 - scan.start),
        .first = true,
        .close = close,
    };
    return true;
}

bool json_object_open(struct slice value, struct json_cursor *ret_cursor, struct error *err)
{
    return cursor_open(value, '{', '}', ret_cursor, err);
}

bool json_array_open(struct slice value, struct json_cursor *ret_cursor, struct error *err)
{
    return cursor_open(value, '[', ']', ret_cursor, err);
}

void json_array_pass(struct json_cursor *cursor, size_t size)
{
    cursor->at += size;
    cursor->first = false;
}

/* At the closing bracket: nothing may follow it. The cursor stays there, so that a further step
 * says the same again. */
static const char *cursor_end(struct scan *scan, const char *at)
{
    const char *after = skip_space(at + 1, scan->end);
    return after == scan->end ? at : scan_fail(scan, after, "there is text after the value");
}

/* To the place of the next item, or to the closing bracket with *ret_more false. */
static const char *cursor_next(struct scan *scan, const struct json_cursor *cursor, bool *ret_more)
{
    const char *at = skip_space(scan->start + cursor->at, scan->end);
    if (at == scan->end)
        return scan_fail(scan, at, "the text ends inside an object or array");
    *ret_more = *at != cursor->close;
    if (!*ret_more)
        return cursor_end(scan, at);
    if (cursor->first)
        return at;
    if (*at != ',')
        return scan_fail(scan, at, "',' or a closing bracket is missing");
    return skip_space(at + 1, scan->end);
}

static void cursor_move(struct json_cursor *cursor, const struct scan *scan, const char *at,
                        bool more)
{
    cursor->at = (size_t)(at - scan->start);
    cursor->first = cursor->first && !more;
}

static struct slice span(const char *start, const char *end)
{
    return (struct slice){start, (size_t)(end - start)};
}

/* Depth 1: the object that the cursor walks is the first level. */
static const char *skip_member_value(struct scan *scan, const struct json_cursor *cursor,
                                     const char *value)
{
    for (size_t i = 0; i < cursor->known_count; i++) {
        const char *items = scan->start + cursor->known[i].at;
        if (value + 1 == items && *value == '[')
            return skip_more_items(scan, items + cursor->known[i].size, ']', 2);
    }
    return skip_value(scan, value, 1);
}

/* Both spans of the member that starts at `at`; the place after it. */
static const char *read_member(struct scan *scan, const struct json_cursor *cursor, const char *at,
                               struct json_member *ret_member)
{
    if (at == scan->end || *at != '"')
        return scan_fail(scan, at, "a member must begin with its name in quotes");
    const char *after = skip_string(scan, at + 1);
    if (!after)
        return NULL;
    const char *colon = skip_space(after, scan->end);
    if (colon == scan->end || *colon != ':')
        return scan_fail(scan, colon, "':' is missing after a member's name");
    const char *value = skip_space(colon + 1, scan->end);
    const char *end = skip_member_value(scan, cursor, value);
    if (!end)
        return NULL;
    *ret_member = (struct json_member){.name = span(at + 1, after - 1), .value = span(value, end)};
    return end;
}

bool json_object_next(struct json_cursor *cursor, struct json_member *ret_member, bool *ret_more,
                      struct error *err)
{
    struct scan scan = scan_make(cursor->text);
    struct json_member member = {SLICE_EMPTY, SLICE_EMPTY};
    bool more = false;
    const char *at = cursor_next(&scan, cursor, &more);
    if (at && more)
        at = read_member(&scan, cursor, at, &member);
    if (!at)
        return scan_error(&scan, err);
    cursor_move(cursor, &scan, at, more);
    if (more)
        *ret_member = member;
    *ret_more = more;
    return true;
}

bool json_array_next(struct json_cursor *cursor, struct slice *ret_value, bool *ret_more,
                     struct error *err)
{
    struct scan scan = scan_make(cursor->text);
    bool more = false;
    const char *start = cursor_next(&scan, cursor, &more);
    const char *at = start && more ? skip_value(&scan, start, 1) : start;
    if (!at)
        return scan_error(&scan, err);
    cursor_move(cursor, &scan, at, more);
    if (more)
        *ret_value = span(start, at);
    *ret_more = more;
    return true;
}

/* The code unit that an escape at `at` (already checked) stands for, and its size in the text. */
static unsigned escape_unit(const char *at, size_t *ret_size)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    unsigned unit = 0;
    if (at[1] == 'u') {
        hex_quad(at + 2, at + 6, &unit);
        *ret_size = 6;
        return unit;
    }
    *ret_size = 2;
    return (unsigned char)values[strchr(names, at[1]) - names];
}

/* Compares a checked raw name with an ASCII one; some writers escape what needs no escape. */
static bool name_equals(struct slice raw, struct slice name)
{
    if (raw.len == name.len)
        return slice_equals(raw, name);
    if (raw.len < name.len || slice_find(raw, '\\') == raw.len)
        return false;
    size_t at = 0, matched = 0;
    for (size_t size = 1; at < raw.len && matched < name.len; at += size, matched++) {
        size = 1;
        unsigned unit = (unsigned char)raw.ptr[at];
        if (raw.ptr[at] == '\\')
            unit = escape_unit(raw.ptr + at, &size);
        if (unit != (unsigned char)name.ptr[matched])
            return false;
    }
    return at == raw.len && matched == name.len;
}

bool json_object_find(struct slice object, const char *name, struct slice *ret_value,
                      struct error *err)
{
    struct slice wanted = slice_from_string(name);
    struct slice found = {NULL, 0};
    struct json_cursor cursor;
    struct json_member member;
    bool more = false;
    TRY(json_object_open(object, &cursor, err));
    do {
        TRY(json_object_next(&cursor, &member, &more, err));
        if (more && name_equals(member.name, wanted))
            found = member.value;
    } while (more);
    *ret_value = found;
    return true;
}

bool json_value_is_null(struct slice value)
{
    return slice_equals(value, SLICE_LITERAL("null"));
}

bool json_value_is_string(struct slice value)
{
    return value.len >= 2 && value.ptr[0] == '"';
}

bool json_value_int64(struct slice value, int64_t *ret_value)
{
    size_t digits = value.len > 0 && value.ptr[0] == '-' ? 1 : 0;
    if (value.len > digits + 1 && value.ptr[digits] == '0')
        return false; /* RFC 8259, section 6: no leading zeros */
    return slice_to_int64(value, ret_value);
}

static size_t utf8_put(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* The character of an escape, or of two that are a surrogate pair (RFC 8259, section 7). False for
 * a lone surrogate, and for U+0000, which no NUL-terminated string can hold. */
static bool escape_character(const char *at, const char *end, unsigned *ret_code, size_t *ret_size)
{
    size_t size = 0;
    unsigned code = escape_unit(at, &size);
    if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
        unsigned low = 0;
        const char *next = at + size;
        if (end - next < 2 || next[0] != '\\' || next[1] != 'u' || !hex_quad(next + 2, end, &low))
            return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        size += 6;
    }
    *ret_code = code;
    *ret_size = size;
    return true;
}

/* Unescapes the checked text between the quotes; what comes out is never longer. */
static bool unescape(const char *at, const char *end, char *out, size_t *ret_len)
{
    size_t len = 0;
    while (at < end) {
        const char *plain_end = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((plain_end ? plain_end : end) - at);
        memcpy(out + len, at, plain);
        len += plain;
        at += plain;
        if (at == end)
            break;
        unsigned code = 0;
        size_t size = 0;
        if (!escape_character(at, end, &code, &size))
            return false;
        len += utf8_put(out + len, code);
        at += size;
    }
    *ret_len = len;
    return true;
}

bool json_value_string(struct slice value, struct arena *arena, struct slice *ret_text,
                       struct error *err)
{
    struct scan scan = scan_make(value);
    if (!json_value_is_string(value) || skip_string(&scan, value.ptr + 1) != scan.end)
        return error_set(err, ERROR_BAD_REQUEST, "a string is expected");
    char *text = arena_alloc(arena, value.len);
    if (!text)
        return error_no_memory(err, "a string");
    size_t len = 0;
    if (!unescape(scan.start + 1, scan.end - 1, text, &len))
        return error_set(err, ERROR_BAD_REQUEST,
                         "a string holds \\u0000 or half of a surrogate pair");
    text[len] = '\0';
    *ret_text = (struct slice){text, len};
    return true;
}
