#include "server/http_response.h"

#include <stdlib.h>

#include "server/cors.h"
#include "server/reply_stream.h"

/* The references that a response holds. */
struct held_blobs {
    size_t count;
    struct blob *blobs[REPLY_MAX_SEGMENTS];
};

static void release(void *context)
{
    struct held_blobs *held = context;
    for (size_t i = 0; i < held->count; i++)
        blob_unref(held->blobs[i]);
    free(held);
}

static struct held_blobs *hold(const struct reply *reply)
{
    struct held_blobs *held = calloc(1, sizeof(*held));
    if (held == NULL)
        return NULL;
    for (size_t i = 0; i < reply->segment_count; i++)
        if (reply->segments[i].blob)
            held->blobs[held->count++] = blob_ref(reply->segments[i].blob);
    return held;
}

/* libmicrohttpd only reads it, but its interface is not const. */
static void *not_const(const char *bytes)
{
    union {
        const char *borrowed;
        void *bytes;
    } cast = {.borrowed = bytes};
    return cast.bytes;
}

static struct MHD_Response *body_of(const struct reply *reply, struct held_blobs *held)
{
    struct MHD_IoVec parts[REPLY_MAX_SEGMENTS];
    /* One piece goes out with the headers in one write; several need writev. */
    if (reply->segment_count == 1)
        return MHD_create_response_from_buffer_with_free_callback_cls(
            reply->body_size, not_const(reply->segments[0].bytes.ptr), release, held);
    for (size_t i = 0; i < reply->segment_count; i++)
        parts[i] = (struct MHD_IoVec){reply->segments[i].bytes.ptr, reply->segments[i].bytes.len};
    return MHD_create_response_from_iovec(parts, (unsigned)reply->segment_count, release, held);
}

/* Bytes for one write of an answer to HTTP/1.0; chunks are as large as the connection's memory. */
#define STREAM_BLOCK_SIZE ((size_t)64 * 1024)

static ssize_t read_stream(void *stream, uint64_t position, char *out, size_t capacity)
{
    (void)position;
    ssize_t size = reply_stream_read(stream, out, capacity);
    if (size == STREAM_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return size == STREAM_FAILED ? MHD_CONTENT_READER_END_WITH_ERROR : size;
}

static void release_stream(void *stream)
{
    reply_stream_unref(stream);
}

static struct MHD_Response *stream_response(struct reply_stream *stream)
{
    struct reply_stream *held = reply_stream_ref(stream);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_SIZE, read_stream, held,
                                          release_stream);
    if (response == NULL)
        reply_stream_unref(held);
    return response;
}

static struct MHD_Response *create_response(const struct reply *reply)
{
    if (reply->stream)
        return stream_response(reply->stream);
    if (reply->segment_count == 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct held_blobs *held = hold(reply);
    struct MHD_Response *response = held ? body_of(reply, held) : NULL;
    if (held && response == NULL)
        release(held);
    return response;
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static struct MHD_Response *make_response(const struct reply *reply)
{
    struct MHD_Response *response = create_response(reply);
    bool ok = response != NULL;
    for (size_t i = 0; i < reply->header_count; i++)
        ok = ok && add_header(response, reply->headers[i].name, reply->headers[i].value);
    if (ok)
        return response;
    if (response)
        MHD_destroy_response(response);
    return NULL;
}

static bool add_own(struct MHD_Response *response, const struct request *request)
{
    if (request->id.len > 0 && !add_header(response, "X-Request-Id", request->id.ptr))
        return false;
    if (request->allowed_origin.len == 0)
        return true;
    return add_header(response, "Access-Control-Allow-Origin", request->allowed_origin.ptr) &&
           add_header(response, "Access-Control-Expose-Headers", CORS_EXPOSED_HEADERS) &&
           add_header(response, "Vary", "Origin");
}

struct MHD_Response *http_response_own(const struct reply *reply, const struct request *request)
{
    struct MHD_Response *response = make_response(reply);
    if (response == NULL || add_own(response, request))
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static void destroy(void *transport)
{
    MHD_destroy_response(transport);
}

struct MHD_Response *http_response_of(struct reply *reply)
{
    void *known = atomic_load_explicit(&reply->transport, memory_order_acquire);
    if (known)
        return known;
    struct MHD_Response *made = make_response(reply);
    if (made == NULL)
        return NULL;
    /* The same value from every thread, and set before the handle that makes it used. */
    atomic_store(&reply->transport_destroy, destroy);
    if (atomic_compare_exchange_strong(&reply->transport, &known, made))
        return made;
    MHD_destroy_response(made);
    return known;
}
