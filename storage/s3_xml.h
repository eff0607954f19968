/*
 * s3_xml.h — what S3 and STS answer, and what S3 is sent, in XML.
 *
 * Spec:     Amazon S3 API reference: Error Responses, ListObjectsV2, DeleteObjects; AWS STS API
 *           reference: AssumeRole, AssumeRoleWithWebIdentity
 * Owns:     texts are copied into the caller's arena
 * Errors:   ERROR_CORRUPT where a text is no such answer
 * Threads:  pure functions
 */
#ifndef STORAGE_S3_XML_H
#define STORAGE_S3_XML_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "storage/list_walk.h"

/* What an answer of another status than 2xx says. Texts that it does not have are empty. */
struct s3_fault {
    struct slice code; /* "NoSuchKey" */
    struct slice message;
    struct slice region; /* that the bucket is in */
};
bool s3_fault_parse(struct slice xml, struct arena *arena, struct s3_fault *ret_fault,
                    struct error *err);

/* One page of ListObjectsV2 with encoding-type=url: keys come decoded, and go with the call.
 * *ret_next: where the next page begins; empty: this was the last. */
bool s3_list_parse(struct slice xml, list_name_fn visit, void *context, struct arena *arena,
                   struct slice *ret_next, struct error *err);

/* The body of DeleteObjects: which keys, and that the answer is to name failures only. */
void s3_delete_append(struct buffer *out, const struct slice *keys, size_t count);
/* The first failure that the answer of DeleteObjects names; key.ptr NULL: none. */
struct s3_delete_fault {
    struct slice key;
    struct slice code;
};
bool s3_delete_parse(struct slice xml, struct arena *arena, struct s3_delete_fault *ret_fault,
                     struct error *err);

/* The credentials of an AssumeRole answer, of either kind. */
struct sts_answer {
    struct slice access_key_id;
    struct slice secret_access_key;
    struct slice session_token;
    struct slice expiration; /* "2026-01-31T12:00:00Z" */
};
bool sts_answer_parse(struct slice xml, struct arena *arena, struct sts_answer *ret_answer,
                      struct error *err);

#endif
