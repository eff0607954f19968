#include "server/http_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/port_owner.h"

/* Connections that wait to be accepted; the kernel cuts it to net.core.somaxconn. */
#define LISTEN_BACKLOG 1024

/* At the limit of connections a connection that libmicrohttpd could not begin to serve, for want of
 * memory, is counted until that has lasted so long. */
#define ROOM_WAIT_MS 1000
/* Without descriptors or memory for one more, a look is taken again after this. */
#define SHORTAGE_WAIT_MS 50

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* --- the address ---------------------------------------------------------------------------- */

static bool parse_address(const char *host, uint16_t port, union address *ret_address,
                          socklen_t *ret_size)
{
    union address address = {0};
    if (inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
        *ret_size = sizeof(address.v4);
    } else if (inet_pton(AF_INET6, host, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
        *ret_size = sizeof(address.v6);
    } else {
        return false;
    }
    *ret_address = address;
    return true;
}

static bool parse_listen(struct slice listen, struct arena *arena, struct slice *ret_host,
                         union address *ret_address, socklen_t *ret_size, struct error *err)
{
    const char *colon = memrchr(listen.ptr, ':', listen.len);
    size_t at = colon ? (size_t)(colon - listen.ptr) : listen.len;
    struct slice host = {listen.ptr, at};
    int64_t port = -1;
    bool ok = slice_to_int64(slice_from(listen, at + 1), &port) && port >= 0 && port <= 65535;
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct slice){host.ptr + 1, host.len - 2};
    if (slice_equals_string(host, "localhost"))
        host = SLICE_LITERAL("127.0.0.1");
    const char *text = arena_string(arena, host);
    if (text == NULL)
        return error_no_memory(err, "the address");
    if (!ok || !parse_address(text, (uint16_t)port, ret_address, ret_size))
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot listen on '%.*s': use ADDRESS:PORT, such as 127.0.0.1:8181, "
                         "0.0.0.0:8181 or [::1]:8181",
                         SLICE_ARG(listen));
    *ret_host = (struct slice){text, host.len};
    return true;
}

bool http_address_is_loopback(const struct sockaddr *any)
{
    union address address = {0};
    if (any->sa_family == AF_INET) {
        memcpy(&address.v4, any, sizeof(address.v4));
        return (ntohl(address.v4.sin_addr.s_addr) >> 24) == 127;
    }
    memcpy(&address.v6, any, sizeof(address.v6));
    return IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
}

bool http_parse_listen(struct slice listen, struct arena *arena, struct slice *ret_host,
                       bool *ret_is_loopback, struct error *err)
{
    union address address;
    socklen_t size;
    TRY(parse_listen(listen, arena, ret_host, &address, &size, err));
    *ret_is_loopback = http_address_is_loopback(&address.any);
    return true;
}

