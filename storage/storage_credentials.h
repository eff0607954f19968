/*
 * storage_credentials.h — who the server is to an object store: where its credentials come from.
 *
 * Owns:     nothing: texts lie in the arena that they were read into, NUL-terminated
 * Errors:   ERROR_BAD_REQUEST naming the field; a value is never part of the sentence
 * Threads:  pure functions over immutable values
 * Rule:     secrets leave through storage_credentials_secrets_append alone, whose text is for
 *           storage/secret_box.h; storage_credentials_write has null in their place
 */
#ifndef STORAGE_STORAGE_CREDENTIALS_H
#define STORAGE_STORAGE_CREDENTIALS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/json_write.h"

enum storage_type { STORAGE_S3, STORAGE_GCS, STORAGE_ADLS, STORAGE_TYPE_COUNT };

/* Where the server's own credentials come from. What a request gave opens what these open; all
 * other sources are the machine's own, lent only where the operator has said so
 * (credentials_are_ambient). */
enum credentials_source {
    CREDENTIALS_STATIC,          /* s3: access-key-id, secret-access-key, session-token? */
    CREDENTIALS_ENVIRONMENT,     /* s3: AWS_ACCESS_KEY_ID … */
    CREDENTIALS_SHARED_CONFIG,   /* s3: ~/.aws/credentials and config, profile? */
    CREDENTIALS_CONTAINER,       /* s3: AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI */
    CREDENTIALS_INSTANCE,        /* the machine's metadata service: all types */
    CREDENTIALS_WEB_IDENTITY,    /* s3: AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN;
                                    adls: AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID … */
    CREDENTIALS_SERVICE_ACCOUNT, /* gcs: service-account-key */
    CREDENTIALS_ACCOUNT_KEY,     /* adls: account-key */
    CREDENTIALS_CLIENT_SECRET,   /* adls: tenant-id, client-id, client-secret */
    CREDENTIALS_SOURCE_COUNT
};

/* Empty texts: not given. */
struct storage_credentials {
    enum credentials_source source;
    struct slice access_key_id;
    struct slice secret_access_key; /* secret */
    struct slice session_token;     /* secret */
    struct slice profile;
    struct slice service_account_key; /* secret: the key file's JSON */
    struct slice account_key;         /* secret, base64 */
    struct slice tenant_id;
    struct slice client_id;
    struct slice client_secret; /* secret */
};

/* Reads {"source": …, …}. `secrets` (borrowed; NULL: none) has the value of each secret that is
 * null there, as storage_credentials_secrets_append made it. */
bool storage_credentials_read(const json_t *json, const json_t *secrets, enum storage_type type,
                              struct arena *arena, struct storage_credentials *ret,
                              struct error *err);

/* Without the secrets, each of which is null where it is set. */
void storage_credentials_write(struct json_writer *writer,
                               const struct storage_credentials *credentials);

/* The secrets alone, as a JSON object: {"secret-access-key": "…"}. The caller wipes the buffer. */
void storage_credentials_secrets_append(struct buffer *out,
                                        const struct storage_credentials *credentials);

/* The machine's own credentials, as against those that a request gave. */
bool credentials_are_ambient(const struct storage_credentials *credentials);

/* The canonical scheme of the locations (storage/location.h): "s3", "gs", "abfss". */
const char *storage_type_scheme(enum storage_type type);
const char *storage_type_name(enum storage_type type); /* "s3", "gcs", "adls" */
const char *credentials_source_name(enum credentials_source source);

#endif
