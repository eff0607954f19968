#include "storage/s3_request.h"

#include "base/digest.h"
#include "base/limits.h"

#define MAX_AUTHORIZATION (16 * KIB)

struct sending {
    const struct s3_http_request *request;
    const struct clock *clock;
    char payload_hash[DIGEST_HEX_SIZE];
};

/* "host:port" of "https://host:port/base". */
static struct slice authority_of(struct slice endpoint)
{
    const char *scheme_end = memmem(endpoint.ptr, endpoint.len, "://", 3);
    struct slice rest =
        scheme_end ? slice_from(endpoint, (size_t)(scheme_end - endpoint.ptr) + 3) : endpoint;
    return slice_make(rest.ptr, slice_find(rest, '/'));
}

static void list_headers(const struct sending *sending, const char *time,
                         struct http_header_list *list)
{
    const struct s3_http_request *request = sending->request;
    http_headers_add(list, "Host", authority_of(request->endpoint));
    http_headers_add(list, "Content-Type", slice_from_string(request->content_type));
    http_headers_add(list, "Content-MD5", slice_from_string(request->content_md5));
    http_headers_add(list, "If-None-Match", slice_from_string(request->if_none_match));
    http_headers_add(list, "Range", slice_from_string(request->range));
    if (!request->credentials)
        return;
    http_headers_add(list, "X-Amz-Content-Sha256", slice_from_string(sending->payload_hash));
    http_headers_add(list, "X-Amz-Date", slice_from_string(time));
    http_headers_add(list, "X-Amz-Security-Token", request->credentials->session_token);
}

static bool authorize(const struct sending *sending, const struct http_header_list *list,
                      int64_t time_s, struct arena *arena, struct slice *ret_value,
                      struct error *err)
{
    const struct s3_http_request *request = sending->request;
    const struct s3_request to_sign = {
        .method = slice_from_string(request->method),
        .path = request->path,
        .query = request->query,
        .headers = list->items,
        .header_count = list->count,
        .payload_hash = slice_from_string(sending->payload_hash),
    };
    const struct s3_scope scope = {request->region, slice_from_string(request->service), time_s};
    struct buffer value;
    buffer_init(&value, MAX_AUTHORIZATION);
    bool ok = s3_authorization_append(&value, &to_sign, &scope, request->credentials, arena, err);
    return buffer_to_arena(&value, ok, "a signature", arena, ret_value, err);
}

/* Of one try: a signature is good from its own time on. */
static bool make_headers(void *context, struct arena *arena, struct http_header_lines *ret_lines,
                         struct error *err)
{
    const struct sending *sending = context;
    struct http_header_list list = {.count = 0};
    char time[S3_TIME_SIZE];
    struct slice authorization = SLICE_EMPTY;
    int64_t time_s = clock_now_ms(sending->clock) / 1000;
    s3_time_put(time_s, time);
    list_headers(sending, time, &list);
    if (sending->request->credentials)
        TRY(authorize(sending, &list, time_s, arena, &authorization, err));
    http_headers_add(&list, "Authorization", authorization);
    return http_headers_lines(&list, arena, ret_lines, err);
}

bool s3_http_send(struct http_transport *transport, const struct s3_http_request *request,
                  struct arena *arena, struct http_answer *answer, struct error *err)
{
    struct sending sending = {.request = request, .clock = http_transport_clock(transport)};
    const struct slice parts[] = {request->endpoint, request->path,
                                  request->query.len ? SLICE_LITERAL("?") : SLICE_EMPTY,
                                  request->query};
    struct slice url = arena_join(arena, parts, sizeof parts / sizeof parts[0]);
    if (!url.ptr)
        return error_no_memory(err, "a request's URL");
    if (request->credentials)
        TRY(digest_bytes(request->body, sending.payload_hash, err));
    const struct http_request http = {
        .method = request->method,
        .url = url.ptr,
        .body = request->body,
        .ca_bundle = request->ca_bundle.len ? request->ca_bundle.ptr : NULL,
        .headers = make_headers,
        .context = &sending,
    };
    return http_transport_send(transport, &http, answer, err);
}
