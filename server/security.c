#include "server/security.h"

#include <arpa/inet.h>

/* "host:port", "[::1]:port" or "host" without its port and brackets. */
static struct slice host_of(struct slice authority)
{
    if (authority.len > 0 && authority.ptr[0] == '[') {
        size_t end = slice_find(authority, ']');
        return end < authority.len ? (struct slice){authority.ptr + 1, end - 1} : authority;
    }
    return (struct slice){authority.ptr, slice_find(authority, ':')};
}

static bool is_address(struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_known_host(const struct security_policy *policy, struct slice host)
{
    for (size_t i = 0; i < policy->allowed_host_count; i++)
        if (slice_equals_ignore_case(host, policy->allowed_hosts[i]))
            return true;
    return slice_equals_ignore_case(host, policy->listen_host) ||
           slice_equals_ignore_case(host, SLICE_LITERAL("localhost")) || is_address(host);
}

/* Browsers send Accept-Language with every request, and scripts cannot leave it out; Origin and
 * Sec-Fetch-Site are missing from a page's reads of its own (rebound) site over plain HTTP. */
static bool is_browser(const struct request *request)
{
    return request_header(request, "Origin").ptr || request_header(request, "Sec-Fetch-Site").ptr ||
           request_header(request, "Accept-Language").ptr;
}

/* DNS rebinding: a foreign name that resolves to this machine carries that name in Host. A request
 * without Host (HTTP/1.0) comes from no browser. */
static bool check_host(const struct security_policy *policy, const struct request *request,
                       struct slice host, struct error *err)
{
    if (host.ptr == NULL || is_known_host(policy, host_of(host)))
        return true;
    if (policy->is_loopback)
        return error_set(err, ERROR_FORBIDDEN,
                         "This server listens on this machine only and does not answer as "
                         "'%.*s': use http://127.0.0.1 or http://localhost, or start it with "
                         "--allow-host %.*s",
                         SLICE_ARG(host), SLICE_ARG(host_of(host)));
    if (!is_browser(request))
        return true;
    return error_set(err, ERROR_FORBIDDEN,
                     "This server does not answer browsers as '%.*s': use its IP address, or "
                     "start it with --allow-host %.*s",
                     SLICE_ARG(host), SLICE_ARG(host_of(host)));
}

bool security_check_host_name(struct slice name, struct error *err)
{
    if (name.len > 0 && slice_find(name, '/') == name.len && slice_find(name, ':') == name.len)
        return true;
    return error_set(err, ERROR_BAD_REQUEST,
                     "The option allow-host is '%.*s': it must be a host name without scheme and "
                     "port, like catalog.example.com",
                     SLICE_ARG(name));
}

/* The part of "scheme://authority" behind the scheme; "null" and the like give themselves. */
static struct slice authority_of(struct slice origin)
{
    const char *at = memmem(origin.ptr, origin.len, "://", 3);
    return at ? slice_from(origin, (size_t)(at - origin.ptr) + 3) : origin;
}

/* Browsers write it in lower case, without a path and without the scheme's own port; anything else
 * would never match. "*" would let every page drive the catalog. */
bool security_check_origin_name(struct slice origin, struct error *err)
{
    struct slice authority = authority_of(origin);
    bool has_scheme = slice_starts_with(origin, SLICE_LITERAL("https://")) ||
                      slice_starts_with(origin, SLICE_LITERAL("http://"));
    bool is_plain = has_scheme && authority.len > 0 && origin.len <= MAX_ORIGIN_SIZE;
    for (size_t i = 0; i < authority.len; i++)
        is_plain = is_plain && strchr("/?#@*, ", authority.ptr[i]) == NULL &&
                   !(authority.ptr[i] >= 'A' && authority.ptr[i] <= 'Z');
    return is_plain || error_set(err, ERROR_BAD_REQUEST,
                                 "The option allow-origin is '%.*s': it must be a web site's "
                                 "origin in lower case without a path, like https://hub.example "
                                 "or http://localhost:8888",
                                 SLICE_ARG(origin));
}

static bool is_allowed_origin(const struct security_policy *policy, struct slice origin)
{
    for (size_t i = 0; i < policy->allowed_origin_count; i++)
        if (slice_equals(origin, policy->allowed_origins[i]))
            return true;
    return false;
}

bool security_check_origin(const struct security_policy *policy, struct request *request,
                           struct error *err)
{
    struct slice host = request_header(request, "Host");
    struct slice site = request_header(request, "Sec-Fetch-Site");
    struct slice origin = request_header(request, "Origin");
    TRY(check_host(policy, request, host, err));
    if (origin.ptr && is_allowed_origin(policy, origin)) {
        request->allowed_origin = arena_slice(&request->arena, origin);
        return request->allowed_origin.ptr != NULL || error_no_memory(err, "the origin");
    }
    if (site.ptr && slice_equals_ignore_case(site, SLICE_LITERAL("cross-site")))
        return error_set(err, ERROR_FORBIDDEN, "Requests of other web sites are not served");
    if (origin.ptr == NULL)
        return true;
    if (host.ptr && slice_equals_ignore_case(authority_of(origin), host))
        return true;
    return error_set(err, ERROR_FORBIDDEN,
                     "Requests of the origin %.*s are not served: start the server with "
                     "--allow-origin %.*s if its pages may read and change the catalog",
                     SLICE_ARG(origin), SLICE_ARG(origin));
}

/* The type before any parameters, without spaces. */
static struct slice media_type(struct slice value)
{
    struct slice type = {value.ptr, slice_find(value, ';')};
    while (type.len > 0 && (type.ptr[type.len - 1] == ' ' || type.ptr[type.len - 1] == '\t'))
        type.len--;
    return type;
}

bool security_check_content_type(const struct request *request, struct error *err)
{
    struct slice value = request_header(request, "Content-Type");
    if (value.ptr == NULL && request->body.len == 0)
        return true;
    if (value.ptr && slice_equals_ignore_case(media_type(value), SLICE_LITERAL("application/json")))
        return true;
    return error_set(err, ERROR_UNSUPPORTED_MEDIA_TYPE,
                     "The body must be sent with Content-Type: application/json");
}
