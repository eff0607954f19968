/*
 * manifest_list.h — the manifests of a snapshot, with all that the manifest list says of each.
 *
 * Spec:     table spec, "Manifest Lists"; fields are found by field id, and by name where they have
 *           none; lists of format version 1 lack some
 * Owns:     entries, texts and bounds live in the list, which is shared by reference count
 * Errors:   ERROR_CORRUPT with what is wrong in the Avro bytes; ERROR_TOO_LARGE (base/limits.h)
 * Threads:  immutable after parsing; the count is atomic
 */
#ifndef ICEBERG_MANIFEST_LIST_H
#define ICEBERG_MANIFEST_LIST_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/cache.h"
#include "base/error.h"
#include "iceberg/partition_summary.h"

/* A count that the list does not give: "when null this is assumed to be non-zero". */
#define MANIFEST_COUNT_UNKNOWN ((int64_t)-1)
#define MANIFEST_NO_ID ((int64_t)-1)

enum manifest_content { MANIFEST_DATA, MANIFEST_DELETES };

struct manifest_list_entry {
    struct slice path;
    int64_t length;
    int32_t spec_id;
    enum manifest_content content; /* data where the list does not say (v1) */
    int64_t sequence_number;       /* 0 where the list has none (v1) */
    int64_t min_sequence_number;
    int64_t snapshot_id; /* that added the manifest; MANIFEST_NO_ID: none */
    int64_t added_files; /* MANIFEST_COUNT_UNKNOWN where there is none */
    int64_t existing_files;
    int64_t deleted_files;
    int64_t added_rows;
    int64_t existing_rows;
    int64_t deleted_rows;
    int64_t first_row_id;                      /* MANIFEST_NO_ID: none */
    struct slice key_metadata;                 /* ptr NULL: none */
    const struct partition_summary *summaries; /* in the order of the spec's fields */
    size_t summary_count;                      /* 0 also where there is no list of them */
};

struct manifest_list {
    atomic_size_t references;
    struct arena arena;
    struct manifest_list_entry *entries; /* in the order of the file */
    size_t count;
    size_t size; /* bytes of memory: what a cache charges */
};

/* The caller owns one reference to *ret_list. */
bool manifest_list_parse(struct slice bytes, struct manifest_list **ret_list, struct error *err);
struct manifest_list *manifest_list_ref(struct manifest_list *list);
void manifest_list_unref(struct manifest_list *list); /* NULL is fine */

extern const struct cache_kind MANIFEST_LIST_CACHE_KIND;

/* False where the counts prove that no entry is live: "a manifest with zero added and existing
 * files may be skipped"; unknown counts prove nothing. */
bool manifest_list_entry_may_be_live(const struct manifest_list_entry *entry);

#endif
