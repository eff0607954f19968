/*
 * http.h — the one place that knows libmicrohttpd: connections in, replies out.
 *
 * A request's way: URI as sent (on_uri makes the object) → headers (first call of the handler: no
 * answer yet, because one that is queued there closes the connection) → body → the fast lane on the
 * HTTP thread, or suspended, run by a worker, resumed → the reply is queued → on_completed frees.
 *
 * Owns:     the daemons, the listener, the list of connections, one object for each request that
 *           is under way
 * Errors:   ERROR_CONFLICT where the address is taken, ERROR_BAD_REQUEST for one that is none
 * Threads:  one for each daemon, with epoll; a suspended request belongs to its worker until it is
 *           resumed
 * Rule:     a connection is suspended before its work is submitted, never the other way round
 */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "server/server.h"

struct http;

struct http_options {
    struct slice listen; /* ADDRESS:PORT */
    size_t thread_count;
    size_t connection_limit;
    unsigned connection_timeout_s;
    size_t max_body;
    size_t max_bodies; /* all together, those up to small_body not counted */
    size_t small_body;
};

bool http_start(struct server *server, const struct http_options *options, struct http **ret_http,
                struct error *err);
/* The port that was bound. */
unsigned http_port(const struct http *http);
/* Connections that are open. */
size_t http_connection_count(const struct http *http);
/* Those that one of the threads has, from 0 on. */
size_t http_thread_connections(const struct http *http, size_t thread);
/* No new connections, no new requests; waits at most wait_ms for the answers to the requests that
 * were complete, and 2 s for a client that takes nothing of its answer. A request that is still
 * arriving is cut off: nothing of it was done. False where an answer did not end. */
bool http_quiesce(struct http *http, int64_t wait_ms);
/* After a quiesce that succeeded. NULL is fine. */
void http_stop(struct http *http);

#endif
