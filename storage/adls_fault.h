/*
 * adls_fault.h — what the Blob service refused, in one sentence: the object, its code, the cure.
 *
 * Spec:     Azure Storage REST API: "Common REST API error codes", "Blob Storage error codes"
 * Errors:   ERROR_NOT_FOUND (no such object), ERROR_OVERLOADED (it wants fewer requests),
 *           ERROR_STORAGE_FULL, ERROR_BAD_REQUEST (a name that it does not take), ERROR_STORAGE
 * Threads:  pure functions
 */
#ifndef STORAGE_ADLS_FAULT_H
#define STORAGE_ADLS_FAULT_H

#include "storage/adls_place.h"

/* What was tried. */
struct adls_trial {
    const char *verb; /* "read", "write", "look for", "remove", "list" */
    struct slice uri;
    const struct adls_object *object;
    struct slice endpoint; /* that was asked */
    int64_t now_ms;        /* by the server's own clock */
};

/* The code of an answer's header: "BlobNotFound"; empty where it has none. A view of it. */
struct slice adls_fault_code(const struct http_answer *answer);

/* The object is not there; its container may be. */
bool adls_fault_is_of_no_object(const struct http_answer *answer);

/* Always false. */
bool adls_fault_error(const struct adls_trial *trial, const struct http_answer *answer,
                      struct error *err);

#endif
