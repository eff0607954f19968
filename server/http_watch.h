/*
 * http_watch.h — a thread that looks after connections whose clients send or take a byte now and
 * then: libmicrohttpd's timeout begins anew with each of them.
 *
 * Owns:     its thread; the connections are borrowed and must outlive it
 * Threads:  started and stopped by one thread
 */
#ifndef SERVER_HTTP_WATCH_H
#define SERVER_HTTP_WATCH_H

#include "base/error.h"
#include "server/http_connections.h"

struct http_watch {
    struct http_connections *connections;
    int64_t window_ms;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopped;
    bool is_running; /* the thread is there */
    bool is_stopping;
};

/* Clients have `window_s` seconds for MIN_CLIENT_PACE bytes a second of them. */
bool http_watch_start(struct http_watch *watch, struct http_connections *connections,
                      unsigned window_s, struct error *err);
/* Also where it was not started. */
void http_watch_stop(struct http_watch *watch);

#endif
