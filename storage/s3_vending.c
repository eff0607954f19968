/* Keys for one table on S3 and what speaks like it: AssumeRole with a session policy
 * (storage/vending.h). */
#include "base/limits.h"
#include "storage/s3_place.h"
#include "storage/s3_request.h"
#include "storage/s3_store.h"
#include "storage/sts.h"
#include "storage/vending.h"

/* Names an audit trail of the store shows: which catalog has asked. */
#define SESSION_NAME SLICE_LITERAL("firn")
#define PROBE_ARENA_SIZE (1 * MIB)

/* The endpoint of sts, else the store's own, else the region's. */
static bool find_endpoint(const struct storage_profile *profile, struct arena *arena,
                          struct slice *ret_endpoint, struct error *err)
{
    if (profile->sts.endpoint.len == 0 && profile->endpoint.len == 0)
        return sts_endpoint_of_region(profile->region, arena, ret_endpoint, err);
    *ret_endpoint = profile->sts.endpoint.len > 0 ? profile->sts.endpoint : profile->endpoint;
    return true;
}

static bool ask(const struct vended_request *request, const struct s3_keys *own,
                struct arena *arena, struct s3_keys *ret_keys, struct error *err)
{
    const struct s3_credentials signer = s3_keys_credentials(own);
    const struct storage_profile *profile = request->profile;
    struct sts_request sts = {
        .region = profile->region,
        .ca_bundle = profile->ca_bundle,
        .signer = &signer,
        .web_identity_token = SLICE_EMPTY,
        .role_arn = profile->sts.role_arn,
        .session_name = SESSION_NAME,
        .external_id = profile->sts.external_id,
        .duration_s = profile->sts.duration_s,
    };
    TRY(find_endpoint(profile, arena, &sts.endpoint, err));
    TRY(session_policy_make(request->location, request->rights, profile->region, arena, &sts.policy,
                            err));
    return sts_assume_role(request->transport, &sts, ret_keys, err);
}

static bool make(const struct vended_request *request, struct arena *arena,
                 struct s3_keys *ret_keys, struct error *err)
{
    const struct s3_place *place = s3_place_of(request->place);
    struct s3_keys own;
    TRY(s3_key_source_get(place->keys, &own, err));
    bool ok = ask(request, &own, arena, ret_keys, err);
    s3_keys_wipe(&own);
    return ok;
}

static bool send(const struct vended_request *request, const struct s3_http_request *http,
                 struct slice uri, struct arena *arena, long *ret_status, struct error *err)
{
    struct buffer body, fault;
    struct http_answer answer = {.body = &body, .fault = &fault};
    struct s3_http_request copy = *http;
    struct bucket_object object;
    TRY(bucket_object_parse(uri, &object, err));
    TRY(s3_place_address(s3_place_of(request->place), &object, arena, &copy.endpoint, &copy.path,
                         err));
    buffer_init(&body, 64 * KIB);
    buffer_init(&fault, HTTP_MAX_FAULT_SIZE);
    bool ok = s3_http_send(request->transport, &copy, arena, &answer, err);
    buffer_finish(&body);
    buffer_finish(&fault);
    *ret_status = answer.status;
    return ok;
}

static bool probe(const struct vended_request *request, const struct s3_keys *keys,
                  const char *method, struct slice uri, struct slice body, long *ret_status,
                  struct error *err)
{
    const struct s3_place *place = s3_place_of(request->place);
    const struct s3_credentials credentials = s3_keys_credentials(keys);
    const struct s3_http_request http = {
        .method = method,
        .query = SLICE_EMPTY,
        .body = body,
        .ca_bundle = place->base.ca_bundle,
        .region = place->region,
        .service = "s3",
        .credentials = &credentials,
    };
    struct arena arena;
    arena_init(&arena, PROBE_ARENA_SIZE);
    bool ok = send(request, &http, uri, &arena, ret_status, err);
    arena_finish(&arena);
    return ok;
}

const struct vending s3_vending = {"s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket",

                                   make, probe};
