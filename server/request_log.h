/*
 * request_log.h — what is written down of a request once its answer is there.
 *
 *   main log    answers of 500 and above; requests slower than --slow-request; at the level debug
 *               every request
 *   access log  every request, where there is one
 *   audit log   every request that would change something, whoever it came from, done or refused
 *
 * Owns:     nothing
 * Threads:  any
 * Rule:     no header but the ids and the agent's name, and no body: nothing secret gets here
 */
#ifndef SERVER_REQUEST_LOG_H
#define SERVER_REQUEST_LOG_H

#include "server/logs.h"
#include "server/reply.h"
#include "server/request.h"

/* Takes X-Request-Id and traceparent (W3C Trace Context) from the request's headers, where they are
 * well formed, and what else the logs will want of them. */
void request_log_identify(const struct logs *logs, struct request *request);

/* `microseconds` from the request's last byte to its answer. */
void request_log_write(struct logs *logs, const struct request *request, const struct reply *reply,
                       int64_t microseconds);

#endif
