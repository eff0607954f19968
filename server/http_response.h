/*
 * http_response.h — a reply as libmicrohttpd sends it, made once and kept with the reply; and the
 * same for one request alone, where the answer names it or the site that may read it.
 *
 * Owns:     the handle is the reply's; the handle holds its own references to the body's blobs, so
 *           that an answer which is being sent outlives its reply
 * Threads:  any: of http_response_of's the first that finishes it wins
 */
#ifndef SERVER_HTTP_RESPONSE_H
#define SERVER_HTTP_RESPONSE_H

#include <microhttpd.h>

#include "server/reply.h"
#include "server/request.h"

/* A view, valid as long as the reply; NULL where memory is short. */
struct MHD_Response *http_response_of(struct reply *reply);

/* Has the answer headers of this request alone? X-Request-Id, and what CORS wants. */
static inline bool http_response_is_own(const struct request *request)
{
    return request->id.len > 0 || request->allowed_origin.len > 0;
}
/* The response with them: the caller's (MHD_destroy_response). NULL where memory is short. */
struct MHD_Response *http_response_own(const struct reply *reply, const struct request *request);

#endif
