/*
 * endpoint.h — "https://host:port": where an object store or STS answers, and the Host header.
 *
 * Owns:     nothing; parts are views of the text
 * Errors:   ERROR_BAD_REQUEST naming the field: another scheme, a user, path, query or fragment
 * Threads:  pure functions
 */
#ifndef STORAGE_ENDPOINT_H
#define STORAGE_ENDPOINT_H

#include "base/arena.h"
#include "base/error.h"

struct endpoint {
    bool is_tls;
    struct slice host; /* an IPv6 address in its brackets */
    unsigned port;     /* the scheme's own where none is given */
};

/* `field` names it in the error. */
bool endpoint_parse(struct slice text, const char *field, struct endpoint *ret, struct error *err);

/* The form that endpoints are kept and compared in: lower case, no trailing slash, no port that the
 * scheme has by itself. In the arena. */
bool endpoint_canonical(struct slice text, const char *field, struct arena *arena,
                        struct slice *ret_text, struct error *err);

/* The host of a Host header or of "host:port": without the port, an IPv6 address in its brackets.
 * A view. */
struct slice endpoint_host(struct slice authority);

#endif
