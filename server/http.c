#include "server/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/heap.h"
#include "base/limits.h"
#include "server/http_balance.h"
#include "server/http_body.h"
#include "server/http_connections.h"
#include "server/http_listener.h"
#include "server/http_response.h"
#include "server/http_watch.h"
#include "server/op.h"
#include "server/reply_stream.h"
#include "server/workers.h"

/* The HTTP threads run handlers of the fast lane: no recursion, no large frames. */
#define HTTP_STACK_SIZE (512 * KIB)

/* A body of this size may have become a tree of very many small blocks, which malloc keeps for
 * itself for seconds once they are freed: a burst of such requests would hold gigabytes. */
#define TRIM_BODY_SIZE (256 * KIB)

/* An HTTP thread is a daemon of libmicrohttpd: one daemon with a pool of threads would choose among
 * them by the descriptor's number. */
struct http_thread {
    struct http *http;
    struct MHD_Daemon *daemon; /* NULL: not started */
};

struct http {
    struct server *server;
    struct http_thread *threads; /* balance.count */
    struct http_balance balance;
    struct http_listener listener;
    size_t max_body;
    unsigned connection_timeout_s;
    struct http_body_budget bodies;
    atomic_bool is_stopping;
    atomic_size_t running_count; /* from the last byte of a request to the end of its answer */
    struct http_connections connections;
    struct http_watch watch;
};

/* One request, from its URI to the end of its answer. Where the answer is sent while it is made,
 * the worker holds it as well, and may be the last. */
struct http_request {
    struct work_item work;
    atomic_uint references;
    struct reply_channel channel;
    bool is_sending; /* the worker's own: its answer is on its way */
    struct http *http;
    struct MHD_Connection *connection;
    struct request request;
    struct http_body body;
    struct reply *reply;
    bool has_started; /* its headers are there */
    bool is_running;  /* its body is there, too: a stop waits for its answer */
    bool is_untimed;  /* its answer is the watch's alone */
    size_t uri_size;
    char uri[]; /* as sent: libmicrohttpd decodes its own copy in place */
};

static struct http_request *of_work(struct work_item *item)
{
    return (struct http_request *)((char *)item - offsetof(struct http_request, work));
}

static struct slice find_header(const void *context, const char *name)
{
    const char *value = NULL;
    size_t size = 0;
    struct slice none = {NULL, 0};
    /* The connection is only read, but the interface is not const. */
    union {
        const void *borrowed;
        struct MHD_Connection *connection;
    } cast = {.borrowed = context};
    if (MHD_lookup_connection_value_n(cast.connection, MHD_HEADER_KIND, name, strlen(name), &value,
                                      &size) != MHD_YES)
        return none;
    return value ? (struct slice){value, size} : SLICE_EMPTY;
}

/* --- the life of a request ------------------------------------------------------------------ */

static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct http *http = context;
    size_t size = strlen(uri);
    struct http_request *made = malloc(sizeof(*made) + size + 1);
    if (made == NULL)
        return NULL;
    memset(made, 0, sizeof(*made));
    atomic_init(&made->references, 1);
    made->http = http;
    made->connection = connection;
    made->uri_size = size;
    memcpy(made->uri, uri, size + 1);
    return made;
}

static struct http_connection *entry_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **entry,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_thread *thread = context;
    struct http *http = thread->http;
    size_t index = (size_t)(thread - http->threads);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        http_connection_close(&http->connections, *entry);
        http_balance_ended(&http->balance, index);
        http_listener_ended(&http->listener);
        return;
    }
    http_balance_began(&http->balance, index);
    http_listener_began(&http->listener);
    *entry = http_connection_open(
        &http->connections,
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
}

static void set_timeout(struct MHD_Connection *connection, unsigned timeout_s)
{
    (void)MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, timeout_s);
}

/* libmicrohttpd's timeout begins anew when the socket takes something. The kernel lets it know of
 * room when a third of the socket's buffer is free, which may be 4 MiB: a client at an allowed pace
 * takes minutes for that. So an answer that it may take longer for than the timeout is left to the
 * watch, which sees what the client acknowledges (server/http_watch.h). */
static void leave_to_watch(struct http_request *http_request, const struct reply *reply)
{
    size_t timed_size = (size_t)http_request->http->connection_timeout_s * MIN_CLIENT_PACE;
    bool may_last = reply->stream || reply->body_size > timed_size;
    if (!may_last || entry_of(http_request->connection) == NULL)
        return;
    http_request->is_untimed = true;
    set_timeout(http_request->connection, 0);
}

