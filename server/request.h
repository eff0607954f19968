/*
 * request.h — one HTTP request as the operations see it: no sockets, no libmicrohttpd.
 *
 * Owns:     its arena; URI, headers and body belong to whoever made the request and outlive it
 * Errors:   ERROR_BAD_REQUEST for bad percent-encoding and bad parameters
 * Threads:  one thread at a time; it is handed from the HTTP thread to one worker and back
 * Rule:     path and query are kept as sent, and decoded once, part by part
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "base/arena.h"
#include "base/error.h"

/* The {names} of the paths in openapi/operations.h: X(enumerator, name). */
#define PATH_PARAMETERS(X)              \
    X(PARAMETER_PREFIX, "prefix")       \
    X(PARAMETER_NAMESPACE, "namespace") \
    X(PARAMETER_TABLE, "table")         \
    X(PARAMETER_VIEW, "view")           \
    X(PARAMETER_FUNCTION, "function")   \
    X(PARAMETER_WAREHOUSE, "warehouse") \
    X(PARAMETER_PLAN_ID, "plan-id")     \
    X(PARAMETER_ASSET, "file")

enum path_parameter {
#define X(enumerator, name) enumerator,
    PATH_PARAMETERS(X)
#undef X
        PATH_PARAMETER_COUNT
};

enum http_method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD_OTHER };

struct operation;
struct reply;
struct waiter;

/* How an answer gets to its client while it is made (server/reply_stream.h). */
struct reply_channel {
    void (*open)(void *context, struct reply *reply); /* takes the reply, which is then sent */
    void (*pause)(void *context);  /* there is nothing to read: on the HTTP thread */
    void (*resume)(void *context); /* there is */
    void (*cut)(void *context);    /* nothing more will come: closes the connection */
    void *context;
    int64_t stall_ms; /* how long a writer waits for its reader: STREAM_STALL_MS but in tests */
};

struct request {
    struct arena arena;
    enum http_method method;
    struct slice method_text;
    struct slice uri;   /* as sent, from its path on */
    struct slice path;  /* the part before '?', as sent */
    struct slice query; /* the part after it */
    struct slice body;
    /* A header's value, ptr NULL where it was not sent. Names compare without case. */
    struct slice (*header)(const void *context, const char *name);
    const void *header_context;
    const struct reply_channel *channel; /* NULL: answers are given as a whole */
    struct slice id; /* X-Request-Id, or what the server calls it; empty: neither; NUL-terminated */
    struct slice trace_id;       /* of traceparent; empty: none */
    struct slice agent;          /* User-Agent, where a log wants it */
    struct slice peer;           /* the client's address, of another machine or for a log */
    struct slice allowed_origin; /* of a web page that may read the answer, NUL-terminated; empty:
                                    none is meant */
    int64_t arrived_us;    /* when server_handle first saw it (clock_measure_us); 0: not yet */
    bool is_remote;        /* the client is on another machine */
    struct waiter *waiter; /* a worker's (server/workers.h) */
    bool may_block;        /* false on the HTTP thread: only what is in memory may be answered */
    int64_t work_lane;     /* of a worker that has to answer it (server/workers.h) */

    /* What the router found. */
    const struct operation *operation;
    struct slice raw_parameters[PATH_PARAMETER_COUNT]; /* ptr NULL: not in this path */
};

void request_init(struct request *request, enum http_method method, struct slice uri);
void request_finish(struct request *request);

enum http_method http_method_parse(const char *text);
const char *http_method_name(enum http_method method);

static inline struct slice request_header(const struct request *request, const char *name)
{
    return request->header(request->header_context, name);
}

/* A parameter of the query, decoded into the arena ('+' is a space there). Absent: ptr NULL. The
 * first of several counts. */
bool request_query(struct request *request, const char *name, struct slice *ret_value,
                   struct error *err);
/* "true" or "false" in any case; absent leaves *ret_value untouched. */
bool request_query_bool(struct request *request, const char *name, bool *ret_value,
                        struct error *err);
/* An integer from `min` to `max`; absent leaves *ret_value untouched. */
bool request_query_int64(struct request *request, const char *name, int64_t min, int64_t max,
                         int64_t *ret_value, struct error *err);

#endif
