/* Keys of the files that AWS's tools share (storage/s3_key_fetch.h): ~/.aws/credentials, and
 * ~/.aws/config, where the sections of profiles are named "profile x". */
#include "base/limits.h"
#include "storage/s3_key_fetch.h"
#include "storage/secret_box.h"
#include "storage/secret_file.h"
#include "storage/sts.h"

#define MAX_CONFIG_FILE (1 * MIB)
#define CONFIG_ARENA_SIZE (8 * MIB)
/* The files may change at any time, and tools write keys there that live for an hour. */
#define FILE_LIFE_MS (10 * 60 * 1000)
/* A profile's role may be that of another profile. */
#define MAX_SOURCE_PROFILES 5

/* What of a profile counts here; empty: not given. */
enum setting {
    KEY_ID,
    SECRET,
    TOKEN,
    ROLE_ARN,
    EXTERNAL_ID,
    SESSION_NAME,
    SOURCE_PROFILE,
    TOKEN_FILE,
    PROCESS,
    SSO_SESSION,
    SSO_URL,
    SETTING_COUNT
};

static const char *const SETTINGS[SETTING_COUNT] = {
    [KEY_ID] = "aws_access_key_id",      [SECRET] = "aws_secret_access_key",
    [TOKEN] = "aws_session_token",       [ROLE_ARN] = "role_arn",
    [EXTERNAL_ID] = "external_id",       [SESSION_NAME] = "role_session_name",
    [SOURCE_PROFILE] = "source_profile", [TOKEN_FILE] = "web_identity_token_file",
    [PROCESS] = "credential_process",    [SSO_SESSION] = "sso_session",
    [SSO_URL] = "sso_start_url",
};

struct profile {
    struct slice settings[SETTING_COUNT]; /* views of the files' texts */
    bool is_there;
};

struct files {
    const struct s3_key_origin *origin;
    struct arena arena;
    struct buffer credentials, config;
};

/* "[profile x]" and "[x]"; "[default]" is named alike in both files. */
static bool is_section_of(struct slice line, struct slice name)
{
    struct slice text =
        slice_trim_lines(slice_make(line.ptr + 1, slice_find(slice_from(line, 1), ']')));
    struct slice word = SLICE_LITERAL("profile ");
    if (slice_starts_with(text, word))
        text = slice_trim(slice_from(text, word.len));
    return slice_equals(text, name);
}

/* The first file that has a setting wins: the one of credentials is read first. */
static void take_setting(struct profile *profile, struct slice line)
{
    size_t equals = slice_find(line, '=');
    struct slice name = slice_trim(slice_make(line.ptr, equals));
    for (size_t i = 0; equals < line.len && i < SETTING_COUNT; i++)
        if (slice_equals_ignore_case(name, slice_from_string(SETTINGS[i])) &&
            profile->settings[i].len == 0)
            profile->settings[i] = slice_trim(slice_from(line, equals + 1));
}

static void read_profile(struct slice text, struct slice name, struct profile *profile)
{
    bool is_in = false;
    while (text.len > 0) {
        size_t size = slice_find(text, '\n');
        struct slice raw = slice_make(text.ptr, size), line = slice_trim_lines(raw);
        text = slice_from(text, size + 1);
        bool is_nested = raw.len > 0 && (raw.ptr[0] == ' ' || raw.ptr[0] == '\t');
        if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        if (line.ptr[0] == '[')
            is_in = is_section_of(line, name);
        else if (is_in && !is_nested)
            take_setting(profile, line);
        profile->is_there = profile->is_there || is_in;
    }
}

static bool find_profile(struct files *files, struct slice name, struct profile *ret_profile,
                         struct error *err)
{
    struct profile profile = {.is_there = false};
    for (size_t i = 0; i < SETTING_COUNT; i++)
        profile.settings[i] = SLICE_EMPTY;
    read_profile(buffer_slice(&files->credentials), name, &profile);
    read_profile(buffer_slice(&files->config), name, &profile);
    if (!profile.is_there)
        return error_set(err, ERROR_NOT_FOUND,
                         "the shared AWS files have no profile '%.*s': add it, or name another",
                         SLICE_ARG(name));
    *ret_profile = profile;
    return true;
}

static bool fetch_profile(struct files *files, struct slice name, unsigned depth,
                          struct s3_keys *ret_keys, struct error *err);

