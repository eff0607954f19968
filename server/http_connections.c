#include "server/http_connections.h"

#include <linux/sockios.h>
#include <linux/tcp.h> /* tcpi_bytes_acked, which netinet/tcp.h lacks */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

struct http_connection {
    struct http_connection *next;
    struct http_connection *previous;
    int fd;
    atomic_uint turn; /* counts them: its rest by TURN_COUNT is the enum http_turn */
    /* What follows is under the mutex. */
    bool is_cut;
    /* The stop's. */
    bool is_watched;
    uint64_t taken;   /* bytes that the client's side has acknowledged */
    int64_t moved_ms; /* when that last grew */
    /* The watch's: the window that runs. */
    unsigned seen_turn;
    uint64_t bytes; /* at its start, in the direction of the turn */
    int64_t since_ms;
};

#define TURN_COUNT 4U

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
    atomic_init(&connection->turn, TURN_REQUEST);
    connection->seen_turn = TURN_WORK; /* none yet: a turn that says nothing of bytes */
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

/* By the connection's own thread alone. Turns count up, so that the watch tells the next request
 * from the one that it saw. */
void http_connection_set_turn(struct http_connection *connection, enum http_turn turn)
{
    if (connection == NULL)
        return;
    unsigned now = atomic_load_explicit(&connection->turn, memory_order_relaxed);
    unsigned next = (now / TURN_COUNT + 1) * TURN_COUNT + (unsigned)turn;
    atomic_store_explicit(&connection->turn, next, memory_order_relaxed);
}

static enum http_turn turn_of(unsigned turn)
{
    return (enum http_turn)(turn % TURN_COUNT);
}

/* Not the length of the send queue: it stands still, too, where a client that reads leaves room
 * that is filled at once. */
static uint64_t bytes_moved(int fd, enum http_turn turn)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return turn == TURN_REQUEST ? info.tcpi_bytes_received : info.tcpi_bytes_acked;
}

static bool is_stalled(struct http_connection *connection, int64_t now_ms, int64_t grace_ms)
{
    uint64_t taken = bytes_moved(connection->fd, TURN_ANSWER);
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
        unsigned turn = atomic_load_explicit(&each->turn, memory_order_relaxed);
        if (turn_of(turn) != TURN_ANSWER) {
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

/* --- slow clients --------------------------------------------------------------------------- */

/* Not what is sent and not acknowledged yet: that may be there by chance at any moment. */
static bool has_unsent(int fd)
{
    int size = 0;
    return ioctl(fd, SIOCOUTQNSD, &size) == 0 && size > 0;
}

static void begin_window(struct http_connection *connection, uint64_t bytes, int64_t now_ms)
{
    connection->bytes = bytes;
    connection->since_ms = now_ms;
}

/* Is anything on its way at the client's pace? An answer that is still being made leaves nothing in
 * the socket, and a connection that waits for its next request has received nothing. */
static bool is_moving(const struct http_connection *connection, enum http_turn turn, uint64_t bytes)
{
    return turn == TURN_REQUEST ? bytes != connection->bytes : has_unsent(connection->fd);
}

static bool is_slow(struct http_connection *connection, int64_t now_ms,
                    const struct http_pace *pace)
{
    unsigned turn = atomic_load_explicit(&connection->turn, memory_order_relaxed);
    bool is_new = turn != connection->seen_turn;
    connection->seen_turn = turn;
    if (turn_of(turn) == TURN_WORK)
        return false;
    uint64_t bytes = bytes_moved(connection->fd, turn_of(turn));
    if (is_new || !is_moving(connection, turn_of(turn), bytes)) {
        begin_window(connection, bytes, now_ms);
        return false;
    }
    if (now_ms - connection->since_ms < pace->window_ms)
        return false;
    bool is_too_slow = bytes - connection->bytes < pace->least_bytes;
    begin_window(connection, bytes, now_ms);
    return is_too_slow;
}

size_t http_connections_cut_slow(struct http_connections *connections, int64_t now_ms,
                                 const struct http_pace *pace)
{
    size_t count = 0;
    pthread_mutex_lock(&connections->mutex);
    for (struct http_connection *each = connections->first; each; each = each->next) {
        if (each->is_cut || !is_slow(each, now_ms, pace))
            continue;
        each->is_cut = true;
        shutdown(each->fd, SHUT_RDWR);
        count++;
    }
    pthread_mutex_unlock(&connections->mutex);
    return count;
}
