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
#include "base/buffer.h"
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

/* The lists that become arrays, in the order of the text that we write. */
enum table_list {
    TABLE_LIST_SNAPSHOTS,
    TABLE_LIST_SNAPSHOT_LOG,
    TABLE_LIST_METADATA_LOG,
    TABLE_LIST_COUNT
};

/* A table's history is long and grows at its end, so that metadata may share it: the lists of its
 * origin, an earlier state of the table, stand in its text and come before its own elements, but
 * are there once. Only snapshots and the snapshot-log are shared. */
struct table_metadata {
    atomic_size_t references;
    struct blob *blob; /* the text, but for what is shared: table_metadata_text has it all */
    struct arena arena;
    struct table_metadata *origin; /* a reference, to one that has none itself; NULL: none */
    size_t shared_at[TABLE_LIST_COUNT]; /* where the origin's elements belong in the blob's text,
                                         * right behind a '['; 0: they do not */
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

    struct table_snapshot *snapshots; /* in the order of the text; without what is shared */
    size_t snapshot_count;            /* with it */
    const struct table_snapshot **snapshots_by_id; /* those of `snapshots`, ascending by id */
    struct snapshot_log_entry *snapshot_log;       /* without what is shared */
    size_t snapshot_log_count;                     /* with it */
    struct metadata_log_entry *metadata_log;
    size_t metadata_log_count;
};

/* What a text has of a base's list, byte for byte, right behind the same list's '[': all elements
 * from one of them on. Where the base shares its origin's, those come first. */
struct table_copied_list {
    size_t first;        /* index of that element in the base */
    struct slice origin; /* in the text of the base's origin; empty: not copied */
    struct slice from;   /* in the base's own text, up to the list's ']'; empty: nothing of it */
    size_t at;           /* where `from` is in the new text, right behind `origin` */
    bool is_shared;      /* the elements of table_copied.origin belong at `at` and are not copied */
};

struct table_copied {
    const struct table_metadata *base; /* NULL: nothing was copied */
    struct table_metadata *origin;     /* the base or its own; borrowed; NULL: nothing is shared */
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

/* The whole text, in parts that follow each other. */
#define TABLE_TEXT_PARTS 5
struct table_text {
    struct slice parts[TABLE_TEXT_PARTS]; /* none is empty */
    struct blob *blobs[TABLE_TEXT_PARTS]; /* what each is a view into; the metadata holds them */
    size_t count;
    size_t size;
};
void table_metadata_text(const struct table_metadata *metadata, struct table_text *ret_text);
void table_text_append(const struct table_text *text, struct buffer *out);
/* The memory that it takes, what it shares included. */
size_t table_metadata_memory(const struct table_metadata *metadata);
/* The elements of one of its lists: what it shares, and its own behind that, without brackets. */
struct slice table_metadata_shared(const struct table_metadata *metadata, enum table_list list);
struct slice table_metadata_own(const struct table_metadata *metadata, enum table_list list);

/* In the order of the text, shared ones first; the index of one that was found. */
const struct table_snapshot *table_metadata_snapshot_at(const struct table_metadata *metadata,
                                                        size_t index);
size_t table_metadata_snapshot_index(const struct table_metadata *metadata,
                                     const struct table_snapshot *snapshot);
const struct snapshot_log_entry *table_metadata_log_at(const struct table_metadata *metadata,
                                                       size_t index);
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
