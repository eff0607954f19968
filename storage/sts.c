#include "storage/sts.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/percent.h"
#include "storage/s3_request.h"
#include "storage/s3_xml.h"
#include "storage/secret_box.h"

/* A policy has at most some 100 KB once it is packed; a token 20,000 characters. */
#define MAX_STS_BODY (1 * MIB)
#define MAX_STS_ANSWER (256 * KIB)
#define STS_ARENA_SIZE (4 * MIB)

bool sts_endpoint_of_region(struct slice region, struct arena *arena, struct slice *ret_endpoint,
                            struct error *err)
{
    bool is_china = slice_starts_with(region, SLICE_LITERAL("cn-"));
    *ret_endpoint = arena_printf(arena, "https://sts.%.*s.amazonaws.com%s", SLICE_ARG(region),
                                 is_china ? ".cn" : "");
    return ret_endpoint->ptr || error_no_memory(err, "an endpoint");
}

static void add_field(struct buffer *out, const char *name, struct slice value)
{
    if (value.len > 0)
        percent_form_append(out, name, value);
}

static bool write_body(struct buffer *out, const struct sts_request *request, struct error *err)
{
    buffer_printf(out, "Action=%s&Version=2011-06-15",
                  request->signer ? "AssumeRole" : "AssumeRoleWithWebIdentity");
    add_field(out, "RoleArn", request->role_arn);
    add_field(out, "RoleSessionName", request->session_name);
    add_field(out, "ExternalId", request->external_id);
    add_field(out, "WebIdentityToken", request->web_identity_token);
    add_field(out, "Policy", request->policy);
    if (request->duration_s > 0)
        buffer_printf(out, "&DurationSeconds=%lld", (long long)request->duration_s);
    return buffer_check(out, "a request to STS", err);
}

static bool read_keys(struct slice xml, struct arena *arena, struct s3_keys *ret_keys,
                      struct error *err)
{
    struct sts_answer answer;
    int64_t expires_ms = 0;
    TRY(sts_answer_parse(xml, arena, &answer, err));
    if (!s3_keys_parse_time(answer.expiration, &expires_ms))
        return error_set(err, ERROR_CORRUPT, "the time when the keys expire is '%.*s'",
                         SLICE_ARG(answer.expiration));
    const struct s3_credentials credentials = {answer.access_key_id, answer.secret_access_key,
                                               answer.session_token};
    return s3_keys_set(ret_keys, "STS", &credentials, expires_ms, err);
}

static const char *cure(struct slice code)
{
    static const struct {
        const char *code, *cure;
    } CURES[] = {
        {"AccessDenied", "the role does not let these credentials in: mend its trust policy, its "
                         "ARN or the external id"},
        {"AccessDeniedException", "the credentials may not assume roles: allow sts:AssumeRole"},
        {"ExpiredToken", "the token that stands for this machine is old: see who renews it"},
        {"ExpiredTokenException", "the token that stands for this machine is old: see who renews "
                                  "it"},
        {"InvalidIdentityToken", "the token's issuer is not known to the account: add it as an "
                                 "identity provider"},
        {"InvalidClientTokenId", "the access key id is unknown: check the credentials"},
        {"InvalidAccessKeyId", "the access key id is unknown: check the credentials"},
        {"SignatureDoesNotMatch", "the secret access key is wrong: check the credentials"},
        {"RegionDisabledException", "STS is off in this region: turn it on, or name another "
                                    "endpoint"},
        {"MalformedPolicyDocument", "the store does not take such a policy: use the store's own "
                                    "STS endpoint, or another way for clients"},
        {"PackedPolicyTooLarge", "the policy is too long: shorten the table's location"},
        {"ValidationError", "check role ARN, external id and duration"},
    };
    for (size_t i = 0; i < sizeof CURES / sizeof CURES[0]; i++)
        if (slice_equals_string(code, CURES[i].code))
            return CURES[i].cure;
    return "look at the role and at the STS endpoint";
}

static bool refused(const struct sts_request *request, const struct http_answer *answer,
                    struct arena *arena, struct error *err)
{
    struct s3_fault fault = {SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY};
    if (!s3_fault_parse(buffer_slice(answer->fault), arena, &fault, NULL))
        return error_set(err, ERROR_STORAGE,
                         "%.*s answered %ld: check that it is the endpoint of an STS",
                         SLICE_ARG(request->endpoint), answer->status);
    bool is_busy = answer->status == 429 || answer->status == 503;
    return error_set(err, is_busy ? ERROR_OVERLOADED : ERROR_STORAGE,
                     "STS at %.*s gave no keys: %.*s: %s", SLICE_ARG(request->endpoint),
                     SLICE_ARG(fault.code), cure(fault.code));
}

static bool post(struct http_transport *transport, const struct sts_request *request,
                 struct slice body, struct arena *arena, struct http_answer *answer,
                 struct error *err)
{
    const struct s3_http_request post = {
        .method = "POST",
        .endpoint = request->endpoint,
        .path = SLICE_LITERAL("/"),
        .query = SLICE_EMPTY,
        .body = body,
        .content_type = "application/x-www-form-urlencoded",
        .ca_bundle = request->ca_bundle,
        .region = request->region,
        .service = "sts",
        .credentials = request->signer,
    };
    return s3_http_send(transport, &post, arena, answer, err);
}

bool sts_assume_role(struct http_transport *transport, const struct sts_request *request,
                     struct s3_keys *ret_keys, struct error *err)
{
    struct arena arena;
    struct buffer body, answer_body, fault;
    struct http_answer answer = {.body = &answer_body, .fault = &fault};
    arena_init(&arena, STS_ARENA_SIZE);
    buffer_init(&body, MAX_STS_BODY);
    buffer_init(&answer_body, MAX_STS_ANSWER);
    buffer_init(&fault, HTTP_MAX_FAULT_SIZE);
    bool ok = write_body(&body, request, err) &&
              post(transport, request, buffer_slice(&body), &arena, &answer, err);
    if (ok && answer.status != 200)
        ok = refused(request, &answer, &arena, err);
    else if (ok && !read_keys(buffer_slice(&answer_body), &arena, ret_keys, err))
        ok = error_prefix(err, "STS at %.*s", SLICE_ARG(request->endpoint));
    secret_buffer_finish(&body);
    secret_buffer_finish(&answer_body);
    buffer_finish(&fault);
    arena_finish(&arena);
    return ok;
}
