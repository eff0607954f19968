/*
 * table_metadata.h — a table's metadata.json as its bytes and an index of where things are.
 *
 * The text is never rebuilt from a tree. Small scalars are read once; the long lists (snapshots,
 * snapshot-log, metadata-log) become arrays of entries that keep their text; everything else is the
 * raw span of its top-level member, fields of the future included.
 *
 * Spec:     table spec, "Table Metadata Fields", appendix C "Table Metadata and Snapshots"
 * Owns:     one reference to the blob, and an arena for the arrays; shared by reference count
 * Errors:   ERROR_BAD_REQUEST with the field that is missing or wrong
 * Threads:  immutable after table_metadata_parse; the count is atomic
 */
#ifndef ICEBERG_TABLE_METADATA_H
#define ICEBERG_TABLE_METADATA_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/blob.h"
#include "base/error.h"

#define TABLE_FORMAT_VERSION_MAX 3
#define TABLE_FORMAT_VERSION_DEFAULT 2
#define NO_SNAPSHOT ((int64_t)-1) /* also how v1 and v2 files spell "none" */
#define NO_ROW_ID ((int64_t)-1)

/* Every top-level member that the specification names: X(enumerator, JSON name). */
#define TABLE_METADATA_MEMBERS(X)                            \
    X(TABLE_MEMBER_FORMAT_VERSION, "format-version")         \
    X(TABLE_MEMBER_TABLE_UUID, "table-uuid")                 \
    X(TABLE_MEMBER_LOCATION, "location")                     \
    X(TABLE_MEMBER_LAST_SEQUENCE_NUMBER, "last-sequence-number") \
    X(TABLE_MEMBER_LAST_UPDATED_MS, "last-updated-ms")       \
    X(TABLE_MEMBER_LAST_COLUMN_ID, "last-column-id")         \
    X(TABLE_MEMBER_SCHEMA, "schema")                         \
    X(TABLE_MEMBER_CURRENT_SCHEMA_ID, "current-schema-id")   \
    X(TABLE_MEMBER_SCHEMAS, "schemas")                       \
    X(TABLE_MEMBER_PARTITION_SPEC, "partition-spec")         \
    X(TABLE_MEMBER_DEFAULT_SPEC_ID, "default-spec-id")       \
    X(TABLE_MEMBER_PARTITION_SPECS, "partition-specs")       \
    X(TABLE_MEMBER_LAST_PARTITION_ID, "last-partition-id")   \
    X(TABLE_MEMBER_DEFAULT_SORT_ORDER_ID, "default-sort-order-id") \
    X(TABLE_MEMBER_SORT_ORDERS, "sort-orders")               \
    X(TABLE_MEMBER_PROPERTIES, "properties")                 \
    X(TABLE_MEMBER_CURRENT_SNAPSHOT_ID, "current-snapshot-id") \
    X(TABLE_MEMBER_NEXT_ROW_ID, "next-row-id")               \
    X(TABLE_MEMBER_ENCRYPTION_KEYS, "encryption-keys")       \
    X(TABLE_MEMBER_REFS, "refs")                             \
    X(TABLE_MEMBER_SNAPSHOTS, "snapshots")                   \
    X(TABLE_MEMBER_STATISTICS, "statistics")                 \
    X(TABLE_MEMBER_PARTITION_STATISTICS, "partition-statistics") \
    X(TABLE_MEMBER_SNAPSHOT_LOG, "snapshot-log")             \
    X(TABLE_MEMBER_METADATA_LOG, "metadata-log")

enum table_member {
#define X(enumerator, name) enumerator,
    TABLE_METADATA_MEMBERS(X)
#undef X
    TABLE_MEMBER_COUNT
};

const char *table_member_name(enum table_member member);

struct table_snapshot {
    int64_t snapshot_id;
    int64_t parent_id;       /* NO_SNAPSHOT: none */
    int64_t sequence_number; /* 0 where the file has none (v1) */
    int64_t timestamp_ms;
    int64_t first_row_id;    /* NO_ROW_ID: none */
    int64_t added_rows;      /* NO_ROW_ID: none */
    int32_t schema_id;       /* -1: none */
    struct slice text;       /* the JSON object */
};

