/*
 * table_update.h — from a base and a list of updates to the text of the next metadata.
 *
 * Spec:     REST protocol, TableUpdate; table spec, all of "Table Metadata"; behaviour of
 *           TableMetadata.Builder in the reference
 * Owns:     results are in the caller's buffer and arena
 * Errors:   ERROR_VALIDATION / ERROR_BAD_REQUEST (400), ERROR_COMMIT_FAILED for a sequence number
 *           or first-row-id that is behind (retryable 409); nothing is half applied
 * Threads:  pure functions; time comes in as a parameter
 */
#ifndef CATALOG_TABLE_UPDATE_H
#define CATALOG_TABLE_UPDATE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "iceberg/table_metadata.h"

struct table_update_input {
    struct table_metadata *base;         /* NULL: the table is being created */
    struct slice base_metadata_location; /* becomes a metadata-log entry; empty without base */
    const json_t *updates;               /* array, applied in order */
    int64_t now_ms;
    struct slice new_uuid; /* for a created table where no update assigns one; may be empty */
    int32_t new_format_version; /* likewise; 0: TABLE_FORMAT_VERSION_DEFAULT */
    size_t share_from;          /* lists of so many bytes are shared, not copied; 0: none */
};

struct table_update_result {
    bool is_changed;       /* false: nothing to write, the base stays (all updates were no-ops) */
    struct slice location; /* the table's location afterwards, in the arena */
    struct slice uuid;
    struct slice *dropped_metadata_files; /* fell out of the metadata-log, where */
    size_t dropped_count;                 /* write.metadata.delete-after-commit.enabled; else 0 */
    struct slice metadata_directory;      /* write.metadata.path, or <location>/metadata */
    struct slice metadata_codec;          /* write.metadata.compression-codec; empty: not set */
    struct table_copied copied;           /* of the base, for table_metadata_parse_next */
};

/* Is every action one that tables know? ERROR_BAD_REQUEST where one is not. table_updates_apply
 * asks it first; a caller asks it before it checks requirements, since a request that cannot be
 * understood as a whole must not be answered with a conflict. */
bool table_updates_check(const json_t *updates, struct error *err);

/* Applies the updates and, where something changed, appends the new metadata's text to `out`
 * (members in the specification's order, unknown ones of the base kept byte for byte, untouched
 * spans copied), but for what `copied` says is shared. */
bool table_updates_apply(const struct table_update_input *input, struct arena *arena,
                         struct buffer *out, struct table_update_result *ret_result,
                         struct error *err);

/* A create request's parts, as TableMetadata.newTableMetadata wants them. */
struct table_create_input {
    const json_t *schema;         /* required */
    const json_t *partition_spec; /* NULL: unpartitioned */
    const json_t *write_order;    /* NULL: unsorted */
    const json_t *properties;     /* object of strings or NULL; format-version is consumed */
    struct slice location;        /* trailing slash is stripped */
    struct slice uuid;
    int32_t format_version; /* where the properties name none; 0: TABLE_FORMAT_VERSION_DEFAULT */
    int64_t now_ms;
};

/* Fresh ids, defaults persisted (zstd for Parquet), format version chosen: the first metadata. */
bool table_metadata_new(const struct table_create_input *input, struct arena *arena,
                        struct buffer *out, struct table_update_result *ret_result,
                        struct error *err);

#endif
