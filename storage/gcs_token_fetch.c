#include "storage/gcs_token_fetch.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"
#include "storage/gcs_service_account.h"
#include "storage/oauth_token.h"
#include "storage/secret_box.h"
#include "storage/secret_file.h"

/* What can be done with a token is what its account may do; the scope is the bound above. That of
 * all of the cloud is what a token needs that is to be cut down for clients. */
#define SCOPE SLICE_LITERAL("https://www.googleapis.com/auth/cloud-platform")
#define METADATA_HOST "169.254.169.254"
#define METADATA_PATH "/computeMetadata/v1/instance/service-accounts/default/token"
#define METADATA_HEADER "Metadata-Flavor: Google"
#define METADATA_SERVICE "the instance's metadata service"
#define FETCH_ARENA_SIZE (1 * MIB)
#define MAX_FORM_SIZE (256 * KIB)

static const struct oauth_cure CURES[] = {
    {"invalid_grant", "the key was deleted, its account is gone, or this machine's clock is wrong: "
                      "set the clock (NTP), and make a new key"},
    {"invalid_client", "the client of the credentials is gone: log in again"},
    {"unauthorized_client", "the account may not have such tokens: see its administrator"},
    {"invalid_scope", "the account may not have such tokens: see its administrator"},
    {NULL, NULL},
};

/* --- a token endpoint --------------------------------------------------------------------- */

static bool post(const struct gcs_token_origin *origin, struct slice url, struct buffer *form,
                 struct bearer_token *ret_token, struct error *err)
{
    bool is_google = slice_starts_with(url, SLICE_LITERAL(GCS_TOKEN_ENDPOINT "/"));
    const struct oauth_request request = {
        .method = "POST",
        .url = url.ptr,
        .form = buffer_slice(form),
        .ca_bundle = is_google || origin->ca_bundle.len == 0 ? NULL : origin->ca_bundle.ptr,
        .service = is_google ? "Google's token endpoint" : "the token endpoint",
        .cures = CURES,
    };
    return buffer_check(form, "a request for a token", err) &&
           oauth_token_ask(origin->transport, &request, ret_token, err);
}

