/*
 * azure_token_fetch.h — bearer tokens for Azure Storage from where each kind of machine has them
 * (storage/token_source.h keeps them).
 *
 * Spec:     Microsoft identity platform: "OAuth 2.0 client credentials flow"; "How managed
 *           identities work" (virtual machines, App Service); "Workload identity federation"
 * Errors:   ERROR_STORAGE with a sentence that names the source and the cure, and no secret
 * Threads:  any; blocks
 */
#ifndef STORAGE_AZURE_TOKEN_FETCH_H
#define STORAGE_AZURE_TOKEN_FETCH_H

#include "base/environment.h"
#include "storage/http_transport.h"
#include "storage/storage_credentials.h"
#include "storage/token_source.h"

struct azure_token_origin {
    struct storage_credentials credentials; /* its texts are borrowed */
    bool is_any; /* whatever the machine has, in the order of Azure's own tools; the above is not
                    looked at */
    struct http_transport *transport;
    environment_fn environment;
};

/* A token_fetch_fn; the context is a struct azure_token_origin. */
bool azure_token_fetch(void *context, struct bearer_token *ret_token, struct error *err);

#endif
