/*
 * requirement.h — what a commit asserts about the table or view it was made against.
 *
 * Spec:     REST protocol, TableRequirement, ViewRequirement
 * Errors:   ERROR_COMMIT_FAILED "Requirement failed: …" where one does not hold; ERROR_BAD_REQUEST
 *           for one that is unknown, malformed or of the other kind of entity
 * Threads:  pure functions over immutable metadata
 */
#ifndef CATALOG_REQUIREMENT_H
#define CATALOG_REQUIREMENT_H

#include <jansson.h>

#include "base/error.h"
#include "iceberg/table_metadata.h"
#include "iceberg/view_metadata.h"

struct table_ref {
    bool is_there;
    bool is_tag;
    int64_t snapshot_id;
};

/* The branch or tag of that name; `main` also of metadata from before branches. */
bool table_ref_find(const struct table_metadata *base, struct slice name, struct table_ref *ret_ref,
                    struct error *err);

/* True in *ret_is_create where assert-create is the only requirement; ERROR_BAD_REQUEST "Invalid
 * create requirements" where it stands beside others. `requirements` is an array or NULL. */
bool requirements_are_create(const json_t *requirements, bool *ret_is_create, struct error *err);

/* Checks all against one base (NULL: the table does not exist). */
bool table_requirements_check(const json_t *requirements, const struct table_metadata *base,
                              struct error *err);
bool view_requirements_check(const json_t *requirements, const struct view_metadata *base,
                             struct error *err);

#endif
