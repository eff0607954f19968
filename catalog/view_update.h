/*
 * view_update.h — from a base and a list of updates to the next metadata of a view.
 *
 * Spec:     REST protocol, ViewUpdate; view spec; behaviour of ViewMetadata.Builder in the
 *           reference
 * Errors:   ERROR_VALIDATION / ERROR_BAD_REQUEST; nothing is half applied
 * Threads:  pure functions; time comes in as a parameter
 */
#ifndef CATALOG_VIEW_UPDATE_H
#define CATALOG_VIEW_UPDATE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "iceberg/view_metadata.h"

struct view_update_input {
    const struct view_metadata *base; /* NULL: the view is being created */
    const json_t *updates;
    int64_t now_ms;
};

struct view_update_result {
    bool is_changed;
    struct slice location;
    struct slice uuid;
    struct slice metadata_directory; /* write.metadata.path, or <location>/metadata */
    struct slice metadata_codec;     /* write.metadata.compression-codec; empty: not set (gzip) */
};

/* As table_updates_check. */
bool view_updates_check(const json_t *updates, struct error *err);

/* Applies the updates and, where something changed, appends the new metadata's text to `out`. */
bool view_updates_apply(const struct view_update_input *input, struct arena *arena,
                        struct buffer *out, struct view_update_result *ret_result,
                        struct error *err);

/* A create request's parts: the first version has id 1 and schema 0. */
struct view_create_input {
    const json_t *schema;
    const json_t *view_version;
    const json_t *properties; /* object of strings or NULL */
    struct slice location;
    struct slice uuid;
    int64_t now_ms;
};

bool view_metadata_new(const struct view_create_input *input, struct arena *arena,
                       struct buffer *out, struct view_update_result *ret_result,
                       struct error *err);

#endif
