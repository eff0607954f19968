#include "storage/s3_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mac.h"
#include "base/percent.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_SIZE 8 /* of "20150830T123600Z" */
/* Keys are at most 1,024 bytes, three times that when encoded; the rest: headers and query. */
#define MAX_CANONICAL_SIZE (256 * KIB)

/* A name and a value in canonical form. */
struct pair {
    struct slice name;
    struct slice value;
};

struct pair_list {
    struct pair *items;
    size_t count;
};

void s3_time_put(int64_t time_s, char ret_text[S3_TIME_SIZE])
{
    const time_t time = (time_t)time_s;
    struct tm parts = {0};
    gmtime_r(&time, &parts);
    if (strftime(ret_text, S3_TIME_SIZE, "%Y%m%dT%H%M%SZ", &parts) == 0)
        ret_text[0] = '\0'; /* a year of five digits: no server would take it */
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    int order = slice_compare(left->name, right->name);
    return order != 0 ? order : slice_compare(left->value, right->value);
}

static void pairs_sort(struct pair_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_pairs);
}

/* --- query ---------------------------------------------------------------------------------- */

/* Decoded, and encoded anew as AWS does it: '+' is a space, as servers read it. */
static bool reencode(struct slice text, struct arena *arena, struct slice *ret_text,
                     struct error *err)
{
    struct slice plain;
    struct buffer out;
    TRY(percent_decode(text, true, arena, &plain, err));
    buffer_init(&out, MAX_CANONICAL_SIZE);
    percent_append(&out, plain);
    return buffer_to_arena(&out, true, "a query parameter", arena, ret_text, err);
}

static size_t count_bytes(struct slice text, char byte)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == byte;
    return count;
}

/* `extra` more places are left at the end of the list. */
static bool query_parse(struct slice query, size_t extra, struct arena *arena,
                        struct pair_list *ret_list, struct error *err)
{
    ret_list->count = 0;
    ret_list->items = ARENA_ARRAY(arena, struct pair, count_bytes(query, '&') + 1 + extra);
    if (!ret_list->items)
        return error_no_memory(err, "a query");
    while (query.len > 0) {
        struct slice part = slice_make(query.ptr, slice_find(query, '&'));
        query = slice_from(query, part.len + 1);
        if (part.len == 0)
            continue;
        size_t equals = slice_find(part, '=');
        struct pair *pair = &ret_list->items[ret_list->count++];
        TRY(reencode(slice_make(part.ptr, equals), arena, &pair->name, err));
        TRY(reencode(slice_from(part, equals + 1), arena, &pair->value, err));
    }
    return true;
}

static void query_append(struct buffer *out, const struct pair_list *query)
{
    for (size_t i = 0; i < query->count; i++) {
        if (i > 0)
            buffer_append_byte(out, '&');
        buffer_append_slice(out, query->items[i].name);
        buffer_append_byte(out, '=');
        buffer_append_slice(out, query->items[i].value);
    }
}

/* --- headers -------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Without spaces at the ends, and one where there were several. Never longer than `value`. */
static bool trim(struct slice value, struct arena *arena, struct slice *ret_value)
{
    char *out = arena_alloc(arena, value.len + 1);
    if (!out)
        return false;
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!is_space(value.ptr[i]))
            out[len++] = value.ptr[i];
        else if (len > 0 && out[len - 1] != ' ')
            out[len++] = ' ';
    }
    if (len > 0 && out[len - 1] == ' ')
        len--;
    *ret_value = slice_make(out, len);
    return true;
}

static bool lower_copy(struct slice name, struct arena *arena, struct slice *ret_name)
{
    char *out = arena_alloc(arena, name.len + 1);
    if (!out)
        return false;
    for (size_t i = 0; i < name.len; i++)
        out[i] = lower(name.ptr[i]);
    *ret_name = slice_make(out, name.len);
    return true;
}

/* By name; values of one name keep the order in which they are sent. */
static void headers_sort(struct pair_list *list)
{
    for (size_t i = 1; i < list->count; i++) {
        struct pair moved = list->items[i];
        size_t at = i;
        for (; at > 0 && slice_compare(list->items[at - 1].name, moved.name) > 0; at--)
            list->items[at] = list->items[at - 1];
        list->items[at] = moved;
    }
}

static bool headers_make(const struct s3_request *request, struct arena *arena,
                         struct pair_list *ret_list, struct error *err)
{
    ret_list->count = request->header_count;
    ret_list->items = ARENA_ARRAY(arena, struct pair, request->header_count + 1);
    bool done = ret_list->items != NULL;
    for (size_t i = 0; done && i < request->header_count; i++)
        done = lower_copy(request->headers[i].name, arena, &ret_list->items[i].name) &&
               trim(request->headers[i].value, arena, &ret_list->items[i].value);
    if (!done)
        return error_no_memory(err, "the headers to be signed");
    headers_sort(ret_list);
    return true;
}

