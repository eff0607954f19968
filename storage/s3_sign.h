/*
 * s3_sign.h — AWS Signature Version 4, as S3 and STS want it: in a header, and in a URL.
 *
 * Spec:     "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API reference
 * Owns:     nothing; what is borrowed lives through the call, what is made goes into the caller's
 *           buffer (whose state the caller checks) or arena
 * Errors:   ERROR_BAD_REQUEST (a query that cannot be decoded), ERROR_NO_MEMORY, ERROR_INTERNAL
 * Threads:  pure functions; the time comes in
 * Rule:     the path is signed as it goes over the wire. S3 neither removes dot segments nor
 *           encodes a second time, as other services of AWS do
 */
#ifndef STORAGE_S3_SIGN_H
#define STORAGE_S3_SIGN_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "storage/http_headers.h"

struct s3_credentials {
    struct slice access_key_id;
    struct slice secret_access_key;
    struct slice session_token; /* empty for long-lived keys */
};

/* What a signature is good for, and from when on. */
struct s3_scope {
    struct slice region;
    struct slice service; /* "s3", "sts" */
    int64_t time_s;       /* since the epoch, UTC */
};

/* A request as it will be sent. All headers given are signed: host must be among them, and
 * x-amz-date and x-amz-security-token where the signature goes into a header. */
struct s3_request {
    struct slice method;
    struct slice path;  /* from '/' on, percent-encoded (percent_path_append) */
    struct slice query; /* without '?'; in any order and encoding */
    const struct http_header *headers;
    size_t header_count;
    struct slice payload_hash; /* SHA-256 of the body in hex, or S3_UNSIGNED_PAYLOAD */
};

#define S3_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"
#define S3_EMPTY_PAYLOAD_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Longest life of a presigned URL that S3 accepts: seven days. */
#define S3_MAX_PRESIGNED_LIFE_S (7 * 24 * 3600)

#define S3_TIME_SIZE 17 /* "20150830T123600Z" and NUL */

/* The value of x-amz-date. */
void s3_time_put(int64_t time_s, char ret_text[S3_TIME_SIZE]);

/* Appends the canonical request (for tests, and for servers that ask what was signed) and the names
 * of the signed headers, "host;x-amz-date". */
bool s3_canonical_request_append(struct buffer *out, struct buffer *out_signed_headers,
                                 const struct s3_request *request, struct arena *arena,
                                 struct error *err);

/* Appends the value of the Authorization header. */
bool s3_authorization_append(struct buffer *out, const struct s3_request *request,
                             const struct s3_scope *scope, const struct s3_credentials *credentials,
                             struct arena *arena, struct error *err);

/* Appends the query of a presigned URL: the request's own parameters and the signature's.
 * `life_s` in seconds, at most S3_MAX_PRESIGNED_LIFE_S. */
bool s3_presigned_query_append(struct buffer *out, const struct s3_request *request,
                               const struct s3_scope *scope,
                               const struct s3_credentials *credentials, int64_t life_s,
                               struct arena *arena, struct error *err);

#endif
