#include "server/reply.h"

#include <stdlib.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "server/reply_stream.h"

/* --- kinds ---------------------------------------------------------------------------------- */

/* Java takes 500, 502, 503 and 504 on a commit for "outcome unknown": no retry, no cleanup. So only
 * ERROR_COMMIT_UNKNOWN may give one of them where something was to be changed; 507 says that the
 * server failed and nothing happened. */
#define DEFINITE 507

static const struct {
    int status;        /* of a read */
    int change_status; /* of a change */
    const char *type;
} KINDS[ERROR_KIND_COUNT] = {
    [ERROR_NONE] = {500, DEFINITE, "InternalServerError"},
    [ERROR_BAD_REQUEST] = {400, 400, "BadRequestException"},
    [ERROR_VALIDATION] = {400, 400, "ValidationException"},
    [ERROR_ILLEGAL_ARGUMENT] = {400, 400, "IllegalArgumentException"},
    [ERROR_UNPROCESSABLE] = {422, 422, "UnprocessableEntityException"},
    [ERROR_FORBIDDEN] = {403, 403, "ForbiddenException"},
    [ERROR_UNSUPPORTED_OPERATION] = {406, 406, "UnsupportedOperationException"},
    [ERROR_NO_SUCH_ROUTE] = {404, 404, "NoSuchRouteException"},
    [ERROR_METHOD_NOT_ALLOWED] = {405, 405, "MethodNotAllowedException"},
    [ERROR_UNSUPPORTED_MEDIA_TYPE] = {415, 415, "UnsupportedMediaTypeException"},
    [ERROR_TOO_LARGE] = {413, 413, "PayloadTooLargeException"},
    [ERROR_NO_SUCH_WAREHOUSE] = {404, 404, "NoSuchWarehouseException"},
    [ERROR_NO_SUCH_NAMESPACE] = {404, 404, "NoSuchNamespaceException"},
    [ERROR_NO_SUCH_TABLE] = {404, 404, "NoSuchTableException"},
    [ERROR_NO_SUCH_VIEW] = {404, 404, "NoSuchViewException"},
    [ERROR_NO_SUCH_FUNCTION] = {404, 404, "NoSuchFunctionException"},
    [ERROR_NO_SUCH_PLAN_ID] = {404, 404, "NoSuchPlanIdException"},
    [ERROR_NO_SUCH_PLAN_TASK] = {404, 404, "NoSuchPlanTaskException"},
    [ERROR_NOT_FOUND] = {404, 404, "NotFoundException"},
    [ERROR_ALREADY_EXISTS] = {409, 409, "AlreadyExistsException"},
    [ERROR_NAMESPACE_NOT_EMPTY] = {409, 409, "NamespaceNotEmptyException"},
    [ERROR_CONFLICT] = {409, 409, "ConflictException"},
    [ERROR_COMMIT_FAILED] = {409, 409, "CommitFailedException"},
    [ERROR_COMMIT_UNKNOWN] = {500, 500, "CommitStateUnknownException"},
    [ERROR_OVERLOADED] = {429, 429, "TooManyRequestsException"},
    [ERROR_STORAGE_FULL] = {507, DEFINITE, "StorageFullException"},
    [ERROR_STORAGE] = {500, DEFINITE, "ServiceFailureException"},
    /* Of a change 400, as the reference answers for metadata that makes no sense to it: 507 would
     * say that the disk is full, and other 5xx that the outcome is unknown. */
    [ERROR_CORRUPT] = {500, 400, "CorruptDataException"},
    [ERROR_NO_MEMORY] = {507, DEFINITE, "OutOfMemoryException"},
    [ERROR_INTERNAL] = {500, DEFINITE, "InternalServerError"},
};

/* Seconds after which a client that met a full queue may ask again. */
#define RETRY_AFTER_S "1"

int error_status(enum error_kind kind, bool is_change)
{
    return is_change ? KINDS[kind].change_status : KINDS[kind].status;
}

const char *error_type(enum error_kind kind)
{
    return KINDS[kind].type;
}

/* --- values --------------------------------------------------------------------------------- */

bool reply_create(int status, struct reply **ret_reply, struct error *err)
{
    struct reply *reply = calloc(1, sizeof(*reply));
    if (reply == NULL)
        return error_no_memory(err, "an answer");
    atomic_init(&reply->references, 1);
    atomic_init(&reply->transport, NULL);
    for (size_t i = 0; i < ENCODING_COUNT; i++)
        atomic_init(&reply->encoded[i], NULL);
    reply->status = status;
    *ret_reply = reply;
    return true;
}

struct reply *reply_ref(struct reply *reply)
{
    atomic_fetch_add_explicit(&reply->references, 1, memory_order_relaxed);
    return reply;
}

static void reply_destroy(struct reply *reply)
{
    void *transport = atomic_load(&reply->transport);
    reply_transport_destroy_fn destroy = atomic_load(&reply->transport_destroy);
    if (transport)
        destroy(transport);
    for (size_t i = 0; i < reply->header_count; i++)
        free(reply->headers[i].value);
    for (size_t i = 0; i < reply->segment_count; i++)
        blob_unref(reply->segments[i].blob);
    for (size_t i = 0; i < ENCODING_COUNT; i++)
        reply_unref(atomic_load(&reply->encoded[i]));
    free(reply->kept_key);
    reply_unref(reply->not_modified);
    reply_unref(reply->not_modified_encoded);
    reply_stream_unref(reply->stream);
    free(reply);
}

