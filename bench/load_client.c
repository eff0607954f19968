/*
 * load_client — clients that each send their next request when the last one is answered.
 *
 * usage: load_client get URL HEADERS CLIENTS SECONDS     headers: lines that end in CR LF, or ""
 *        load_client commit PREFIX NAMESPACE TABLE[,TABLE...] CLIENTS SECONDS
 *        load_client pace PREFIX NAMESPACE TABLE PER_SECOND SECONDS
 *        load_client create PREFIX NAMESPACE CLIENTS SECONDS
 *        load_client append PREFIX NAMESPACE TABLE CLIENTS APPENDS
 *
 * PREFIX is a URL up to and without /namespaces, such as http://127.0.0.1:8181/v1. One thread and
 * one kept connection per client. commit sets one property of the client's own to a value never
 * used before and looks for it in the answer: the key stays, so that a fast server's tables do not
 * grow faster than a slow one's. pace has one client send so many commits a second, at moments of
 * chance, but none before the last is answered. append makes so many appends, all clients together,
 * with manifests and lists of their own, each on the table as the client's last answer showed it;
 * after a 409 it loads the table and tries again. Every commit, create and append carries a fresh
 * Idempotency-Key.
 *
 * Prints one line of JSON. "rate" and the latencies are those of the requests that succeeded; a
 * commit may also be answered 409, which is counted. Anything else ends the run with exit code 1.
 */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load_appends.h"
#include "bench/load_chance.h"

#define MAX_CLIENTS 1024
#define MAX_SECONDS 3600
#define MAX_PER_SECOND 10000
#define MAX_TABLES 1024
#define MAX_ANSWER (64u * 1024 * 1024)
#define FIRST_BUFFER (64u * 1024)
#define MAX_REQUEST 4096
#define MAX_BODY 1024
#define MAX_HOST 256
/* A server that says nothing for so long hangs. */
#define ANSWER_TIMEOUT_S 60
#define SHOWN_OF_ANSWER 400

enum mode { MODE_GET, MODE_COMMIT, MODE_PACE, MODE_CREATE, MODE_APPEND };

/* What all clients share; read-only once they run. */
struct plan {
    enum mode mode;
    char host[MAX_HOST]; /* with the port, as the Host header has it */
    const char *path;    /* of the URL or the prefix */
    const char *namespace;
    const char *headers; /* further lines of a get, each with its end */
    char *tables[MAX_TABLES];
    unsigned table_count;
    unsigned client_count;
    unsigned per_second; /* 0: the next request when the last is answered */
    unsigned seconds;    /* or how many appends */
    pthread_barrier_t ready;
};

struct answer {
    int status;
    const char *body; /* in the client's buffer, until the next answer */
    size_t size;
};

struct client {
    struct plan *plan;
    unsigned number;
    pthread_t thread;
    int fd;
    char *buffer;
    size_t used, capacity;
    char uuid[UUID_SIZE]; /* of the request on its way */
    uint32_t *latencies_us;
    size_t ok, latency_capacity;
    uint64_t conflicts;
    struct appender *appender;
    uint64_t start_ns, end_ns;
};

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load_client: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(1);
}

static void *grow(void *bytes, size_t size)
{
    void *grown = realloc(bytes, size);
    if (grown == NULL)
        die("out of memory");
    return grown;
}

/* --- the connection ------------------------------------------------------------------------- */

static int connect_to(const char *host_and_port)
{
    char host[MAX_HOST];
    snprintf(host, sizeof host, "%s", host_and_port);
    char *colon = strrchr(host, ':');
    if (colon)
        *colon = '\0';
    struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, colon ? colon + 1 : "80", &wanted, &found) != 0)
        die("no such host: %s", host_and_port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
        die("cannot connect to %s: %s", host_and_port, strerror(errno));
    freeaddrinfo(found);
    int on = 1;
    struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    return fd;
}

