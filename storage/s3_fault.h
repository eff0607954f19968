/*
 * s3_fault.h — what S3 refused, in one sentence: the object, S3's own code, and the cure.
 *
 * Spec:     Amazon S3 API reference, "Error Responses"
 * Errors:   ERROR_NOT_FOUND (no such object), ERROR_OVERLOADED (it wants fewer requests),
 *           ERROR_STORAGE_FULL, ERROR_BAD_REQUEST (a name that S3 does not take), ERROR_STORAGE
 * Threads:  pure functions
 */
#ifndef STORAGE_S3_FAULT_H
#define STORAGE_S3_FAULT_H

#include "storage/http_transport.h"
#include "storage/s3_place.h"
#include "storage/s3_xml.h"

/* What was tried. */
struct s3_trial {
    const char *verb; /* "read", "write", "look for", "remove", "list" */
    struct slice uri;
    struct slice bucket;
    const struct s3_place *place;
    int64_t now_ms; /* by the server's own clock */
};

/* The fault that an answer carries. Where none can be read (HEAD, a proxy) its code is made of the
 * status: "HTTP 502". */
bool s3_fault_of(const struct http_answer *answer, struct arena *arena, struct s3_fault *ret_fault,
                 struct error *err);

/* Always false. */
bool s3_fault_error(const struct s3_trial *trial, const struct http_answer *answer,
                    const struct s3_fault *fault, struct error *err);

/* Keys that were good once, and are no more. */
bool s3_fault_is_of_old_keys(const struct s3_fault *fault);
/* The store has no such operation, or no such condition. */
bool s3_fault_is_of_lack(const struct http_answer *answer, const struct s3_fault *fault);

#endif
