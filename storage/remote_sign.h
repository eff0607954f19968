/*
 * remote_sign.h — requests of clients to S3, signed for them where they are about one table's
 * objects.
 *
 * Spec:     Iceberg REST, signRequest; Amazon S3 API reference
 * Owns:     nothing; what is made lies in the arena
 * Errors:   ERROR_BAD_REQUEST (not such a request), ERROR_FORBIDDEN (another host, bucket or table,
 *           a method or header that is not the caller's): the sentence names what it is about
 * Threads:  pure functions; time and keys come in
 * Rule:     what is not known is refused: methods, parameters of the query, headers of S3 and
 *           members of a list of deletes each come from a list of what is allowed
 */
#ifndef STORAGE_REMOTE_SIGN_H
#define STORAGE_REMOTE_SIGN_H

#include <jansson.h>

#include "base/json_write.h"
#include "storage/s3_client_url.h"
#include "storage/s3_sign.h"

struct remote_sign {
    struct slice method;
    struct slice body; /* ptr NULL: none was sent */
    struct s3_client_url url;
    struct slice uri;
    struct http_header *headers; /* as they were sent, values of one name joined */
    size_t header_count;
};

/* The body of the request to the signing endpoint. */
bool remote_sign_parse(const json_t *json, const struct storage_profile *profile,
                       struct arena *arena, struct remote_sign *ret, struct error *err);

/* Where the request's table must be: canonical. */
bool remote_sign_check(const struct remote_sign *request, struct slice place, bool may_write,
                       struct arena *arena, struct error *err);

/* Writes {"uri": …, "headers": {…}}: the headers that the client has to add. */
bool remote_sign_write(const struct remote_sign *request, const struct s3_scope *scope,
                       const struct s3_credentials *credentials, struct arena *arena,
                       struct json_writer *writer, struct error *err);

#endif
