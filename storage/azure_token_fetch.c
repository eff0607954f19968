#include "storage/azure_token_fetch.h"

#include "base/limits.h"
#include "base/percent.h"
#include "storage/oauth_token.h"
#include "storage/secret_box.h"
#include "storage/secret_file.h"

#define RESOURCE SLICE_LITERAL("https://storage.azure.com/")
#define SCOPE SLICE_LITERAL("https://storage.azure.com/.default")
#define AUTHORITY "https://login.microsoftonline.com"
#define ASSERTION_TYPE SLICE_LITERAL("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
#define INSTANCE_SERVICE "http://169.254.169.254"
#define INSTANCE_PATH "/metadata/identity/oauth2/token?api-version=2018-02-01"
#define FETCH_ARENA_SIZE (1 * MIB)
#define MAX_FORM_SIZE (256 * KIB)
#define MAX_TOKEN_FILE (64 * KIB)

static const struct oauth_cure CURES[] = {
    {"invalid_client", "the client secret is wrong or has expired: give the warehouse a new one"},
    {"unauthorized_client", "the tenant has no such client: check client-id and tenant-id"},
    {"invalid_request", "check tenant-id and client-id, and that the machine has an identity"},
    {"invalid_tenant", "there is no such tenant: check tenant-id"},
    {NULL, NULL},
};

static struct slice variable(const struct azure_token_origin *origin, const char *name)
{
    return environment_get(origin->environment, name);
}

/* --- Microsoft Entra ID --------------------------------------------------------------------- */

/* Who asks, and by what. */
struct client {
    struct slice tenant;
    struct slice id;
    struct slice secret;    /* or */
    struct slice assertion; /* a token that another issuer has signed */
};

