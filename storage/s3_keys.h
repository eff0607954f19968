/*
 * s3_keys.h — who the server is to S3: keys that are fetched where they come from, kept, and
 * fetched anew before they expire.
 *
 * Owns:     struct s3_keys is a plain value that holds secrets: s3_keys_wipe ends it. struct
 *           s3_key_source owns what it keeps
 * Errors:   ERROR_STORAGE with a sentence that names the source and the cure, and no secret
 * Threads:  any, as storage/kept_secret.h, which keeps them
 */
#ifndef STORAGE_S3_KEYS_H
#define STORAGE_S3_KEYS_H

#include "base/environment.h"
#include "storage/http_transport.h"
#include "storage/s3_sign.h"
#include "storage/storage_credentials.h"

/* AWS names no ceilings. Access keys have 20 characters, secrets 40; session tokens some 1,000, and
 * where a policy stands in them (MinIO) several thousand. */
#define S3_KEY_SIZE 256
#define S3_TOKEN_SIZE (16 * 1024)

struct s3_keys {
    char access_key_id[S3_KEY_SIZE];
    char secret_access_key[S3_KEY_SIZE];
    char session_token[S3_TOKEN_SIZE]; /* empty for long-lived keys */
    int64_t expires_ms;                /* wall time; 0: never */
};

void s3_keys_wipe(struct s3_keys *keys);
/* Views of the keys, for a signature. */
struct s3_credentials s3_keys_credentials(const struct s3_keys *keys);
/* ERROR_STORAGE where one of the texts is longer than it may be; `source` names who gave them. */
bool s3_keys_set(struct s3_keys *keys, const char *source, const struct s3_credentials *from,
                 int64_t expires_ms, struct error *err);
/* "2026-01-31T12:00:00Z", with or without a fraction, in UTC. */
bool s3_keys_parse_time(struct slice text, int64_t *ret_ms);

struct s3_key_origin {
    struct storage_credentials credentials; /* its texts are borrowed */
    bool is_any; /* whatever the machine has, in the order of AWS's own tools; the above is not
                    looked at */
    struct http_transport *transport;
    environment_fn environment;
    struct slice region; /* of STS */
};

struct s3_key_source;

/* The texts of the origin must stay as long as the source. Nothing is fetched yet. */
bool s3_key_source_create(const struct s3_key_origin *origin, struct s3_key_source **ret_source,
                          struct error *err);
void s3_key_source_destroy(struct s3_key_source *source); /* NULL is fine */

/* Keys that are good for a while. Blocks where they have to be fetched. */
bool s3_key_source_get(struct s3_key_source *source, struct s3_keys *ret_keys, struct error *err);
/* The store says that these are good no more. False where the source has no others to give. */
bool s3_key_source_refused(struct s3_key_source *source, const struct s3_keys *keys);

#endif