static void send_all(struct client *client, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = TEMP_FAILURE_RETRY(send(client->fd, bytes, size, MSG_NOSIGNAL));
        if (sent < 0)
            die("cannot send: %s", strerror(errno));
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* At least one more byte of the answer, behind which there is always a NUL. */
static void receive_more(struct client *client)
{
    if (client->used + 1 >= client->capacity) {
        client->capacity = client->capacity ? client->capacity * 2 : FIRST_BUFFER;
        if (client->capacity > MAX_ANSWER)
            die("an answer of more than %u bytes", MAX_ANSWER);
        client->buffer = grow(client->buffer, client->capacity);
    }
    size_t room = client->capacity - client->used - 1;
    /* With a time limit, recv ends early where the process is stopped and goes on. */
    ssize_t got = TEMP_FAILURE_RETRY(recv(client->fd, client->buffer + client->used, room, 0));
    if (got <= 0)
        die("the connection ended within an answer: %s", got < 0 ? strerror(errno) : "closed");
    client->used += (size_t)got;
    client->buffer[client->used] = '\0';
}

static void receive_until(struct client *client, size_t size)
{
    while (client->used < size)
        receive_more(client);
}

/* Where `text` ends in the answer at or after `from`. */
static size_t receive_text(struct client *client, size_t from, const char *text)
{
    size_t size = strlen(text);
    for (;;) {
        const char *found = client->used < from
                                ? NULL
                                : memmem(client->buffer + from, client->used - from, text, size);
        if (found)
            return (size_t)(found - client->buffer) + size;
        receive_more(client);
    }
}

/* Joins the chunks in place, from `start` on: the size of the body. */
static size_t receive_chunks(struct client *client, size_t start)
{
    size_t read_at = start, write_at = start;
    for (;;) {
        size_t data = receive_text(client, read_at, "\r\n");
        size_t size = strtoul(client->buffer + read_at, NULL, 16);
        if (size > MAX_ANSWER)
            die("a chunk of %zu bytes", size);
        receive_until(client, data + size + 2);
        memmove(client->buffer + write_at, client->buffer + data, size);
        write_at += size;
        read_at = data + size + 2;
        if (size == 0)
            break;
    }
    if (client->used != read_at)
        die("bytes behind the last chunk");
    return write_at - start;
}

static size_t receive_sized(struct client *client, size_t start, const char *length)
{
    size_t size = strtoul(length, NULL, 10);
    if (size > MAX_ANSWER)
        die("an answer of %zu bytes", size);
    receive_until(client, start + size);
    if (client->used != start + size)
        die("bytes behind the answer's end");
    return size;
}

static struct answer receive_answer(struct client *client)
{
    static const char LENGTH[] = "\r\nContent-Length:",
                      CHUNKED[] = "\r\nTransfer-Encoding: chunked";
    client->used = 0;
    size_t start = receive_text(client, 0, "\r\n\r\n");
    if (strncmp(client->buffer, "HTTP/1.1 ", 9) != 0)
        die("not an answer in HTTP/1.1: %.60s", client->buffer);
    struct answer answer = {.status = (int)strtol(client->buffer + 9, NULL, 10)};
    char *body_start = client->buffer + start, kept = *body_start;
    *body_start = '\0';
    const char *length = strcasestr(client->buffer, LENGTH);
    bool is_chunked = strcasestr(client->buffer, CHUNKED) != NULL;
    *body_start = kept;
    if (is_chunked)
        answer.size = receive_chunks(client, start);
    else if (length)
        answer.size = receive_sized(client, start, length + strlen(LENGTH));
    else if (client->used != start)
        die("an answer that does not say how long it is");
    answer.body = client->buffer + start;
    return answer;
}

/* --- requests ------------------------------------------------------------------------------- */

static void fits(int size, size_t capacity)
{
    if (size < 0 || (size_t)size >= capacity)
        die("a request longer than %zu bytes: use shorter names", capacity);
}

static void send_post(struct client *client, const char *table, const char *body)
{
    const struct plan *plan = client->plan;
    char request[MAX_REQUEST];
    int size = snprintf(request, sizeof request,
                        "POST %s/namespaces/%s/tables%s%s HTTP/1.1\r\nHost: %s\r\n"
                        "Content-Type: application/json\r\nIdempotency-Key: %s\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        plan->path, plan->namespace, table ? "/" : "", table ? table : "",
                        plan->host, client->uuid, strlen(body), body);
    fits(size, sizeof request);
    send_all(client, request, (size_t)size);
}

static void send_get(struct client *client)
{
    const struct plan *plan = client->plan;
    char request[MAX_REQUEST];
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
                        plan->path, plan->host, plan->headers);
    fits(size, sizeof request);
    send_all(client, request, (size_t)size);
}

