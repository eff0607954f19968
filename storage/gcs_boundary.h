/*
 * gcs_boundary.h — what of an account's rights the token for one table has: a Credential Access
 * Boundary of Google Cloud.
 *
 * Spec:     Google Cloud IAM, "Create short-lived credentials with restricted permissions"
 *           (Credential Access Boundaries); Common Expression Language, string literals
 * Errors:   ERROR_VALIDATION: no location on Google Cloud Storage; ERROR_NO_MEMORY
 * Threads:  pure functions
 */
#ifndef STORAGE_GCS_BOUNDARY_H
#define STORAGE_GCS_BOUNDARY_H

#include "base/arena.h"
#include "base/error.h"
#include "storage/session_policy.h"

/* For the objects below `location` (canonical, "gs://bucket/prefix"), and their listing. The JSON
 * lies in the arena. */
bool gcs_boundary_make(struct slice location, enum session_rights rights, struct arena *arena,
                       struct slice *ret_boundary, struct error *err);

#endif
