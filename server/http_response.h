/*
 * http_response.h — a reply as libmicrohttpd sends it, made once and kept with the reply.
 *
 * Owns:     the handle is the reply's; the handle holds its own references to the body's blobs, so
 *           that an answer which is being sent outlives its reply
 * Threads:  any: the first that finishes it wins
 */
#ifndef SERVER_HTTP_RESPONSE_H
#define SERVER_HTTP_RESPONSE_H

#include <microhttpd.h>

#include "server/reply.h"

/* A view, valid as long as the reply; NULL where memory is short. */
struct MHD_Response *http_response_of(struct reply *reply);

#endif