static void send_commit(struct client *client)
{
    const struct plan *plan = client->plan;
    char body[MAX_BODY];
    uuid7_make(client->uuid);
    int size = snprintf(body, sizeof body,
                        "{\"requirements\":[],\"updates\":[{\"action\":\"set-properties\","
                        "\"updates\":{\"client-%u\":\"%s\"}}]}",
                        client->number, client->uuid);
    fits(size, sizeof body);
    send_post(client, plan->tables[client->number % plan->table_count], body);
}

static void send_create(struct client *client)
{
    char body[MAX_BODY];
    uuid7_make(client->uuid);
    int size = snprintf(body, sizeof body,
                        "{\"name\":\"made-%s\",\"schema\":{\"type\":\"struct\",\"fields\":[{"
                        "\"id\":1,\"name\":\"id\",\"required\":true,\"type\":\"long\"}]}}",
                        client->uuid);
    fits(size, sizeof body);
    send_post(client, NULL, body);
}

static void send_load(struct client *client)
{
    const struct plan *plan = client->plan;
    char request[MAX_REQUEST];
    int size = snprintf(request, sizeof request,
                        "GET %s/namespaces/%s/tables/%s?snapshots=refs HTTP/1.1\r\nHost: %s\r\n"
                        "\r\n",
                        plan->path, plan->namespace, plan->tables[0], plan->host);
    fits(size, sizeof request);
    send_all(client, request, (size_t)size);
}

static void send_append(struct client *client)
{
    struct error err;
    struct slice body;
    uuid7_make(client->uuid);
    if (!appender_next(client->appender, client->uuid, &body, &err))
        die("%s", err.message);
    send_post(client, client->plan->tables[0], body.ptr);
}

static void send_request(struct client *client)
{
    switch (client->plan->mode) {
    case MODE_GET:
        send_get(client);
        return;
    case MODE_COMMIT:
    case MODE_PACE:
        send_commit(client);
        return;
    case MODE_CREATE:
        send_create(client);
        return;
    case MODE_APPEND: /* append_once */
        return;
    }
}

/* --- clients -------------------------------------------------------------------------------- */

/* An answer that does not name what was just committed or created is not one to that request. */
static void check_answer(const struct client *client, const struct answer *answer)
{
    bool is_held = client->plan->mode == MODE_GET && answer->status == 304;
    if (answer->status != 200 && !is_held)
        die("unexpected answer %d: %.*s", answer->status,
            (int)(answer->size < SHOWN_OF_ANSWER ? answer->size : SHOWN_OF_ANSWER), answer->body);
    if (client->plan->mode != MODE_GET &&
        memmem(answer->body, answer->size, client->uuid, strlen(client->uuid)) == NULL)
        die("an answer of 200 without the change that was asked for");
}

static void count_ok(struct client *client, uint64_t latency_ns)
{
    if (client->ok == client->latency_capacity) {
        client->latency_capacity = client->latency_capacity ? client->latency_capacity * 2 : 1024;
        client->latencies_us =
            grow(client->latencies_us, client->latency_capacity * sizeof *client->latencies_us);
    }
    client->latencies_us[client->ok++] = (uint32_t)(latency_ns / 1000u);
}

static void look(struct client *client, const struct answer *answer)
{
    struct error err;
    if (!appender_look(client->appender, slice_make(answer->body, answer->size), &err))
        die("%s", err.message);
}

static void look_again(struct client *client)
{
    send_load(client);
    struct answer answer = receive_answer(client);
    if (answer.status != 200)
        die("a load was answered %d", answer.status);
    look(client, &answer);
}