void reply_unref(struct reply *reply)
{
    if (reply && atomic_fetch_sub_explicit(&reply->references, 1, memory_order_acq_rel) == 1)
        reply_destroy(reply);
}

bool reply_add_header(struct reply *reply, const char *name, struct slice value, struct error *err)
{
    char *copy = strndup(value.ptr, value.len);
    if (copy == NULL || reply->header_count == REPLY_MAX_HEADERS) {
        free(copy);
        return error_no_memory(err, "a header");
    }
    reply->headers[reply->header_count++] = (struct reply_header){name, copy};
    return true;
}

bool reply_add_vary(struct reply *reply, struct error *err)
{
    return reply_add_header(reply, "Vary", SLICE_LITERAL("Accept-Encoding"), err);
}

void reply_add_segment(struct reply *reply, struct slice bytes, struct blob *blob)
{
    reply->segments[reply->segment_count++] =
        (struct reply_segment){bytes, blob ? blob_ref(blob) : NULL};
    reply->body_size += bytes.len;
}

static bool reply_blob(int status, struct slice type, struct blob *blob, struct reply **ret_reply,
                       struct error *err)
{
    struct reply *reply = NULL;
    TRY(reply_create(status, &reply, err));
    if (!reply_add_header(reply, "Content-Type", type, err)) {
        reply_unref(reply);
        return false;
    }
    reply_add_segment(reply, blob_slice(blob), blob);
    *ret_reply = reply;
    return true;
}

bool reply_text(int status, struct slice type, struct buffer *body, struct reply **ret_reply,
                struct error *err)
{
    struct blob *blob = NULL;
    bool ok = buffer_check(body, "the answer", err) && blob_from_buffer(body, &blob, err) &&
              reply_blob(status, type, blob, ret_reply, err);
    blob_unref(blob);
    buffer_finish(body);
    return ok;
}

bool reply_json(int status, struct buffer *body, struct reply **ret_reply, struct error *err)
{
    return reply_text(status, SLICE_LITERAL("application/json"), body, ret_reply, err);
}

bool reply_body(const struct reply *reply, struct buffer *out)
{
    for (size_t i = 0; i < reply->segment_count; i++)
        buffer_append_slice(out, reply->segments[i].bytes);
    return buffer_ok(out);
}

/* --- errors --------------------------------------------------------------------------------- */

#define NO_MEMORY_BODY                                                                      \
    "{\"error\":{\"message\":\"The server is out of memory and changed nothing: try again " \
    "later\","                                                                              \
    "\"type\":\"OutOfMemoryException\",\"code\":507}}"

/* Its first reference is never given back. */
static struct reply no_memory = {
    .references = 1,
    .status = 507,
    .segment_count = 1,
    .segments = {{{NO_MEMORY_BODY, sizeof(NO_MEMORY_BODY) - 1}, NULL}},
    .body_size = sizeof(NO_MEMORY_BODY) - 1,
    .failure = ERROR_NO_MEMORY,
};

/* Needs no memory, and so cannot fail. */
static struct reply *reply_no_memory(void)
{
    return reply_ref(&no_memory);
}

/* A sentence may quote what a client sent, which need not be text. */
static struct slice as_utf8(struct slice text, char scratch[ERROR_MESSAGE_SIZE])
{
    if (slice_is_utf8(text) || text.len >= ERROR_MESSAGE_SIZE)
        return text;
    for (size_t i = 0; i < text.len; i++)
        scratch[i] = (unsigned char)text.ptr[i] < 0x80 ? text.ptr[i] : '?';
    return (struct slice){scratch, text.len};
}

static void write_error(struct buffer *body, const char *message, const char *type, int status)
{
    struct json_writer writer;
    struct slice text = slice_from_string(message);
    char ascii[ERROR_MESSAGE_SIZE];
    json_writer_init(&writer, body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "error");
    json_write_object_begin(&writer);
    json_write_key(&writer, "message");
    json_write_string(&writer, as_utf8(text, ascii));
    json_write_key(&writer, "type");
    json_write_string(&writer, slice_from_string(type));
    json_write_key(&writer, "code");
    json_write_int64(&writer, status);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
}

struct reply *reply_fault(int status, const char *type, const char *message)
{
    struct buffer body;
    struct reply *reply = NULL;
    buffer_init(&body, 16 * KIB);
    write_error(&body, message, type, status);
    return reply_json(status, &body, &reply, NULL) ? reply : reply_no_memory();
}

struct reply *reply_error(const struct error *err, bool is_change, struct slice allow)
{
    struct reply *reply =
        reply_fault(error_status(err->kind, is_change), error_type(err->kind), err->message);
    if (reply == &no_memory)
        return reply;
    bool ok = allow.len == 0 || reply_add_header(reply, "Allow", allow, NULL);
    if (err->kind == ERROR_OVERLOADED)
        ok = ok && reply_add_header(reply, "Retry-After", SLICE_LITERAL(RETRY_AFTER_S), NULL);
    reply->failure = err->kind;
    if (ok)
        return reply;
    reply_unref(reply);
    return reply_no_memory();
}
