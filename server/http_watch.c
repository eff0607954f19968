#include "server/http_watch.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/timed_wait.h"

/* Looks within one window. */
#define LOOKS 4

static void look(struct http_watch *watch)
{
    const struct http_pace pace = {
        .window_ms = watch->window_ms,
        .least_bytes = (uint64_t)watch->window_ms / 1000 * MIN_CLIENT_PACE,
    };
    http_connections_cut_slow(watch->connections, clock_monotonic_ms(&clock_real), &pace);
}

static void *watch_main(void *argument)
{
    struct http_watch *watch = argument;
    pthread_setname_np(pthread_self(), "firn-watch");
    pthread_mutex_lock(&watch->mutex);
    while (!watch->is_stopping) {
        struct timespec until = timed_wait_deadline(watch->window_ms / LOOKS);
        if (pthread_cond_timedwait(&watch->stopped, &watch->mutex, &until) == 0)
            continue;
        pthread_mutex_unlock(&watch->mutex);
        look(watch);
        pthread_mutex_lock(&watch->mutex);
    }
    pthread_mutex_unlock(&watch->mutex);
    return NULL;
}

bool http_watch_start(struct http_watch *watch, struct http_connections *connections,
                      unsigned window_s, struct error *err)
{
    *watch = (struct http_watch){.connections = connections, .window_ms = (int64_t)window_s * 1000};
    pthread_mutex_init(&watch->mutex, NULL);
    timed_wait_init(&watch->stopped);
    watch->is_running = pthread_create(&watch->thread, NULL, watch_main, watch) == 0;
    if (watch->is_running)
        return true;
    pthread_cond_destroy(&watch->stopped);
    pthread_mutex_destroy(&watch->mutex);
    return error_no_memory(err, "the thread that watches connections");
}

void http_watch_stop(struct http_watch *watch)
{
    if (!watch->is_running)
        return;
    pthread_mutex_lock(&watch->mutex);
    watch->is_stopping = true;
    pthread_cond_signal(&watch->stopped);
    pthread_mutex_unlock(&watch->mutex);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->stopped);
    pthread_mutex_destroy(&watch->mutex);
    watch->is_running = false;
}
