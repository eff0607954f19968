/* Keys of the environment and by a web identity, and which of all sources is asked
 * (storage/s3_key_fetch.h). */
#include "storage/s3_key_fetch.h"

#include "base/limits.h"
#include "storage/secret_box.h"
#include "storage/secret_file.h"
#include "storage/sts.h"

#define MAX_TOKEN_FILE (64 * KIB)
#define FETCH_ARENA_SIZE (4 * MIB)

static bool keys_given(const struct s3_credentials *credentials, const char *source,
                       struct s3_keys *ret_keys, struct error *err)
{
    return s3_keys_set(ret_keys, source, credentials, 0, err);
}

static bool fetch_static(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                         struct error *err)
{
    const struct storage_credentials *from = &origin->credentials;
    const struct s3_credentials credentials = {from->access_key_id, from->secret_access_key,
                                               from->session_token};
    return keys_given(&credentials, "the warehouse's storage profile", ret_keys, err);
}

bool s3_key_fetch_environment(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                              struct error *err)
{
    const struct s3_credentials credentials = {
        s3_environment(origin, "AWS_ACCESS_KEY_ID"),
        s3_environment(origin, "AWS_SECRET_ACCESS_KEY"),
        s3_environment(origin, "AWS_SESSION_TOKEN"),
    };
    if (credentials.access_key_id.len == 0 || credentials.secret_access_key.len == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set in the server's "
                         "environment: set them, and start it again");
    return keys_given(&credentials, "the environment", ret_keys, err);
}

/* --- web identity ------------------------------------------------------------------------- */

static bool ask_sts(const struct s3_key_origin *origin, const struct s3_web_identity *identity,
                    struct slice token, struct arena *arena, struct s3_keys *ret_keys,
                    struct error *err)
{
    struct sts_request request = {
        .endpoint = s3_environment(origin, "AWS_ENDPOINT_URL_STS"),
        .region = origin->region,
        .ca_bundle = s3_environment(origin, "AWS_CA_BUNDLE"),
        .web_identity_token = token,
        .role_arn = identity->role_arn,
        .session_name = identity->session_name.len ? identity->session_name : SLICE_LITERAL("firn"),
    };
    if (request.endpoint.len == 0)
        TRY(sts_endpoint_of_region(origin->region, arena, &request.endpoint, err));
    return sts_assume_role(origin->transport, &request, ret_keys, err);
}

/* The file is read each time: the platform writes it anew before its token ends. */
bool s3_key_fetch_by_token(const struct s3_key_origin *origin,
                           const struct s3_web_identity *identity, struct s3_keys *ret_keys,
                           struct error *err)
{
    struct arena arena;
    struct buffer token;
    struct error cause = {0};
    arena_init(&arena, FETCH_ARENA_SIZE);
    buffer_init(&token, MAX_TOKEN_FILE);
    const char *path = arena_string(&arena, identity->token_file);
    bool ok =
        path ? secret_file_read(path, &token, &cause) : error_no_memory(&cause, "a token's path");
    if (ok)
        ok = ask_sts(origin, identity, slice_trim_lines(buffer_slice(&token)), &arena, ret_keys,
                     &cause);
    /* A token that was named and is not there is not "nothing of the kind". */
    if (!ok)
        error_set(err, cause.kind == ERROR_NOT_FOUND ? ERROR_STORAGE : cause.kind,
                  "web identity: %s", cause.message);
    secret_buffer_finish(&token);
    arena_finish(&arena);
    return ok;
}

bool s3_key_fetch_web_identity(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                               struct error *err)
{
    const struct s3_web_identity identity = {
        .token_file = s3_environment(origin, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        .role_arn = s3_environment(origin, "AWS_ROLE_ARN"),
        .session_name = s3_environment(origin, "AWS_ROLE_SESSION_NAME"),
    };
    if (identity.token_file.len == 0 || identity.role_arn.len == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not set in the server's "
                         "environment: give its pod a service account with a role");
    return s3_key_fetch_by_token(origin, &identity, ret_keys, err);
}

/* --- which one ---------------------------------------------------------------------------- */

typedef bool (*fetch_fn)(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                         struct error *err);

static const fetch_fn FETCHES[CREDENTIALS_SOURCE_COUNT] = {
    [CREDENTIALS_STATIC] = fetch_static,
    [CREDENTIALS_ENVIRONMENT] = s3_key_fetch_environment,
    [CREDENTIALS_SHARED_CONFIG] = s3_key_fetch_shared_config,
    [CREDENTIALS_CONTAINER] = s3_key_fetch_container,
    [CREDENTIALS_INSTANCE] = s3_key_fetch_instance,
    [CREDENTIALS_WEB_IDENTITY] = s3_key_fetch_web_identity,
};

/* In the order of AWS's own tools. */
static bool fetch_any(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                      struct error *err)
{
    static const fetch_fn ORDER[] = {
        s3_key_fetch_environment, s3_key_fetch_web_identity, s3_key_fetch_shared_config,
        s3_key_fetch_container,   s3_key_fetch_instance,
    };
    struct error cause = {0};
    for (size_t i = 0; i < sizeof ORDER / sizeof ORDER[0]; i++) {
        if (ORDER[i](origin, ret_keys, &cause))
            return true;
        if (cause.kind != ERROR_NOT_FOUND)
            return error_set(err, cause.kind, "%s", cause.message);
    }
    return error_set(err, ERROR_STORAGE,
                     "there are no credentials: give the warehouse some, or set AWS_ACCESS_KEY_ID "
                     "and AWS_SECRET_ACCESS_KEY in the server's environment");
}

bool s3_key_fetch(const struct s3_key_origin *origin, struct s3_keys *ret_keys, struct error *err)
{
    struct error cause = {0};
    enum credentials_source source = origin->credentials.source;
    fetch_fn fetch = origin->is_any ? fetch_any : FETCHES[source];
    if (!fetch)
        return error_set(err, ERROR_STORAGE, "credentials by '%s' are not for S3",
                         credentials_source_name(source));
    if (fetch(origin, ret_keys, &cause))
        return true;
    return error_set(err, cause.kind == ERROR_NOT_FOUND ? ERROR_STORAGE : cause.kind, "%s",
                     cause.message);
}
