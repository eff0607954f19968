#include "storage/remote_sign.h"

#include "base/digest.h"
#include "base/json_tree.h"
#include "base/limits.h"

/* Of one request: SDKs send some twenty. */
#define MAX_SIGNED_HEADERS 100
/* What is added: host, x-amz-date, x-amz-content-sha256, x-amz-security-token. */
#define ADDED_HEADERS 4

/* --- reading -------------------------------------------------------------------------------- */

/* Values of one header, joined as HTTP does; a line end in one would make it two. */
static bool join_values(const char *name, const json_t *list, struct arena *arena,
                        struct slice *ret, struct error *err)
{
    struct slice text = SLICE_EMPTY;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *node = json_array_get(list, i);
        if (!json_is_string(node))
            return error_set(err, ERROR_BAD_REQUEST, "headers: %s must be a list of strings", name);
        struct slice value = json_slice(node);
        for (size_t at = 0; at < value.len; at++)
            if ((unsigned char)value.ptr[at] < 0x20 || value.ptr[at] == 0x7F)
                return error_set(err, ERROR_BAD_REQUEST, "headers: %s has a control character",
                                 name);
        const struct slice parts[] = {text, i ? SLICE_LITERAL(",") : SLICE_EMPTY, value};
        text = arena_join(arena, parts, 3);
        if (text.ptr == NULL)
            return error_no_memory(err, "a header");
    }
    *ret = text;
    return true;
}

static bool is_header_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              *c == '-' || *c == '_'))
            return false;
    return *name != '\0';
}

static bool has_header(const struct remote_sign *request, struct slice name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (slice_equals_ignore_case(request->headers[i].name, name))
            return true;
    return false;
}

static bool read_headers(json_t *object, struct arena *arena, struct remote_sign *request,
                         struct error *err)
{
    const char *name;
    json_t *list;
    size_t most = json_object_size(object);
    if (most > MAX_SIGNED_HEADERS)
        return error_set(err, ERROR_BAD_REQUEST, "There are %zu headers, the most are %d", most,
                         MAX_SIGNED_HEADERS);
    request->headers = ARENA_ARRAY(arena, struct http_header, most + 1);
    if (request->headers == NULL)
        return error_no_memory(err, "the headers");
    json_object_foreach(object, name, list) {
        struct http_header header = {.name = slice_from_string(name)};
        if (!json_is_array(list) || !is_header_name(name))
            return error_set(err, ERROR_BAD_REQUEST, "headers must map names to lists of values");
        if (has_header(request, header.name))
            return error_set(err, ERROR_BAD_REQUEST, "headers has %s twice", name);
        TRY(join_values(name, list, arena, &header.value, err));
        request->headers[request->header_count++] = header;
    }
    return true;
}

bool remote_sign_parse(const json_t *json, const struct storage_profile *profile,
                       struct arena *arena, struct remote_sign *ret, struct error *err)
{
    struct remote_sign request = {.body = {NULL, 0}};
    struct slice region, provider = SLICE_LITERAL("s3");
    json_t *headers = NULL;
    if (!json_is_object(json))
        return error_set(err, ERROR_BAD_REQUEST, "A request to be signed must be a JSON object");
    TRY(json_get_string(json, "region", &region, err));
    TRY(json_get_string(json, "uri", &request.uri, err));
    TRY(json_get_string(json, "method", &request.method, err));
    TRY(json_get_object(json, "headers", &headers, err));
    TRY(json_opt_string(json, "body", &request.body, err));
    TRY(json_opt_string(json, "provider", &provider, err));
    if (!slice_equals_ignore_case(provider, SLICE_LITERAL("s3")))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The provider is '%.*s': only requests to s3 are signed",
                         SLICE_ARG(provider));
    TRY(s3_client_url_parse(request.uri, profile, arena, &request.url, err));
    TRY(read_headers(headers, arena, &request, err));
    *ret = request;
    return true;
}

/* --- signing -------------------------------------------------------------------------------- */

/* Of what is sent, the headers that mean something to S3. A proxy may change the others. */
static bool is_signed(struct slice name)
{
    const struct slice amazon = SLICE_LITERAL("x-amz-");
    return (name.len >= amazon.len &&
            slice_equals_ignore_case(slice_make(name.ptr, amazon.len), amazon)) ||
           slice_equals_ignore_case(name, SLICE_LITERAL("content-md5"));
}

/* Ours take the place of what the client has of them. */
static bool is_ours(struct slice name)
{
    return slice_equals_ignore_case(name, SLICE_LITERAL("x-amz-date")) ||
           slice_equals_ignore_case(name, SLICE_LITERAL("x-amz-content-sha256"));
}

