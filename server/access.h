/*
 * access.h — how a client may reach a table's files, as an answer tells it: endpoint, credentials,
 * or where its requests are signed.
 *
 * Spec:     REST protocol, X-Iceberg-Access-Delegation, LoadTableResult (config,
 *           storage-credentials, remote-signing-config), LoadCredentialsResponse
 * Owns:     texts lie in the request's arena
 * Errors:   those of STS (storage/sts.h)
 * Threads:  any; access_make blocks unless request->may_block is false
 * Rule:     clients get what they ask for, where the warehouse allows it, and nothing they did not
 *           ask for; what tells no secret (endpoint, region) all get
 */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include "base/digest.h"
#include "server/op.h"
#include "storage/session_policy.h"

struct table_metadata;

enum access_kind { ACCESS_NONE, ACCESS_VENDED, ACCESS_STATIC_KEYS, ACCESS_SIGNING };

/* Members without braces: "\"s3.endpoint\":\"…\",…"; empty where there is nothing to tell. */
struct access {
    struct slice config;          /* members of `config` */
    struct slice credentials;     /* the array storage-credentials; empty: none */
    struct slice signing;         /* the object remote-signing-config; empty: none */
    char digest[DIGEST_HEX_SIZE]; /* of all three, "" where all are empty: part of the ETag */
    bool has_secrets;             /* nobody on the way may keep the answer */
};

/* Nothing is told: as for all tables of warehouses on local files. */
extern const struct access access_none;

/* The first of the header's words that the warehouse allows. */
enum access_kind access_choose(struct slice header, unsigned client_access);

/* What a client gets for the table at `location` (canonical), by the request's headers. False on
 * the HTTP thread where STS would have to be asked: then op->would_block is set. */
bool access_make(struct op *op, struct slice location, enum session_rights rights,
                 struct access *ret, struct error *err);
/* The same for a table where its metadata says it is. */
bool access_make_of_table(struct op *op, const struct table_metadata *metadata,
                          enum session_rights rights, struct access *ret, struct error *err);
/* As access_make for who asks for credentials and for nothing else. */
bool access_make_credentials(struct op *op, struct slice location, enum session_rights rights,
                             struct access *ret, struct error *err);

#endif
