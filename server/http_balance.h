/*
 * http_balance.h — which HTTP thread serves a new connection.
 *
 * A client on another machine goes to the thread that has the fewest connections.
 *
 * A client on this machine competes with the HTTP threads for the same cores. The connections of
 * one of its threads belong together: one HTTP thread then finds several requests each time that it
 * looks, where two would fall asleep and be woken for every other one. The kernel says on which
 * core a connection's last packet was handled, and on the loopback device that is the core which
 * the client's thread ran on. Such connections give a thread at most HTTP_MAX_LEAD more than the
 * fewest, so that many clients, or a proxy in front of many, still have all threads.
 *
 * Threads:  http_balance_choose and _undo by the one that accepts; _began and _ended by any
 */
#ifndef SERVER_HTTP_BALANCE_H
#define SERVER_HTTP_BALANCE_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

/* As many connections as one program's pool of them usually has (10 to 20). */
#define HTTP_MAX_LEAD 16
/* A connection that was given to a thread and has not begun by then is taken for one that never
 * will: there was no memory for it. */
#define HTTP_BEGIN_MS 1000

struct http_share {
    atomic_size_t given;
    atomic_size_t began;
    atomic_size_t ended;
};

struct http_balance {
    struct http_share *shares; /* one for each HTTP thread */
    size_t count;
    size_t next;     /* the first to be asked: those with equally few take turns */
    int64_t last_ms; /* when one was given last */
};

bool http_balance_init(struct http_balance *balance, size_t thread_count, struct error *err);
void http_balance_finish(struct http_balance *balance);

/* The core on which a client of this machine talks to `fd`; -1: the client is on another one, or
 * the kernel does not say. */
int http_local_core(int fd, const struct sockaddr *client);

/* Gives a connection to a thread, and says to which. `core` as http_local_core has it. */
size_t http_balance_choose(struct http_balance *balance, int core, int64_t now_ms);
/* The thread did not take it. */
void http_balance_undo(struct http_balance *balance, size_t thread);
void http_balance_began(struct http_balance *balance, size_t thread);
void http_balance_ended(struct http_balance *balance, size_t thread);
/* Connections that it has been given and that have not ended. */
size_t http_balance_open(const struct http_balance *balance, size_t thread);

#endif
