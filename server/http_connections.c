#include "server/http_connections.h"

#include <linux/tcp.h> /* tcpi_bytes_acked, which netinet/tcp.h lacks */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

struct http_connection {
    struct http_connection *next;
    struct http_connection *previous;
    int fd;
    atomic_bool is_answering;
    /* The stop's, under the mutex. */
    bool is_watched;
    bool is_cut;
    uint64_t taken;   /* bytes that the client's side has acknowledged */
    int64_t moved_ms; /* when that last grew */
};

void http_connections_init(struct http_connections *connections)
{
    pthread_mutex_init(&connections->mutex, NULL);
    connections->first = NULL;
}

void http_connections_finish(struct http_connections *connections)
{
    pthread_mutex_destroy(&connections->mutex);
}

struct http_connection *http_connection_open(struct http_connections *connections, int fd)
{
    struct http_connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        return NULL;
    connection->fd = fd;
    atomic_init(&connection->is_answering, false);
    pthread_mutex_lock(&connections->mutex);
    connection->next = connections->first;
    if (connection->next)
        connection->next->previous = connection;
    connections->first = connection;
    pthread_mutex_unlock(&connections->mutex);
    return connection;
}

void http_connection_close(struct http_connections *connections, struct http_connection *connection)
{
    if (connection == NULL)
        return;
    pthread_mutex_lock(&connections->mutex);
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        connections->first = connection->next;
    pthread_mutex_unlock(&connections->mutex);
    free(connection);
}

void http_connection_set_answering(struct http_connection *connection, bool is_answering)
{
    if (connection)
        atomic_store_explicit(&connection->is_answering, is_answering, memory_order_relaxed);
}

/* Not the length of the send queue: it stands still, too, where a client that reads leaves room
 * that is filled at once. */
static uint64_t bytes_taken(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_acked : 0;
}

static bool is_stalled(struct http_connection *connection, int64_t now_ms, int64_t grace_ms)
{
    uint64_t taken = bytes_taken(connection->fd);
    if (!connection->is_watched || taken != connection->taken) {
        connection->is_watched = true;
        connection->taken = taken;
        connection->moved_ms = now_ms;
    }
    return now_ms - connection->moved_ms >= grace_ms;
}

size_t http_connections_cut_stalled(struct http_connections *connections, int64_t now_ms,
                                    int64_t grace_ms)
{
    size_t count = 0;
    pthread_mutex_lock(&connections->mutex);
    for (struct http_connection *each = connections->first; each; each = each->next) {
        if (!atomic_load_explicit(&each->is_answering, memory_order_relaxed)) {
            each->is_watched = false;
        } else if (!each->is_cut && is_stalled(each, now_ms, grace_ms)) {
            each->is_cut = true;
            shutdown(each->fd, SHUT_RDWR); /* its thread sees the end, and closes it */
            count++;
        }
    }
    pthread_mutex_unlock(&connections->mutex);
    return count;
}
