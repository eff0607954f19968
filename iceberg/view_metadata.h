/*
 * view_metadata.h — a view's metadata.json, small enough to be a tree.
 *
 * Spec:     view spec, "View Metadata"
 * Owns:     the tree, frozen after parsing; shared by reference count, with the text it came from
 * Errors:   ERROR_BAD_REQUEST with the field that is missing or wrong
 */
#ifndef ICEBERG_VIEW_METADATA_H
#define ICEBERG_VIEW_METADATA_H

#include <jansson.h>
#include <stdatomic.h>

#include "base/blob.h"
#include "base/error.h"

#define VIEW_FORMAT_VERSION 1

struct view_metadata {
    atomic_size_t references;
    struct blob *blob;
    json_t *tree; /* unknown fields included */
    struct slice uuid;
    struct slice location;
    int64_t current_version_id;
};

bool view_metadata_parse(struct blob *blob, struct view_metadata **ret_metadata,
                         struct error *err);
struct view_metadata *view_metadata_ref(struct view_metadata *metadata);
void view_metadata_unref(struct view_metadata *metadata);

#endif
