/*
 * http_body.h — a request's body while it arrives, up to its ceiling, and past it to a second one.
 *
 * Owns:     the bytes, until http_body_finish
 * Errors:   a body over the ceiling is refused with 413: at once where nothing of it need be read
 *           (the client waits for "100 Continue", or declares more than is worth reading),
 *           otherwise after it was read and thrown away, because a client that is still sending
 *           when the connection closes never sees the answer. Where all bodies together would take
 *           more than their budget it is 429, in the same way
 * Threads:  one thread at a time; the budget is shared
 */
#ifndef SERVER_HTTP_BODY_H
#define SERVER_HTTP_BODY_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "server/reply.h"
#include "server/request.h"

/* What the bodies of all requests take together. */
struct http_body_budget {
    atomic_size_t held;
    size_t ceiling;
    size_t small; /* up to here a body is not counted */
};

struct http_body {
    struct buffer bytes;
    struct http_body_budget *budget;
    size_t counted; /* of the budget's bytes */
    size_t drained;
    bool is_wanted; /* false: a GET's body is read and not looked at */
    bool is_too_large;
    bool is_crowded_out; /* it did not fit into the budget */
};

/* One body of `max_body` bytes always fits. */
void http_body_budget_init(struct http_body_budget *budget, size_t max_body, size_t ceiling,
                           size_t small);
/* `budget` is borrowed and must outlive the body. */
void http_body_init(struct http_body *body, struct http_body_budget *budget, size_t ceiling,
                    bool is_wanted);
void http_body_finish(struct http_body *body);

/* By the headers alone. */
bool http_body_is_refused_at_once(struct http_body *body, const struct request *request);
/* False where the connection is to be closed: too much was thrown away, or memory is short. */
bool http_body_add(struct http_body *body, struct slice bytes);
struct slice http_body_slice(const struct http_body *body);
/* True where the answer is http_body_refusal. */
bool http_body_is_refused(const struct http_body *body);
struct reply *http_body_refusal(const struct http_body *body);

#endif
