/*
 * sts.h — AWS's Security Token Service: keys with a life, a role and perhaps a policy.
 *
 * Spec:     AWS STS API reference: AssumeRole, AssumeRoleWithWebIdentity
 * Errors:   ERROR_STORAGE with STS's own code and the cure; ERROR_OVERLOADED
 * Threads:  any; blocks
 */
#ifndef STORAGE_STS_H
#define STORAGE_STS_H

#include "storage/s3_keys.h"

/* Empty texts and 0 are left out of the request. */
struct sts_request {
    struct slice endpoint; /* "https://sts.eu-west-1.amazonaws.com"; MinIO's is its S3 endpoint */
    struct slice region;
    struct slice ca_bundle;
    const struct s3_credentials *signer; /* NULL: a web identity needs none */
    struct slice web_identity_token;
    struct slice role_arn;
    struct slice session_name;
    struct slice external_id;
    struct slice policy; /* JSON: what of the role's rights the keys have */
    int64_t duration_s;
};

bool sts_assume_role(struct http_transport *transport, const struct sts_request *request,
                     struct s3_keys *ret_keys, struct error *err);

/* The region's own, in the arena. */
bool sts_endpoint_of_region(struct slice region, struct arena *arena, struct slice *ret_endpoint,
                            struct error *err);

#endif
