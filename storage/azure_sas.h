/*
 * azure_sas.h — shared access signatures for one directory of Azure Storage: what a holder may do
 * there, until when, signed by the account's key or by one that Azure has made for an identity.
 *
 * Spec:     Azure Storage REST API: "Create a user delegation SAS", "Create a service SAS" (version
 *           2020-12-06, sr=d)
 * Owns:     what is made goes into the caller's buffer, whose state the caller checks
 * Errors:   ERROR_VALIDATION (a container as a whole: it has no directory to name), those of
 *           storage/azure_sign.h
 * Threads:  pure functions; the time comes in
 * Rule:     a signature names a directory, and never a container: it is never wider than a table.
 *           An account without a hierarchical namespace has no directories, and refuses it
 */
#ifndef STORAGE_AZURE_SAS_H
#define STORAGE_AZURE_SAS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "storage/session_policy.h"

#define AZURE_TIME_SIZE 21 /* "2026-01-31T12:00:00Z" and NUL */

void azure_time_put(int64_t time_s, char ret_text[AZURE_TIME_SIZE]);

/* A key that Azure has made for an identity (Get User Delegation Key): what is signed by it may at
 * most what that identity may. Texts are borrowed. */
struct azure_delegation_key {
    struct slice object_id;
    struct slice tenant_id;
    struct slice start;
    struct slice expiry;
    struct slice service; /* "b" */
    struct slice version;
    struct slice value; /* secret, base64 */
};

struct azure_sas {
    struct slice account;
    struct slice container;
    struct slice directory; /* "wh/db/t": as it is named, not encoded */
    enum session_rights rights;
    int64_t expires_s;
    bool is_https_only;
    struct slice account_key;                     /* secret, base64; or */
    const struct azure_delegation_key *delegated; /* NULL: by the account's key */
};

/* Appends what is signed (for tests) / the query that a client puts to its URLs. */
bool azure_sas_string_to_sign_append(struct buffer *out, const struct azure_sas *sas,
                                     struct error *err);
bool azure_sas_append(struct buffer *out, const struct azure_sas *sas, struct error *err);

#endif
