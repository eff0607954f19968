#include "storage/storage_profile.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "storage/client_network.h"
#include "storage/endpoint.h"
#include "storage/profile_text.h"
#include "storage/secret_box.h"

static const struct {
    const char *name;
    const char *scheme;
} types[STORAGE_TYPE_COUNT] = {
    [STORAGE_S3] = {"s3", "s3"},
    [STORAGE_GCS] = {"gcs", "gs"},
    [STORAGE_ADLS] = {"adls", "abfss"},
};

static const struct {
    const char *name;
    enum client_access access;
} accesses[] = {
    {"vended-credentials", CLIENT_ACCESS_VENDED},
    {"remote-signing", CLIENT_ACCESS_SIGNING},
    {"static-keys", CLIENT_ACCESS_STATIC_KEYS},
};
#define ACCESS_COUNT (sizeof(accesses) / sizeof(accesses[0]))

const char *storage_type_scheme(enum storage_type type)
{
    return types[type].scheme;
}

const char *storage_type_name(enum storage_type type)
{
    return types[type].name;
}

/* --- reading -------------------------------------------------------------------------------- */

static bool read_type(const json_t *json, enum storage_type *ret, struct error *err)
{
    struct slice text;
    TRY(json_get_string(json, "type", &text, err));
    for (unsigned i = 0; i < STORAGE_TYPE_COUNT; i++) {
        if (slice_equals_string(text, types[i].name)) {
            *ret = (enum storage_type)i;
            return true;
        }
    }
    return error_set(err, ERROR_BAD_REQUEST, "storage: type is '%.*s': use s3, gcs or adls",
                     SLICE_ARG(text));
}

static bool check_duration(int64_t duration_s, struct error *err)
{
    return (duration_s >= STS_MIN_DURATION_S && duration_s <= STS_MAX_DURATION_S) ||
           error_set(err, ERROR_BAD_REQUEST,
                     "storage.sts: duration-seconds is %lld: STS allows %d to %d",
                     (long long)duration_s, STS_MIN_DURATION_S, STS_MAX_DURATION_S);
}

/* Of Google's there is one, and what it cuts down lives as long as what it is cut of. */
static bool read_gcs_sts(const json_t *object, struct arena *arena, struct storage_sts *sts,
                         struct error *err)
{
    static const char *const names[] = {"endpoint", NULL};
    TRY(profile_check_members(object, names, "storage.sts", err));
    *sts = (struct storage_sts){.is_set = true};
    return profile_endpoint_read(object, "endpoint", arena, &sts->endpoint, err);
}

static bool read_sts(const json_t *json, struct arena *arena, struct storage_profile *profile,
                     struct error *err)
{
    static const char *const names[] = {"endpoint", "role-arn", "external-id", "duration-seconds",
                                        NULL};
    struct storage_sts *sts = &profile->sts;
    json_t *object = NULL;
    TRY(json_opt_object(json, "sts", &object, err));
    if (object == NULL)
        return true;
    if (profile->type == STORAGE_GCS)
        return read_gcs_sts(object, arena, sts, err);
    if (profile->type != STORAGE_S3)
        return error_set(err, ERROR_BAD_REQUEST, "storage: sts is for types s3 and gcs");
    TRY(profile_check_members(object, names, "storage.sts", err));
    *sts = (struct storage_sts){.is_set = true, .duration_s = STS_DEFAULT_DURATION_S};
    TRY(profile_endpoint_read(object, "endpoint", arena, &sts->endpoint, err));
    TRY(profile_text_read(object, "role-arn", arena, &sts->role_arn, err));
    TRY(profile_text_read(object, "external-id", arena, &sts->external_id, err));
    TRY(json_opt_int64(object, "duration-seconds", &sts->duration_s, NULL, err));
    if (sts->role_arn.len > 0 && !slice_starts_with(sts->role_arn, SLICE_LITERAL("arn:")))
        return error_set(err, ERROR_BAD_REQUEST,
                         "storage.sts: role-arn is '%.*s': it must begin with arn:",
                         SLICE_ARG(sts->role_arn));
    if (sts->role_arn.len == 0 && profile->endpoint.len == 0 && sts->endpoint.len == 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "storage.sts: AWS needs a role-arn, the role that clients are given a "
                         "part of");
    return check_duration(sts->duration_s, err);
}

