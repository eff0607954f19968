/*
 * gcs_token_fetch.h — bearer tokens for Google Cloud Storage from where each kind of machine has
 * them (storage/token_source.h keeps them).
 *
 * Spec:     Google Cloud, "How Application Default Credentials works", "Using OAuth 2.0 for Server
 *           to Server Applications", "About VM metadata"
 * Errors:   ERROR_STORAGE with a sentence that names the source and the cure, and no secret
 * Threads:  any; blocks
 */
#ifndef STORAGE_GCS_TOKEN_FETCH_H
#define STORAGE_GCS_TOKEN_FETCH_H

#include "base/environment.h"
#include "storage/http_transport.h"
#include "storage/storage_credentials.h"
#include "storage/token_source.h"

struct gcs_token_origin {
    struct storage_credentials credentials; /* its texts are borrowed */
    bool is_any; /* whatever the machine has, in the order of Google's own tools; the above is not
                    looked at */
    struct http_transport *transport;
    environment_fn environment;
    struct slice ca_bundle; /* of a token endpoint that is not Google's; empty: the system's */
};

/* A token_fetch_fn; the context is a struct gcs_token_origin. */
bool gcs_token_fetch(void *context, struct bearer_token *ret_token, struct error *err);

#endif
