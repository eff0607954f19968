#include "tests/unit/storage/http_script.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

#define MAX_SCRIPT 64
#define MAX_REQUEST (4 * MIB)

struct http_script {
    const struct http_step *steps;
    size_t count;
    int listener;
    char url[64];
    pthread_t thread;
    pthread_mutex_t mutex;
    struct buffer requests[MAX_SCRIPT];
    size_t taken;
    size_t surplus;
};

/* --- one request -------------------------------------------------------------------------- */

static size_t body_size(struct slice head)
{
    static const char NAME[] = "\r\ncontent-length:";
    for (size_t i = 0; i + sizeof NAME <= head.len; i++) {
        struct slice part = slice_make(head.ptr + i, sizeof NAME - 1);
        if (slice_equals_ignore_case(part, slice_from_string(NAME)))
            return strtoul(part.ptr + part.len, NULL, 10);
    }
    return 0;
}

/* False where the client has gone. */
static bool read_request(int fd, struct buffer *out)
{
    char bytes[4096];
    for (;;) {
        const char *end = out->len > 0 ? memmem(out->ptr, out->len, "\r\n\r\n", 4) : NULL;
        if (end) {
            size_t head = (size_t)(end - out->ptr) + 4;
            if (out->len >= head + body_size(slice_make(out->ptr, head)))
                return true;
        }
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got <= 0)
            return false;
        buffer_append(out, bytes, (size_t)got);
    }
}

static void send_all(int fd, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        size -= (size_t)sent;
    }
}

/* NULL: there is no step left. */
static const struct http_step *take_step(struct http_script *script, struct buffer *request)
{
    pthread_mutex_lock(&script->mutex);
    const struct http_step *step = NULL;
    if (script->taken < script->count) {
        script->requests[script->taken] = *request;
        step = &script->steps[script->taken++];
    } else {
        script->surplus++;
        buffer_finish(request);
    }
    pthread_mutex_unlock(&script->mutex);
    return step;
}

static void wait_for_close(int fd)
{
    char byte;
    while (read(fd, &byte, 1) > 0)
        continue;
}

static bool serve_one(struct http_script *script, int fd)
{
    struct buffer request;
    buffer_init(&request, MAX_REQUEST);
    if (!read_request(fd, &request)) {
        buffer_finish(&request);
        return false;
    }
    const struct http_step *step = take_step(script, &request);
    if (!step)
        return false;
    send_all(fd, step->text);
    if (step->kind == STEP_HANG)
        wait_for_close(fd);
    return step->kind == STEP_ANSWER;
}

static void *serve(void *context)
{
    struct http_script *script = context;
    for (;;) {
        int fd = accept(script->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        while (serve_one(script, fd))
            continue;
        close(fd);
    }
}

/* --- the script --------------------------------------------------------------------------- */

struct http_script *http_script_start(const struct http_step *steps, size_t count)
{
    struct http_script *script = calloc(1, sizeof *script);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_true(script && count <= MAX_SCRIPT);
    script->steps = steps;
    script->count = count;
    pthread_mutex_init(&script->mutex, NULL);
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(script->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(script->listener, 16), 0);
    assert_int_equal(getsockname(script->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(script->url, sizeof script->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&script->thread, NULL, serve, script), 0);
    return script;
}

/* Connections have to be closed before: the transport's end does that. */
void http_script_stop(struct http_script *script)
{
    shutdown(script->listener, SHUT_RDWR);
    pthread_join(script->thread, NULL);
    close(script->listener);
    size_t taken = script->taken, surplus = script->surplus, count = script->count;
    for (size_t i = 0; i < taken; i++)
        buffer_finish(&script->requests[i]);
    pthread_mutex_destroy(&script->mutex);
    free(script);
    assert_int_equal(taken, count);
    assert_int_equal(surplus, 0);
}

const char *http_script_url(const struct http_script *script)
{
    return script->url;
}

struct slice http_script_request(struct http_script *script, size_t n)
{
    pthread_mutex_lock(&script->mutex);
    assert_true(n < script->taken);
    struct slice request = buffer_slice(&script->requests[n]);
    pthread_mutex_unlock(&script->mutex);
    return request;
}

size_t http_script_count(struct http_script *script)
{
    pthread_mutex_lock(&script->mutex);
    size_t count = script->taken;
    pthread_mutex_unlock(&script->mutex);
    return count;
}

/* --- time --------------------------------------------------------------------------------- */

static int64_t fake_now(void *context)
{
    return ((struct fake_time *)context)->now_ms;
}

static int64_t fake_monotonic(void *context)
{
    return 1000 * fake_now(context);
}

static void fake_sleep(void *context, int64_t ms)
{
    struct fake_time *time = context;
    assert_true(time->sleeps < sizeof time->slept_ms / sizeof time->slept_ms[0]);
    time->slept_ms[time->sleeps++] = ms;
    time->now_ms += ms;
}

static bool all_ones(void *context, void *bytes, size_t size)
{
    (void)context;
    memset(bytes, 0xFF, size);
    return true;
}

struct http_transport_options fake_time_options(struct fake_time *time)
{
    static const struct random_source ones = {all_ones, NULL};
    time->clock = (struct clock){fake_now, fake_monotonic, time};
    struct http_transport_options options = http_transport_defaults;
    options.clock = &time->clock;
    options.random = &ones;
    options.sleep_ms = fake_sleep;
    options.sleep_context = time;
    options.silence_ms = 1000;
    return options;
}