static bool assume(struct files *files, const struct profile *profile, unsigned depth,
                   struct s3_keys *ret_keys, struct error *err)
{
    const struct s3_key_origin *origin = files->origin;
    struct s3_keys own = {.expires_ms = 0};
    struct s3_credentials signer;
    struct sts_request request = {
        .endpoint = s3_environment(origin, "AWS_ENDPOINT_URL_STS"),
        .region = origin->region,
        .ca_bundle = s3_environment(origin, "AWS_CA_BUNDLE"),
        .role_arn = profile->settings[ROLE_ARN],
        .external_id = profile->settings[EXTERNAL_ID],
        .session_name = profile->settings[SESSION_NAME],
        .signer = &signer,
    };
    if (request.session_name.len == 0)
        request.session_name = SLICE_LITERAL("firn");
    if (request.endpoint.len == 0)
        TRY(sts_endpoint_of_region(origin->region, &files->arena, &request.endpoint, err));
    bool ok = fetch_profile(files, profile->settings[SOURCE_PROFILE], depth + 1, &own, err);
    signer = s3_keys_credentials(&own);
    ok = ok && sts_assume_role(origin->transport, &request, ret_keys, err);
    s3_keys_wipe(&own);
    return ok;
}

static bool own_keys(struct files *files, const struct profile *profile, struct slice name,
                     struct s3_keys *ret_keys, struct error *err)
{
    const struct s3_credentials credentials = {profile->settings[KEY_ID], profile->settings[SECRET],
                                               profile->settings[TOKEN]};
    int64_t now_ms = clock_now_ms(http_transport_clock(files->origin->transport));
    if (profile->settings[PROCESS].len > 0 || profile->settings[SSO_SESSION].len > 0 ||
        profile->settings[SSO_URL].len > 0)
        return error_set(err, ERROR_STORAGE,
                         "the AWS profile '%.*s' has its keys from a program or a login, which a "
                         "server does not run: give it keys or a role",
                         SLICE_ARG(name));
    if (credentials.access_key_id.len == 0 || credentials.secret_access_key.len == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "the AWS profile '%.*s' has no aws_access_key_id with its "
                         "aws_secret_access_key: add them",
                         SLICE_ARG(name));
    return s3_keys_set(ret_keys, "the shared AWS files", &credentials, now_ms + FILE_LIFE_MS, err);
}

static bool fetch_profile(struct files *files, struct slice name, unsigned depth,
                          struct s3_keys *ret_keys, struct error *err)
{
    struct profile profile;
    if (depth == MAX_SOURCE_PROFILES)
        return error_set(err, ERROR_STORAGE,
                         "the AWS profile '%.*s' is reached through too many others: look for a "
                         "circle",
                         SLICE_ARG(name));
    TRY(find_profile(files, name, &profile, err));
    const struct s3_web_identity identity = {profile.settings[TOKEN_FILE],
                                             profile.settings[ROLE_ARN],
                                             profile.settings[SESSION_NAME]};
    if (identity.role_arn.len > 0 && identity.token_file.len > 0)
        return s3_key_fetch_by_token(files->origin, &identity, ret_keys, err);
    /* A profile may be its own source: then its keys are meant. */
    if (identity.role_arn.len > 0 && profile.settings[SOURCE_PROFILE].len > 0 &&
        !(depth > 0 && slice_equals(profile.settings[SOURCE_PROFILE], name)))
        return assume(files, &profile, depth, ret_keys, err);
    return own_keys(files, &profile, name, ret_keys, err);
}

/* By the variable, else below the home directory. One that is not there is an empty one. */
static bool read_file(struct files *files, const char *variable, const char *name,
                      struct buffer *out, struct error *err)
{
    struct error cause = {0};
    struct slice path = s3_environment(files->origin, variable);
    if (path.len == 0) {
        const struct slice parts[] = {s3_environment(files->origin, "HOME"),
                                      slice_from_string(name)};
        path = arena_join(&files->arena, parts, 2);
        if (!path.ptr)
            return error_no_memory(err, "a path");
    }
    if (secret_file_read(path.ptr, out, &cause) || cause.kind == ERROR_NOT_FOUND)
        return true;
    return error_set(err, cause.kind, "%s", cause.message);
}

static struct slice profile_name(const struct s3_key_origin *origin)
{
    struct slice name = origin->is_any ? SLICE_EMPTY : origin->credentials.profile;
    if (name.len == 0)
        name = s3_environment(origin, "AWS_PROFILE");
    return name.len > 0 ? name : SLICE_LITERAL("default");
}

bool s3_key_fetch_shared_config(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                                struct error *err)
{
    struct files files = {.origin = origin};
    arena_init(&files.arena, CONFIG_ARENA_SIZE);
    buffer_init(&files.credentials, MAX_CONFIG_FILE);
    buffer_init(&files.config, MAX_CONFIG_FILE);
    bool ok = read_file(&files, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials",
                        &files.credentials, err) &&
              read_file(&files, "AWS_CONFIG_FILE", "/.aws/config", &files.config, err) &&
              fetch_profile(&files, profile_name(origin), 0, ret_keys, err);
    secret_buffer_finish(&files.credentials);
    secret_buffer_finish(&files.config);
    arena_finish(&files.arena);
    return ok;
}