/* At as many attempts as it takes. */
static void append_once(struct client *client)
{
    uint64_t begun = client->end_ns;
    struct answer answer = {.status = 409};
    while (answer.status == 409) {
        send_append(client);
        answer = receive_answer(client);
        if (answer.status != 409)
            break;
        client->conflicts++;
        look_again(client);
    }
    check_answer(client, &answer);
    look(client, &answer);
    client->end_ns = now_ns(CLOCK_MONOTONIC);
    count_ok(client, client->end_ns - begun);
}

static void append_all(struct client *client)
{
    const struct plan *plan = client->plan;
    for (unsigned i = client->number; i < plan->seconds; i += plan->client_count)
        append_once(client);
}

static uint64_t wait_for_turn(const struct client *client, uint64_t turn)
{
    uint64_t length_ns = NS_PER_S / client->plan->per_second;
    return turn_wait(client->start_ns + turn * length_ns, length_ns);
}

static void request_all(struct client *client)
{
    uint64_t deadline = client->start_ns + (uint64_t)client->plan->seconds * NS_PER_S;
    for (uint64_t turn = 0; client->end_ns < deadline; turn++) {
        uint64_t sent = client->plan->per_second ? wait_for_turn(client, turn) : client->end_ns;
        send_request(client);
        struct answer answer = receive_answer(client);
        client->end_ns = now_ns(CLOCK_MONOTONIC);
        if (answer.status == 409 && client->plan->mode == MODE_COMMIT) {
            client->conflicts++;
            continue;
        }
        check_answer(client, &answer);
        count_ok(client, client->end_ns - sent);
    }
}

static void *client_main(void *argument)
{
    struct client *client = argument;
    struct error err;
    client->fd = connect_to(client->plan->host);
    if (client->plan->mode == MODE_APPEND) {
        if (!appender_create(&client->appender, &err))
            die("%s", err.message);
        look_again(client);
    }
    pthread_barrier_wait(&client->plan->ready);
    client->start_ns = now_ns(CLOCK_MONOTONIC);
    client->end_ns = client->start_ns;
    if (client->plan->mode == MODE_APPEND)
        append_all(client);
    else
        request_all(client);
    appender_destroy(client->appender);
    close(client->fd);
    free(client->buffer);
    return NULL;
}
/* --- the sum -------------------------------------------------------------------------------- */

