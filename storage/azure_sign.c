#include "storage/azure_sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "base/mac.h"
#include "base/percent.h"

#define MAX_TEXT (64 * KIB)
/* Keys have 64 bytes. */
#define MAX_KEY_SIZE 1024
#define MAC_TEXT_SIZE 45 /* base64 of 32 bytes, and NUL */

void azure_date_put(int64_t time_s, char ret_text[AZURE_DATE_SIZE])
{
    static const char DAYS[] = "SunMonTueWedThuFriSat";
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm parts;
    time_t time = (time_t)time_s;
    gmtime_r(&time, &parts);
    /* Not by strftime: its names are those of the locale. */
    snprintf(ret_text, AZURE_DATE_SIZE, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
             DAYS + 3 * parts.tm_wday, (unsigned)parts.tm_mday % 100U, MONTHS + 3 * parts.tm_mon,
             (unsigned)(parts.tm_year + 1900) % 10000U, (unsigned)parts.tm_hour % 100U,
             (unsigned)parts.tm_min % 100U, (unsigned)parts.tm_sec % 100U);
}

/* --- what is signed ------------------------------------------------------------------------- */

static struct slice header_of(const struct azure_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (slice_equals_ignore_case(request->headers[i].name, slice_from_string(name)))
            return slice_trim(request->headers[i].value);
    return SLICE_EMPTY;
}

/* In this order, each on a line of its own, empty where it is not sent. */
static void append_standard(struct buffer *out, const struct azure_request *request)
{
    static const char *const NAMES[] = {
        "Content-Encoding",
        "Content-Language",
        "Content-Length",
        "Content-MD5",
        "Content-Type",
        "Date",
        "If-Modified-Since",
        "If-Match",
        "If-None-Match",
        "If-Unmodified-Since",
        "Range",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(NAMES[i], "Content-Length") != 0)
            buffer_append_slice(out, header_of(request, NAMES[i]));
        else if (request->body_size > 0)
            buffer_append_int64(out, (int64_t)request->body_size);
        buffer_append_byte(out, '\n');
    }
}

/* A header or a parameter, its name in lower case. */
struct pair {
    struct slice name;
    struct slice value;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    int order = slice_compare(left->name, right->name);
    return order != 0 ? order : slice_compare(left->value, right->value);
}

static bool lower(struct slice text, struct arena *arena, struct slice *ret_text, struct error *err)
{
    char *copy = arena_string(arena, text);
    if (!copy)
        return error_no_memory(err, "a signature");
    for (size_t i = 0; i < text.len; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] - 'A' + 'a');
    *ret_text = slice_make(copy, text.len);
    return true;
}

static bool append_headers(struct buffer *out, const struct azure_request *request,
                           struct arena *arena, struct error *err)
{
    struct pair *pairs = ARENA_ARRAY(arena, struct pair, request->header_count + 1);
    size_t count = 0;
    if (!pairs)
        return error_no_memory(err, "a signature");
    for (size_t i = 0; i < request->header_count; i++) {
        struct pair pair = {.value = slice_trim(request->headers[i].value)};
        TRY(lower(request->headers[i].name, arena, &pair.name, err));
        if (slice_starts_with(pair.name, SLICE_LITERAL("x-ms-")))
            pairs[count++] = pair;
    }
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < count; i++) {
        buffer_append_slice(out, pairs[i].name);
        buffer_append_byte(out, ':');
        buffer_append_slice(out, pairs[i].value);
        buffer_append_byte(out, '\n');
    }
    return true;
}

static size_t count_parts(struct slice query)
{
    size_t count = 1;
    for (size_t i = 0; i < query.len; i++)
        count += query.ptr[i] == '&';
    return count;
}

static bool read_parameter(struct slice part, struct arena *arena, struct pair *ret_pair,
                           struct error *err)
{
    struct slice name = slice_make(part.ptr, slice_find(part, '='));
    struct slice value = slice_from(part, name.len + 1);
    TRY(percent_decode(name, true, arena, &name, err));
    TRY(percent_decode(value, true, arena, &ret_pair->value, err));
    return lower(name, arena, &ret_pair->name, err);
}

