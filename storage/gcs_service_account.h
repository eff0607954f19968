/*
 * gcs_service_account.h — the key file of a Google service account, and what is signed with it.
 *
 * Spec:     Google Cloud, "Using OAuth 2.0 for Server to Server Applications"; RFC 7523 (JWT as an
 *           authorization grant), RFC 7515 (RS256)
 * Owns:     texts lie in the arena, NUL-terminated; the private key among them
 * Errors:   ERROR_BAD_REQUEST naming the field, never with its value
 * Threads:  pure functions
 */
#ifndef STORAGE_GCS_SERVICE_ACCOUNT_H
#define STORAGE_GCS_SERVICE_ACCOUNT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

#define GCS_TOKEN_ENDPOINT "https://oauth2.googleapis.com"
#define GCS_TOKEN_PATH "/token"

struct gcs_service_account {
    struct slice client_email;
    struct slice private_key_id; /* may be empty */
    struct slice private_key;    /* PEM; secret */
    struct slice token_uri;      /* "https://oauth2.googleapis.com/token" */
};

/* The key file's JSON. Its private key is looked at, too. */
bool gcs_service_account_parse(struct slice json, struct arena *arena,
                               struct gcs_service_account *ret_account, struct error *err);

/* Scheme, host and port of the token_uri, in the form in which endpoints are compared
 * (storage/endpoint.h). */
bool gcs_service_account_endpoint(const struct gcs_service_account *account, struct arena *arena,
                                  struct slice *ret_endpoint, struct error *err);

/* Appends the signed assertion: good from `now_s` on, for an hour, to be exchanged at token_uri. */
bool gcs_service_account_assert(const struct gcs_service_account *account, struct slice scope,
                                int64_t now_s, struct buffer *out, struct error *err);

#endif