static int compare_latencies(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static uint32_t *join_latencies(const struct client *clients, unsigned count, size_t *ret_total)
{
    size_t total = 0;
    for (unsigned i = 0; i < count; i++)
        total += clients[i].ok;
    uint32_t *all = grow(NULL, (total + 1) * sizeof *all), *end = all;
    for (unsigned i = 0; i < count; i++) {
        if (clients[i].ok > 0)
            memcpy(end, clients[i].latencies_us, clients[i].ok * sizeof *end);
        end += clients[i].ok;
    }
    qsort(all, total, sizeof *all, compare_latencies);
    *ret_total = total;
    return all;
}

static double elapsed_seconds(const struct client *clients, unsigned count)
{
    uint64_t start = UINT64_MAX, end = 0;
    for (unsigned i = 0; i < count; i++) {
        start = clients[i].start_ns < start ? clients[i].start_ns : start;
        end = clients[i].end_ns > end ? clients[i].end_ns : end;
    }
    return (double)(end - start) / NS_PER_S;
}

static void print_sum(const struct plan *plan, const struct client *clients)
{
    size_t total = 0;
    uint32_t *all = join_latencies(clients, plan->client_count, &total);
    uint64_t conflicts = 0;
    for (unsigned i = 0; i < plan->client_count; i++)
        conflicts += clients[i].conflicts;
    if (total == 0)
        die("no request succeeded, %" PRIu64 " were answered 409", conflicts);
    double seconds = elapsed_seconds(clients, plan->client_count);
    printf("{\"clients\":%u,\"seconds\":%.3f,\"ok\":%zu,\"conflicts\":%" PRIu64
           ",\"errors\":0,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
           plan->client_count, seconds, total, conflicts, (double)total / seconds,
           all[total / 2] / 1000.0, all[total * 99 / 100] / 1000.0);
    free(all);
}

static void run_clients(struct plan *plan)
{
    struct client *clients = calloc(plan->client_count, sizeof *clients);
    if (clients == NULL || pthread_barrier_init(&plan->ready, NULL, plan->client_count) != 0)
        die("out of memory");
    for (unsigned i = 0; i < plan->client_count; i++) {
        clients[i].plan = plan;
        clients[i].number = i;
        if (pthread_create(&clients[i].thread, NULL, client_main, &clients[i]) != 0)
            die("cannot start %u threads", plan->client_count);
    }
    for (unsigned i = 0; i < plan->client_count; i++)
        pthread_join(clients[i].thread, NULL);
    print_sum(plan, clients);
    for (unsigned i = 0; i < plan->client_count; i++)
        free(clients[i].latencies_us);
    free(clients);
}

/* --- arguments ------------------------------------------------------------------------------ */

static unsigned read_count(const char *text, unsigned highest)
{
    char *end;
    unsigned long count = strtoul(text, &end, 10);
    if (*end != '\0' || count == 0 || count > highest)
        die("'%s' must be a number from 1 to %u", text, highest);
    return (unsigned)count;
}

static void read_url(struct plan *plan, const char *url)
{
    static const char SCHEME[] = "http://";
    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
        die("'%s' must begin with %s", url, SCHEME);
    const char *host = url + strlen(SCHEME);
    size_t size = strcspn(host, "/");
    if (size == 0 || size >= sizeof plan->host || host[size] == '\0')
        die("'%s' must be http://HOST:PORT/PATH", url);
    memcpy(plan->host, host, size);
    plan->path = host + size;
}

static void read_tables(struct plan *plan, char *names)
{
    for (char *rest = names, *name; (name = strsep(&rest, ",")) != NULL;) {
        if (plan->table_count == MAX_TABLES)
            die("more than %d tables", MAX_TABLES);
        plan->tables[plan->table_count++] = name;
    }
}

static bool read_mode(int argc, char **argv, enum mode *ret_mode)
{
    static const struct {
        const char *name;
        int argc;
    } MODES[] = {[MODE_GET] = {"get", 6},
                 [MODE_COMMIT] = {"commit", 7},
                 [MODE_PACE] = {"pace", 7},
                 [MODE_CREATE] = {"create", 6},
                 [MODE_APPEND] = {"append", 7}};
    for (unsigned i = 0; argc > 1 && i < sizeof MODES / sizeof MODES[0]; i++) {
        if (strcmp(argv[1], MODES[i].name) != 0 || argc != MODES[i].argc)
            continue;
        *ret_mode = (enum mode)i;
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct plan plan = {0};
    if (!read_mode(argc, argv, &plan.mode)) {
        fprintf(stderr, "usage: load_client get URL HEADERS CLIENTS SECONDS\n"
                        "       load_client commit PREFIX NAMESPACE TABLE[,TABLE...] CLIENTS "
                        "SECONDS\n"
                        "       load_client pace PREFIX NAMESPACE TABLE PER_SECOND SECONDS\n"
                        "       load_client create PREFIX NAMESPACE CLIENTS SECONDS\n"
                        "       load_client append PREFIX NAMESPACE TABLE CLIENTS APPENDS\n");
        return 2;
    }
    read_url(&plan, argv[2]);
    if (plan.mode != MODE_GET)
        plan.namespace = argv[3];
    if (plan.mode == MODE_COMMIT || plan.mode == MODE_PACE || plan.mode == MODE_APPEND)
        read_tables(&plan, argv[4]);
    if (plan.mode == MODE_GET)
        plan.headers = argv[3];
    plan.client_count = 1;
    if (plan.mode == MODE_PACE)
        plan.per_second = read_count(argv[argc - 2], MAX_PER_SECOND);
    else
        plan.client_count = read_count(argv[argc - 2], MAX_CLIENTS);
    plan.seconds = read_count(argv[argc - 1], MAX_SECONDS);
    run_clients(&plan);
    return 0;
}
