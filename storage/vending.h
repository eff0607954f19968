/*
 * vending.h — how each kind of store makes credentials that are good for one table.
 *
 * Owns:     a request has a reference to its place: vended_request_finish ends it
 * Errors:   those of the kind: storage/sts.h and session_policy.h, gcs_boundary.h, azure_sas.h
 * Threads:  any; make and probe block
 * Rule:     a new kind is a file of its own and a row in vending.c
 */
#ifndef STORAGE_VENDING_H
#define STORAGE_VENDING_H

#include "storage/remote_store.h"
#include "storage/s3_keys.h"
#include "storage/session_policy.h"
#include "storage/storage_profile.h"

struct vending;

struct vended_request {
    const struct vending *kind;
    struct store_place *place; /* of the store: a reference */
    const struct storage_profile *profile;
    struct slice location; /* of the table, canonical */
    enum session_rights rights;
    struct http_transport *transport;
};

/* What is made is a struct s3_keys also where a store has but one text, a token: it stands in
 * session_token then, and the others are empty. */
struct vending {
    const char *needs; /* of the server's own credentials, for a sentence */
    bool (*make)(const struct vended_request *request, struct arena *arena,
                 struct s3_keys *ret_keys, struct error *err);
    /* One request with what was made: GET, or PUT with a body. *ret_status: whatever it is. */
    bool (*probe)(const struct vended_request *request, const struct s3_keys *keys,
                  const char *method, struct slice uri, struct slice body, long *ret_status,
                  struct error *err);
};

/* Finds kind and place of a table below the profile's root. */
bool vended_request_begin(struct object_stores *stores, const struct storage_profile *profile,
                          struct slice location, enum session_rights rights,
                          struct vended_request *ret_request, struct error *err);
void vended_request_finish(struct vended_request *request);

extern const struct vending s3_vending;
extern const struct vending gcs_vending;
extern const struct vending adls_vending;

#endif
