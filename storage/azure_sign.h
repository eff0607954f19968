/*
 * azure_sign.h — Shared Key, Azure's signature of requests by an account's key.
 *
 * Spec:     "Authorize with Shared Key" of Azure Storage's REST API, its form for the Blob service
 *           of version 2015-02-21 and later
 * Owns:     nothing; what is borrowed lives through the call, what is made goes into the caller's
 *           buffer, whose state the caller checks
 * Errors:   ERROR_STORAGE (a key that is not base64), ERROR_BAD_REQUEST (a query that cannot be
 *           decoded), ERROR_NO_MEMORY, ERROR_INTERNAL
 * Threads:  pure functions; the time comes in
 * Rule:     path and query are signed as they go over the wire
 */
#ifndef STORAGE_AZURE_SIGN_H
#define STORAGE_AZURE_SIGN_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "storage/http_headers.h"

/* A request as it will be sent; its time stands in x-ms-date. Content-Length is not among the
 * headers. */
struct azure_request {
    struct slice method;
    struct slice path;  /* from '/' on, percent-encoded */
    struct slice query; /* without '?' */
    const struct http_header *headers;
    size_t header_count;
    size_t body_size;
};

#define AZURE_DATE_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */

/* The value of x-ms-date (RFC 1123). */
void azure_date_put(int64_t time_s, char ret_text[AZURE_DATE_SIZE]);

/* What is signed (for tests). */
bool azure_string_to_sign_append(struct buffer *out, const struct azure_request *request,
                                 struct slice account, struct arena *arena, struct error *err);

/* Appends the value of the Authorization header; `key` is the account's, in base64. */
bool azure_authorization_append(struct buffer *out, const struct azure_request *request,
                                struct slice account, struct slice key, struct arena *arena,
                                struct error *err);

/* Appends the base64 of the text's HMAC-SHA256 under a key that is given in base64: of Shared Key
 * and of shared access signatures. */
bool azure_signature_append(struct buffer *out, struct slice text, struct slice key,
                            struct error *err);

#endif
