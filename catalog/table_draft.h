/*
 * table_draft.h — the next metadata of a table while updates are applied to it (internal).
 *
 * The base's text is not turned into a tree. Each top-level member is untouched (its span is copied
 * into the result), loaded (an update had to look at it) or changed (written from the draft).
 *
 * Owns:     `trees`, until table_draft_finish; all else is in the caller's arena or the base's text
 * Errors:   ERROR_NO_MEMORY, ERROR_BAD_REQUEST for a base whose members are not what they must be
 * Threads:  one draft per request
 * Rule:     the updates that were applied outlive the draft: parsed parts point into them
 */
#ifndef CATALOG_TABLE_DRAFT_H
#define CATALOG_TABLE_DRAFT_H

#include "catalog/table_update.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/sort_order.h"
#include "storage/location.h"

#define MAIN_BRANCH "main"
#define LAST_ADDED (-1) /* in set-current-schema and its like: what this commit added last */
#define NO_ITEM SIZE_MAX

/* One element of a list that is looked up by id: its text, and what was parsed from it. */
struct draft_item {
    int64_t id;
    struct slice key;   /* encryption keys: their id, which is text */
    struct slice text;  /* the JSON object */
    const void *parsed; /* struct schema, partition_spec or sort_order; NULL until it is needed */
};

struct draft_list {
    enum table_member member;
    const char *id_name;
    bool is_loaded;
    bool is_changed;
    struct draft_item *items;
    size_t count;
    size_t capacity;
    /* The highest id that was ever in the list during this commit: what was removed is not reused,
     * since manifests written meanwhile may carry the removed id. */
    int64_t highest_id;
    bool has_added; /* something was added, or found to be there already, in this commit */
    int32_t last_added_id;
};

enum draft_snapshot_flag {
    DRAFT_SNAPSHOT_ADDED = 1,
    DRAFT_SNAPSHOT_REMOVED = 2,
    DRAFT_SNAPSHOT_WAS_MAIN = 4 /* made main's snapshot in the commit that added it */
};

/* The base's snapshots and, behind them, the added ones, whose ids are found by hash. */
struct draft_snapshots {
    struct table_snapshot *added;
    size_t added_count;
    size_t added_capacity;
    uint8_t *flags; /* enum draft_snapshot_flag, one byte per snapshot */
    size_t count;   /* of the base and added, removed ones included */
    size_t flag_capacity;
    size_t *slots; /* place in `added` + 1 by hash of id; 0: free */
    size_t slot_count;
    bool has_removed;
};

struct table_draft {
    struct arena *arena;
    struct table_metadata *base; /* NULL: the table is being created */
    json_t *trees;                     /* an array: what parsed parts point into */
    int64_t now_ms;
    size_t share_from; /* as in struct table_update_input */
    bool is_changed;

    int32_t format_version;
    struct slice uuid;
    struct slice location;
    int64_t last_sequence_number;
    int64_t last_updated_ms;
    int32_t last_column_id;
    int32_t current_schema_id;
    int32_t default_spec_id;
    int32_t last_partition_id;
    int32_t default_sort_order_id;
    int64_t current_snapshot_id;
    int64_t next_row_id;

    struct draft_list schemas;
    struct draft_list specs;
    struct draft_list orders;
    struct draft_list statistics;
    struct draft_list partition_statistics;
    struct draft_list encryption_keys;
    struct draft_snapshots snapshots;
    json_t *properties;       /* in `trees`; NULL: untouched */
    json_t *refs;             /* in `trees`; NULL: untouched */
    bool needs_default_check; /* the current schema, default spec or default order moved */

    struct snapshot_log_entry *log_added;
    size_t log_added_count;
    size_t log_added_capacity;
};

/* From a base, or empty (NULL) in the default format version. Finish it in either case. */
bool table_draft_init(struct table_draft *draft, struct table_metadata *base, int64_t now_ms,
                      struct arena *arena, struct error *err);
void table_draft_finish(struct table_draft *draft);

/* Gives a tree to the draft, which frees it at its end; NULL counts as memory that was short. */
bool table_draft_keep(struct table_draft *draft, json_t *owned, struct error *err);
/* Parses a part of the base; *ret_tree is the draft's. */
bool table_draft_tree(struct table_draft *draft, struct slice text, const char *what,
                      json_t **ret_tree, struct error *err);
/* A value's compact text in the arena. */
bool table_draft_text(struct table_draft *draft, const json_t *value, struct slice *ret_text,
                      struct error *err);

/* A member's raw value in the base; ptr is NULL where it is absent, null, or there is no base. */
struct slice table_draft_member(const struct table_draft *draft, enum table_member member);

/* A growing array in the arena: room for one more element. */
bool arena_grow(struct arena *arena, void **items, size_t count, size_t *capacity, size_t size,
                struct error *err);

/* Lists. Loading twice is free; every function below it wants a loaded list. */
bool draft_list_load(struct table_draft *draft, struct draft_list *list, struct error *err);
size_t draft_list_find(const struct draft_list *list, int64_t id); /* NO_ITEM: not there */
bool draft_list_add(struct table_draft *draft, struct draft_list *list, struct draft_item item,
                    struct error *err);
void draft_list_note_added(struct draft_list *list, int64_t id);
/* Drops the items that `drops` names; true in *ret_removed where there was one. */
typedef bool (*draft_item_test)(const void *context, const struct draft_item *item);
bool draft_list_remove(struct draft_list *list, draft_item_test drops, const void *context);

/* An item, parsed once. */
bool draft_schema(struct table_draft *draft, size_t index, const struct schema **ret_schema,
                  struct error *err);
