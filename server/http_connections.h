/*
 * http_connections.h — the connections that are open, and whose turn it is on each: a stop must not
 * wait for a client that does not read, and none may keep a connection by a byte now and then.
 *
 * Owns:     one entry for each connection, from its accept to just before its socket is closed
 * Threads:  the list has one mutex, taken when a connection opens or closes, by the stop and by the
 *           watch; the turn is an atomic number, so that requests take no lock
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

/* Whose turn it is: the client's until its request is whole, ours while it is worked on, and the
 * client's again from the moment that an answer is there to its last byte. */
enum http_turn { TURN_REQUEST, TURN_WORK, TURN_ANSWER };

/* NULL is fine. */
void http_connection_set_turn(struct http_connection *connection, enum http_turn turn);

/* A bound on clients that send or take a byte now and then. */
struct http_pace {
    int64_t window_ms;
    uint64_t least_bytes; /* within each window */
};

/* Shuts down connections whose clients are slower, as seen by earlier calls: with a request of
 * which something has come, or an answer of which something waits for them. A connection on which
 * nothing happens is none of those. To be called several times in a window; gives their number. */
size_t http_connections_cut_slow(struct http_connections *connections, int64_t now_ms,
                                 const struct http_pace *pace);

/* Shuts down what has an answer to take and whose client has taken no byte of it for grace_ms, as
 * seen by earlier calls; gives their number. To be called again and again. */
size_t http_connections_cut_stalled(struct http_connections *connections, int64_t now_ms,
                                    int64_t grace_ms);

#endif
