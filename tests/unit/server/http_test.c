/* The HTTP glue over real sockets: what libmicrohttpd and we make of bytes on a connection. */
#include "server/http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "server/http_balance.h"
#include "server/workers.h"
#include "tests/unit/server/server_fixture.h"

static struct server_fixture fixture;

static void start(const char *const *extra)
{
    struct error err = {0};
    server_fixture_init(&fixture, extra);
    assert_ok(server_listen(fixture.server, &err), &err);
}

static void stop(void)
{
    assert_true(server_stop(fixture.server));
    server_fixture_finish(&fixture);
}

static int dial(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)http_port(fixture.server->http)),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = send(fd, bytes, size, MSG_NOSIGNAL);
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Reads one answer: its head, and as much body as Content-Length says. */
static void read_answer(int fd, char *answer, size_t capacity)
{
    size_t size = 0, wanted = capacity;
    while (size < wanted && size + 1 < capacity) {
        ssize_t got = recv(fd, answer + size, capacity - size - 1, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
        answer[size] = '\0';
        char *end = strstr(answer, "\r\n\r\n");
        char *length = strstr(answer, "Content-Length: ");
        if (end && wanted == capacity)
            wanted = (size_t)(end - answer) + 4 +
                     (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
    }
    answer[size] = '\0';
}

static int status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static int ask(int fd, const char *request, char *answer, size_t capacity)
{
    assert_true(write_all(fd, request, strlen(request)));
    read_answer(fd, answer, capacity);
    return status_of(answer);
}

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"

static void test_http__serves_both_lanes_on_one_connection(void **state)
{
    char answer[8192];
    (void)state;
    start(NULL);
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(fd, "GET /v1/config HTTP/1.1\r\n" HOST "\r\n", answer, sizeof(answer)),
                         200);
        assert_contains(answer, "Content-Type: application/json\r\n");
        assert_int_equal(ask(fd, "GET /v1/namespaces HTTP/1.1\r\n" HOST "\r\n", answer,
                             sizeof(answer)),
                         200);
        assert_contains(answer, "\"namespaces\":[]");
    }
    close(fd);
    stop();
}

static void test_http__keeps_path_and_query_as_sent(void **state)
{
    char answer[4096];
    (void)state;
    start(NULL);
    int fd = dial();
    assert_int_equal(ask(fd,
                         "POST /v1/namespaces HTTP/1.1\r\n" HOST JSON
                         "Content-Length: 31\r\n\r\n{\"namespace\":[\"a/b\"], \"x\":null}",
                         answer, sizeof(answer)),
                     200);
    assert_int_equal(ask(fd, "GET /v1/namespaces/a%2Fb HTTP/1.1\r\n" HOST "\r\n", answer,
                         sizeof(answer)),
                     200);
    assert_int_equal(ask(fd, "GET /v1/namespaces/a%252Fb HTTP/1.1\r\n" HOST "\r\n", answer,
                         sizeof(answer)),
                     404);
    assert_int_equal(ask(fd, "GET /v1/namespaces?parent=a%2Fb HTTP/1.1\r\n" HOST "\r\n", answer,
                         sizeof(answer)),
                     200);
    close(fd);
    stop();
}

