/*
 * http_listener.h — the socket that listens, and the thread that accepts and hands over.
 *
 * libmicrohttpd can accept by itself, but there whichever thread wakes first takes all that waits,
 * whoever sent it: here each connection's thread is chosen (server/http_balance.h).
 *
 * Owns:     the listening socket and its thread; an accepted descriptor is taken over by `take`
 * Errors:   ERROR_BAD_REQUEST for an address that is none, ERROR_CONFLICT where it is taken
 * Threads:  opened, started and stopped by one thread; http_listener_began and _ended by any
 * Rule:     a connection past the limit is not refused: it waits in the kernel's queue until
 *           another one ends
 */
#ifndef SERVER_HTTP_LISTENER_H
#define SERVER_HTTP_LISTENER_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/error.h"

/* Takes the descriptor over, closed where the answer is false. */
typedef bool (*http_take_fn)(void *context, int fd, const struct sockaddr *address, socklen_t size);

struct http_listener {
    int socket; /* -1: there is none */
    unsigned port;
    size_t limit;
    http_take_fn take;
    void *context;
    int wake; /* an eventfd: something has changed for the thread */
    pthread_t thread;
    bool is_running; /* the thread is there */
    atomic_bool is_stopping;
    atomic_bool wants_room; /* it waits for a connection to end */
    size_t handed;          /* the thread's own: connections that it gave to `take` */
    atomic_size_t began_count;
    atomic_size_t ended_count;
};

/* What `listen` says: the host without brackets (in the arena), and whether only this machine can
 * reach it. */
bool http_parse_listen(struct slice listen, struct arena *arena, struct slice *ret_host,
                       bool *ret_is_loopback, struct error *err);
bool http_address_is_loopback(const struct sockaddr *address);

/* Binds; from here on the kernel lets clients wait. */
bool http_listener_open(struct http_listener *listener, struct slice listen, struct arena *arena,
                        struct error *err);
bool http_listener_start(struct http_listener *listener, size_t limit, http_take_fn take,
                         void *context, struct error *err);
/* Whoever serves the connections tells of each that it begins and ends to serve. */
void http_listener_began(struct http_listener *listener);
void http_listener_ended(struct http_listener *listener);
size_t http_listener_open_count(const struct http_listener *listener);
/* Nobody listens any more. Also where it was not started, or is stopped already. */
void http_listener_stop(struct http_listener *listener);
/* When it is stopped and no connection is left. */
void http_listener_finish(struct http_listener *listener);

#endif
