/*
 * vended_keys.h — keys for clients: good for one table and a while, made as each kind of store
 * makes them (storage/vending.h), and kept for whoever asks next until half of their life is over.
 *
 * Owns:     what is kept, and wipes it
 * Errors:   as storage/vending.h
 * Threads:  any; one mutex, a leaf. vended_keys_get blocks where they have to be made
 * Rule:     a client never gets keys that are past half of their life, so that whoever holds an
 *           answer with them has time to ask again
 */
#ifndef STORAGE_VENDED_KEYS_H
#define STORAGE_VENDED_KEYS_H

#include "storage/vending.h"

struct vended_keys;

bool vended_keys_create(const struct clock *clock, struct vended_keys **ret_vended,
                        struct error *err);
void vended_keys_destroy(struct vended_keys *vended); /* NULL is fine */

/* From memory alone: false where they are not there. */
bool vended_keys_find(struct vended_keys *vended, const struct vended_request *request,
                      struct s3_keys *ret_keys);
bool vended_keys_get(struct vended_keys *vended, const struct vended_request *request,
                     struct s3_keys *ret_keys, struct error *err);

#endif