static void test_http__head_has_no_body(void **state)
{
    char answer[4096];
    (void)state;
    start(NULL);
    int fd = dial();
    assert_true(
        write_all(fd, "HEAD /v1/namespaces/a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                  strlen("HEAD /v1/namespaces/a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n")));
    size_t size = 0;
    for (ssize_t got; (got = recv(fd, answer + size, sizeof(answer) - size - 1, 0)) > 0;)
        size += (size_t)got;
    answer[size] = '\0';
    assert_int_equal(status_of(answer), 404);
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    close(fd);
    stop();
}

static void test_http__declared_body_over_the_ceiling_is_413_at_once(void **state)
{
    char answer[4096];
    (void)state;
    start((const char *const[]){"--max-body", "1KiB", NULL});
    int fd = dial();
    assert_int_equal(ask(fd,
                         "POST /v1/namespaces HTTP/1.1\r\n" HOST JSON
                         "Content-Length: 99999999999\r\n\r\n",
                         answer, sizeof(answer)),
                     413);
    assert_contains(answer, "PayloadTooLargeException");
    close(fd);
    fd = dial();
    assert_int_equal(ask(fd,
                         "POST /v1/namespaces HTTP/1.1\r\n" HOST JSON
                         "Expect: 100-continue\r\nContent-Length: 2048\r\n\r\n",
                         answer, sizeof(answer)),
                     413);
    close(fd);
    stop();
}

/* Chunks of 64 KiB; returns how many could be written. */
static size_t send_chunks(int fd, size_t count)
{
    static char chunk[64 * 1024 + 16];
    int head = snprintf(chunk, sizeof(chunk), "10000\r\n");
    memset(chunk + head, 'x', 0x10000);
    memcpy(chunk + head + 0x10000, "\r\n", 2);
    for (size_t i = 0; i < count; i++)
        if (!write_all(fd, chunk, (size_t)head + 0x10000 + 2))
            return i;
    return count;
}

#define CHUNKED "POST /v1/namespaces HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n"

static void test_http__chunked_body_over_the_ceiling_is_drained_and_413(void **state)
{
    char answer[4096];
    (void)state;
    start((const char *const[]){"--max-body", "1KiB", NULL});
    int fd = dial();
    assert_true(write_all(fd, CHUNKED, strlen(CHUNKED)));
    assert_int_equal(send_chunks(fd, 32), 32);
    assert_int_equal(ask(fd, "0\r\n\r\n", answer, sizeof(answer)), 413);
    assert_int_equal(ask(fd, "GET /v1/config HTTP/1.1\r\n" HOST "\r\n", answer, sizeof(answer)),
                     200);
    close(fd);
    stop();
}

static void test_http__chunked_body_without_end_is_cut_off(void **state)
{
    (void)state;
    start((const char *const[]){"--max-body", "1KiB", NULL});
    int fd = dial();
    assert_true(write_all(fd, CHUNKED, strlen(CHUNKED)));
    assert_true(send_chunks(fd, 2 * MAX_DRAINED_SIZE / 0x10000) < 2 * MAX_DRAINED_SIZE / 0x10000);
    close(fd);
    stop();
}

static void test_http__body_of_a_get_is_not_looked_at(void **state)
{
    char answer[8192];
    (void)state;
    start(NULL);
    int fd = dial();
    assert_int_equal(ask(fd,
                         "GET /v1/config HTTP/1.1\r\n" HOST
                         "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
                         answer, sizeof(answer)),
                     200);
    close(fd);
    stop();
}

/* --- a worker that is held ------------------------------------------------------------------ */

struct plug {
    struct work_item item;
    sem_t gate;
};

static void run_plug(struct work_item *item)
{
    struct plug *plug = (struct plug *)item;
    sem_wait(&plug->gate);
}

/* Keeps the one worker busy until `gate` is opened. */
static void plug_worker(struct plug *plug)
{
    sem_init(&plug->gate, 0, 0);
    plug->item = (struct work_item){.run = run_plug};
    assert_true(workers_reserve(fixture.server->workers, false));
    workers_submit(fixture.server->workers, &plug->item);
    usleep(100 * 1000);
}

/* Rule K4. */
static void test_http__full_queue_is_429_with_retry_after(void **state)
{
    char answer[4096];
    struct plug plug;
    const char *list = "GET /v1/namespaces HTTP/1.1\r\n" HOST "\r\n";
    (void)state;
    start((const char *const[]){"--workers", "1", "--queue", "1", NULL});
    plug_worker(&plug);
    int waiting = dial(), refused = dial();
    assert_true(write_all(waiting, list, strlen(list)));
    usleep(100 * 1000);
    assert_int_equal(ask(refused, list, answer, sizeof(answer)), 429);
    assert_contains(answer, "Retry-After: 1\r\n");
    assert_contains(answer, "TooManyRequestsException");
    assert_int_equal(ask(refused, "GET /v1/config HTTP/1.1\r\n" HOST "\r\n", answer,
                         sizeof(answer)),
                     200);
    sem_post(&plug.gate);
    read_answer(waiting, answer, sizeof(answer));
    assert_int_equal(status_of(answer), 200);
    close(waiting);
    close(refused);
    stop();
}

static void *open_later(void *context)
{
    usleep(200 * 1000);
    sem_post(context);
    return NULL;
}

static void test_http__stop_finishes_what_runs(void **state)
{
    char answer[4096];
    struct plug plug;
    pthread_t opener;
    const char *create = "POST /v1/namespaces HTTP/1.1\r\n" HOST JSON
                         "Content-Length: 19\r\n\r\n{\"namespace\":[\"a\"]}";
    (void)state;
    start((const char *const[]){"--workers", "1", NULL});
    plug_worker(&plug);
    int fd = dial();
    assert_true(write_all(fd, create, strlen(create)));
    usleep(100 * 1000);
    assert_int_equal(pthread_create(&opener, NULL, open_later, &plug.gate), 0);
    assert_true(server_stop(fixture.server));
    pthread_join(opener, NULL);
    read_answer(fd, answer, sizeof(answer));
    assert_int_equal(status_of(answer), 200);
    assert_contains(answer, "{\"namespace\":[\"a\"],\"properties\":{}}");
    close(fd);
    server_fixture_finish(&fixture);
}

static void test_http__stop_does_not_wait_for_requests_that_have_not_arrived(void **state)
{
    static const char *const parts[] = {
        "GET /v1/conf",
        "GET /v1/config HTTP/1.1\r\nHos",
        "POST /v1/namespaces HTTP/1.1\r\n" HOST JSON "Content-Length: 19\r\n\r\n{\"names",
    };
    int fds[3];
    char answer[64];
    (void)state;
    start(NULL);
    for (size_t i = 0; i < 3; i++) {
        fds[i] = dial();
        assert_true(write_all(fds[i], parts[i], strlen(parts[i])));
    }
    usleep(100 * 1000);
    int64_t began_ms = clock_monotonic_ms(&clock_real);
    assert_true(server_stop(fixture.server));
    assert_true(clock_monotonic_ms(&clock_real) - began_ms < 5000);
    for (size_t i = 0; i < 3; i++) {
        read_answer(fds[i], answer, sizeof(answer));
        assert_string_equal(answer, "");
        close(fds[i]);
    }
    server_fixture_finish(&fixture);
}

static void test_http__stop_gives_up_on_what_does_not_end(void **state)
{
    struct plug plug;
    (void)state;
    start((const char *const[]){"--workers", "1", "--drain-timeout", "1", NULL});
    plug_worker(&plug);
    assert_false(server_stop(fixture.server));
    sem_post(&plug.gate);
    assert_true(server_stop(fixture.server));
    server_fixture_finish(&fixture);
}

/* --- many at once --------------------------------------------------------------------------- */

static void *hammer(void *context)
{
    char answer[8192];
    int fd = dial();
    (void)context;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(ask(fd, "GET /v1/namespaces HTTP/1.1\r\n" HOST "\r\n", answer,
                             sizeof(answer)),
                         200);
        assert_int_equal(ask(fd, "GET /v1/namespaces/a/tables/t HTTP/1.1\r\n" HOST "\r\n", answer,
                             sizeof(answer)),
                         200);
    }
    close(fd);
    return NULL;
}

static void test_http__many_connections_share_prepared_answers(void **state)
{
    pthread_t threads[8];
    (void)state;
    start(NULL);
    assert_int_equal(fixture_send(&fixture, "POST", "/v1/namespaces", "{\"namespace\":[\"a\"]}"),
                     200);
    assert_int_equal(
        fixture_send(&fixture, "POST", "/v1/namespaces/a/tables",
                     "{\"name\":\"t\",\"schema\":{\"type\":\"struct\",\"fields\":[]}}"),
        200);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    stop();
}

/* All of this thread's connections come in on one core. */
static void stay_on_this_core(cpu_set_t *ret_before)
{
    cpu_set_t here;
    assert_int_equal(sched_getaffinity(0, sizeof(*ret_before), ret_before), 0);
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
}

static void dial_and_ask(int *fds, size_t count)
{
    char answer[8192];
    for (size_t i = 0; i < count; i++) {
        fds[i] = dial();
        assert_int_equal(ask(fds[i], "GET /v1/config HTTP/1.1\r\n" HOST "\r\n", answer,
                             sizeof(answer)),
                         200);
    }
}

static void test_http__one_clients_connections_stay_together_up_to_a_bound(void **state)
{
    int fds[4 * HTTP_MAX_LEAD];
    cpu_set_t before;
    (void)state;
    start((const char *const[]){"--threads", "2", NULL});
    stay_on_this_core(&before);
    dial_and_ask(fds, HTTP_MAX_LEAD);
    size_t first = http_thread_connections(fixture.server->http, 0);
    assert_true(first == 0 || first == HTTP_MAX_LEAD);
    dial_and_ask(fds + HTTP_MAX_LEAD, 3 * HTTP_MAX_LEAD);
    first = http_thread_connections(fixture.server->http, 0);
    size_t second = http_thread_connections(fixture.server->http, 1);
    assert_int_equal(first + second, 4 * HTTP_MAX_LEAD);
    assert_int_equal(first > second ? first - second : second - first, HTTP_MAX_LEAD);
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
    for (size_t i = 0; i < 4 * HTTP_MAX_LEAD; i++)
        close(fds[i]);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http__serves_both_lanes_on_one_connection),
        cmocka_unit_test(test_http__keeps_path_and_query_as_sent),
        cmocka_unit_test(test_http__head_has_no_body),
        cmocka_unit_test(test_http__declared_body_over_the_ceiling_is_413_at_once),
        cmocka_unit_test(test_http__chunked_body_over_the_ceiling_is_drained_and_413),
        cmocka_unit_test(test_http__chunked_body_without_end_is_cut_off),
        cmocka_unit_test(test_http__body_of_a_get_is_not_looked_at),
        cmocka_unit_test(test_http__full_queue_is_429_with_retry_after),
        cmocka_unit_test(test_http__stop_finishes_what_runs),
        cmocka_unit_test(test_http__stop_does_not_wait_for_requests_that_have_not_arrived),
        cmocka_unit_test(test_http__stop_gives_up_on_what_does_not_end),
        cmocka_unit_test(test_http__many_connections_share_prepared_answers),
        cmocka_unit_test(test_http__one_clients_connections_stay_together_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