/* "\nname:value", values of one name with commas between. */
static void append_parameters(struct buffer *out, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && slice_equals(pairs[i].name, pairs[i - 1].name)) {
            buffer_append_byte(out, ',');
        } else {
            buffer_append_byte(out, '\n');
            buffer_append_slice(out, pairs[i].name);
            buffer_append_byte(out, ':');
        }
        buffer_append_slice(out, pairs[i].value);
    }
}

static bool append_resource(struct buffer *out, const struct azure_request *request,
                            struct slice account, struct arena *arena, struct error *err)
{
    struct pair *pairs = ARENA_ARRAY(arena, struct pair, count_parts(request->query));
    size_t count = 0;
    if (!pairs)
        return error_no_memory(err, "a signature");
    buffer_append_byte(out, '/');
    buffer_append_slice(out, account);
    buffer_append_slice(out, request->path);
    for (struct slice rest = request->query; rest.len > 0;) {
        struct slice part = slice_make(rest.ptr, slice_find(rest, '&'));
        rest = slice_from(rest, part.len + 1);
        if (part.len > 0)
            TRY(read_parameter(part, arena, &pairs[count++], err));
    }
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    append_parameters(out, pairs, count);
    return true;
}

bool azure_string_to_sign_append(struct buffer *out, const struct azure_request *request,
                                 struct slice account, struct arena *arena, struct error *err)
{
    buffer_append_slice(out, request->method);
    buffer_append_byte(out, '\n');
    append_standard(out, request);
    return append_headers(out, request, arena, err) &&
           append_resource(out, request, account, arena, err);
}

/* --- the signature -------------------------------------------------------------------------- */

/* OpenSSL's own is for whole groups of four; the length of what '=' stands for is ours to take. */
static bool decode_key(struct slice key, unsigned char ret_bytes[MAX_KEY_SIZE], size_t *ret_size)
{
    size_t padding = 0;
    while (padding < 2 && padding < key.len && key.ptr[key.len - 1 - padding] == '=')
        padding++;
    if (key.len == 0 || key.len % 4 != 0 || key.len / 4 * 3 > MAX_KEY_SIZE ||
        slice_find(key, '=') != key.len - padding)
        return false;
    int size = EVP_DecodeBlock(ret_bytes, (const unsigned char *)key.ptr, (int)key.len);
    if (size < 0 || (size_t)size <= padding)
        return false;
    *ret_size = (size_t)size - padding;
    return true;
}

bool azure_signature_append(struct buffer *out, struct slice text, struct slice key,
                            struct error *err)
{
    unsigned char bytes[MAX_KEY_SIZE], mac[MAC_SIZE];
    char mac_text[MAC_TEXT_SIZE];
    size_t size = 0;
    bool ok = decode_key(key, bytes, &size) ||
              error_set(err, ERROR_STORAGE,
                        "the account key is not base64: copy it whole, with its '=' at the end");
    ok = ok && mac_bytes(slice_make((const char *)bytes, size), text, mac, err);
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (!ok)
        return false;
    EVP_EncodeBlock((unsigned char *)mac_text, mac, sizeof mac);
    buffer_append_string(out, mac_text);
    return true;
}

bool azure_authorization_append(struct buffer *out, const struct azure_request *request,
                                struct slice account, struct slice key, struct arena *arena,
                                struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_TEXT);
    bool ok = azure_string_to_sign_append(&text, request, account, arena, err) &&
              buffer_check(&text, "a signature", err);
    if (ok)
        buffer_printf(out, "SharedKey %.*s:", SLICE_ARG(account));
    ok = ok && azure_signature_append(out, buffer_slice(&text), key, err);
    buffer_finish(&text);
    return ok;
}
