/*
 * s3_call.h — one operation on one object or bucket: signed with the place's keys, with new ones
 * where the store says that they are old, and its refusals turned into sentences.
 *
 * Owns:     a call owns its arena and the place's reference: s3_call_finish ends it
 * Errors:   as storage/s3_fault.h and storage/http_transport.h say
 * Threads:  one thread at a time; blocks
 */
#ifndef STORAGE_S3_CALL_H
#define STORAGE_S3_CALL_H

#include "storage/s3_fault.h"
#include "storage/s3_request.h"

struct s3_call {
    struct http_transport *transport;
    struct s3_place *place; /* a reference */
    struct arena arena;
    struct slice uri;
    struct bucket_object object;
    const char *verb; /* of the sentence: "read" */
    struct buffer fault_text;
    struct http_answer answer;
    struct s3_fault fault; /* where the status is not 2xx */
};

/* Takes over the reference to the place. `out` takes the bodies of answers. */
bool s3_call_init(struct s3_call *call, struct http_transport *transport, struct s3_place *place,
                  struct slice uri, const char *verb, struct buffer *out, struct error *err);
void s3_call_finish(struct s3_call *call);

/* What differs between operations. */
struct s3_operation {
    const char *method;
    struct slice query;
    struct slice body;
    const char *content_type;
    const char *if_none_match;
    const char *content_md5;
    const char *range;
};

/* Any answer is true: answer.status and fault say what it is. */
bool s3_call_send(struct s3_call *call, const struct s3_operation *operation, struct error *err);

static inline bool s3_call_is_done(const struct s3_call *call)
{
    return call->answer.status >= 200 && call->answer.status < 300;
}

/* The answer as an error. Always false. */
bool s3_call_failed(const struct s3_call *call, struct error *err);

#endif