static bool is_same_name(const struct pair_list *headers, size_t at)
{
    return at > 0 && slice_equals(headers->items[at - 1].name, headers->items[at].name);
}

static void headers_append(struct buffer *out, const struct pair_list *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (is_same_name(headers, i)) {
            buffer_append_byte(out, ',');
        } else {
            if (i > 0)
                buffer_append_byte(out, '\n');
            buffer_append_slice(out, headers->items[i].name);
            buffer_append_byte(out, ':');
        }
        buffer_append_slice(out, headers->items[i].value);
    }
    buffer_append_byte(out, '\n');
}

static void names_append(struct buffer *out, const struct pair_list *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (is_same_name(headers, i))
            continue;
        if (i > 0)
            buffer_append_byte(out, ';');
        buffer_append_slice(out, headers->items[i].name);
    }
}

/* --- signature ------------------------------------------------------------------------------ */

static void canonical_append(struct buffer *out, const struct s3_request *request,
                             const struct pair_list *query, const struct pair_list *headers)
{
    buffer_append_slice(out, request->method);
    buffer_append_byte(out, '\n');
    buffer_append_slice(out, request->path);
    buffer_append_byte(out, '\n');
    query_append(out, query);
    buffer_append_byte(out, '\n');
    headers_append(out, headers);
    buffer_append_byte(out, '\n');
    names_append(out, headers);
    buffer_append_byte(out, '\n');
    buffer_append_slice(out, request->payload_hash);
}

bool s3_canonical_request_append(struct buffer *out, struct buffer *out_signed_headers,
                                 const struct s3_request *request, struct arena *arena,
                                 struct error *err)
{
    struct pair_list query, headers;
    TRY(query_parse(request->query, 0, arena, &query, err));
    pairs_sort(&query);
    TRY(headers_make(request, arena, &headers, err));
    canonical_append(out, request, &query, &headers);
    names_append(out_signed_headers, &headers);
    return true;
}

/* "20150830/us-east-1/s3/aws4_request" */
static void scope_append(struct buffer *out, const struct s3_scope *scope, const char *time)
{
    buffer_printf(out, "%.*s/%.*s/%.*s/aws4_request", DATE_SIZE, time, SLICE_ARG(scope->region),
                  SLICE_ARG(scope->service));
}

/* The key that is good for one day, one region and one service. */
static bool signing_key(const struct s3_scope *scope, const char *time, struct slice secret,
                        struct arena *arena, unsigned char ret_key[MAC_SIZE], struct error *err)
{
    const struct slice steps[] = {slice_make(time, DATE_SIZE), scope->region, scope->service,
                                  SLICE_LITERAL("aws4_request")};
    struct slice key = arena_join(arena, (struct slice[]){SLICE_LITERAL("AWS4"), secret}, 2);
    if (!key.ptr)
        return error_no_memory(err, "a signing key");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        TRY(mac_bytes(key, steps[i], ret_key, err));
        key = slice_make((const char *)ret_key, MAC_SIZE);
    }
    return true;
}

static bool sign(struct slice canonical, const struct s3_scope *scope, struct slice secret,
                 struct arena *arena, char ret_hex[2 * MAC_SIZE + 1], struct error *err)
{
    char time[S3_TIME_SIZE], digest[DIGEST_HEX_SIZE];
    unsigned char key[MAC_SIZE], mac[MAC_SIZE];
    struct buffer text;
    s3_time_put(scope->time_s, time);
    TRY(digest_bytes(canonical, digest, err));
    TRY(signing_key(scope, time, secret, arena, key, err));
    buffer_init(&text, MAX_CANONICAL_SIZE);
    buffer_printf(&text, ALGORITHM "\n%s\n", time);
    scope_append(&text, scope, time);
    buffer_printf(&text, "\n%s", digest);
    bool done = buffer_check(&text, "the text to be signed", err) &&
                mac_bytes(slice_make((const char *)key, MAC_SIZE), buffer_slice(&text), mac, err);
    buffer_finish(&text);
    if (done)
        hex_put(mac, MAC_SIZE, ret_hex);
    return done;
}

