/*
 * http_body.h — a request's body while it arrives, up to its ceiling, and past it to a second one.
 *
 * Owns:     the bytes, until http_body_finish
 * Errors:   a body over the ceiling is refused with 413: at once where nothing of it need be read
 *           (the client waits for "100 Continue", or declares more than is worth reading),
 *           otherwise after it was read and thrown away, because a client that is still sending
 *           when the connection closes never sees the answer
 * Threads:  one thread at a time
 */
#ifndef SERVER_HTTP_BODY_H
#define SERVER_HTTP_BODY_H

#include "base/buffer.h"
#include "server/reply.h"
#include "server/request.h"

struct http_body {
    struct buffer bytes;
    size_t drained;
    bool is_wanted; /* false: a GET's body is read and not looked at */
    bool is_too_large;
};

void http_body_init(struct http_body *body, size_t ceiling, bool is_wanted);
void http_body_finish(struct http_body *body);

/* By the headers alone. */
bool http_body_is_refused_at_once(struct http_body *body, const struct request *request);
/* False where the connection is to be closed: too much was thrown away, or memory is short. */
bool http_body_add(struct http_body *body, struct slice bytes);
struct slice http_body_slice(const struct http_body *body);
struct reply *http_body_refusal(const struct http_body *body);

#endif
