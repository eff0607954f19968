/*
 * cors.h — what browsers are told whose page comes from another site that may use the catalog.
 *
 * Which origins those are is security.h's; every answer to them then says so (http_response.h).
 *
 * Spec:     Fetch, section 3.3 (CORS protocol)
 * Owns:     nothing
 * Threads:  pure functions
 * Rule:     no Access-Control-Allow-Credentials: this server knows no cookies
 */
#ifndef SERVER_CORS_H
#define SERVER_CORS_H

#include "server/reply.h"
#include "server/request.h"

/* Headers of answers that a page's script may read beside those that it always may. */
#define CORS_EXPOSED_HEADERS "ETag, Location, Retry-After, X-Request-Id"

/* A browser asks whether it may send a request of a page whose origin is allowed. */
bool cors_is_preflight(const struct request *request);
/* It may: 204, never NULL. */
struct reply *cors_answer_preflight(void);

#endif