static bool read_access_word(const json_t *word, unsigned *access, struct error *err)
{
    for (size_t i = 0; json_is_string(word) && i < ACCESS_COUNT; i++) {
        if (slice_equals_string(json_slice(word), accesses[i].name)) {
            *access |= accesses[i].access;
            return true;
        }
    }
    return error_set(err, ERROR_BAD_REQUEST,
                     "storage: client-access lists vended-credentials, remote-signing and "
                     "static-keys, and nothing else");
}

/* What each kind of store can give. */
static const unsigned possible_access[STORAGE_TYPE_COUNT] = {
    [STORAGE_S3] = CLIENT_ACCESS_VENDED | CLIENT_ACCESS_SIGNING | CLIENT_ACCESS_STATIC_KEYS,
    [STORAGE_GCS] = CLIENT_ACCESS_VENDED,
    [STORAGE_ADLS] = CLIENT_ACCESS_VENDED | CLIENT_ACCESS_STATIC_KEYS,
};

/* Is there somebody who makes credentials for one table? Google always has, and for Azure we do. */
static bool can_vend(const struct storage_profile *profile)
{
    return profile->sts.is_set || profile->type == STORAGE_ADLS ||
           (profile->type == STORAGE_GCS && profile->endpoint.len == 0);
}

static bool check_access(const struct storage_profile *profile, struct error *err)
{
    unsigned access = profile->client_access;
    unsigned impossible = access & ~possible_access[profile->type];
    for (size_t i = 0; i < ACCESS_COUNT; i++)
        if ((impossible & accesses[i].access) != 0)
            return error_set(err, ERROR_BAD_REQUEST,
                             "storage: client-access has %s, which is not for type %s",
                             accesses[i].name, types[profile->type].name);
    if ((access & CLIENT_ACCESS_VENDED) != 0 && !can_vend(profile))
        return error_set(err, ERROR_BAD_REQUEST,
                         "storage: client-access has vended-credentials, which are made by sts: "
                         "say where with sts");
    return (access & CLIENT_ACCESS_STATIC_KEYS) == 0 ||
           profile->credentials.source == CREDENTIALS_STATIC ||
           profile->credentials.source == CREDENTIALS_ACCOUNT_KEY ||
           error_set(err, ERROR_BAD_REQUEST,
                     "storage: client-access has static-keys, but the credentials' source is %s",
                     credentials_source_name(profile->credentials.source));
}

/* What is safe and possible where nothing is said; the keys themselves only where they are asked
 * for by name. An account of Azure may be without a hierarchical namespace, and refuses then what
 * we would make: clients that have credentials of their own must not be given such. */
static unsigned default_access(const struct storage_profile *profile)
{
    if (profile->type == STORAGE_ADLS)
        return 0;
    unsigned access = CLIENT_ACCESS_SIGNING | (can_vend(profile) ? CLIENT_ACCESS_VENDED : 0U);
    return access & possible_access[profile->type];
}

static bool read_access(const json_t *json, struct storage_profile *profile, struct error *err)
{
    json_t *list = NULL;
    const json_t *word;
    size_t i;
    TRY(json_opt_array(json, "client-access", &list, err));
    if (list == NULL)
        profile->client_access = default_access(profile);
    json_array_foreach(list, i, word)
        TRY(read_access_word(word, &profile->client_access, err));
    return check_access(profile, err);
}

/* --- client endpoints ----------------------------------------------------------------------- */

static bool check_host(struct slice name, struct error *err)
{
    return endpoint_host(name).len == name.len ||
           error_set(err, ERROR_BAD_REQUEST,
                     "storage: hosts has '%.*s': write the name without a port", SLICE_ARG(name));
}

