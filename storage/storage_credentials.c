#include "storage/storage_credentials.h"

#include <openssl/crypto.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "storage/profile_text.h"

#define BIT(value) (1U << (value))
#define ON_S3 BIT(STORAGE_S3)
#define ON_GCS BIT(STORAGE_GCS)
#define ON_ADLS BIT(STORAGE_ADLS)

static const struct {
    const char *name;
    unsigned types;
    bool is_ambient;
} sources[CREDENTIALS_SOURCE_COUNT] = {
    [CREDENTIALS_STATIC] = {"static", ON_S3, false},
    [CREDENTIALS_ENVIRONMENT] = {"environment", ON_S3, true},
    [CREDENTIALS_SHARED_CONFIG] = {"shared-config", ON_S3, true},
    [CREDENTIALS_CONTAINER] = {"container", ON_S3, true},
    [CREDENTIALS_INSTANCE] = {"instance", ON_S3 | ON_GCS | ON_ADLS, true},
    [CREDENTIALS_WEB_IDENTITY] = {"web-identity", ON_S3 | ON_ADLS, true},
    [CREDENTIALS_SERVICE_ACCOUNT] = {"service-account", ON_GCS, false},
    [CREDENTIALS_ACCOUNT_KEY] = {"account-key", ON_ADLS, false},
    [CREDENTIALS_CLIENT_SECRET] = {"client-secret", ON_ADLS, false},
};

/* What a source is given: optional ones may be left out. */
struct credentials_field {
    const char *name;
    size_t offset;
    unsigned sources;
    bool is_optional;
    bool is_secret;
};