static struct slice header_value(const struct remote_sign *request, struct slice name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (slice_equals_ignore_case(request->headers[i].name, name))
            return request->headers[i].value;
    return (struct slice){NULL, 0};
}

static bool is_digest(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (hex_value(text.ptr[i]) < 0)
            return false;
    return text.len == DIGEST_HEX_SIZE - 1;
}

/* A list of deletes is bound to the one that was checked; other bodies are the client's own. What
 * the client says of them stands, where it says something that a signature can hold. */
static bool payload_hash(const struct remote_sign *request, char digest[DIGEST_HEX_SIZE],
                         struct slice *ret, struct error *err)
{
    struct slice given = header_value(request, SLICE_LITERAL("x-amz-content-sha256"));
    bool is_delete = request->url.key.len == 0 && slice_equals_string(request->method, "POST");
    if (!is_delete) {
        bool is_kept = given.ptr &&
                       (is_digest(given) || slice_equals_string(given, "STREAMING-UNSIGNED-PAYLOAD-"
                                                                       "TRAILER"));
        *ret = is_kept ? given : SLICE_LITERAL(S3_UNSIGNED_PAYLOAD);
        return true;
    }
    TRY(digest_bytes(request->body, digest, err));
    *ret = slice_from_string(digest);
    if (given.ptr && is_digest(given) && !slice_equals_ignore_case(given, *ret))
        return error_set(err, ERROR_FORBIDDEN,
                         "The list of deletes is another than x-amz-content-sha256 says");
    return true;
}

static size_t collect(const struct remote_sign *request, struct http_header *headers)
{
    size_t count = 0;
    headers[count++] = (struct http_header){SLICE_LITERAL("host"), request->url.authority};
    for (size_t i = 0; i < request->header_count; i++)
        if (is_signed(request->headers[i].name) && !is_ours(request->headers[i].name))
            headers[count++] = request->headers[i];
    return count;
}

static void write_header(struct json_writer *writer, const char *name, struct slice value)
{
    json_write_key(writer, name);
    json_write_array_begin(writer);
    json_write_string(writer, value);
    json_write_array_end(writer);
}

static void write_answer(const struct remote_sign *request, struct slice authorization,
                         struct slice date, struct slice hash, struct slice token,
                         struct json_writer *writer)
{
    struct slice given = header_value(request, SLICE_LITERAL("x-amz-content-sha256"));
    json_write_object_begin(writer);
    json_write_string_member(writer, "uri", request->uri);
    json_write_key(writer, "headers");
    json_write_object_begin(writer);
    write_header(writer, "Authorization", authorization);
    write_header(writer, "X-Amz-Date", date);
    /* One client adds what it is given to what it has: twice would be another signature. */
    if (given.ptr == NULL || !slice_equals(given, hash))
        write_header(writer, "X-Amz-Content-SHA256", hash);
    if (token.len > 0)
        write_header(writer, "X-Amz-Security-Token", token);
    json_write_object_end(writer);
    json_write_object_end(writer);
}

bool remote_sign_write(const struct remote_sign *request, const struct s3_scope *scope,
                       const struct s3_credentials *credentials, struct arena *arena,
                       struct json_writer *writer, struct error *err)
{
    char date[S3_TIME_SIZE], digest[DIGEST_HEX_SIZE];
    struct slice hash;
    struct buffer authorization;
    struct http_header *headers =
        ARENA_ARRAY(arena, struct http_header, request->header_count + ADDED_HEADERS);
    if (headers == NULL)
        return error_no_memory(err, "the headers");
    TRY(payload_hash(request, digest, &hash, err));
    s3_time_put(scope->time_s, date);
    size_t count = collect(request, headers);
    headers[count++] = (struct http_header){SLICE_LITERAL("x-amz-date"), slice_from_string(date)};
    headers[count++] = (struct http_header){SLICE_LITERAL("x-amz-content-sha256"), hash};
    if (credentials->session_token.len > 0)
        headers[count++] =
            (struct http_header){SLICE_LITERAL("x-amz-security-token"), credentials->session_token};
    const struct s3_request signed_request = {
        .method = request->method,
        .path = request->url.path,
        .query = request->url.query,
        .headers = headers,
        .header_count = count,
        .payload_hash = hash,
    };
    buffer_init(&authorization, MAX_URI_SIZE);
    bool ok =
        s3_authorization_append(&authorization, &signed_request, scope, credentials, arena, err) &&
        buffer_check(&authorization, "a signature", err);
    if (ok)
        write_answer(request, buffer_slice(&authorization), slice_from_string(date), hash,
                     credentials->session_token, writer);
    buffer_finish(&authorization);
    return ok;
}
