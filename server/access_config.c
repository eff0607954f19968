#include "server/access_config.h"

#include <stdio.h>

#include "storage/adls_place.h"

#define NUMBER_SIZE 24
/* A host has 253 characters at most. */
#define AZURE_NAME_SIZE 320

static void write_time(struct json_writer *json, const char *name, int64_t ms)
{
    char number[NUMBER_SIZE];
    snprintf(number, sizeof(number), "%lld", (long long)ms);
    json_write_string_member(json, name, slice_from_string(number));
}

static void write_optional(struct json_writer *json, const char *name, struct slice text)
{
    if (text.len > 0)
        json_write_string_member(json, name, text);
}

/* --- S3 ------------------------------------------------------------------------------------- */

static void write_s3_place(const struct access_told *told, struct json_writer *json)
{
    const struct storage_profile *profile = told->profile;
    write_optional(json, "s3.endpoint", told->endpoint);
    json_write_string_member(json, "s3.path-style-access",
                             profile->is_path_style ? SLICE_LITERAL("true")
                                                    : SLICE_LITERAL("false"));
    json_write_string_member(json, "client.region", profile->region);
    json_write_string_member(json, "s3.region", profile->region);
}

static void write_s3_keys(const struct access_told *told, const struct s3_keys *keys,
                          struct json_writer *json)
{
    json_write_string_member(json, "s3.access-key-id", slice_from_string(keys->access_key_id));
    json_write_string_member(json, "s3.secret-access-key",
                             slice_from_string(keys->secret_access_key));
    write_optional(json, "s3.session-token", slice_from_string(keys->session_token));
    if (keys->expires_ms == 0)
        return;
    write_time(json, "s3.session-token-expires-at-ms", keys->expires_ms);
    write_optional(json, "client.refresh-credentials-endpoint", told->refresh);
}

/* --- Google Cloud Storage ------------------------------------------------------------------- */

static void write_gcs_place(const struct access_told *told, struct json_writer *json)
{
    write_optional(json, "gcs.service.host", told->endpoint);
}

static void write_gcs_keys(const struct access_told *told, const struct s3_keys *keys,
                           struct json_writer *json)
{
    json_write_string_member(json, "gcs.oauth2.token", slice_from_string(keys->session_token));
    if (keys->expires_ms == 0)
        return;
    write_time(json, "gcs.oauth2.token-expires-at", keys->expires_ms);
    write_optional(json, "gcs.oauth2.refresh-credentials-endpoint", told->refresh);
}

/* --- Azure ---------------------------------------------------------------------------------- */

/* "account.dfs.core.windows.net" of "abfss://container@account.dfs.core.windows.net/…". */
static struct slice azure_host(const struct access_told *told)
{
    struct slice rest = slice_from(told->location, slice_find(told->location, '@') + 1);
    return slice_make(rest.ptr, slice_find(rest, '/'));
}

static struct slice azure_account(const struct access_told *told)
{
    struct slice host = azure_host(told);
    return slice_make(host.ptr, slice_find(host, '.'));
}

/* Only PyIceberg takes the Blob service's address. An endpoint that is not the account's own is an
 * emulator's, which answers for the other service too. */
static void write_azure_endpoint(const struct access_told *told, struct json_writer *json)
{
    struct slice endpoint = told->endpoint;
    bool is_tls = slice_starts_with(endpoint, SLICE_LITERAL("https://"));
    struct slice scheme = is_tls ? SLICE_LITERAL("https") : SLICE_LITERAL("http");
    struct slice authority = slice_from(endpoint, scheme.len + 3);
    if (endpoint.len == 0)
        return;
    json_write_string_member(json, "adls.blob-storage-authority", authority);
    json_write_string_member(json, "adls.blob-storage-scheme", scheme);
    if (adls_endpoint_is_of_account(endpoint, azure_account(told)))
        return;
    json_write_string_member(json, "adls.dfs-storage-authority", authority);
    json_write_string_member(json, "adls.dfs-storage-scheme", scheme);
}

static void write_azure_place(const struct access_told *told, struct json_writer *json)
{
    if (azure_account(told).len == 0)
        return; /* a table elsewhere */
    json_write_string_member(json, "adls.account-name", azure_account(told));
    write_azure_endpoint(told, json);
}

/* Java looks under the account's host, and PyIceberg's file system by PyArrow under no name. */
static void write_azure_sas(const struct access_told *told, const struct s3_keys *keys,
                            struct json_writer *json)
{
    char name[AZURE_NAME_SIZE];
    struct slice sas = slice_from_string(keys->session_token);
    snprintf(name, sizeof(name), "adls.sas-token.%.*s", SLICE_ARG(azure_host(told)));
    json_write_string_member(json, name, sas);
    json_write_string_member(json, "adls.sas-token", sas);
    snprintf(name, sizeof(name), "adls.sas-token-expires-at-ms.%.*s", SLICE_ARG(azure_host(told)));
    write_time(json, name, keys->expires_ms);
    write_optional(json, "adls.refresh-credentials-endpoint", told->refresh);
}

/* The account's key, where the warehouse gives that. */
static void write_azure_keys(const struct access_told *told, const struct s3_keys *keys,
                             struct json_writer *json)
{
    struct slice key = slice_from_string(keys->secret_access_key);
    if (keys->session_token[0] != '\0') {
        write_azure_sas(told, keys, json);
        return;
    }
    json_write_string_member(json, "adls.account-key", key);
    json_write_string_member(json, "adls.auth.shared-key.account.name", azure_account(told));
    json_write_string_member(json, "adls.auth.shared-key.account.key", key);
}

/* --- all of them ---------------------------------------------------------------------------- */

static const struct {
    void (*place)(const struct access_told *told, struct json_writer *json);
    void (*keys)(const struct access_told *told, const struct s3_keys *keys,
                 struct json_writer *json);
} KINDS[STORAGE_TYPE_COUNT] = {
    [STORAGE_S3] = {write_s3_place, write_s3_keys},
    [STORAGE_GCS] = {write_gcs_place, write_gcs_keys},
    [STORAGE_ADLS] = {write_azure_place, write_azure_keys},
};

void access_config_write_place(const struct access_told *told, struct json_writer *json)
{
    KINDS[told->profile->type].place(told, json);
}

void access_config_write_keys(const struct access_told *told, const struct s3_keys *keys,
                              struct json_writer *json)
{
    KINDS[told->profile->type].keys(told, keys, json);
}
