/*
 * adls_call.h — one operation of the Blob service on one object or container: addressed, signed,
 * and its refusals turned into sentences.
 *
 * Spec:     Azure Storage REST API, "Authorize requests to Azure Storage"
 * Owns:     a call owns its arena and the place's reference: adls_call_finish ends it
 * Errors:   as storage/adls_fault.h and storage/http_transport.h say
 * Threads:  one thread at a time; blocks
 */
#ifndef STORAGE_ADLS_CALL_H
#define STORAGE_ADLS_CALL_H

#include "storage/adls_fault.h"

/* The version of the service that is spoken: one put takes 5,000 MiB, SAS name a directory. */
#define ADLS_VERSION "2020-12-06"

struct adls_call {
    struct http_transport *transport;
    struct adls_place *place; /* a reference */
    struct arena arena;
    struct slice uri;
    struct adls_object object;
    const char *verb; /* of the sentence: "read" */
    struct slice endpoint;
    struct slice sas; /* a client's, in place of the place's own credentials; empty: none */
    struct http_answer answer;
};

/* Takes over the reference to the place. `out` takes the bodies of answers. */
bool adls_call_init(struct adls_call *call, struct http_transport *transport,
                    struct adls_place *place, struct slice uri, const char *verb,
                    struct buffer *out, struct error *err);
void adls_call_finish(struct adls_call *call);

/* What differs between operations. */
struct adls_operation {
    const char *method;
    struct slice query;
    struct slice body;
    const char *content_type; /* NULL: none */
    bool is_new_blob;         /* a block blob in one piece, where nothing is yet */
};

/* Any answer is true: answer.status says what it is. */
bool adls_call_send(struct adls_call *call, const struct adls_operation *operation,
                    struct error *err);

static inline bool adls_call_is_done(const struct adls_call *call)
{
    return call->answer.status >= 200 && call->answer.status < 300;
}

/* The answer as an error. Always false. */
bool adls_call_failed(const struct adls_call *call, struct error *err);

#endif