bool draft_spec(struct table_draft *draft, size_t index, const struct partition_spec **ret_spec,
                struct error *err);
bool draft_order(struct table_draft *draft, size_t index, const struct sort_order **ret_order,
                 struct error *err);
/* ERROR_VALIDATION where there is none yet. */
bool draft_current_schema(struct table_draft *draft, const struct schema **ret_schema,
                          struct error *err);

/* Properties: as a tree that may be changed, or one value (ptr NULL: not set). */
bool draft_properties(struct table_draft *draft, json_t **ret_properties, struct error *err);
bool draft_property(struct table_draft *draft, const char *name, struct slice *ret_value,
                    struct error *err);

/* Branches and tags, `main` made up from current-snapshot-id where the base has no refs. */
bool draft_refs(struct table_draft *draft, json_t **ret_refs, struct error *err);
/* Removes one; false in *ret_removed where it is not there. */
bool draft_ref_remove(struct table_draft *draft, const char *name, bool *ret_removed,
                      struct error *err);

/* Snapshots by index (base first) and by id; NO_ITEM where no such snapshot is left. */
const struct table_snapshot *draft_snapshot_at(const struct table_draft *draft, size_t index);
size_t draft_snapshot_find(const struct table_draft *draft, int64_t id);
bool draft_snapshot_add(struct table_draft *draft, const struct table_snapshot *snapshot,
                        struct error *err);
bool draft_snapshot_remove(struct table_draft *draft, size_t index, struct error *err);
static inline unsigned draft_snapshot_flags(const struct table_draft *draft, size_t index)
{
    return draft->snapshots.flags ? draft->snapshots.flags[index] : 0;
}
bool draft_snapshot_flag(struct table_draft *draft, size_t index, enum draft_snapshot_flag flag,
                         struct error *err);
bool draft_log_add(struct table_draft *draft, int64_t timestamp_ms, int64_t snapshot_id,
                   struct error *err);

/* What every update's end shares: checks of the whole, logs, text (table_draft_write.c). */
bool table_draft_build(struct table_draft *draft, struct slice base_metadata_location,
                       struct buffer *out, struct table_update_result *ret_result,
                       struct error *err);

/* The logs as the result has them (table_draft_log.c). */
struct draft_logs {
    bool is_snapshot_log_rewritten; /* else: the base's, and log_added behind it */
    struct snapshot_log_entry *snapshot_log;
    size_t snapshot_log_count;
    size_t metadata_log_start; /* entries of the base before it are dropped */
    bool has_new_metadata_entry;
    struct metadata_log_entry new_metadata_entry;
};

bool draft_logs_make(struct table_draft *draft, struct slice base_metadata_location,
                     struct draft_logs *ret_logs, struct error *err);
/* The files whose entries the log lost, where the table asks for their deletion. */
bool draft_logs_dropped(struct table_draft *draft, const struct draft_logs *logs,
                        struct slice **ret_files, size_t *ret_count, struct error *err);

/* One function per action of the protocol; `update` is an object. */
typedef bool (*table_update_fn)(struct table_draft *draft, const json_t *update, struct error *err);
bool update_assign_uuid(struct table_draft *draft, const json_t *update, struct error *err);
bool update_upgrade_format_version(struct table_draft *draft, const json_t *update,
                                   struct error *err);
bool update_add_schema(struct table_draft *draft, const json_t *update, struct error *err);
bool update_set_current_schema(struct table_draft *draft, const json_t *update, struct error *err);
bool update_remove_schemas(struct table_draft *draft, const json_t *update, struct error *err);
bool update_add_spec(struct table_draft *draft, const json_t *update, struct error *err);
bool update_set_default_spec(struct table_draft *draft, const json_t *update, struct error *err);
bool update_remove_partition_specs(struct table_draft *draft, const json_t *update,
                                   struct error *err);
bool update_add_sort_order(struct table_draft *draft, const json_t *update, struct error *err);
bool update_set_default_sort_order(struct table_draft *draft, const json_t *update,
                                   struct error *err);
bool update_add_snapshot(struct table_draft *draft, const json_t *update, struct error *err);
bool update_remove_snapshots(struct table_draft *draft, const json_t *update, struct error *err);
bool update_set_snapshot_ref(struct table_draft *draft, const json_t *update, struct error *err);
bool update_remove_snapshot_ref(struct table_draft *draft, const json_t *update, struct error *err);
bool update_set_location(struct table_draft *draft, const json_t *update, struct error *err);
bool update_set_properties(struct table_draft *draft, const json_t *update, struct error *err);
bool update_remove_properties(struct table_draft *draft, const json_t *update, struct error *err);
bool update_set_statistics(struct table_draft *draft, const json_t *update, struct error *err);
bool update_remove_statistics(struct table_draft *draft, const json_t *update, struct error *err);
bool update_set_partition_statistics(struct table_draft *draft, const json_t *update,
                                     struct error *err);
bool update_remove_partition_statistics(struct table_draft *draft, const json_t *update,
                                        struct error *err);
bool update_add_encryption_key(struct table_draft *draft, const json_t *update, struct error *err);
bool update_remove_encryption_key(struct table_draft *draft, const json_t *update,
                                  struct error *err);

/* Shared by creation and by updates. */
bool property_is_reserved(const char *name);
bool format_version_check(int64_t version, struct error *err);
/* Default spec and order against the current schema, all of which must exist; and every kept spec
 * can be read with it (table_draft_check.c). */
bool draft_defaults_check(struct table_draft *draft, struct error *err);

#endif
