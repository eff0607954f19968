/*
 * s3_client_url.h — a URL that a client wants to send a request to: whose store, which object.
 *
 * Nothing is taken on trust. The host is one that clients of the warehouse are told, or the
 * server's own; the key is what is left after one decoding, and one that some store could read in
 * two ways is refused: empty, "." and ".." segments in any encoding, a raw '+' (a space to S3),
 * bytes that no client sends unencoded.
 *
 * Spec:     RFC 3986; Amazon S3 user guide, "Virtual hosting of buckets"
 * Owns:     parts are views of the URL or lie in the arena
 * Errors:   ERROR_BAD_REQUEST (no such URL), ERROR_FORBIDDEN (another host)
 * Threads:  pure functions
 */
#ifndef STORAGE_S3_CLIENT_URL_H
#define STORAGE_S3_CLIENT_URL_H

#include "storage/storage_profile.h"

struct s3_client_url {
    struct slice authority; /* "minio:9000", as it will stand in Host */
    struct slice path;      /* from '/' on, as sent */
    struct slice query;     /* without '?', as sent */
    struct slice bucket;
    struct slice key; /* decoded; empty: the bucket itself */
};

bool s3_client_url_parse(struct slice url, const struct storage_profile *profile,
                         struct arena *arena, struct s3_client_url *ret, struct error *err);

/* Does the key (decoded) name an object below `place` (canonical, "s3://bucket/prefix")? Keys that
 * could be read in two ways do not. */
bool s3_key_is_within(struct slice bucket, struct slice key, struct slice place);

#endif