#define FIELD(member) offsetof(struct storage_credentials, member)
static const struct credentials_field fields[] = {
    {"access-key-id", FIELD(access_key_id), BIT(CREDENTIALS_STATIC), false, false},
    {"secret-access-key", FIELD(secret_access_key), BIT(CREDENTIALS_STATIC), false, true},
    {"session-token", FIELD(session_token), BIT(CREDENTIALS_STATIC), true, true},
    {"profile", FIELD(profile), BIT(CREDENTIALS_SHARED_CONFIG), true, false},
    {"service-account-key", FIELD(service_account_key), BIT(CREDENTIALS_SERVICE_ACCOUNT), false,
     true},
    {"account-key", FIELD(account_key), BIT(CREDENTIALS_ACCOUNT_KEY), false, true},
    {"tenant-id", FIELD(tenant_id), BIT(CREDENTIALS_CLIENT_SECRET), false, false},
    {"client-id", FIELD(client_id), BIT(CREDENTIALS_CLIENT_SECRET), false, false},
    {"client-secret", FIELD(client_secret), BIT(CREDENTIALS_CLIENT_SECRET), false, true},
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

const char *credentials_source_name(enum credentials_source source)
{
    return sources[source].name;
}

bool credentials_are_ambient(const struct storage_credentials *credentials)
{
    return sources[credentials->source].is_ambient;
}

static struct slice field_value(const struct storage_credentials *credentials,
                                const struct credentials_field *field)
{
    return *(const struct slice *)((const char *)credentials + field->offset);
}

static bool read_source(const json_t *json, enum storage_type type, enum credentials_source *ret,
                        struct error *err)
{
    struct slice text;
    TRY(json_get_string(json, "source", &text, err));
    for (unsigned i = 0; i < CREDENTIALS_SOURCE_COUNT; i++) {
        if (!slice_equals_string(text, sources[i].name))
            continue;
        if ((sources[i].types & BIT(type)) == 0)
            return error_set(err, ERROR_BAD_REQUEST,
                             "storage.credentials: source '%s' is not for type %s", sources[i].name,
                             storage_type_name(type));
        *ret = (enum credentials_source)i;
        return true;
    }
    return error_set(
        err, ERROR_BAD_REQUEST,
        "storage.credentials: source is '%.*s': use static, environment, "
        "shared-config, container, instance or web-identity with s3, service-account "
        "or instance with gcs, account-key, client-secret, instance or web-identity with adls",
        SLICE_ARG(text));
}

/* A secret that is null is the one of before. */
static const json_t *field_node(const json_t *json, const json_t *secrets,
                                const struct credentials_field *field)
{
    const json_t *node = json_object_get(json, field->name);
    if (field->is_secret && json_is_null(node))
        return json_object_get(secrets, field->name);
    return node;
}

/* A key file may be given as the object that it is: then its text is that of the object. */
static json_t *as_text(json_t *node, const struct credentials_field *field)
{
    if (!json_is_object(node) || field->offset != FIELD(service_account_key))
        return json_incref(node);
    char *text = json_dumps(node, JSON_COMPACT);
    json_t *string = text ? json_string(text) : NULL;
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
    return string;
}

/* The value is not part of any sentence: it may be a secret. */
static bool take_text(const json_t *node, const struct credentials_field *field,
                      struct arena *arena, struct storage_credentials *credentials,
                      struct error *err)
{
    size_t most = field->is_secret ? MAX_SECRET_SIZE : MAX_PROFILE_TEXT_SIZE;
    if (!json_is_string(node))
        return error_set(err, ERROR_BAD_REQUEST, "storage.credentials: %s must be a string%s",
                         field->name,
                         field->is_secret ? " (null stands for the one that is kept, and there is "
                                            "none for these credentials)"
                                          : "");
    struct slice text = json_slice(node);
    bool may_have_lines = field->offset == FIELD(service_account_key);
    if (text.len == 0 || text.len > most || (!may_have_lines && profile_has_control(text)))
        return error_set(err, ERROR_BAD_REQUEST,
                         "storage.credentials: %s must have 1 to %zu bytes and no control "
                         "characters",
                         field->name, most);
    text = arena_slice(arena, text);
    if (text.ptr == NULL)
        return error_no_memory(err, "a storage profile");
    *(struct slice *)((char *)credentials + field->offset) = text;
    return true;
}

static bool read_field(const json_t *json, const json_t *secrets,
                       const struct credentials_field *field, struct arena *arena,
                       struct storage_credentials *credentials, struct error *err)
{
    const json_t *node = field_node(json, secrets, field);
    bool is_wanted = (field->sources & BIT(credentials->source)) != 0;
    if (!is_wanted && json_object_get(json, field->name) != NULL)
        return error_set(err, ERROR_BAD_REQUEST, "storage.credentials: %s is not for source %s",
                         field->name, sources[credentials->source].name);
    if (!is_wanted || (field->is_optional && json_object_get(json, field->name) == NULL))
        return true;
    json_t *text = as_text((json_t *)(uintptr_t)node, field);
    if (node != NULL && text == NULL)
        return error_no_memory(err, "a storage profile");
    bool ok = take_text(text, field, arena, credentials, err);
    json_decref(text);
    return ok;
}

bool storage_credentials_read(const json_t *json, const json_t *secrets, enum storage_type type,
                              struct arena *arena, struct storage_credentials *ret,
                              struct error *err)
{
    struct storage_credentials credentials = {0};
    const char *names[FIELD_COUNT + 2] = {"source"};
    for (size_t i = 0; i < FIELD_COUNT; i++)
        names[i + 1] = fields[i].name;
    TRY(profile_check_members(json, names, "storage.credentials", err));
    TRY(read_source(json, type, &credentials.source, err));
    for (size_t i = 0; i < FIELD_COUNT; i++)
        TRY(read_field(json, secrets, &fields[i], arena, &credentials, err));
    *ret = credentials;
    return true;
}

void storage_credentials_write(struct json_writer *writer,
                               const struct storage_credentials *credentials)
{
    json_write_object_begin(writer);
    json_write_string_member(writer, "source",
                             slice_from_string(sources[credentials->source].name));
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        struct slice value = field_value(credentials, &fields[i]);
        if (value.len == 0)
            continue;
        json_write_key(writer, fields[i].name);
        if (fields[i].is_secret)
            json_write_null(writer);
        else
            json_write_string(writer, value);
    }
    json_write_object_end(writer);
}

void storage_credentials_secrets_append(struct buffer *out,
                                        const struct storage_credentials *credentials)
{
    struct json_writer writer;
    json_writer_init(&writer, out);
    json_write_object_begin(&writer);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        struct slice value = field_value(credentials, &fields[i]);
        if (fields[i].is_secret && value.len > 0)
            json_write_string_member(&writer, fields[i].name, value);
    }
    json_write_object_end(&writer);
}
