/*
 * Tokens for one table on Google Cloud Storage: the server's own, cut down by Google's STS to an
 * access boundary (storage/vending.h).
 *
 * Spec: Google Cloud, Security Token Service API, v1.token (RFC 8693); "Create short-lived
 *       credentials with restricted permissions"
 */
#include "base/limits.h"
#include "base/percent.h"
#include "storage/gcs_boundary.h"
#include "storage/gcs_call.h"
#include "storage/gcs_store.h"
#include "storage/oauth_token.h"
#include "storage/secret_box.h"
#include "storage/vending.h"

#define STS_ENDPOINT "https://sts.googleapis.com"
#define STS_PATH "/v1/token"
#define ACCESS_TOKEN SLICE_LITERAL("urn:ietf:params:oauth:token-type:access_token")
#define MAX_FORM_SIZE (4 * MIB)
/* A token that is cut down ends with the one it is of, which lives for an hour: one of less than
 * this is fetched anew before, so that clients have some time. */
#define MIN_OWN_LIFE_MS (30 * 60 * 1000)

static const struct oauth_cure CURES[] = {
    {"invalid_grant", "the server's own token is not taken: check the warehouse's credentials"},
    {"invalid_request", "Google does not take such a boundary: see whether the table's location is "
                        "too long"},
    {NULL, NULL},
};

/* --- the exchange ------------------------------------------------------------------------- */

/* One that has some of its life before it. Where no better comes, one that is short still works. */
static bool own_token(const struct vended_request *request, struct bearer_token *ret_token,
                      struct error *err)
{
    const struct gcs_place *place = gcs_place_of(request->place);
    TRY(token_source_get(place->tokens, ret_token, err));
    int64_t now_ms = clock_now_ms(http_transport_clock(request->transport));
    if (ret_token->expires_ms == 0 || ret_token->expires_ms - now_ms >= MIN_OWN_LIFE_MS)
        return true;
    token_source_renew(place->tokens, MIN_OWN_LIFE_MS);
    return token_source_get(place->tokens, ret_token, err);
}

static bool exchange(const struct vended_request *request, const struct bearer_token *own,
                     struct slice boundary, struct arena *arena, struct bearer_token *ret_token,
                     struct error *err)
{
    const struct storage_profile *profile = request->profile;
    bool is_google = profile->sts.endpoint.len == 0;
    struct buffer form;
    struct slice endpoint = is_google ? SLICE_LITERAL(STS_ENDPOINT) : profile->sts.endpoint;
    struct slice url = arena_printf(arena, "%.*s" STS_PATH, SLICE_ARG(endpoint));
    buffer_init(&form, MAX_FORM_SIZE);
    percent_form_append(&form, "grant_type",
                   SLICE_LITERAL("urn:ietf:params:oauth:grant-type:token-exchange"));
    percent_form_append(&form, "subject_token_type", ACCESS_TOKEN);
    percent_form_append(&form, "requested_token_type", ACCESS_TOKEN);
    percent_form_append(&form, "subject_token", slice_from_string(own->text));
    percent_form_append(&form, "options", boundary);
    const struct oauth_request ask = {
        .method = "POST",
        .url = url.ptr,
        .form = buffer_slice(&form),
        .ca_bundle = is_google || profile->ca_bundle.len == 0 ? NULL : profile->ca_bundle.ptr,
        .service = is_google ? "Google's STS" : "the STS",
        .cures = CURES,
    };
    bool ok = url.ptr ? buffer_check(&form, "a request to STS", err) &&
                            oauth_token_ask(request->transport, &ask, ret_token, err)
                      : error_no_memory(err, "a URL");
    secret_buffer_finish(&form);
    return ok;
}

static bool cut_down(const struct vended_request *request, struct bearer_token *own,
                     struct arena *arena, struct bearer_token *token, struct error *err)
{
    struct slice boundary;
    TRY(gcs_boundary_make(request->location, request->rights, arena, &boundary, err));
    TRY(own_token(request, own, err));
    TRY(exchange(request, own, boundary, arena, token, err));
    /* STS says nothing where it is the life of the token that was cut. */
    if (token->expires_ms == 0 || (own->expires_ms != 0 && own->expires_ms < token->expires_ms))
        token->expires_ms = own->expires_ms;
    return true;
}

static bool make(const struct vended_request *request, struct arena *arena,
                 struct s3_keys *ret_keys, struct error *err)
{
    const struct gcs_place *place = gcs_place_of(request->place);
    struct bearer_token own = {.expires_ms = 0}, token = {.expires_ms = 0};
    if (!place->tokens)
        return error_set(err, ERROR_VALIDATION,
                         "An emulator has no tokens: no credentials are made for clients");
    bool ok = cut_down(request, &own, arena, &token, err);
    const struct s3_credentials texts = {SLICE_EMPTY, SLICE_EMPTY, slice_from_string(token.text)};
    ok = ok && s3_keys_set(ret_keys, "STS", &texts, token.expires_ms, err);
    bearer_token_wipe(&own);
    bearer_token_wipe(&token);
    return ok;
}

/* --- a probe ------------------------------------------------------------------------------ */

static bool probe(const struct vended_request *request, const struct s3_keys *keys,
                  const char *method, struct slice uri, struct slice body, long *ret_status,
                  struct error *err)
{
    struct gcs_call call;
    struct buffer answer;
    struct bearer_token token = {.expires_ms = 0};
    buffer_init(&answer, 64 * KIB);
    bool ok =
        gcs_call_init(&call, request->transport, gcs_place_of(store_place_ref(request->place)), uri,
                      method, &answer, err) &&
        bearer_token_set(&token, "STS", slice_from_string(keys->session_token), 0, err);
    call.own_token = &token;
    ok = ok && (strcmp(method, "PUT") == 0 ? gcs_call_upload(&call, body, err)
                                           : gcs_call_download(&call, err));
    *ret_status = call.answer.status;
    gcs_call_finish(&call);
    bearer_token_wipe(&token);
    buffer_finish(&answer);
    return ok;
}

const struct vending gcs_vending = {"the role Storage Object User", make, probe};
