#include "server/security.h"

/* "host:port", "[::1]:port" or "host" without its port and brackets. */
static struct slice host_of(struct slice authority)
{
    if (authority.len > 0 && authority.ptr[0] == '[') {
        size_t end = slice_find(authority, ']');
        return end < authority.len ? (struct slice){authority.ptr + 1, end - 1} : authority;
    }
    return (struct slice){authority.ptr, slice_find(authority, ':')};
}

static bool names_this_machine(const struct security_policy *policy, struct slice host)
{
    return slice_equals_ignore_case(host, SLICE_LITERAL("localhost")) ||
           slice_equals(host, SLICE_LITERAL("127.0.0.1")) ||
           slice_equals(host, SLICE_LITERAL("::1")) || slice_equals(host, policy->listen_host);
}

/* DNS rebinding: a foreign name that resolves to this machine carries that name in Host. A request
 * without Host (HTTP/1.0) comes from no browser. */
static bool check_host(const struct security_policy *policy, struct slice host, struct error *err)
{
    if (!policy->is_loopback || host.ptr == NULL || names_this_machine(policy, host_of(host)))
        return true;
    return error_set(err, ERROR_FORBIDDEN,
                     "This server listens on this machine only and does not answer as '%.*s': use "
                     "http://127.0.0.1 or http://localhost",
                     SLICE_ARG(host));
}

/* The part of "scheme://authority" behind the scheme; "null" and the like give themselves. */
static struct slice authority_of(struct slice origin)
{
    const char *at = memmem(origin.ptr, origin.len, "://", 3);
    return at ? slice_from(origin, (size_t)(at - origin.ptr) + 3) : origin;
}

bool security_check_origin(const struct security_policy *policy, const struct request *request,
                           struct error *err)
{
    struct slice host = request_header(request, "Host");
    struct slice site = request_header(request, "Sec-Fetch-Site");
    struct slice origin = request_header(request, "Origin");
    TRY(check_host(policy, host, err));
    if (site.ptr && slice_equals_ignore_case(site, SLICE_LITERAL("cross-site")))
        return error_set(err, ERROR_FORBIDDEN, "Requests of other web sites are not served");
    if (origin.ptr == NULL)
        return true;
    if (host.ptr && slice_equals_ignore_case(authority_of(origin), host))
        return true;
    return error_set(err, ERROR_FORBIDDEN, "Requests of the origin %.*s are not served",
                     SLICE_ARG(origin));
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
