/*
 * reply.h — an answer as an immutable value: status, headers, and a body of shared pieces.
 *
 * Spec:     REST protocol, IcebergErrorResponse and the responses of each operation
 * Owns:     references to its blobs, its header texts, and what the HTTP glue made of it
 * Errors:   the one table from error kind to status and type is in reply.c
 * Threads:  immutable once it was returned; counts and the transport handle are atomic
 * Rule:     a reply that failed for want of memory becomes a static one, which always exists
 */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include <stdatomic.h>

#include "base/blob.h"
#include "base/buffer.h"
#include "base/error.h"
#include "server/encoding.h"

#define REPLY_MAX_HEADERS 8
#define REPLY_MAX_SEGMENTS 8
#define ETAG_SIZE 40 /* quotes, 32 digits, NUL, and room */

struct reply_stream;

typedef void (*reply_transport_destroy_fn)(void *transport);

struct reply_header {
    const char *name; /* static */
    char *value;      /* NUL-terminated, owned */
};

struct reply_segment {
    struct slice bytes;
    struct blob *blob; /* a reference, or NULL for static text */
};

struct reply {
    atomic_size_t references;
    int status;
    size_t header_count;
    struct reply_header headers[REPLY_MAX_HEADERS];
    size_t segment_count;
    struct reply_segment segments[REPLY_MAX_SEGMENTS];
    size_t body_size;
    char etag[ETAG_SIZE];               /* with its quotes; empty: none */
    struct reply *not_modified;         /* the 304 that goes with the ETag; NULL: none */
    struct reply *not_modified_encoded; /* the same for who gets the body compressed */
    enum error_kind failure;            /* of an error's reply, for the log */
    uint64_t version;            /* of what it shows, where it is kept and can become stale */
    struct reply_stream *stream; /* a reference: the body, where it is made while it is sent */

    char *kept_key; /* of what is in the cache (server/reply_cache.h); NULL: not kept */
    size_t kept_key_size;
    /* The same in other codings, each made at its first use (server/encoded_reply.h). */
    _Atomic(struct reply *) encoded[ENCODING_COUNT];

    /* What the HTTP glue keeps with it, made at its first use. */
    _Atomic(void *) transport;
    _Atomic(reply_transport_destroy_fn) transport_destroy;
};

/* An answer without a body. */
bool reply_create(int status, struct reply **ret_reply, struct error *err);
/* JSON; takes the buffer's bytes (also where it fails). */
bool reply_json(int status, struct buffer *body, struct reply **ret_reply, struct error *err);
/* Text of another media type ("text/plain; charset=utf-8"); takes the buffer's bytes likewise. */
bool reply_text(int status, struct slice type, struct buffer *body, struct reply **ret_reply,
                struct error *err);
struct reply *reply_ref(struct reply *reply);
void reply_unref(struct reply *reply); /* NULL is fine */

/* While a reply is being made. `blob` may be NULL for text that is never freed. */
bool reply_add_header(struct reply *reply, const char *name, struct slice value, struct error *err);
/* The answer depends on what codings the client takes: caches on the way must know. */
bool reply_add_vary(struct reply *reply, struct error *err);
void reply_add_segment(struct reply *reply, struct slice bytes, struct blob *blob);

/* Kind to status; `is_change` is true for operations that change something: there a failure that
 * is known to have changed nothing is never a status that clients take for "unknown outcome". */
int error_status(enum error_kind kind, bool is_change);
const char *error_type(enum error_kind kind);

/* {"error": {"message", "type", "code"}}; never NULL. `allow` (may be empty) becomes Allow. */
struct reply *reply_error(const struct error *err, bool is_change, struct slice allow);
/* The same for what has a status but no kind: 414. */
struct reply *reply_fault(int status, const char *type, const char *message);

/* The body's bytes in one piece (tests, idempotency): false where memory is short. */
bool reply_body(const struct reply *reply, struct buffer *out);

#endif
