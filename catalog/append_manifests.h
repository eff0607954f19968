/*
 * append_manifests.h — the manifests that a client's snapshot has beside its parent's.
 *
 * Two manifest lists are compared: the client's must have every live manifest of the parent's, and
 * beside them data manifests alone that hold nothing but files which the snapshot adds. That is
 * asked of the list, and of each manifest itself.
 *
 * Spec:     table spec, "Manifest Lists", "Manifests"
 * Owns:     what it has read, until append_manifests_finish
 * Errors:   ERROR_VALIDATION with what the list has instead; those of reading the files
 * Threads:  one thread at a time; the bytes of lists are shared through the catalog's cache
 */
#ifndef CATALOG_APPEND_MANIFESTS_H
#define CATALOG_APPEND_MANIFESTS_H

#include "base/blob.h"
#include "catalog/catalog.h"
#include "iceberg/manifest_list.h"

/* A manifest list that a late append may have. Lists take 50 to 300 bytes a manifest, so that this
 * is 100,000 and more: who has so many is better served by merging them. */
#define MAX_REBASED_LIST_SIZE (32 * MIB)
/* What it adds, all manifests together: they are read for a look at each entry. Writers begin a new
 * manifest at 8 MiB. */
#define MAX_REBASED_MANIFESTS_SIZE (64 * MIB)

struct append_manifests {
    struct blob *bytes; /* the client's list */
    struct manifest_list *list;
    bool *is_added; /* one for each of its entries; in the call's arena */
    size_t added_count;
};

/* `parent_list` is the location of the parent's list; empty: there is no parent. `place` is the
 * table's canonical location. */
bool append_manifests_read(struct call *call, struct slice place, struct slice list,
                           struct slice parent_list, int64_t snapshot_id,
                           struct append_manifests *ret_manifests, struct error *err);
void append_manifests_finish(struct append_manifests *manifests); /* zeroes are fine */

/* A manifest list's bytes, from the cache where they are there. The caller owns the reference. */
bool manifest_list_bytes(struct call *call, struct slice place, struct slice location,
                         struct blob **ret_bytes, struct error *err);
/* Puts those of a list that was just written into the cache. */
void manifest_list_remember(struct call *call, struct slice location, struct blob *bytes);

#endif
