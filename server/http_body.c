#include "server/http_body.h"

#include "base/limits.h"

void http_body_budget_init(struct http_body_budget *budget, size_t max_body, size_t ceiling,
                           size_t small)
{
    atomic_init(&budget->held, 0);
    budget->ceiling = ceiling;
    budget->small = small;
    if (max_body >= ceiling)
        budget->ceiling = max_body + 1; /* a buffer's room for a NUL */
}

void http_body_init(struct http_body *body, struct http_body_budget *budget, size_t ceiling,
                    bool is_wanted)
{
    *body = (struct http_body){.budget = budget, .is_wanted = is_wanted};
    buffer_init(&body->bytes, ceiling);
}

void http_body_finish(struct http_body *body)
{
    if (body->counted > 0)
        atomic_fetch_sub(&body->budget->held, body->counted);
    body->counted = 0;
    buffer_finish(&body->bytes);
}

/* After an append. What threads take at the same moment may pass the ceiling by one growth each. */
static bool count_growth(struct http_body *body)
{
    size_t size = body->bytes.len > body->budget->small ? body->bytes.capacity : 0;
    if (size <= body->counted)
        return true;
    size_t growth = size - body->counted;
    body->counted = size;
    return atomic_fetch_add(&body->budget->held, growth) + growth <= body->budget->ceiling;
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

/* What has arrived, of which the last append may or may not have kept `size` bytes. */
static bool throw_away(struct http_body *body, size_t size)
{
    size_t ceiling = body->bytes.ceiling;
    body->drained = body->bytes.len;
    http_body_finish(body);
    buffer_init(&body->bytes, ceiling);
    return drain(body, body->is_too_large ? size : 0);
}

bool http_body_add(struct http_body *body, struct slice bytes)
{
    if (http_body_is_refused(body) || !body->is_wanted)
        return drain(body, bytes.len);
    buffer_append_slice(&body->bytes, bytes);
    if (body->bytes.state == BUFFER_NO_MEMORY)
        return false;
    body->is_too_large = !buffer_ok(&body->bytes);
    body->is_crowded_out = !body->is_too_large && !count_growth(body);
    if (!http_body_is_refused(body))
        return true;
    return throw_away(body, bytes.len);
}

bool http_body_is_refused(const struct http_body *body)
{
    return body->is_too_large || body->is_crowded_out;
}

struct slice http_body_slice(const struct http_body *body)
{
    return buffer_slice(&body->bytes);
}

struct reply *http_body_refusal(const struct http_body *body)
{
    struct error err;
    if (body->is_crowded_out)
        error_set(&err, ERROR_OVERLOADED,
                  "The server holds as many large request bodies as it takes: try again in a "
                  "second");
    else
        error_set(&err, ERROR_TOO_LARGE,
                  "The request body is larger than %zu bytes, the most that this server takes "
                  "(--max-body)",
                  body->bytes.ceiling);
    return reply_error(&err, true, SLICE_EMPTY);
}