/* A secret goes over a network encrypted, or not at all. */
static bool is_safe(struct slice url)
{
    static const char *const PLAIN[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    if (slice_starts_with(url, SLICE_LITERAL("https://")))
        return true;
    for (size_t i = 0; i < sizeof PLAIN / sizeof PLAIN[0]; i++) {
        struct slice start = slice_from_string(PLAIN[i]);
        struct slice rest = slice_from(url, start.len);
        if (slice_starts_with(url, start) && (rest.len == 0 || rest.ptr[0] == ':'))
            return true;
    }
    return false;
}

static bool authority_url(const struct azure_token_origin *origin, struct slice tenant,
                          struct buffer *out, struct error *err)
{
    struct slice host = variable(origin, "AZURE_AUTHORITY_HOST");
    while (slice_ends_with(host, SLICE_LITERAL("/")))
        host.len--;
    if (host.len == 0)
        host = SLICE_LITERAL(AUTHORITY);
    if (!is_safe(host))
        return error_set(err, ERROR_STORAGE,
                         "AZURE_AUTHORITY_HOST must be https://…, or of this machine");
    buffer_append_slice(out, host);
    buffer_append_byte(out, '/');
    percent_append(out, tenant);
    buffer_append_string(out, "/oauth2/v2.0/token");
    buffer_append_byte(out, '\0');
    return buffer_check(out, "a URL", err);
}

static void write_form(const struct client *client, struct buffer *form)
{
    percent_form_append(form, "grant_type", SLICE_LITERAL("client_credentials"));
    percent_form_append(form, "client_id", client->id);
    percent_form_append(form, "scope", SCOPE);
    if (client->secret.len > 0) {
        percent_form_append(form, "client_secret", client->secret);
    } else {
        percent_form_append(form, "client_assertion_type", ASSERTION_TYPE);
        percent_form_append(form, "client_assertion", client->assertion);
    }
}

static bool ask_authority(const struct azure_token_origin *origin, const struct client *client,
                          struct bearer_token *ret_token, struct error *err)
{
    struct buffer url, form;
    buffer_init(&url, MAX_FORM_SIZE);
    buffer_init(&form, MAX_FORM_SIZE);
    write_form(client, &form);
    bool ok = authority_url(origin, client->tenant, &url, err) &&
              buffer_check(&form, "a request for a token", err);
    const struct oauth_request request = {
        .method = "POST",
        .url = url.ptr,
        .form = buffer_slice(&form),
        .service = "Microsoft Entra ID",
        .cures = CURES,
    };
    ok = ok && oauth_token_ask(origin->transport, &request, ret_token, err);
    buffer_finish(&url);
    secret_buffer_finish(&form);
    return ok;
}

static bool fetch_given(const struct azure_token_origin *origin, struct bearer_token *ret_token,
                        struct error *err)
{
    const struct storage_credentials *given = &origin->credentials;
    const struct client client = {given->tenant_id, given->client_id, given->client_secret,
                                  SLICE_EMPTY};
    return ask_authority(origin, &client, ret_token, err);
}

static bool fetch_environment(const struct azure_token_origin *origin,
                              struct bearer_token *ret_token, struct error *err)
{
    const struct client client = {variable(origin, "AZURE_TENANT_ID"),
                                  variable(origin, "AZURE_CLIENT_ID"),
                                  variable(origin, "AZURE_CLIENT_SECRET"), SLICE_EMPTY};
    if (client.tenant.len == 0 || client.id.len == 0 || client.secret.len == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are not set");
    return ask_authority(origin, &client, ret_token, err);
}

/* The file is read each time: the platform writes it anew before its token ends. */
static bool fetch_workload(const struct azure_token_origin *origin, struct bearer_token *ret_token,
                           struct error *err)
{
    struct slice path = variable(origin, "AZURE_FEDERATED_TOKEN_FILE");
    struct client client = {variable(origin, "AZURE_TENANT_ID"),
                            variable(origin, "AZURE_CLIENT_ID"), SLICE_EMPTY, SLICE_EMPTY};
    struct buffer text;
    struct error cause = {0};
    if (path.len == 0 || client.tenant.len == 0 || client.id.len == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID and AZURE_CLIENT_ID are not "
                         "set in the server's environment: give its pod a service account with a "
                         "workload identity");
    buffer_init(&text, MAX_TOKEN_FILE);
    bool ok = secret_file_read(path.ptr, &text, &cause);
    client.assertion = slice_trim_lines(buffer_slice(&text));
    ok = ok && ask_authority(origin, &client, ret_token, &cause);
    secret_buffer_finish(&text);
    /* A token that was named and is not there is not "nothing of the kind". */
    return ok || error_set(err, cause.kind == ERROR_NOT_FOUND ? ERROR_STORAGE : cause.kind,
                           "workload identity: %s", cause.message);
}

/* --- managed identities --------------------------------------------------------------------- */

static bool ask_service(const struct azure_token_origin *origin, const char *service,
                        const char *header, struct buffer *url, struct bearer_token *ret_token,
                        struct error *err)
{
    struct slice client = variable(origin, "AZURE_CLIENT_ID");
    buffer_append_string(url, "&resource=");
    percent_append(url, RESOURCE);
    if (client.len > 0) {
        buffer_append_string(url, "&client_id=");
        percent_append(url, client);
    }
    buffer_append_byte(url, '\0');
    const struct oauth_request request = {
        .method = "GET",
        .url = url->ptr,
        .header = header,
        .service = service,
        .is_local_service = true,
        .cures = CURES,
    };
    return buffer_check(url, "a URL", err) &&
           oauth_token_ask(origin->transport, &request, ret_token, err);
}

/* App Service, Functions, Container Apps. */
static bool fetch_app(const struct azure_token_origin *origin, struct bearer_token *ret_token,
                      struct error *err)
{
    struct slice endpoint = variable(origin, "IDENTITY_ENDPOINT");
    struct slice secret = variable(origin, "IDENTITY_HEADER");
    struct buffer url;
    struct arena arena;
    if (endpoint.len == 0 || secret.len == 0 || slice_find(secret, '\n') != secret.len)
        return error_set(err, ERROR_NOT_FOUND, "IDENTITY_ENDPOINT and IDENTITY_HEADER are not set");
    buffer_init(&url, MAX_FORM_SIZE);
    arena_init(&arena, FETCH_ARENA_SIZE);
    buffer_append_slice(&url, endpoint);
    buffer_append_string(&url, "?api-version=2019-08-01");
    struct slice header = arena_printf(&arena, "X-IDENTITY-HEADER: %.*s", SLICE_ARG(secret));
    bool ok = header.ptr ? ask_service(origin, "the app's identity endpoint", header.ptr, &url,
                                       ret_token, err)
                         : error_no_memory(err, "a header");
    arena_finish(&arena);
    secret_buffer_finish(&url);
    return ok;
}

static bool fetch_machine(const struct azure_token_origin *origin, struct bearer_token *ret_token,
                          struct error *err)
{
    struct slice service = variable(origin, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
    struct buffer url;
    while (slice_ends_with(service, SLICE_LITERAL("/")))
        service.len--;
    buffer_init(&url, MAX_FORM_SIZE);
    buffer_append_slice(&url, service.len > 0 ? service : SLICE_LITERAL(INSTANCE_SERVICE));
    buffer_append_string(&url, INSTANCE_PATH);
    bool ok = ask_service(origin, "the machine's identity service", "Metadata: true", &url,
                          ret_token, err);
    buffer_finish(&url);
    return ok;
}

typedef bool (*fetch_fn)(const struct azure_token_origin *, struct bearer_token *, struct error *);

/* The first that is there; what is there and fails is not passed over. */
static bool fetch_first(const struct azure_token_origin *origin, const fetch_fn *order,
                        size_t count, struct bearer_token *ret_token, struct error *err)
{
    struct error cause = {0};
    for (size_t i = 0; i < count; i++) {
        if (order[i](origin, ret_token, &cause))
            return true;
        if (cause.kind != ERROR_NOT_FOUND)
            break;
    }
    return error_set(err, cause.kind, "%s", cause.message);
}

static bool fetch_instance(const struct azure_token_origin *origin, struct bearer_token *ret_token,
                           struct error *err)
{
    static const fetch_fn ORDER[] = {fetch_app, fetch_machine};
    struct error cause = {0};
    if (fetch_first(origin, ORDER, sizeof ORDER / sizeof ORDER[0], ret_token, &cause))
        return true;
    if (cause.kind != ERROR_NOT_FOUND)
        return error_set(err, cause.kind, "%s", cause.message);
    return error_set(err, ERROR_NOT_FOUND,
                     "this machine has no identity: give it a managed one (%s)", cause.message);
}

/* --- which one ------------------------------------------------------------------------------ */

static bool fetch_any(const struct azure_token_origin *origin, struct bearer_token *ret_token,
                      struct error *err)
{
    static const fetch_fn ORDER[] = {fetch_environment, fetch_workload, fetch_instance};
    struct error cause = {0};
    if (fetch_first(origin, ORDER, sizeof ORDER / sizeof ORDER[0], ret_token, &cause))
        return true;
    if (cause.kind != ERROR_NOT_FOUND)
        return error_set(err, cause.kind, "%s", cause.message);
    return error_set(err, ERROR_STORAGE,
                     "there are no credentials for Azure: set AZURE_STORAGE_ACCOUNT and "
                     "AZURE_STORAGE_KEY, or AZURE_TENANT_ID, AZURE_CLIENT_ID and "
                     "AZURE_CLIENT_SECRET, or give the warehouse its own");
}

static bool fetch_by_source(const struct azure_token_origin *origin, struct bearer_token *ret_token,
                            struct error *err)
{
    enum credentials_source source = origin->credentials.source;
    if (source == CREDENTIALS_CLIENT_SECRET)
        return fetch_given(origin, ret_token, err);
    if (source == CREDENTIALS_WEB_IDENTITY)
        return fetch_workload(origin, ret_token, err);
    if (source == CREDENTIALS_INSTANCE)
        return fetch_instance(origin, ret_token, err);
    return error_set(err, ERROR_STORAGE, "credentials by '%s' are not for Azure",
                     credentials_source_name(source));
}

bool azure_token_fetch(void *context, struct bearer_token *ret_token, struct error *err)
{
    const struct azure_token_origin *origin = context;
    struct error cause = {0};
    bool ok = origin->is_any ? fetch_any(origin, ret_token, &cause)
                             : fetch_by_source(origin, ret_token, &cause);
    return ok || token_fetch_failed(&cause, err);
}
