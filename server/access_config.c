#include "server/access_config.h"

#include <stdio.h>

#define NUMBER_SIZE 24

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

/* --- all of them ---------------------------------------------------------------------------- */

static const struct {
    void (*place)(const struct access_told *told, struct json_writer *json);
    void (*keys)(const struct access_told *told, const struct s3_keys *keys,
                 struct json_writer *json);
} KINDS[STORAGE_TYPE_COUNT] = {
    [STORAGE_S3] = {write_s3_place, write_s3_keys},
    [STORAGE_GCS] = {write_gcs_place, write_gcs_keys},
};

bool access_config_is_told(enum storage_type type)
{
    return KINDS[type].place != NULL;
}

void access_config_write_place(const struct access_told *told, struct json_writer *json)
{
    KINDS[told->profile->type].place(told, json);
}

void access_config_write_keys(const struct access_told *told, const struct s3_keys *keys,
                              struct json_writer *json)
{
    KINDS[told->profile->type].keys(told, keys, json);
}
