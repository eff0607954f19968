#include "storage/adls_call.h"

#include "base/digest.h"
#include "base/limits.h"
#include "storage/azure_sign.h"

#define CALL_ARENA_SIZE (1 * MIB)
#define MAX_AUTHORIZATION (32 * KIB)

bool adls_call_init(struct adls_call *call, struct http_transport *transport,
                    struct adls_place *place, struct slice uri, const char *verb,
                    struct buffer *out, struct error *err)
{
    *call = (struct adls_call){.transport = transport, .place = place, .uri = uri, .verb = verb};
    call->sas = SLICE_EMPTY;
    arena_init(&call->arena, CALL_ARENA_SIZE);
    call->answer = (struct http_answer){.body = out};
    return adls_object_parse(uri, &call->arena, &call->object, err);
}

void adls_call_finish(struct adls_call *call)
{
    arena_finish(&call->arena);
    if (call->place)
        store_place_unref(&call->place->base);
}

/* --- headers -------------------------------------------------------------------------------- */

struct sending {
    const struct adls_call *call;
    const struct adls_operation *operation;
    struct slice path;
    const struct bearer_token *token; /* NULL: by the account's key */
    char md5[DIGEST_MD5_TEXT_SIZE];
};

static bool authorize_by_key(const struct sending *sending, struct http_header_list *list,
                             struct arena *arena, struct error *err)
{
    const struct adls_call *call = sending->call;
    const struct azure_request request = {
        .method = slice_from_string(sending->operation->method),
        .path = sending->path,
        .query = sending->operation->query,
        .headers = list->items,
        .header_count = list->count,
        .body_size = sending->operation->body.len,
    };
    struct slice authorization;
    struct buffer value;
    buffer_init(&value, MAX_AUTHORIZATION);
    bool ok = azure_authorization_append(&value, &request, call->object.account,
                                         call->place->account_key, arena, err);
    TRY(buffer_to_arena(&value, ok, "a signature", arena, &authorization, err));
    http_headers_add(list, "Authorization", authorization);
    return true;
}

/* Of one try: a signature is good from its own time on, for a quarter of an hour. */
static bool make_headers(void *context, struct arena *arena, struct http_header_lines *ret_lines,
                         struct error *err)
{
    const struct sending *sending = context;
    struct http_header_list list = {.count = 0};
    char date[AZURE_DATE_SIZE];
    azure_date_put(clock_now_ms(http_transport_clock(sending->call->transport)) / 1000, date);
    http_headers_add(&list, "x-ms-date", slice_from_string(date));
    http_headers_add(&list, "x-ms-version", SLICE_LITERAL(ADLS_VERSION));
    if (sending->operation->is_new_blob) {
        http_headers_add(&list, "x-ms-blob-type", SLICE_LITERAL("BlockBlob"));
        http_headers_add(&list, "If-None-Match", SLICE_LITERAL("*"));
        http_headers_add(&list, "Content-MD5", slice_from_string(sending->md5));
    }
    http_headers_add(&list, "Content-Type", slice_from_string(sending->operation->content_type));
    if (sending->token)
        TRY(http_headers_add_bearer(&list, sending->token->text, arena, err));
    else if (sending->call->sas.len == 0)
        TRY(authorize_by_key(sending, &list, arena, err));
    return http_headers_lines(&list, arena, ret_lines, err);
}

/* --- sending -------------------------------------------------------------------------------- */

static bool check_account(const struct adls_call *call, struct error *err)
{
    const struct adls_place *place = call->place;
    if (place->account.len > 0 && !slice_equals(place->account, call->object.account))
        return error_set(err, ERROR_STORAGE,
                         "the key in the environment is of account %.*s: give the warehouse its "
                         "own, or change its location",
                         SLICE_ARG(place->account));
    return true;
}

static bool send_with(struct adls_call *call, const struct adls_operation *operation,
                      const struct bearer_token *token, struct error *err)
{
    struct sending sending = {.call = call, .operation = operation, .token = token};
    TRY(check_account(call, err));
    TRY(adls_place_address(call->place, &call->object, &call->arena, &call->endpoint, &sending.path,
                           err));
    if (operation->is_new_blob)
        TRY(digest_md5_text(operation->body, sending.md5, err));
    struct slice query = call->sas.len ? call->sas : operation->query;
    const struct slice parts[] = {call->endpoint, sending.path,
                                  query.len ? SLICE_LITERAL("?") : SLICE_EMPTY, query};
    struct slice url = arena_join(&call->arena, parts, sizeof parts / sizeof parts[0]);
    if (!url.ptr)
        return error_no_memory(err, "a request's URL");
    const struct http_request http = {
        .method = operation->method,
        .url = url.ptr,
        .body = operation->body,
        .ca_bundle = call->place->base.ca_bundle.len ? call->place->base.ca_bundle.ptr : NULL,
        .headers = make_headers,
        .context = &sending,
    };
    return http_transport_send(call->transport, &http, &call->answer, err);
}

struct attempt {
    struct adls_call *call;
    const struct adls_operation *operation;
};

static bool send_attempt(void *context, const struct bearer_token *token, struct error *err)
{
    const struct attempt *attempt = context;
    return send_with(attempt->call, attempt->operation, token, err);
}

/* Azure says 401 of a token that has ended, Azurite as of a wrong key. */
static bool is_refused(const void *context)
{
    const struct http_answer *answer = &((const struct attempt *)context)->call->answer;
    return answer->status == 401 ||
           (answer->status == 403 &&
            slice_equals_string(adls_fault_code(answer), "AuthenticationFailed"));
}

static bool send(struct adls_call *call, const struct adls_operation *operation, struct error *err)
{
    struct attempt attempt = {call, operation};
    const struct token_use use = {send_attempt, is_refused, &attempt};
    if (!call->place->tokens || call->sas.len > 0)
        return send_with(call, operation, NULL, err);
    return token_source_use(call->place->tokens, &use, err);
}

bool adls_call_send(struct adls_call *call, const struct adls_operation *operation,
                    struct error *err)
{
    struct error cause = {0};
    return send(call, operation, &cause) ||
           error_set(err, cause.kind, "cannot %s '%.*s': %s", call->verb, SLICE_ARG(call->uri),
                     cause.message);
}

bool adls_call_failed(const struct adls_call *call, struct error *err)
{
    const struct adls_trial trial = {
        .verb = call->verb,
        .uri = call->uri,
        .object = &call->object,
        .endpoint = call->endpoint,
        .now_ms = clock_now_ms(http_transport_clock(call->transport)),
    };
    return adls_fault_error(&trial, &call->answer, err);
}
