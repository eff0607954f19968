/*
 * Tries
 *
 *   again, after a pause    no connection, no answer, half an answer; 429, 500, 502, 503, 504, 409
 *                           of two conditional writes at a time (which S3 wants to be repeated)
 *   not again               any other answer; a host that has no name, a certificate that is wrong
 *
 * The pause before try n is a random part of BASE * 2^n ("full jitter"), at least what the answer's
 * Retry-After says, at most MAX_PAUSE_MS. No try begins after MAX_CALL_MS.
 */
#include "storage/http_transport.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/blocking.h"
#include "base/limits.h"
#include "base/timed_wait.h"
#include "storage/http_attempt.h"

#define MAX_TRIES 5
#define BASE_PAUSE_MS 50
#define MAX_PAUSE_MS 5000
/* A client's own time limit is a minute or more; what is not known by then it asks again. */
#define MAX_CALL_MS 30000
#define LOCAL_TRIES 3
#define DEFAULT_SILENCE_MS 15000
#define DEFAULT_CALLS_PER_ENDPOINT 32
/* So many tries in a row that waited in vain, and one call at a time finds out if it is back. */
#define SUSPECT_AFTER 3
/* So long after such a call waited in vain the next one may. */
#define PROBE_PAUSE_MS 1000
/* How long a call waits for one of its endpoint's others to end. */
#define TURN_WAIT_MS 2000

/* A connection that nobody uses just now. */
struct idle_handle {
    struct idle_handle *next;
    CURL *curl;
};

struct endpoint {
    struct endpoint *next;
    struct idle_handle *idle;
    size_t running;
    unsigned silent;   /* tries in a row that waited in vain */
    int64_t silent_ms; /* when the last of them ended, by the monotonic clock */
    char name[];       /* "https://host:port" */
};

struct http_transport {
    struct http_transport_options options;
    pthread_mutex_t mutex; /* guards the endpoints */
    pthread_cond_t ended;  /* a call has */
    struct endpoint *endpoints;
};

static void sleep_really(void *context, int64_t ms)
{
    (void)context;
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    blocking_begin();
    nanosleep(&pause, NULL);
    blocking_end();
}

const struct http_transport_options http_transport_defaults = {
    .clock = &clock_real,
    .random = &random_source_real,
    .sleep_ms = sleep_really,
    .silence_ms = DEFAULT_SILENCE_MS,
    .calls_per_endpoint = DEFAULT_CALLS_PER_ENDPOINT,
};

bool http_transport_create(const struct http_transport_options *options,
                           struct http_transport **ret_transport, struct error *err)
{
    struct http_transport *transport = calloc(1, sizeof *transport);
    if (!transport || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(transport);
        return error_no_memory(err, "the connections to object stores");
    }
    transport->options = *options;
    pthread_mutex_init(&transport->mutex, NULL);
    timed_wait_init(&transport->ended);
    *ret_transport = transport;
    return true;
}

static void endpoint_free(struct endpoint *endpoint)
{
    while (endpoint->idle) {
        struct idle_handle *idle = endpoint->idle;
        endpoint->idle = idle->next;
        curl_easy_cleanup(idle->curl);
        free(idle);
    }
    free(endpoint);
}

void http_transport_destroy(struct http_transport *transport)
{
    if (!transport)
        return;
    while (transport->endpoints) {
        struct endpoint *endpoint = transport->endpoints;
        transport->endpoints = endpoint->next;
        endpoint_free(endpoint);
    }
    pthread_cond_destroy(&transport->ended);
    pthread_mutex_destroy(&transport->mutex);
    free(transport);
    curl_global_cleanup();
}

const struct clock *http_transport_clock(const struct http_transport *transport)
{
    return transport->options.clock;
}

/* --- endpoints ------------------------------------------------------------------------------ */

/* Under the mutex. NULL: no memory. */
static struct endpoint *endpoint_find(struct http_transport *transport, struct slice name)
{
    for (struct endpoint *it = transport->endpoints; it; it = it->next)
        if (slice_equals_string(name, it->name))
            return it;
    struct endpoint *made = calloc(1, sizeof *made + name.len + 1);
    if (!made)
        return NULL;
    memcpy(made->name, name.ptr, name.len);
    made->next = transport->endpoints;
    transport->endpoints = made;
    return made;
}

static bool has_room(const struct http_transport *transport, const struct endpoint *endpoint)
{
    if (endpoint->silent < SUSPECT_AFTER)
        return endpoint->running < transport->options.calls_per_endpoint;
    int64_t since_ms = clock_monotonic_ms(transport->options.clock) - endpoint->silent_ms;
    return endpoint->running == 0 && since_ms >= PROBE_PAUSE_MS;
}

/* Under the mutex. Others that run will end, unless the endpoint hangs. */
static bool wait_for_room(struct http_transport *transport, struct endpoint *endpoint)
{
    struct timespec until = timed_wait_deadline(TURN_WAIT_MS);
    while (!has_room(transport, endpoint) && endpoint->silent < SUSPECT_AFTER)
        if (blocking_wait_until(&transport->ended, &transport->mutex, &until) != 0)
            break;
    return has_room(transport, endpoint);
}

