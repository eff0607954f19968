/*
 * http_script.h — a server on loopback that answers request after request as a test says.
 *
 * Owns:     the script is the caller's until http_script_stop; steps are borrowed meanwhile
 * Threads:  one of its own, which serves one connection at a time
 */
#ifndef TESTS_UNIT_STORAGE_HTTP_SCRIPT_H
#define TESTS_UNIT_STORAGE_HTTP_SCRIPT_H

#include "base/arena.h"
#include "storage/http_transport.h"

/* What happens to one request, after it was read. */
struct http_step {
    enum {
        STEP_ANSWER, /* `text` is sent, and the connection stays */
        STEP_CUT,    /* `text` is sent, and the connection closed: half an answer, or none */
        STEP_HANG,   /* nothing, until the client goes away */
    } kind;
    const char *text;
};

#define ANSWER(text) ((struct http_step){STEP_ANSWER, (text)})
#define CUT(text) ((struct http_step){STEP_CUT, (text)})
#define HANG ((struct http_step){STEP_HANG, NULL})
/* The usual answers. */
#define ANSWER_OK(body) ANSWER("HTTP/1.1 200 OK\r\nContent-Length: " body)

struct http_script;

/* After the last step every further request is a failure of the test. */
struct http_script *http_script_start(const struct http_step *steps, size_t count);
/* Fails where not every step was taken. */
void http_script_stop(struct http_script *script);
/* "http://127.0.0.1:port" */
const char *http_script_url(const struct http_script *script);
/* The n-th request as it came, head and body. Valid until the stop; it has to be answered. */
struct slice http_script_request(struct http_script *script, size_t n);
size_t http_script_count(struct http_script *script);

/* A clock that stands still but for sleeps, and sleeps that take no time. */
struct fake_time {
    int64_t now_ms;
    int64_t slept_ms[64];
    size_t sleeps;
    struct clock clock;
};
/* `time` must stay where it is. Random numbers are all ones: pauses are the longest. */
struct http_transport_options fake_time_options(struct fake_time *time);

#endif
