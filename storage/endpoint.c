#include "storage/endpoint.h"

#include "base/limits.h"

#define HTTP SLICE_LITERAL("http://")
#define HTTPS SLICE_LITERAL("https://")
#define HTTP_PORT 80
#define HTTPS_PORT 443
#define MAX_PORT 65535

static bool is_host_byte(char c, bool is_bracketed)
{
    bool is_hex = hex_value(c) >= 0;
    if (is_bracketed)
        return is_hex || c == ':' || c == '.';
    return is_hex || (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
}

struct slice endpoint_host(struct slice authority)
{
    if (authority.len > 0 && authority.ptr[0] == '[') {
        size_t end = slice_find(authority, ']');
        return slice_make(authority.ptr, end < authority.len ? end + 1 : end);
    }
    return slice_make(authority.ptr, slice_find(authority, ':'));
}

static bool is_host(struct slice host)
{
    bool is_bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (is_bracketed)
        host = slice_make(host.ptr + 1, host.len - 2);
    if (host.len == 0 || host.len > MAX_HOST_SIZE)
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (!is_host_byte(host.ptr[i], is_bracketed))
            return false;
    return true;
}

static bool read_port(struct slice text, unsigned *port)
{
    int64_t value = 0;
    if (text.len == 0)
        return true;
    if (text.ptr[0] != ':' || !slice_to_int64(slice_from(text, 1), &value) || value < 1 ||
        value > MAX_PORT)
        return false;
    *port = (unsigned)value;
    return true;
}

bool endpoint_parse(struct slice text, const char *field, struct endpoint *ret, struct error *err)
{
    struct endpoint endpoint = {.is_tls = false, .port = HTTP_PORT};
    struct slice scheme = slice_make(text.ptr, text.len < HTTP.len ? text.len : HTTP.len);
    if (text.len > HTTPS.len && slice_equals_ignore_case(slice_make(text.ptr, HTTPS.len), HTTPS)) {
        endpoint = (struct endpoint){.is_tls = true, .port = HTTPS_PORT};
        scheme = HTTPS;
    } else if (!slice_equals_ignore_case(scheme, HTTP)) {
        return error_set(err, ERROR_BAD_REQUEST,
                         "%s must begin with http:// or https://, but is '%.*s'", field,
                         SLICE_ARG(text));
    }
    struct slice authority = slice_from(text, scheme.len);
    if (authority.len > 0 && authority.ptr[authority.len - 1] == '/')
        authority.len--;
    endpoint.host = endpoint_host(authority);
    if (!is_host(endpoint.host) ||
        !read_port(slice_from(authority, endpoint.host.len), &endpoint.port))
        return error_set(err, ERROR_BAD_REQUEST,
                         "%s must be a scheme, a host and perhaps a port, as http://minio:9000, "
                         "but is '%.*s'",
                         field, SLICE_ARG(text));
    *ret = endpoint;
    return true;
}

bool endpoint_canonical(struct slice text, const char *field, struct arena *arena,
                        struct slice *ret_text, struct error *err)
{
    struct endpoint endpoint;
    TRY(endpoint_parse(text, field, &endpoint, err));
    bool is_usual = endpoint.port == (endpoint.is_tls ? HTTPS_PORT : HTTP_PORT);
    struct slice made =
        is_usual ? arena_printf(arena, "%s%.*s", endpoint.is_tls ? HTTPS.ptr : HTTP.ptr,
                                SLICE_ARG(endpoint.host))
                 : arena_printf(arena, "%s%.*s:%u", endpoint.is_tls ? HTTPS.ptr : HTTP.ptr,
                                SLICE_ARG(endpoint.host), endpoint.port);
    if (made.ptr == NULL)
        return error_no_memory(err, "an endpoint");
    char *bytes = arena_string(arena, made);
    if (bytes == NULL)
        return error_no_memory(err, "an endpoint");
    for (size_t i = 0; i < made.len; i++)
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] = (char)(bytes[i] - 'A' + 'a');
    *ret_text = slice_make(bytes, made.len);
    return true;
}