static bool endpoint_enter(struct http_transport *transport, const char *url,
                           struct endpoint **ret_endpoint, struct idle_handle **ret_handle,
                           struct error *err)
{
    struct slice name = http_endpoint_of(url);
    pthread_mutex_lock(&transport->mutex);
    struct endpoint *endpoint = endpoint_find(transport, name);
    bool has_entered = endpoint && wait_for_room(transport, endpoint);
    struct idle_handle *handle = has_entered ? endpoint->idle : NULL;
    if (handle)
        endpoint->idle = handle->next;
    if (has_entered)
        endpoint->running++;
    pthread_mutex_unlock(&transport->mutex);
    if (!endpoint)
        return error_no_memory(err, "an object store's endpoint");
    if (!has_entered)
        return error_set(err, ERROR_OVERLOADED,
                         "%.*s does not answer, and others wait for it already: try again, or look "
                         "at the object store",
                         SLICE_ARG(name));
    *ret_endpoint = endpoint;
    *ret_handle = handle;
    return true;
}

static void endpoint_leave(struct http_transport *transport, struct endpoint *endpoint,
                           struct idle_handle *handle)
{
    pthread_mutex_lock(&transport->mutex);
    endpoint->running--;
    if (handle) {
        handle->next = endpoint->idle;
        endpoint->idle = handle;
    }
    pthread_cond_broadcast(&transport->ended);
    pthread_mutex_unlock(&transport->mutex);
}

/* True where it is suspect now. */
static bool endpoint_note(struct http_transport *transport, struct endpoint *endpoint,
                          CURLcode code)
{
    pthread_mutex_lock(&transport->mutex);
    endpoint->silent = code == CURLE_OPERATION_TIMEDOUT ? endpoint->silent + 1 : 0;
    endpoint->silent_ms = clock_monotonic_ms(transport->options.clock);
    bool is_suspect = endpoint->silent >= SUSPECT_AFTER;
    pthread_mutex_unlock(&transport->mutex);
    return is_suspect;
}

static struct idle_handle *handle_create(void)
{
    struct idle_handle *handle = calloc(1, sizeof *handle);
    if (handle)
        handle->curl = curl_easy_init();
    if (handle && !handle->curl) {
        free(handle);
        return NULL;
    }
    return handle;
}

/* --- tries ---------------------------------------------------------------------------------- */

static bool is_worth_another(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR: /* also: cut in the middle of the handshake */
        return true;
    default:
        return false;
    }
}

static bool is_passing(long status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

static int64_t pause_of(const struct http_transport *transport, const struct http_answer *answer,
                        unsigned number)
{
    const struct random_source *random = transport->options.random;
    uint32_t chance = 0;
    int64_t least_s = 0, most = (int64_t)BASE_PAUSE_MS << number;
    if (!random->fill(random->context, &chance, sizeof chance))
        chance = UINT32_MAX / 2;
    int64_t pause = most * chance / UINT32_MAX;
    if (slice_to_int64(slice_from_string(answer->headers[HTTP_ANSWER_RETRY_AFTER]), &least_s) &&
        least_s > 0 && least_s <= MAX_PAUSE_MS / 1000 && pause < least_s * 1000)
        pause = least_s * 1000;
    return pause < MAX_PAUSE_MS ? pause : MAX_PAUSE_MS;
}

static bool may_try_again(const struct http_transport *transport,
                          const struct http_attempt *attempt, int64_t started_ms)
{
    unsigned most = attempt->request->is_local_service ? LOCAL_TRIES : MAX_TRIES;
    return attempt->answer->tries < most &&
           clock_monotonic_ms(transport->options.clock) - started_ms < MAX_CALL_MS;
}

static bool wants_another(const struct http_attempt *attempt, CURLcode code)
{
    if (code == CURLE_OK)
        return is_passing(attempt->answer->status);
    return is_worth_another(code) &&
           !(attempt->request->is_local_service && code != CURLE_GOT_NOTHING);
}

static bool run_tries(struct http_transport *transport, struct endpoint *endpoint,
                      struct http_attempt *attempt, struct error *err)
{
    int64_t started_ms = clock_monotonic_ms(transport->options.clock);
    struct http_answer *answer = attempt->answer;
    for (answer->tries = 1;; answer->tries++) {
        CURLcode code = CURLE_OK;
        TRY(http_attempt_make(attempt, &code, err));
        bool is_last = endpoint_note(transport, endpoint, code) || !wants_another(attempt, code) ||
                       !may_try_again(transport, attempt, started_ms);
        if (is_last)
            return code == CURLE_OK || http_attempt_failed(attempt, code, err);
        transport->options.sleep_ms(transport->options.sleep_context,
                                    pause_of(transport, answer, answer->tries));
    }
}

bool http_transport_send(struct http_transport *transport, const struct http_request *request,
                         struct http_answer *answer, struct error *err)
{
    struct endpoint *endpoint = NULL;
    struct idle_handle *handle = NULL;
    TRY(endpoint_enter(transport, request->url, &endpoint, &handle, err));
    if (!handle)
        handle = handle_create();
    struct http_attempt attempt = {.request = request,
                                   .answer = answer,
                                   .body_start = answer->body->len,
                                   .silence_ms = transport->options.silence_ms};
    bool ok = false;
    if (handle) {
        attempt.curl = handle->curl;
        ok = run_tries(transport, endpoint, &attempt, err);
    } else {
        error_no_memory(err, "a connection to an object store");
    }
    endpoint_leave(transport, endpoint, handle);
    return ok;
}
