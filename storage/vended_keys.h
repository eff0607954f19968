/*
 * vended_keys.h — keys for clients: good for one table and a while, made by STS, and kept for
 * whoever asks next until half of their life is over.
 *
 * Spec:     AWS STS API reference, AssumeRole with a session policy (storage/session_policy.h)
 * Owns:     what is kept, and wipes it
 * Errors:   as storage/sts.h and storage/session_policy.h
 * Threads:  any; one mutex, a leaf. vended_keys_get blocks where STS has to be asked
 * Rule:     a client never gets keys that are past half of their life, so that whoever holds an
 *           answer with them has time to ask again
 */
#ifndef STORAGE_VENDED_KEYS_H
#define STORAGE_VENDED_KEYS_H

#include "storage/s3_place.h"
#include "storage/session_policy.h"

struct vended_keys;

struct vended_request {
    const struct s3_place *place;
    const struct storage_profile *profile; /* of the place; its sts is set */
    struct slice location;                 /* of the table, canonical */
    enum session_rights rights;
};

bool vended_keys_create(const struct clock *clock, struct vended_keys **ret_vended,
                        struct error *err);
void vended_keys_destroy(struct vended_keys *vended); /* NULL is fine */

/* From memory alone: false where they are not there. */
bool vended_keys_find(struct vended_keys *vended, const struct vended_request *request,
                      struct s3_keys *ret_keys);
bool vended_keys_get(struct vended_keys *vended, struct http_transport *transport,
                     const struct vended_request *request, struct s3_keys *ret_keys,
                     struct error *err);

#endif
