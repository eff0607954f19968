/*
 * session_policy.h — what of a role's rights the keys for one table have: AWS's policy language.
 *
 * Spec:     AWS IAM user guide, "IAM JSON policy elements", "Session policies"; S3's actions and
 *           condition keys. MinIO reads the same
 * Errors:   ERROR_VALIDATION: a location that no policy can name exactly; ERROR_NO_MEMORY
 * Threads:  pure functions
 */
#ifndef STORAGE_SESSION_POLICY_H
#define STORAGE_SESSION_POLICY_H

#include "base/arena.h"
#include "base/error.h"

enum session_rights { SESSION_READ, SESSION_READ_WRITE };

/* For the objects below `location` (canonical, "s3://bucket/prefix"), and their listing; the
 * region tells the partition ("aws", "aws-cn", "aws-us-gov"). The policy lies in the arena. */
bool session_policy_make(struct slice location, enum session_rights rights, struct slice region,
                         struct arena *arena, struct slice *ret_policy, struct error *err);

#endif