static bool read_names(const json_t *object, const char *field,
                       bool (*check)(struct slice, struct error *), struct arena *arena,
                       struct slice **ret, size_t *ret_count, struct error *err)
{
    json_t *list = NULL;
    TRY(json_opt_array(object, field, &list, err));
    size_t count = json_array_size(list);
    if (count > MAX_CLIENT_ENDPOINT_NAMES)
        return error_set(err, ERROR_BAD_REQUEST, "storage: %s has %zu entries, the most are %d",
                         field, count, MAX_CLIENT_ENDPOINT_NAMES);
    struct slice *names = ARENA_ARRAY(arena, struct slice, count + 1);
    if (names == NULL)
        return error_no_memory(err, "a storage profile");
    for (size_t i = 0; i < count; i++) {
        const json_t *node = json_array_get(list, i);
        if (!json_is_string(node) || json_string_length(node) == 0 ||
            profile_has_control(json_slice(node)))
            return error_set(err, ERROR_BAD_REQUEST, "storage: %s must be a list of names", field);
        TRY(check(json_slice(node), err));
        names[i] = arena_slice(arena, json_slice(node));
        if (names[i].ptr == NULL)
            return error_no_memory(err, "a storage profile");
    }
    *ret = names;
    *ret_count = count;
    return true;
}

static bool read_client_endpoint(const json_t *json, struct arena *arena,
                                 struct client_endpoint *ret, struct error *err)
{
    static const char *const names[] = {"endpoint", "hosts", "networks", NULL};
    if (!json_is_object(json))
        return error_set(err, ERROR_BAD_REQUEST,
                         "storage: client-endpoints must be a list of objects");
    TRY(profile_check_members(json, names, "storage.client-endpoints", err));
    TRY(profile_endpoint_read(json, "endpoint", arena, &ret->endpoint, err));
    if (ret->endpoint.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "storage.client-endpoints: endpoint is missing");
    return read_names(json, "hosts", check_host, arena, &ret->hosts, &ret->host_count, err) &&
           read_names(json, "networks", client_network_check, arena, &ret->networks,
                      &ret->network_count, err);
}

static bool read_client_endpoints(const json_t *json, struct arena *arena,
                                  struct storage_profile *profile, struct error *err)
{
    json_t *list = NULL;
    TRY(json_opt_array(json, "client-endpoints", &list, err));
    size_t count = json_array_size(list);
    if (count > MAX_CLIENT_ENDPOINTS)
        return error_set(err, ERROR_BAD_REQUEST,
                         "storage: client-endpoints has %zu entries, the most are %d", count,
                         MAX_CLIENT_ENDPOINTS);
    profile->client_endpoints = ARENA_ARRAY(arena, struct client_endpoint, count + 1);
    if (profile->client_endpoints == NULL)
        return error_no_memory(err, "a storage profile");
    for (size_t i = 0; i < count; i++)
        TRY(read_client_endpoint(json_array_get(list, i), arena, &profile->client_endpoints[i],
                                 err));
    profile->client_endpoint_count = count;
    return true;
}

static bool names_fit(const struct slice *names, size_t count, struct slice text,
                      bool (*fits)(struct slice, struct slice))
{
    for (size_t i = 0; i < count; i++)
        if (fits(names[i], text))
            return true;
    return count == 0;
}

