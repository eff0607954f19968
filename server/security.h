/*
 * security.h — no web page can drive the catalog on its reader's machine, unless it was let.
 *
 * While there is no authentication, the browser is the one program on a machine that others can
 * make send requests: a page's script or form (Origin, Sec-Fetch-Site, Content-Type tell), or a
 * page whose name was made to resolve to this server's address (Host tells). An address as Host
 * cannot be such a name. Where the server listens on this machine only, other names are refused;
 * elsewhere it has a name that we do not know, so that they are refused to browsers alone. Pages of
 * the origins in --allow-origin are served, and their browsers told so (server/cors.h).
 *
 * Spec:     Fetch, "Origin", CORS and Sec-Fetch metadata; RFC 9110, section 7.2 (Host)
 * Errors:   ERROR_FORBIDDEN, ERROR_UNSUPPORTED_MEDIA_TYPE
 * Threads:  pure functions
 */
#ifndef SERVER_SECURITY_H
#define SERVER_SECURITY_H

#include "server/request.h"

struct security_policy {
    bool is_loopback;                  /* then Host must be a known name */
    struct slice listen_host;          /* the address listened on, without port and brackets */
    const struct slice *allowed_hosts; /* other names of this server: --allow-host */
    size_t allowed_host_count;
    const struct slice *allowed_origins; /* other sites whose pages may use it: --allow-origin */
    size_t allowed_origin_count;
};

/* Sets request->allowed_origin where the page is one of allowed_origins. */
bool security_check_origin(const struct security_policy *policy, struct request *request,
                           struct error *err);

/* A name for allowed_hosts: without scheme, port and path. */
bool security_check_host_name(struct slice name, struct error *err);

/* Of an origin: scheme, a host name of 253 characters, port. */
#define MAX_ORIGIN_SIZE 272

/* An origin for allowed_origins: "https://host" or "http://host:port", as browsers send it. */
bool security_check_origin_name(struct slice origin, struct error *err);

/* For a matched operation that changes something: JSON, or no body at all. */
bool security_check_content_type(const struct request *request, struct error *err);

#endif
