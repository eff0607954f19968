/*
 * s3_key_fetch.h — S3 keys from where each kind of machine has them (storage/s3_keys.h keeps them).
 *
 * Spec:     AWS SDKs and Tools reference: Container, IMDS, Assume role and Web identity credential
 *           providers, and "Shared config and credentials files"
 * Errors:   ERROR_NOT_FOUND where the machine has nothing of the kind (s3_key_fetch_any goes on
 *           with the next one then), else ERROR_STORAGE
 * Threads:  any; each may block
 */
#ifndef STORAGE_S3_KEY_FETCH_H
#define STORAGE_S3_KEY_FETCH_H

#include "storage/s3_keys.h"

/* By the origin's own source. ERROR_NOT_FOUND becomes ERROR_STORAGE here: it was asked for. */
bool s3_key_fetch(const struct s3_key_origin *origin, struct s3_keys *ret_keys, struct error *err);

/* The single ones. */
bool s3_key_fetch_environment(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                              struct error *err);
bool s3_key_fetch_shared_config(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                                struct error *err);
bool s3_key_fetch_container(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                            struct error *err);
bool s3_key_fetch_instance(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                           struct error *err);
bool s3_key_fetch_web_identity(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                               struct error *err);

/* By the role and the file that hold them: of the environment, or of a shared profile. */
struct s3_web_identity {
    struct slice token_file;
    struct slice role_arn;
    struct slice session_name; /* empty: one is made */
};
bool s3_key_fetch_by_token(const struct s3_key_origin *origin,
                           const struct s3_web_identity *identity, struct s3_keys *ret_keys,
                           struct error *err);

/* An environment variable that is set and not empty; else the empty slice. */
static inline struct slice s3_environment(const struct s3_key_origin *origin, const char *name)
{
    return environment_get(origin->environment, name);
}

#endif
