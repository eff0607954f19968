/*
 * http_connections.h — the connections that are open, and which of them owe us the taking of an
 * answer: a stop must not wait for a client that does not read.
 *
 * Owns:     one entry for each connection, from its accept to just before its socket is closed
 * Threads:  the list has one mutex, taken when a connection opens or closes and by the stop; the
 *           mark of an answer is an atomic flag, so that requests take no lock
 * Rule:     an entry is removed before its descriptor is closed: one that is found under the mutex
 *           is never another connection's
 */
#ifndef SERVER_HTTP_CONNECTIONS_H
#define SERVER_HTTP_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_connection;

struct http_connections {
    pthread_mutex_t mutex;
    struct http_connection *first;
};

void http_connections_init(struct http_connections *connections);
/* When no connection is left. */
void http_connections_finish(struct http_connections *connections);

/* NULL where memory is short: such a connection is served, and waited for by a stop. */
struct http_connection *http_connection_open(struct http_connections *connections, int fd);
/* NULL is fine. */
void http_connection_close(struct http_connections *connections,
                           struct http_connection *connection);

/* From the moment that an answer is there to its last byte. NULL is fine. */
void http_connection_set_answering(struct http_connection *connection, bool is_answering);

/* Shuts down what has an answer to take and whose client has taken no byte of it for grace_ms, as
 * seen by earlier calls; gives their number. To be called again and again. */
size_t http_connections_cut_stalled(struct http_connections *connections, int64_t now_ms,
                                    int64_t grace_ms);

#endif
