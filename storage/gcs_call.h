/*
 * gcs_call.h — one operation on one object or bucket of Google Cloud Storage: with the place's
 * token, with a new one where the store takes it for old, and its refusals turned into sentences.
 *
 * Spec:     Cloud Storage JSON API, "HTTP status and error codes"
 * Owns:     a call owns its arena and the place's reference: gcs_call_finish ends it
 * Errors:   ERROR_NOT_FOUND (no such object), ERROR_OVERLOADED (it wants fewer requests),
 *           ERROR_BAD_REQUEST (a name that the store does not take), ERROR_STORAGE; with the
 *           object, the store's own code and words, and the cure. Those of storage/http_transport.h
 * Threads:  one thread at a time; blocks
 */
#ifndef STORAGE_GCS_CALL_H
#define STORAGE_GCS_CALL_H

#include "storage/bucket_object.h"
#include "storage/gcs_json.h"
#include "storage/gcs_place.h"

#define GCS_OBJECTS "/storage/v1/b/"

struct gcs_call {
    struct http_transport *transport;
    struct gcs_place *place; /* a reference */
    struct arena arena;
    struct slice uri;
    struct bucket_object object;
    const char *verb; /* of the sentence: "read" */
    struct buffer fault_text;
    struct http_answer answer;
    struct gcs_fault fault;               /* where the status is not 2xx */
    const struct bearer_token *own_token; /* NULL: the place's, and a new one where it is old */
};

/* Takes over the reference to the place. `out` takes the bodies of answers. */
bool gcs_call_init(struct gcs_call *call, struct http_transport *transport, struct gcs_place *place,
                   struct slice uri, const char *verb, struct buffer *out, struct error *err);
void gcs_call_finish(struct gcs_call *call);

/* What differs between operations. */
struct gcs_operation {
    const char *method;
    const char *base;  /* of the path, before the bucket: "/storage/v1/b/"; alone where is_bare */
    bool is_bare;      /* neither bucket nor object is part of the path */
    bool is_of_bucket; /* ".../o", without the object's name */
    const char *query; /* from '?' on; NULL: none */
    struct slice body;
    const char *content_type;
};

/* Any answer is true: answer.status and fault say what it is. */
bool gcs_call_send(struct gcs_call *call, const struct gcs_operation *operation, struct error *err);

static inline bool gcs_call_is_done(const struct gcs_call *call)
{
    return call->answer.status >= 200 && call->answer.status < 300;
}

/* The whole object. */
bool gcs_call_download(struct gcs_call *call, struct error *err);
/* All of it in one request, where nothing of that name is there (generation 0); else 412. */
bool gcs_call_upload(struct gcs_call *call, struct slice bytes, struct error *err);

/* 404, and it is the object that is not there, not the bucket. */
bool gcs_call_is_absent(const struct gcs_call *call);

/* The answer as an error. Always false. */
bool gcs_call_failed(const struct gcs_call *call, struct error *err);

#endif
