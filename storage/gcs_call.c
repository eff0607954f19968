#include "storage/gcs_call.h"

#include "base/limits.h"
#include "base/percent.h"
#include "storage/fault_cure.h"
#include "storage/http_headers.h"

#define CALL_ARENA_SIZE (1 * MIB)
/* Names of 1,024 bytes, three times as long when they are encoded; tokens of pages. */
#define MAX_URL (32 * KIB)

bool gcs_call_init(struct gcs_call *call, struct http_transport *transport, struct gcs_place *place,
                   struct slice uri, const char *verb, struct buffer *out, struct error *err)
{
    *call = (struct gcs_call){.transport = transport, .place = place, .uri = uri, .verb = verb};
    arena_init(&call->arena, CALL_ARENA_SIZE);
    buffer_init(&call->fault_text, HTTP_MAX_FAULT_SIZE);
    call->answer = (struct http_answer){.body = out, .fault = &call->fault_text};
    return bucket_object_parse(uri, &call->object, err);
}

void gcs_call_finish(struct gcs_call *call)
{
    buffer_finish(&call->fault_text);
    arena_finish(&call->arena);
    if (call->place)
        store_place_unref(&call->place->base);
}

/* --- requests ----------------------------------------------------------------------------- */

static bool make_url(struct gcs_call *call, const struct gcs_operation *operation,
                     struct slice *ret_url, struct error *err)
{
    struct buffer url;
    buffer_init(&url, MAX_URL);
    buffer_append_slice(&url, call->place->endpoint);
    buffer_append_string(&url, operation->base);
    if (!operation->is_bare) {
        percent_append(&url, call->object.bucket);
        buffer_append_string(&url, operation->is_of_bucket ? "/o" : "/o/");
        if (!operation->is_of_bucket)
            percent_append(&url, call->object.key);
    }
    buffer_append_string(&url, operation->query ? operation->query : "");
    return buffer_to_arena(&url, true, "an object's name", &call->arena, ret_url, err);
}

struct sending {
    const struct gcs_operation *operation;
    const struct bearer_token *token; /* NULL: none */
};

/* Objects that were stored compressed are to come as they are. */
static bool give_headers(void *context, struct arena *arena, struct http_header_lines *ret_lines,
                         struct error *err)
{
    const struct sending *sending = context;
    struct http_header_list list = {.count = 0};
    http_headers_add(&list, "Accept-Encoding", SLICE_LITERAL("gzip"));
    http_headers_add(&list, "Content-Type", slice_from_string(sending->operation->content_type));
    if (sending->token)
        TRY(http_headers_add_bearer(&list, sending->token->text, arena, err));
    return http_headers_lines(&list, arena, ret_lines, err);
}

static bool send_with(struct gcs_call *call, const struct gcs_operation *operation,
                      const struct bearer_token *token, struct error *err)
{
    struct sending sending = {operation, token};
    struct slice url, ca_bundle = call->place->base.ca_bundle;
    TRY(make_url(call, operation, &url, err));
    const struct http_request request = {
        .method = operation->method,
        .url = url.ptr,
        .body = operation->body,
        .ca_bundle = ca_bundle.len > 0 ? ca_bundle.ptr : NULL,
        .headers = give_headers,
        .context = &sending,
    };
    TRY(http_transport_send(call->transport, &request, &call->answer, err));
    return gcs_call_is_done(call) ||
           gcs_fault_parse(buffer_slice(&call->fault_text), &call->arena, &call->fault, err);
}

struct attempt {
    struct gcs_call *call;
    const struct gcs_operation *operation;
};

static bool send_attempt(void *context, const struct bearer_token *token, struct error *err)
{
    const struct attempt *attempt = context;
    return send_with(attempt->call, attempt->operation, token, err);
}

static bool is_refused(const void *context)
{
    return ((const struct attempt *)context)->call->answer.status == 401;
}

static bool send(struct gcs_call *call, const struct gcs_operation *operation, struct error *err)
{
    struct attempt attempt = {call, operation};
    const struct token_use use = {send_attempt, is_refused, &attempt};
    if (!call->place->tokens || call->own_token)
        return send_with(call, operation, call->own_token, err);
    return token_source_use(call->place->tokens, &use, err);
}

bool gcs_call_send(struct gcs_call *call, const struct gcs_operation *operation, struct error *err)
{
    struct error cause = {0};
    return send(call, operation, &cause) ||
           error_set(err, cause.kind, "cannot %s '%.*s': %s", call->verb, SLICE_ARG(call->uri),
                     cause.message);
}

bool gcs_call_download(struct gcs_call *call, struct error *err)
{
    static const struct gcs_operation operation = {.method = "GET",
                                                   .base = GCS_OBJECTS,
                                                   .query = "?alt=media"};
    return gcs_call_send(call, &operation, err);
}

