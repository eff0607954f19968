#include "server/http_body.h"

#include "base/limits.h"

void http_body_init(struct http_body *body, size_t ceiling, bool is_wanted)
{
    *body = (struct http_body){.is_wanted = is_wanted};
    buffer_init(&body->bytes, ceiling);
}

void http_body_finish(struct http_body *body)
{
    buffer_finish(&body->bytes);
}

bool http_body_is_refused_at_once(struct http_body *body, const struct request *request)
{
    struct slice length = request_header(request, "Content-Length");
    int64_t declared = 0;
    if (length.ptr == NULL)
        return false;
    /* libmicrohttpd has refused what is no number; what does not fit here is larger still. */
    if (!slice_to_int64(length, &declared))
        declared = INT64_MAX;
    if ((uint64_t)declared <= body->bytes.ceiling)
        return false;
    body->is_too_large = true;
    return request_header(request, "Expect").ptr != NULL || (uint64_t)declared > MAX_DRAINED_SIZE;
}

static bool drain(struct http_body *body, size_t size)
{
    body->drained += size;
    return body->drained <= MAX_DRAINED_SIZE;
}

bool http_body_add(struct http_body *body, struct slice bytes)
{
    if (body->is_too_large || !body->is_wanted)
        return drain(body, bytes.len);
    buffer_append_slice(&body->bytes, bytes);
    if (buffer_ok(&body->bytes))
        return true;
    if (body->bytes.state == BUFFER_NO_MEMORY)
        return false;
    body->is_too_large = true;
    body->drained = body->bytes.len;
    size_t ceiling = body->bytes.ceiling;
    buffer_finish(&body->bytes);
    buffer_init(&body->bytes, ceiling);
    return drain(body, bytes.len);
}

struct slice http_body_slice(const struct http_body *body)
{
    return buffer_slice(&body->bytes);
}

struct reply *http_body_refusal(const struct http_body *body)
{
    struct error err;
    error_set(&err, ERROR_TOO_LARGE,
              "The request body is larger than %zu bytes, the most that this server takes "
              "(--max-body)",
              body->bytes.ceiling);
    return reply_error(&err, true, SLICE_EMPTY);
}
