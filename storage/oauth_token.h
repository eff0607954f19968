/*
 * oauth_token.h — a bearer token for one request: of an OAuth 2.0 token endpoint, or of a metadata
 * service that answers alike.
 *
 * Spec:     RFC 6749, 5.1 and 5.2 (answers); what the services of Google and Microsoft make of it
 * Errors:   ERROR_STORAGE with the endpoint's own code and words, and no secret; ERROR_NOT_FOUND
 *           (a local service is not there); ERROR_OVERLOADED
 * Threads:  any; blocks
 */
#ifndef STORAGE_OAUTH_TOKEN_H
#define STORAGE_OAUTH_TOKEN_H

#include "base/buffer.h"
#include "storage/http_transport.h"
#include "storage/token_source.h"

/* What an error code of the endpoint means here: ends with a NULL code. */
struct oauth_cure {
    const char *code; /* "invalid_grant" */
    const char *cure;
};

struct oauth_request {
    const char *method;             /* "POST" with a form, "GET" without */
    const char *url;                /* the whole of it */
    struct slice form;              /* application/x-www-form-urlencoded (percent_form_append) */
    const char *header;             /* one more, "Metadata-Flavor: Google"; NULL: none */
    const char *ca_bundle;          /* a file; NULL: the system's */
    const char *service;            /* of sentences: "Google's token endpoint" */
    bool is_local_service;          /* of this machine's own network (storage/http_transport.h) */
    const struct oauth_cure *cures; /* NULL: none */
};

bool oauth_token_ask(struct http_transport *transport, const struct oauth_request *request,
                     struct bearer_token *ret_token, struct error *err);

/* {"access_token": …, "expires_in": 3599 or "3599"?, …}, of an answer that came at `now_ms`.
 * "expires_on" (seconds since the epoch) counts where there is no expires_in; without both the
 * token's expires_ms is 0. */
bool oauth_answer_parse(struct slice json, const char *service, int64_t now_ms,
                        struct bearer_token *ret_token, struct error *err);

#endif