static bool sign_request(const struct s3_request *request, const struct pair_list *query,
                         const struct pair_list *headers, const struct s3_scope *scope,
                         struct slice secret, struct arena *arena, char ret_hex[2 * MAC_SIZE + 1],
                         struct error *err)
{
    struct buffer canonical;
    buffer_init(&canonical, MAX_CANONICAL_SIZE);
    canonical_append(&canonical, request, query, headers);
    bool done = buffer_check(&canonical, "a request to the object store", err) &&
                sign(buffer_slice(&canonical), scope, secret, arena, ret_hex, err);
    buffer_finish(&canonical);
    return done;
}

bool s3_authorization_append(struct buffer *out, const struct s3_request *request,
                             const struct s3_scope *scope, const struct s3_credentials *credentials,
                             struct arena *arena, struct error *err)
{
    struct pair_list query, headers;
    char time[S3_TIME_SIZE], signature[2 * MAC_SIZE + 1];
    TRY(query_parse(request->query, 0, arena, &query, err));
    pairs_sort(&query);
    TRY(headers_make(request, arena, &headers, err));
    TRY(sign_request(request, &query, &headers, scope, credentials->secret_access_key, arena,
                     signature, err));
    s3_time_put(scope->time_s, time);
    buffer_printf(out, ALGORITHM " Credential=%.*s/", SLICE_ARG(credentials->access_key_id));
    scope_append(out, scope, time);
    buffer_append_string(out, ", SignedHeaders=");
    names_append(out, &headers);
    buffer_printf(out, ", Signature=%s", signature);
    return true;
}

/* --- presigned ------------------------------------------------------------------------------ */

/* Adds a parameter of the signature. The value is encoded here. */
static bool query_add(struct pair_list *query, const char *name, struct slice value,
                      struct arena *arena, struct error *err)
{
    struct pair *pair = &query->items[query->count++];
    struct buffer out;
    buffer_init(&out, MAX_CANONICAL_SIZE);
    percent_append(&out, value);
    pair->name = slice_from_string(name);
    return buffer_to_arena(&out, true, name, arena, &pair->value, err);
}

#define SIGNATURE_PARAMETERS 6

static bool query_add_signature_parameters(struct pair_list *query, const struct pair_list *headers,
                                           const struct s3_scope *scope,
                                           const struct s3_credentials *credentials, int64_t life_s,
                                           struct arena *arena, struct error *err)
{
    char time[S3_TIME_SIZE], life[24];
    struct buffer credential, names;
    s3_time_put(scope->time_s, time);
    (void)snprintf(life, sizeof(life), "%lld", (long long)life_s);
    buffer_init(&credential, MAX_CANONICAL_SIZE);
    buffer_init(&names, MAX_CANONICAL_SIZE);
    buffer_printf(&credential, "%.*s/", SLICE_ARG(credentials->access_key_id));
    scope_append(&credential, scope, time);
    names_append(&names, headers);
    bool done = buffer_check(&credential, "a credential", err) &&
                buffer_check(&names, "the names of signed headers", err) &&
                query_add(query, "X-Amz-Algorithm", SLICE_LITERAL(ALGORITHM), arena, err) &&
                query_add(query, "X-Amz-Credential", buffer_slice(&credential), arena, err) &&
                query_add(query, "X-Amz-Date", slice_from_string(time), arena, err) &&
                query_add(query, "X-Amz-Expires", slice_from_string(life), arena, err) &&
                query_add(query, "X-Amz-SignedHeaders", buffer_slice(&names), arena, err) &&
                (credentials->session_token.len == 0 ||
                 query_add(query, "X-Amz-Security-Token", credentials->session_token, arena, err));
    buffer_finish(&credential);
    buffer_finish(&names);
    return done;
}

bool s3_presigned_query_append(struct buffer *out, const struct s3_request *request,
                               const struct s3_scope *scope,
                               const struct s3_credentials *credentials, int64_t life_s,
                               struct arena *arena, struct error *err)
{
    struct pair_list query, headers;
    char signature[2 * MAC_SIZE + 1];
    if (life_s < 1 || life_s > S3_MAX_PRESIGNED_LIFE_S)
        return error_set(err, ERROR_BAD_REQUEST,
                         "a presigned URL lives from 1 second to seven days, not %lld seconds",
                         (long long)life_s);
    TRY(query_parse(request->query, SIGNATURE_PARAMETERS, arena, &query, err));
    TRY(headers_make(request, arena, &headers, err));
    TRY(query_add_signature_parameters(&query, &headers, scope, credentials, life_s, arena, err));
    pairs_sort(&query);
    TRY(sign_request(request, &query, &headers, scope, credentials->secret_access_key, arena,
                     signature, err));
    query_append(out, &query);
    buffer_printf(out, "&X-Amz-Signature=%s", signature);
    return true;
}