static unsigned port_of(const union address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

static bool cannot_listen(struct slice listen, unsigned port, int code, struct error *err)
{
    char owner[PORT_OWNER_WORDS_SIZE];
    if (code == EADDRINUSE) {
        port_owner_words(port, owner);
        return error_set(err, ERROR_CONFLICT,
                         "Cannot listen on %.*s: %s does. Stop it, or choose another port with "
                         "--listen",
                         SLICE_ARG(listen), owner);
    }
    return error_set(err, ERROR_BAD_REQUEST, "Cannot listen on %.*s: %s", SLICE_ARG(listen),
                     strerror(code));
}

static bool bind_socket(int fd, const union address *address, socklen_t size)
{
    int on = 1;
    if (address->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           bind(fd, &address->any, size) == 0 && listen(fd, LISTEN_BACKLOG) == 0;
}

bool http_listener_open(struct http_listener *listener, struct slice listen, struct arena *arena,
                        struct error *err)
{
    union address address;
    socklen_t size = 0;
    struct slice host;
    *listener = (struct http_listener){.socket = -1, .wake = -1};
    TRY(parse_listen(listen, arena, &host, &address, &size, err));
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return cannot_listen(listen, port_of(&address), errno, err);
    if (!bind_socket(fd, &address, size) || getsockname(fd, &address.any, &size) != 0) {
        int code = errno;
        close(fd);
        return cannot_listen(listen, port_of(&address), code, err);
    }
    listener->socket = fd;
    listener->port = port_of(&address);
    return true;
}

/* --- connections ---------------------------------------------------------------------------- */

static bool is_full(const struct http_listener *listener)
{
    return listener->handed - atomic_load(&listener->ended_count) >= listener->limit;
}

/* False where nobody waits, or there is nothing to accept with. */
static bool accept_one(struct http_listener *listener, bool *ret_is_short)
{
    union address address = {0};
    socklen_t size = sizeof(address);
    int fd = accept4(listener->socket, &address.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        *ret_is_short = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return errno == EINTR || errno == ECONNABORTED;
    }
    listener->handed++;
    if (!listener->take(listener->context, fd, &address.any, size))
        listener->handed--;
    return true;
}

/* Accepts what waits. True where there is no room for more, or nothing to make room with. */
static bool accept_all(struct http_listener *listener, int *ret_wait_ms)
{
    bool is_short = false;
    while (!atomic_load(&listener->is_stopping) && !is_full(listener))
        if (!accept_one(listener, &is_short))
            break;
    *ret_wait_ms = is_short ? SHORTAGE_WAIT_MS : ROOM_WAIT_MS;
    return is_short || is_full(listener);
}

static void drain(int wake)
{
    uint64_t count;
    while (read(wake, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

/* Waits for somebody to come, or for somebody to go where there is no room. */
static void wait_for_change(struct http_listener *listener, bool has_room, int wait_ms)
{
    struct pollfd polled[] = {{.fd = listener->wake, .events = POLLIN},
                              {.fd = has_room ? listener->socket : -1, .events = POLLIN}};
    int ready = poll(polled, 2, has_room ? -1 : wait_ms);
    if (ready == 0 && is_full(listener))
        listener->handed = atomic_load(&listener->began_count);
    if (ready > 0 && (polled[0].revents & POLLIN))
        drain(listener->wake);
}

static void *listener_main(void *argument)
{
    struct http_listener *listener = argument;
    pthread_setname_np(pthread_self(), "firn-accept");
    while (!atomic_load(&listener->is_stopping)) {
        int wait_ms;
        bool has_room = !accept_all(listener, &wait_ms);
        /* Set before the last look, as an end is counted before the flag is read: one of the two
         * sees the other. */
        atomic_store(&listener->wants_room, !has_room);
        if (has_room || is_full(listener) || wait_ms == SHORTAGE_WAIT_MS)
            wait_for_change(listener, has_room, wait_ms);
    }
    return NULL;
}

bool http_listener_start(struct http_listener *listener, size_t limit, http_take_fn take,
                         void *context, struct error *err)
{
    listener->limit = limit;
    listener->take = take;
    listener->context = context;
    listener->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listener->is_running = listener->wake >= 0 &&
                           pthread_create(&listener->thread, NULL, listener_main, listener) == 0;
    return listener->is_running ||
           error_set(err, ERROR_STORAGE,
                     "The thread that accepts connections cannot be started: "
                     "%s",
                     strerror(errno));
}

static void wake_up(struct http_listener *listener)
{
    const uint64_t one = 1;
    while (write(listener->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

void http_listener_began(struct http_listener *listener)
{
    atomic_fetch_add(&listener->began_count, 1);
}

void http_listener_ended(struct http_listener *listener)
{
    atomic_fetch_add(&listener->ended_count, 1);
    if (atomic_load(&listener->wants_room) && atomic_exchange(&listener->wants_room, false))
        wake_up(listener);
}

size_t http_listener_open_count(const struct http_listener *listener)
{
    size_t ended = atomic_load(&listener->ended_count);
    return atomic_load(&listener->began_count) - ended;
}

void http_listener_stop(struct http_listener *listener)
{
    if (listener->is_running) {
        atomic_store(&listener->is_stopping, true);
        wake_up(listener);
        pthread_join(listener->thread, NULL);
        listener->is_running = false;
    }
    if (listener->socket >= 0)
        close(listener->socket);
    listener->socket = -1;
}

void http_listener_finish(struct http_listener *listener)
{
    if (listener->wake >= 0)
        close(listener->wake);
    listener->wake = -1;
}