static void request_release(struct http_request *http_request)
{
    if (atomic_fetch_sub_explicit(&http_request->references, 1, memory_order_acq_rel) != 1)
        return;
    reply_unref(http_request->reply);
    http_body_finish(&http_request->body);
    if (http_request->has_started)
        request_finish(&http_request->request);
    free(http_request);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    struct http *http = context;
    struct http_request *ended = *request;
    if (ended == NULL)
        return;
    *request = NULL;
    http_connection_set_turn(entry_of(connection), TURN_REQUEST);
    if (ended->is_untimed && code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        set_timeout(connection, http->connection_timeout_s);
    if (ended->reply && ended->reply->stream)
        reply_stream_abandon(ended->reply->stream);
    if (ended->is_running)
        atomic_fetch_sub(&http->running_count, 1);
    request_release(ended);
}

static enum MHD_Result queue_reply(struct http_request *http_request, struct reply *reply)
{
    bool is_own = http_response_is_own(&http_request->request);
    struct MHD_Response *response =
        is_own ? http_response_own(reply, &http_request->request) : http_response_of(reply);
    if (response == NULL)
        return MHD_NO;
    http_connection_set_turn(entry_of(http_request->connection), TURN_ANSWER);
    leave_to_watch(http_request, reply);
    enum MHD_Result queued =
        MHD_queue_response(http_request->connection, (unsigned)reply->status, response);
    if (is_own)
        MHD_destroy_response(response);
    return queued;
}

/* --- answers that are sent while they are made ----------------------------------------------- */

static struct slice find_no_header(const void *context, const char *name)
{
    (void)context;
    (void)name;
    return (struct slice){NULL, 0};
}

/* From here on the connection is the HTTP thread's again, and may end while the worker goes on: of
 * what lies in its memory nothing may be looked at any more. */
static void channel_open(void *context, struct reply *reply)
{
    struct http_request *http_request = context;
    atomic_fetch_add_explicit(&http_request->references, 1, memory_order_relaxed);
    http_request->is_sending = true;
    http_request->request.header = find_no_header;
    http_request->request.method_text =
        slice_from_string(http_method_name(http_request->request.method));
    http_request->reply = reply;
    MHD_resume_connection(http_request->connection);
}

static void channel_pause(void *context)
{
    MHD_suspend_connection(((struct http_request *)context)->connection);
}

static void channel_resume(void *context)
{
    MHD_resume_connection(((struct http_request *)context)->connection);
}

/* The HTTP thread may wait for a client that does not read: the socket's end wakes it. */
static void channel_cut(void *context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(((struct http_request *)context)->connection,
                                MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        shutdown(info->connect_fd, SHUT_RDWR);
}

/* --- lanes ---------------------------------------------------------------------------------- */

static void run_in_worker(struct work_item *item)
{
    struct http_request *http_request = of_work(item);
    bool is_large = http_request->request.body.len >= TRIM_BODY_SIZE;
    http_request->channel = (struct reply_channel){channel_open, channel_pause, channel_resume,
                                                   channel_cut,  http_request,  STREAM_STALL_MS};
    http_request->request.channel = &http_request->channel;
    http_request->request.waiter = item->waiter;
    http_request->request.may_block = true;
    struct reply *reply = server_handle(http_request->http->server, &http_request->request);
    if (http_request->is_sending) {
        reply_unref(reply);
        request_release(http_request);
        heap_give_back();
        return;
    }
    http_request->reply = reply;
    MHD_resume_connection(http_request->connection); /* from here on the request may be gone */
    if (is_large)
        heap_give_back();
}

static enum MHD_Result hand_to_worker(struct http_request *http_request)
{
    struct workers *workers = http_request->http->server->workers;
    bool is_stream = http_request->request.operation->lane == LANE_STREAM;
    if (!workers_reserve(workers, is_stream)) {
        struct error full;
        error_set(&full, ERROR_OVERLOADED,
                  "The server has as many requests waiting as it takes: try again in a second");
        http_request->reply = reply_error(&full, true, SLICE_EMPTY);
        server_refused(http_request->http->server, &http_request->request, http_request->reply);
        return queue_reply(http_request, http_request->reply);
    }
    http_request->work.run = run_in_worker;
    http_request->work.lane = http_request->request.work_lane;
    http_request->work.is_stream = is_stream;
    MHD_suspend_connection(http_request->connection);
    workers_submit(workers, &http_request->work);
    return MHD_YES;
}

/* Over a connection that is open already, health checks hear until the end that the server drains.
 * They are answered from memory, so the stop waits for no worker because of them. */
static bool is_refused(const struct http *http, const struct request *request)
{
    return atomic_load(&http->is_stopping) &&
           !slice_equals_string(request->path, operations[OPERATION_getHealth].path) &&
           !slice_equals_string(request->path, operations[OPERATION_getReadiness].path);
}

/* The client's address, into the request's arena. */
static void name_peer(struct http_request *http_request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(http_request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN];
    const struct sockaddr *address = info ? info->client_addr : NULL;
    const void *bytes = NULL;
    if (address && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes && inet_ntop(address->sa_family, bytes, text, sizeof(text)))
        http_request->request.peer =
            arena_slice(&http_request->request.arena, slice_from_string(text));
}

static enum MHD_Result run_request(struct http_request *http_request)
{
    struct http *http = http_request->http;
    struct request *request = &http_request->request;
    /* Counted before the look at is_stopping, which is set before the count is waited for: either
     * the stop waits for this request, or this request sees the stop. Then nothing is done, and
     * the client, whose connection closes, finds nobody listening. */
    atomic_fetch_add(&http->running_count, 1);
    http_request->is_running = true;
    http_connection_set_turn(entry_of(http_request->connection), TURN_WORK);
    if (is_refused(http, request))
        return MHD_NO;
    if (request->is_remote || logs_want_clients(&http->server->logs))
        name_peer(http_request);
    request->body = http_body_slice(&http_request->body);
    request->may_block = false;
    if (http_body_is_refused(&http_request->body)) {
        http_request->reply = http_body_refusal(&http_request->body);
        server_refused(http->server, request, http_request->reply);
    } else {
        http_request->reply = server_handle(http->server, request);
    }
    if (http_request->reply == NULL)
        return hand_to_worker(http_request);
    return queue_reply(http_request, http_request->reply);
}

static bool peer_is_remote(struct MHD_Connection *connection)
{
    return !http_address_is_loopback(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
}

/* --- libmicrohttpd's handler ---------------------------------------------------------------- */

static enum MHD_Result start_request(struct http_request *http_request, const char *method)
{
    struct http *http = http_request->http;
    struct request *request = &http_request->request;
    request_init(request, http_method_parse(method),
                 (struct slice){http_request->uri, http_request->uri_size});
    request->method_text = slice_from_string(method);
    request->header = find_header;
    request->header_context = http_request->connection;
    request->is_remote = peer_is_remote(http_request->connection);
    http_request->has_started = true;
    bool has_body = request->method != METHOD_GET && request->method != METHOD_HEAD;
    http_body_init(&http_request->body, &http->bodies, http->max_body, has_body);
    if (!http_body_is_refused_at_once(&http_request->body, request))
        return MHD_YES;
    /* Queued in the first call, so that the connection is closed and the body never read. */
    http_request->reply = http_body_refusal(&http_request->body);
    server_refused(http->server, request, http_request->reply);
    return queue_reply(http_request, http_request->reply);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **state)
{
    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    struct http_request *http_request = *state;
    if (http_request == NULL)
        return MHD_NO; /* no memory for it */
    if (!http_request->has_started)
        return start_request(http_request, method);
    if (*upload_data_size > 0) {
        struct slice bytes = {upload_data, *upload_data_size};
        *upload_data_size = 0;
        return http_body_add(&http_request->body, bytes) ? MHD_YES : MHD_NO;
    }
    if (http_request->reply)
        return queue_reply(http_request, http_request->reply);
    return run_request(http_request);
}

/* --- starting ------------------------------------------------------------------------------- */

static bool take_connection(void *context, int fd, const struct sockaddr *address, socklen_t size)
{
    struct http *http = context;
    size_t index = http_balance_choose(&http->balance, http_local_core(fd, address),
                                       clock_monotonic_ms(&clock_real));
    if (MHD_add_connection(http->threads[index].daemon, fd, address, size) == MHD_YES)
        return true;
    http_balance_undo(&http->balance, index);
    return false;
}

static bool start_thread(struct http_thread *thread, const struct http_options *options)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_NO_LISTEN_SOCKET;
    struct http *http = thread->http;
    /* The listener keeps to the limit; each thread has room for all. */
    size_t limit = options->connection_limit + 1;
    thread->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_THREAD_STACK_SIZE,
                         (size_t)HTTP_STACK_SIZE, MHD_OPTION_CONNECTION_LIMIT, (unsigned)limit,
                         MHD_OPTION_CONNECTION_TIMEOUT, options->connection_timeout_s,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                         MHD_OPTION_URI_LOG_CALLBACK, on_uri, http, MHD_OPTION_NOTIFY_COMPLETED,
                         on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, thread,
                         MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    return thread->daemon != NULL;
}

static bool start_threads(struct http *http, const struct http_options *options, struct error *err)
{
    TRY(http_balance_init(&http->balance, options->thread_count, err));
    http->threads = calloc(options->thread_count, sizeof(*http->threads));
    if (http->threads == NULL)
        return error_no_memory(err, "the HTTP threads");
    for (size_t i = 0; i < options->thread_count; i++) {
        http->threads[i].http = http;
        if (!start_thread(&http->threads[i], options))
            return error_set(err, ERROR_STORAGE, "The HTTP server cannot be started: %s",
                             strerror(errno));
    }
    return true;
}

static void stop_threads(struct http *http)
{
    for (size_t i = 0; http->threads && i < http->balance.count; i++)
        if (http->threads[i].daemon)
            MHD_stop_daemon(http->threads[i].daemon);
    free(http->threads);
    http_balance_finish(&http->balance);
}

bool http_start(struct server *server, const struct http_options *options, struct http **ret_http,
                struct error *err)
{
    struct http *http = calloc(1, sizeof(*http));
    if (http == NULL)
        return error_no_memory(err, "the HTTP server");
    http->server = server;
    http->max_body = options->max_body;
    http->connection_timeout_s = options->connection_timeout_s;
    http_body_budget_init(&http->bodies, options->max_body, options->max_bodies,
                          options->small_body);
    atomic_init(&http->is_stopping, false);
    atomic_init(&http->running_count, 0);
    http_connections_init(&http->connections);
    if (!http_listener_open(&http->listener, options->listen, &server->arena, err) ||
        !http_watch_start(&http->watch, &http->connections, options->connection_timeout_s, err) ||
        !start_threads(http, options, err) ||
        !http_listener_start(&http->listener, options->connection_limit, take_connection, http,
                             err)) {
        http_stop(http);
        return false;
    }
    *ret_http = http;
    return true;
}

unsigned http_port(const struct http *http)
{
    return http->listener.port;
}

size_t http_connection_count(const struct http *http)
{
    return http_listener_open_count(&http->listener);
}

size_t http_thread_connections(const struct http *http, size_t thread)
{
    return http_balance_open(&http->balance, thread);
}

/* --- stopping ------------------------------------------------------------------------------- */

/* How often the end of the last answers is looked for. */
#define QUIESCE_STEP_MS 5

/* A stop gives up on a client that takes no byte of its answer for so long. A lost packet is sent
 * again after some 200 ms, a second one after 600 ms; orchestrators kill after 10 s and more. */
#define STALLED_CLIENT_MS 2000

bool http_quiesce(struct http *http, int64_t wait_ms)
{
    const struct timespec step = {.tv_nsec = QUIESCE_STEP_MS * 1000000};
    size_t cut_count = 0;
    http_listener_stop(&http->listener);
    atomic_store(&http->is_stopping, true);
    int64_t now_ms = clock_monotonic_ms(&clock_real);
    int64_t until = now_ms + wait_ms;
    while (atomic_load(&http->running_count) > 0 && now_ms < until) {
        cut_count += http_connections_cut_stalled(&http->connections, now_ms, STALLED_CLIENT_MS);
        nanosleep(&step, NULL);
        now_ms = clock_monotonic_ms(&clock_real);
    }
    return cut_count == 0 && atomic_load(&http->running_count) == 0;
}

void http_stop(struct http *http)
{
    if (http == NULL)
        return;
    http_listener_stop(&http->listener);
    stop_threads(http);
    http_listener_finish(&http->listener);
    http_watch_stop(&http->watch);
    http_connections_finish(&http->connections);
    free(http);
}
