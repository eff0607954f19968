/*
 * http_transport.h — requests to object stores and to what gives out their credentials: libcurl,
 * with connections that are used again, time limits, and tries that are repeated within bounds.
 *
 * Owns:     struct http_transport owns its connections; a request and its answer are the caller's
 * Errors:   ERROR_STORAGE where no answer came: a sentence that names the host and the cure;
 *           ERROR_OVERLOADED where an endpoint that does not answer is asked by too many at once;
 *           ERROR_TOO_LARGE, ERROR_NO_MEMORY. An answer of any status is no error
 * Threads:  any; a call blocks, so it is for workers. One mutex, a leaf
 * Rule:     no header and no query of a request ever stands in an error: both may hold secrets
 *
 * One endpoint (scheme, host and port) that hangs must not take all workers: it has at most
 * `calls_per_endpoint` calls at a time, and only one now and then once several tries in a row
 * waited in vain.
 */
#ifndef STORAGE_HTTP_TRANSPORT_H
#define STORAGE_HTTP_TRANSPORT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"

struct http_transport;

struct http_transport_options {
    const struct clock *clock;
    const struct random_source *random;          /* of the jitter */
    void (*sleep_ms)(void *context, int64_t ms); /* between two tries */
    void *sleep_context;
    int64_t silence_ms;        /* so long an endpoint may connect, or send and take nothing */
    size_t calls_per_endpoint; /* at a time */
};

/* What a server would be run with; tests replace the parts. */
extern const struct http_transport_options http_transport_defaults;

bool http_transport_create(const struct http_transport_options *options,
                           struct http_transport **ret_transport, struct error *err);
void http_transport_destroy(struct http_transport *transport); /* NULL is fine */

/* The time, as the transport's owner gave it. */
const struct clock *http_transport_clock(const struct http_transport *transport);

/* Headers of an answer that callers ask for. Longer ones are cut. */
#define HTTP_HEADER_VALUE_SIZE 128
enum http_answer_header {
    HTTP_ANSWER_REGION,     /* x-amz-bucket-region */
    HTTP_ANSWER_REQUEST_ID, /* x-amz-request-id */
    HTTP_ANSWER_DATE,
    HTTP_ANSWER_RETRY_AFTER,
    HTTP_ANSWER_CONTENT_RANGE,
    HTTP_ANSWER_ERROR_CODE, /* x-ms-error-code */
    HTTP_ANSWER_IS_FOLDER,  /* x-ms-meta-hdi_isfolder */
    HTTP_ANSWER_HEADER_COUNT
};

/* Largest body of an answer that says what went wrong. */
#define HTTP_MAX_FAULT_SIZE (64 * 1024)

struct http_answer {
    long status;
    struct buffer *body;  /* the caller's: bodies of 2xx are appended */
    struct buffer *fault; /* the caller's, or NULL: bodies of any other status */
    char headers[HTTP_ANSWER_HEADER_COUNT][HTTP_HEADER_VALUE_SIZE];
    unsigned tries;
};

/* One line of a header, "name: value", NUL-terminated. */
struct http_header_lines {
    const char *const *items;
    size_t count;
};

struct http_request {
    const char *method; /* GET, HEAD, PUT, POST, DELETE */
    const char *url;
    struct slice body;
    const char *ca_bundle; /* a file, or NULL: the system's */
    bool is_local_service; /* of this machine's own network (metadata of instances): no proxy, a
                              short time limit, and no second try where nothing is there */
    /* Gives the headers of one try: a signature has its time. */
    bool (*headers)(void *context, struct arena *arena, struct http_header_lines *ret_lines,
                    struct error *err);
    void *context;
};

/* Sends until there is an answer that another try would not change, or tries or time are used up:
 * then the last answer, or the error of the last try. */
bool http_transport_send(struct http_transport *transport, const struct http_request *request,
                         struct http_answer *answer, struct error *err);

#endif