struct snapshot_log_entry {
    int64_t timestamp_ms;
    int64_t snapshot_id;
};

struct metadata_log_entry {
    int64_t timestamp_ms;
    struct slice metadata_file; /* unescaped */
    struct slice text;          /* the whole element; empty where it is not in the text yet */
};

struct unknown_member {
    struct slice name; /* raw, between its quotes */
    struct slice value;
};

struct table_metadata {
    atomic_size_t references;
    struct blob *blob;
    struct arena arena;
    struct slice members[TABLE_MEMBER_COUNT]; /* raw values; ptr NULL where absent */
    struct unknown_member *unknown;
    size_t unknown_count;

    int format_version;
    struct slice uuid; /* empty: none (v1) */
    struct slice location; /* without its trailing slash */
    int64_t last_sequence_number; /* 0 in v1 */
    int64_t last_updated_ms;
    int32_t last_column_id;
    int32_t current_schema_id;
    int32_t default_spec_id;
    int32_t last_partition_id;
    int32_t default_sort_order_id;
    int64_t current_snapshot_id; /* NO_SNAPSHOT: none */
    int64_t next_row_id;

    struct table_snapshot *snapshots; /* in the order of the text */
    size_t snapshot_count;
    const struct table_snapshot **snapshots_by_id; /* the same, ascending by id */
    struct snapshot_log_entry *snapshot_log;
    size_t snapshot_log_count;
    struct metadata_log_entry *metadata_log;
    size_t metadata_log_count;
};

/* The lists that become arrays, in the order of the text that we write. */
enum table_list {
    TABLE_LIST_SNAPSHOTS,
    TABLE_LIST_SNAPSHOT_LOG,
    TABLE_LIST_METADATA_LOG,
    TABLE_LIST_COUNT
};

/* What a text has of a base's list, byte for byte, right behind the same list's '[': all elements
 * from one of them on. */
struct table_copied_list {
    size_t first;      /* index of that element in the base */
    struct slice from; /* in the base's text, up to the list's ']'; empty: nothing was copied */
    size_t at;         /* where it is in the new text */
};

struct table_copied {
    const struct table_metadata *base; /* NULL: nothing was copied */
    struct table_copied_list lists[TABLE_LIST_COUNT]; /* ascending by `at` where not empty */
};

/* Indexes and checks (TableMetadataParser.fromJson and the constructor's checks: required fields by
 * version, current ids that exist, sequence numbers not above the last, log order within 60 s).
 * Takes a reference to `blob`. The caller owns one reference to *ret_metadata. */
bool table_metadata_parse(struct blob *blob, struct table_metadata **ret_metadata,
                          struct error *err);
/* The same, for a text that was made from a base's: the index of what was copied is taken over from
 * the base, and only the rest is read. The result is that of table_metadata_parse, and needs the
 * base no more. */
bool table_metadata_parse_next(struct blob *blob, const struct table_copied *copied,
                               struct table_metadata **ret_metadata, struct error *err);
struct table_metadata *table_metadata_ref(struct table_metadata *metadata);
void table_metadata_unref(struct table_metadata *metadata); /* NULL is fine */

/* NULL where no such snapshot is listed. */
const struct table_snapshot *table_metadata_snapshot(const struct table_metadata *metadata,
                                                     int64_t snapshot_id);

/* A property's value in the arena; *ret_value has ptr NULL where it is not set. */
bool table_metadata_property(const struct table_metadata *metadata, const char *name,
                             struct arena *arena, struct slice *ret_value, struct error *err);

/* The text for snapshots=refs: only snapshots that a branch or tag names; all else byte for byte.
 */
bool table_metadata_refs_text(const struct table_metadata *metadata, struct buffer *out,
                              struct error *err);

#endif
