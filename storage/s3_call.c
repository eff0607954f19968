#include "storage/s3_call.h"

#include "base/limits.h"

#define CALL_ARENA_SIZE (1 * MIB)

bool s3_call_init(struct s3_call *call, struct http_transport *transport, struct s3_place *place,
                  struct slice uri, const char *verb, struct buffer *out, struct error *err)
{
    *call = (struct s3_call){.transport = transport, .place = place, .uri = uri, .verb = verb};
    arena_init(&call->arena, CALL_ARENA_SIZE);
    buffer_init(&call->fault_text, HTTP_MAX_FAULT_SIZE);
    call->answer = (struct http_answer){.body = out, .fault = &call->fault_text};
    return bucket_object_parse(uri, &call->object, err);
}

void s3_call_finish(struct s3_call *call)
{
    buffer_finish(&call->fault_text);
    arena_finish(&call->arena);
    if (call->place)
        store_place_unref(&call->place->base);
}

static bool send_with(struct s3_call *call, const struct s3_operation *operation,
                      const struct s3_keys *keys, struct error *err)
{
    const struct s3_credentials credentials = s3_keys_credentials(keys);
    struct s3_http_request request = {
        .method = operation->method,
        .query = operation->query,
        .body = operation->body,
        .content_type = operation->content_type,
        .if_none_match = operation->if_none_match,
        .content_md5 = operation->content_md5,
        .range = operation->range,
        .ca_bundle = call->place->base.ca_bundle,
        .region = call->place->region,
        .service = "s3",
        .credentials = &credentials,
    };
    TRY(s3_place_address(call->place, &call->object, &call->arena, &request.endpoint, &request.path,
                         err));
    TRY(s3_http_send(call->transport, &request, &call->arena, &call->answer, err));
    return s3_call_is_done(call) || s3_fault_of(&call->answer, &call->arena, &call->fault, err);
}

/* Once more with other keys where the store says that these are old. */
static bool send(struct s3_call *call, const struct s3_operation *operation, struct s3_keys *keys,
                 struct error *err)
{
    TRY(s3_key_source_get(call->place->keys, keys, err));
    TRY(send_with(call, operation, keys, err));
    if (s3_call_is_done(call) || !s3_fault_is_of_old_keys(&call->fault) ||
        !s3_key_source_refused(call->place->keys, keys))
        return true;
    TRY(s3_key_source_get(call->place->keys, keys, err));
    return send_with(call, operation, keys, err);
}

bool s3_call_send(struct s3_call *call, const struct s3_operation *operation, struct error *err)
{
    struct s3_keys keys = {.expires_ms = 0};
    struct error cause = {0};
    bool ok = send(call, operation, &keys, &cause);
    s3_keys_wipe(&keys);
    return ok || error_set(err, cause.kind, "cannot %s '%.*s': %s", call->verb,
                           SLICE_ARG(call->uri), cause.message);
}

bool s3_call_failed(const struct s3_call *call, struct error *err)
{
    const struct s3_trial trial = {
        .verb = call->verb,
        .uri = call->uri,
        .bucket = call->object.bucket,
        .place = call->place,
        .now_ms = clock_now_ms(http_transport_clock(call->transport)),
    };
    return s3_fault_error(&trial, &call->answer, &call->fault, err);
}