static bool exchange_assertion(const struct gcs_token_origin *origin,
                               const struct gcs_service_account *account,
                               struct bearer_token *ret_token, struct error *err)
{
    struct buffer form, assertion;
    int64_t now_ms = clock_now_ms(http_transport_clock(origin->transport));
    buffer_init(&form, MAX_FORM_SIZE);
    buffer_init(&assertion, MAX_FORM_SIZE);
    bool ok = gcs_service_account_assert(account, SCOPE, now_ms / 1000, &assertion, err);
    percent_form_append(&form, "grant_type",
                   SLICE_LITERAL("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    percent_form_append(&form, "assertion", buffer_slice(&assertion));
    ok = ok && post(origin, account->token_uri, &form, ret_token, err);
    secret_buffer_finish(&assertion);
    secret_buffer_finish(&form);
    return ok;
}

static bool fetch_by_key(const struct gcs_token_origin *origin, struct slice json,
                         struct arena *arena, struct bearer_token *ret_token, struct error *err)
{
    struct gcs_service_account account;
    return gcs_service_account_parse(json, arena, &account, err) &&
           exchange_assertion(origin, &account, ret_token, err);
}

/* --- what gcloud writes where a person logs in -------------------------------------------- */

static bool refresh(const struct gcs_token_origin *origin, const json_t *tree, struct arena *arena,
                    struct bearer_token *ret_token, struct error *err)
{
    static const char *const NAMES[] = {"client_id", "client_secret", "refresh_token"};
    struct slice url = SLICE_LITERAL(GCS_TOKEN_ENDPOINT GCS_TOKEN_PATH), text;
    struct buffer form;
    bool ok = json_opt_string(tree, "token_uri", &url, err);
    url = ok ? arena_slice(arena, url) : url;
    buffer_init(&form, MAX_FORM_SIZE);
    percent_form_append(&form, "grant_type", SLICE_LITERAL("refresh_token"));
    for (size_t i = 0; ok && i < sizeof NAMES / sizeof NAMES[0]; i++) {
        ok = json_get_string(tree, NAMES[i], &text, err);
        if (ok)
            percent_form_append(&form, NAMES[i], text);
    }
    if (ok && !url.ptr)
        ok = error_no_memory(err, "a URL");
    ok = ok && post(origin, url, &form, ret_token, err);
    secret_buffer_finish(&form);
    return ok;
}

static bool fetch_by_file_text(const struct gcs_token_origin *origin, struct slice json,
                               struct arena *arena, struct bearer_token *ret_token,
                               struct error *err)
{
    struct slice type = SLICE_EMPTY;
    json_t *tree = NULL;
    bool ok =
        json_tree_parse(json, "the file", &tree, err) && json_get_string(tree, "type", &type, err);
    if (ok && slice_equals_string(type, "service_account"))
        ok = fetch_by_key(origin, json, arena, ret_token, err);
    else if (ok && slice_equals_string(type, "authorized_user"))
        ok = refresh(origin, tree, arena, ret_token, err);
    else if (ok)
        ok = error_set(err, ERROR_STORAGE,
                       "its type is '%.*s', and only service_account and authorized_user are "
                       "known: give the key file of a service account",
                       SLICE_ARG(type));
    json_decref(tree);
    return ok;
}

/* --- the machine's own -------------------------------------------------------------------- */

static bool fetch_by_file(const struct gcs_token_origin *origin, struct slice path,
                          struct bearer_token *ret_token, struct error *err)
{
    struct arena arena;
    struct buffer text;
    struct error cause = {0};
    arena_init(&arena, FETCH_ARENA_SIZE);
    buffer_init(&text, MAX_SECRET_SIZE);
    bool ok = secret_file_read(path.ptr, &text, &cause);
    bool is_absent = !ok && cause.kind == ERROR_NOT_FOUND;
    ok = ok && fetch_by_file_text(origin, buffer_slice(&text), &arena, ret_token, &cause);
    secret_buffer_finish(&text);
    arena_finish(&arena);
    if (ok)
        return true;
    if (is_absent)
        return error_set(err, ERROR_NOT_FOUND, "%s", cause.message);
    return error_set(err, cause.kind == ERROR_NOT_FOUND ? ERROR_STORAGE : cause.kind, "%.*s: %s",
                     SLICE_ARG(path), cause.message);
}

static bool fetch_named_file(const struct gcs_token_origin *origin, struct bearer_token *ret_token,
                             struct error *err)
{
    struct error cause = {0};
    struct slice path = environment_get(origin->environment, "GOOGLE_APPLICATION_CREDENTIALS");
    if (path.len == 0)
        return error_set(err, ERROR_NOT_FOUND, "GOOGLE_APPLICATION_CREDENTIALS is not set");
    if (fetch_by_file(origin, path, ret_token, &cause))
        return true;
    /* One that was named and is not there is not "nothing of the kind". */
    return error_set(err, cause.kind == ERROR_NOT_FOUND ? ERROR_STORAGE : cause.kind,
                     "GOOGLE_APPLICATION_CREDENTIALS: %s", cause.message);
}

static bool fetch_well_known_file(const struct gcs_token_origin *origin,
                                  struct bearer_token *ret_token, struct error *err)
{
    struct arena arena;
    struct slice folder = environment_get(origin->environment, "CLOUDSDK_CONFIG");
    struct slice home = environment_get(origin->environment, "HOME");
    arena_init(&arena, FETCH_ARENA_SIZE);
    struct slice path = arena_printf(&arena, "%.*s%s/application_default_credentials.json",
                                     folder.len > 0 ? (int)folder.len : (int)home.len,
                                     folder.len > 0 ? folder.ptr : home.ptr,
                                     folder.len > 0 ? "" : "/.config/gcloud");
    bool ok =
        path.ptr ? fetch_by_file(origin, path, ret_token, err) : error_no_memory(err, "a path");
    arena_finish(&arena);
    return ok;
}

static bool fetch_instance(const struct gcs_token_origin *origin, struct bearer_token *ret_token,
                           struct error *err)
{
    struct arena arena;
    struct slice host = environment_get(origin->environment, "GCE_METADATA_HOST");
    if (slice_equals_ignore_case(environment_get(origin->environment, "NO_GCE_CHECK"),
                                 SLICE_LITERAL("true")))
        return error_set(err, ERROR_NOT_FOUND,
                         "NO_GCE_CHECK forbids to ask for the instance's "
                         "tokens");
    arena_init(&arena, FETCH_ARENA_SIZE);
    if (host.len == 0)
        host = SLICE_LITERAL(METADATA_HOST);
    struct slice url = arena_printf(&arena, "http://%.*s" METADATA_PATH, SLICE_ARG(host));
    const struct oauth_request request = {
        .method = "GET",
        .url = url.ptr,
        .header = METADATA_HEADER,
        .service = METADATA_SERVICE,
        .is_local_service = true,
    };
    bool ok = url.ptr ? oauth_token_ask(origin->transport, &request, ret_token, err)
                      : error_no_memory(err, "a URL");
    arena_finish(&arena);
    return ok;
}

/* In the order of Google's own tools. */
static bool fetch_any(const struct gcs_token_origin *origin, struct bearer_token *ret_token,
                      struct error *err)
{
    static bool (*const ORDER[])(const struct gcs_token_origin *, struct bearer_token *,
                                 struct error *) = {fetch_named_file, fetch_well_known_file,
                                                    fetch_instance};
    struct error cause = {0};
    for (size_t i = 0; i < sizeof ORDER / sizeof ORDER[0]; i++) {
        if (ORDER[i](origin, ret_token, &cause))
            return true;
        if (cause.kind != ERROR_NOT_FOUND)
            return error_set(err, cause.kind, "%s", cause.message);
    }
    return error_set(err, ERROR_STORAGE,
                     "there are no credentials for Google Cloud Storage: give the warehouse some, "
                     "or set GOOGLE_APPLICATION_CREDENTIALS in the server's environment to the key "
                     "file of a service account");
}

/* --- which one ---------------------------------------------------------------------------- */

static bool fetch_given(const struct gcs_token_origin *origin, struct bearer_token *ret_token,
                        struct error *err)
{
    struct arena arena;
    arena_init(&arena, FETCH_ARENA_SIZE);
    bool ok = fetch_by_key(origin, origin->credentials.service_account_key, &arena, ret_token, err);
    arena_finish(&arena);
    return ok;
}

static bool fetch_by_source(const struct gcs_token_origin *origin, struct bearer_token *ret_token,
                            struct error *err)
{
    enum credentials_source source = origin->credentials.source;
    if (source == CREDENTIALS_SERVICE_ACCOUNT)
        return fetch_given(origin, ret_token, err);
    if (source == CREDENTIALS_INSTANCE)
        return fetch_instance(origin, ret_token, err);
    return error_set(err, ERROR_STORAGE, "credentials by '%s' are not for Google Cloud Storage",
                     credentials_source_name(source));
}

bool gcs_token_fetch(void *context, struct bearer_token *ret_token, struct error *err)
{
    const struct gcs_token_origin *origin = context;
    struct error cause = {0};
    bool ok = origin->is_any ? fetch_any(origin, ret_token, &cause)
                             : fetch_by_source(origin, ret_token, &cause);
    return ok || token_fetch_failed(&cause, err);
}