bool gcs_call_upload(struct gcs_call *call, struct slice bytes, struct error *err)
{
    struct buffer query;
    buffer_init(&query, MAX_URL);
    buffer_append_string(&query, "?uploadType=media&ifGenerationMatch=0&fields=generation&name=");
    percent_append(&query, call->object.key);
    buffer_append_byte(&query, '\0');
    bool ok = buffer_check(&query, "an object's name", err);
    const struct gcs_operation operation = {.method = "POST",
                                            .base = "/upload/storage/v1/b/",
                                            .is_of_bucket = true,
                                            .query = buffer_slice(&query).ptr,
                                            .body = bytes,
                                            .content_type = "application/octet-stream"};
    ok = ok && gcs_call_send(call, &operation, err);
    buffer_finish(&query);
    return ok;
}

/* --- refusals ----------------------------------------------------------------------------- */

/* What an answer is for us, and what to do. An empty reason fits any; the first that fits counts.
 * `%b` is the bucket, `%e` the endpoint. */
static const struct cure {
    long status; /* 0: any */
    const char *reason;
    enum error_kind kind;
    const char *text;
} CURES[] = {
    {0, "rateLimitExceeded", ERROR_OVERLOADED, "the store wants fewer requests: try again later"},
    {0, "userRateLimitExceeded", ERROR_OVERLOADED,
     "the store wants fewer requests: try again later"},
    {0, "quotaExceeded", ERROR_OVERLOADED,
     "a quota of the project is used up: raise it, or wait for its next period"},
    {0, "accountDisabled", ERROR_STORAGE,
     "the account of the project is closed: see its owner and its billing"},
    {0, "userProjectMissing", ERROR_STORAGE,
     "the bucket %b is paid for by who asks: make one that its owner pays for"},
    {400, "", ERROR_BAD_REQUEST,
     "the store takes no such request: a name has at most 1,024 bytes and no line end, and is not "
     "'.' or '..'"},
    {401, "", ERROR_STORAGE,
     "the store does not take the token: check the warehouse's credentials, and this machine's "
     "clock (NTP)"},
    {403, "", ERROR_STORAGE,
     "the credentials may not do that: give their account the role Storage Object User on the "
     "bucket %b"},
    {404, "", ERROR_STORAGE,
     "there is no bucket %b at %e: make it, or change the warehouse's location"},
    {408, "", ERROR_STORAGE, "the request did not arrive in time: try again"},
    {429, "", ERROR_OVERLOADED, "the store wants fewer requests: try again later"},
    {503, "", ERROR_OVERLOADED, "the store wants fewer requests: try again later"},
    {0, "", ERROR_STORAGE,
     "look at the state of the store, and check that %e is an endpoint of Google Cloud Storage"},
};

static const struct cure *find_cure(const struct gcs_call *call)
{
    const struct cure *cure = CURES;
    while ((cure->status != 0 && cure->status != call->answer.status) ||
           (cure->reason[0] && !slice_equals_string(call->fault.reason, cure->reason)))
        cure++;
    return cure;
}

static void append_word(struct buffer *out, char letter, const void *context)
{
    const struct gcs_call *call = context;
    if (letter == 'b')
        buffer_append_slice(out, call->object.bucket);
    else if (letter == 'e')
        buffer_append_slice(out, call->place->endpoint);
}

bool gcs_call_is_absent(const struct gcs_call *call)
{
    static const char bucket[] = "bucket does not exist";
    struct slice said = call->fault.message;
    return call->answer.status == 404 && !memmem(said.ptr, said.len, bucket, sizeof bucket - 1);
}

/* "403 forbidden (anna does not have storage.objects.get access …)" */
static void append_said(struct buffer *out, const struct gcs_call *call)
{
    const struct gcs_fault *fault = &call->fault;
    buffer_printf(out, "%ld", call->answer.status);
    if (fault->reason.len > 0)
        buffer_printf(out, " %.*s", SLICE_ARG(fault->reason));
    if (fault->message.len > 0)
        buffer_printf(out, " (%.*s)", SLICE_ARG(fault->message));
}

bool gcs_call_failed(const struct gcs_call *call, struct error *err)
{
    struct buffer said;
    const struct cure *cure = find_cure(call);
    buffer_init(&said, ERROR_MESSAGE_SIZE);
    append_said(&said, call);
    const struct fault_cure_sentence sentence = {call->verb, call->uri, buffer_slice(&said),
                                                 append_word, call};
    fault_cure_tell(&sentence, cure->kind, cure->text, err);
    buffer_finish(&said);
    return false;
}