struct slice storage_profile_client_endpoint(const struct storage_profile *profile,
                                             struct slice host, struct slice address)
{
    for (size_t i = 0; i < profile->client_endpoint_count; i++) {
        const struct client_endpoint *entry = &profile->client_endpoints[i];
        if (names_fit(entry->hosts, entry->host_count, endpoint_host(host),
                      slice_equals_ignore_case) &&
            names_fit(entry->networks, entry->network_count, address, client_network_contains))
            return entry->endpoint;
    }
    return profile->endpoint;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* A region stands in hosts and signatures. */
static bool check_region(struct slice region, struct error *err)
{
    for (size_t i = 0; i < region.len; i++) {
        char c = region.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return error_set(err, ERROR_BAD_REQUEST,
                             "storage: region is '%.*s': use a-z, 0-9 and '-', as eu-central-1",
                             SLICE_ARG(region));
    }
    return true;
}

/* Stores other than Amazon's hardly ever have a name for each bucket in their DNS. */
static bool read_s3(const json_t *json, struct arena *arena, struct storage_profile *profile,
                    struct error *err)
{
    if (profile->type != STORAGE_S3) {
        bool is_s3_only = json_object_get(json, "path-style") || json_object_get(json, "region");
        return !is_s3_only ||
               error_set(err, ERROR_BAD_REQUEST, "storage: region and path-style are for type s3");
    }
    profile->is_path_style = profile->endpoint.len > 0;
    TRY(json_opt_bool(json, "path-style", &profile->is_path_style, err));
    TRY(profile_text_read(json, "region", arena, &profile->region, err));
    if (profile->region.len == 0 && profile->endpoint.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "storage: AWS needs a region, as eu-central-1");
    if (profile->region.len == 0)
        profile->region = SLICE_LITERAL(STORAGE_DEFAULT_REGION);
    return check_region(profile->region, err);
}

static bool read_ca_bundle(const json_t *json, struct arena *arena, struct storage_profile *profile,
                           struct error *err)
{
    TRY(profile_text_read(json, "ca-bundle", arena, &profile->ca_bundle, err));
    return profile->ca_bundle.len == 0 || profile->ca_bundle.ptr[0] == '/' ||
           error_set(err, ERROR_BAD_REQUEST, "storage: ca-bundle must be an absolute path");
}

bool storage_profile_parse(const json_t *json, const json_t *secrets, struct arena *arena,
                           struct storage_profile **ret_profile, struct error *err)
{
    static const char *const names[] = {"type",          "endpoint",   "client-endpoints",
                                        "region",        "path-style", "ca-bundle",
                                        "credentials",   "sts",        "client-access",
                                        "unique-suffix", NULL};
    struct storage_profile *profile = ARENA_NEW(arena, struct storage_profile);
    json_t *credentials = NULL;
    if (profile == NULL)
        return error_no_memory(err, "a storage profile");
    if (!json_is_object(json))
        return error_set(err, ERROR_BAD_REQUEST, "storage must be an object");
    TRY(profile_check_members(json, names, "storage", err));
    TRY(read_type(json, &profile->type, err));
    TRY(profile_endpoint_read(json, "endpoint", arena, &profile->endpoint, err));
    TRY(read_client_endpoints(json, arena, profile, err));
    TRY(read_s3(json, arena, profile, err));
    TRY(read_ca_bundle(json, arena, profile, err));
    TRY(json_get_object(json, "credentials", &credentials, err));
    TRY(storage_credentials_read(credentials, secrets, profile->type, arena, &profile->credentials,
                                 err));
    TRY(read_sts(json, arena, profile, err));
    TRY(read_access(json, profile, err));
    TRY(json_opt_bool(json, "unique-suffix", &profile->has_unique_suffix, err));
    *ret_profile = profile;
    return true;
}

bool storage_profile_may_keep_secrets(const struct storage_profile *old,
                                      const struct storage_profile *now)
{
    const struct storage_credentials *a = &old->credentials, *b = &now->credentials;
    return old->type == now->type && slice_equals(old->endpoint, now->endpoint) &&
           slice_equals(old->sts.endpoint, now->sts.endpoint) && a->source == b->source &&
           slice_equals(a->access_key_id, b->access_key_id) &&
           slice_equals(a->tenant_id, b->tenant_id) && slice_equals(a->client_id, b->client_id);
}

/* --- writing -------------------------------------------------------------------------------- */

static void write_optional(struct json_writer *writer, const char *name, struct slice text)
{
    if (text.len > 0)
        json_write_string_member(writer, name, text);
}

static void write_names(struct json_writer *writer, const char *field, const struct slice *names,
                        size_t count)
{
    if (count == 0)
        return;
    json_write_key(writer, field);
    json_write_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        json_write_string(writer, names[i]);
    json_write_array_end(writer);
}

static void write_client_endpoints(struct json_writer *writer,
                                   const struct storage_profile *profile)
{
    if (profile->client_endpoint_count == 0)
        return;
    json_write_key(writer, "client-endpoints");
    json_write_array_begin(writer);
    for (size_t i = 0; i < profile->client_endpoint_count; i++) {
        const struct client_endpoint *entry = &profile->client_endpoints[i];
        json_write_object_begin(writer);
        json_write_string_member(writer, "endpoint", entry->endpoint);
        write_names(writer, "hosts", entry->hosts, entry->host_count);
        write_names(writer, "networks", entry->networks, entry->network_count);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

static void write_sts(struct json_writer *writer, const struct storage_sts *sts)
{
    if (!sts->is_set)
        return;
    json_write_key(writer, "sts");
    json_write_object_begin(writer);
    write_optional(writer, "endpoint", sts->endpoint);
    write_optional(writer, "role-arn", sts->role_arn);
    write_optional(writer, "external-id", sts->external_id);
    if (sts->duration_s > 0)
        json_write_int64_member(writer, "duration-seconds", sts->duration_s);
    json_write_object_end(writer);
}

static void write_access(struct json_writer *writer, unsigned access)
{
    json_write_key(writer, "client-access");
    json_write_array_begin(writer);
    for (size_t i = 0; i < ACCESS_COUNT; i++)
        if ((access & accesses[i].access) != 0)
            json_write_string(writer, slice_from_string(accesses[i].name));
    json_write_array_end(writer);
}

void storage_profile_write(struct json_writer *writer, const struct storage_profile *profile)
{
    json_write_object_begin(writer);
    json_write_string_member(writer, "type", slice_from_string(types[profile->type].name));
    write_optional(writer, "endpoint", profile->endpoint);
    write_client_endpoints(writer, profile);
    if (profile->type == STORAGE_S3) {
        json_write_string_member(writer, "region", profile->region);
        json_write_key(writer, "path-style");
        json_write_bool(writer, profile->is_path_style);
    }
    write_optional(writer, "ca-bundle", profile->ca_bundle);
    json_write_key(writer, "credentials");
    storage_credentials_write(writer, &profile->credentials);
    write_sts(writer, &profile->sts);
    write_access(writer, profile->client_access);
    json_write_key(writer, "unique-suffix");
    json_write_bool(writer, profile->has_unique_suffix);
    json_write_object_end(writer);
}

/* --- as a value ----------------------------------------------------------------------------- */

/* Both texts, which hold all that there is. False where memory is short. */
static bool texts_make(const struct storage_profile *profile, struct buffer *text,
                       struct buffer *secrets)
{
    struct json_writer writer;
    buffer_init(text, MAX_PROFILE_JSON_SIZE);
    buffer_init(secrets, MAX_PROFILE_JSON_SIZE);
    json_writer_init(&writer, text);
    storage_profile_write(&writer, profile);
    storage_credentials_secrets_append(secrets, &profile->credentials);
    return buffer_ok(text) && buffer_ok(secrets);
}

static void texts_finish(struct buffer *text, struct buffer *secrets)
{
    buffer_finish(text);
    secret_buffer_finish(secrets);
}

bool storage_profile_copy(const struct storage_profile *profile, struct arena *arena,
                          struct storage_profile **ret_copy, struct error *err)
{
    struct buffer text, secrets;
    json_t *json = NULL, *secrets_json = NULL;
    bool ok = (texts_make(profile, &text, &secrets) || error_no_memory(err, "a storage profile")) &&
              json_tree_parse(buffer_slice(&text), "a storage profile", &json, err) &&
              json_tree_parse(buffer_slice(&secrets), "secrets", &secrets_json, err) &&
              storage_profile_parse(json, secrets_json, arena, ret_copy, err);
    json_decref(json);
    json_decref(secrets_json);
    texts_finish(&text, &secrets);
    return ok;
}

bool storage_profile_equals(const struct storage_profile *a, const struct storage_profile *b)
{
    struct buffer text_a, secrets_a, text_b, secrets_b;
    bool is_made_a = texts_make(a, &text_a, &secrets_a);
    bool is_made_b = texts_make(b, &text_b, &secrets_b);
    bool is_equal = is_made_a && is_made_b &&
                    slice_equals(buffer_slice(&text_a), buffer_slice(&text_b)) &&
                    slice_equals(buffer_slice(&secrets_a), buffer_slice(&secrets_b));
    texts_finish(&text_a, &secrets_a);
    texts_finish(&text_b, &secrets_b);
    return is_equal;
}
