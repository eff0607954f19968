#include "server/cors.h"

/* What clients of the protocol send, and what this server's own API takes beside it. */
#define ALLOWED_METHODS "GET, HEAD, POST, PUT, DELETE"
#define ALLOWED_HEADERS                                                                  \
    "Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, traceparent, " \
    "X-Client-Git-Commit-Short, X-Client-Version, X-Iceberg-Access-Delegation, X-Request-Id"
/* Seconds for which a browser need not ask again; an origin that is allowed no longer is refused by
 * the request itself. */
#define MAX_AGE "600"

bool cors_is_preflight(const struct request *request)
{
    return request->allowed_origin.len > 0 &&
           slice_equals(request->method_text, SLICE_LITERAL("OPTIONS")) &&
           request_header(request, "Access-Control-Request-Method").ptr != NULL;
}

struct reply *cors_answer_preflight(void)
{
    struct error err;
    struct reply *reply = NULL;
    if (reply_create(204, &reply, &err) &&
        reply_add_header(reply, "Access-Control-Allow-Methods", SLICE_LITERAL(ALLOWED_METHODS),
                         &err) &&
        reply_add_header(reply, "Access-Control-Allow-Headers", SLICE_LITERAL(ALLOWED_HEADERS),
                         &err) &&
        reply_add_header(reply, "Access-Control-Max-Age", SLICE_LITERAL(MAX_AGE), &err))
        return reply;
    reply_unref(reply);
    return reply_error(&err, false, SLICE_EMPTY);
}
