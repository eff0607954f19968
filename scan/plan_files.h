/*
 * plan_files.h — manifest lists and manifests as values: from the cache, or read and decoded.
 *
 * Spec:     table spec, "Manifest Lists", "Manifests", "Snapshots" (format version 1 may list
 *           manifests in the snapshot itself)
 * Owns:     a decoder; results carry a reference for the caller
 * Errors:   ERROR_NOT_FOUND "Failed to open input stream for file: <path>", ERROR_CORRUPT and
 *           ERROR_TOO_LARGE with the file's path; what the guard gives
 * Threads:  one thread at a time; the cache and the stores are shared
 */
#ifndef SCAN_PLAN_FILES_H
#define SCAN_PLAN_FILES_H

#include "base/cache.h"
#include "iceberg/manifest_list.h"
#include "iceberg/table_metadata.h"
#include "scan/manifest_decoder.h"
#include "storage/object_store.h"

struct plan_files_counts {
    uint64_t files_read;     /* manifest lists and manifests that were not in the cache */
    uint64_t bytes_read;     /* theirs */
    uint64_t bytes_inflated; /* out of manifests' blocks */
    uint64_t lists_from_cache;
    uint64_t manifests_from_cache;
};

/* Metadata, and the lists that they name, may name any file in the world: asked before each is
 * read, or taken from the cache, where another table's plan may have left it. */
struct plan_guard {
    /* False with the error of the plan. Called by several threads at once. */
    bool (*check)(void *context, struct slice path, struct error *err);
    void *context;
};

struct plan_files {
    struct object_stores *objects;
    struct cache *cache;              /* NULL: nothing is kept */
    const struct plan_guard *guard;   /* NULL: every file may be read */
    struct manifest_decoder *decoder; /* made with the first manifest that must be decoded */
    struct plan_files_counts counts;  /* but for bytes_inflated: plan_files_count */
};

void plan_files_init(struct plan_files *files, struct object_stores *objects, struct cache *cache,
                     const struct plan_guard *guard);
void plan_files_finish(struct plan_files *files);
/* What was done so far. */
struct plan_files_counts plan_files_count(const struct plan_files *files);

/* Asks the guard: for what is kept under another name than the files that it was made from. */
bool plan_files_check(const struct plan_files *files, struct slice path, struct error *err);

/* What is kept under a word and a name, with a reference for the caller; NULL where nothing is. */
void *plan_files_cached(const struct plan_files *files, const char *word, struct slice name);
void plan_files_keep(const struct plan_files *files, const char *word, struct slice name,
                     void *value, size_t size, const struct cache_kind *kind);

/* A value that this thread makes to be kept. */
struct plan_making {
    struct cache *cache; /* NULL: nobody waits */
    struct buffer key;
    struct cache_making making;
};

/* Called where plan_files_cached has found nothing: the value, with a reference, where another
 * thread has made it meanwhile; NULL where it is to be made (cache_make_begin). plan_making_end is
 * due in any case. */
void *plan_making_begin(struct plan_making *making, const struct plan_files *files,
                        const char *word, struct slice name);
void plan_making_end(struct plan_making *making);

bool plan_files_list(struct plan_files *files, const struct table_snapshot *snapshot,
                     struct manifest_list **ret_list, struct error *err);

/* Columns that hold at least what the projection asks for. */
bool plan_files_manifest(struct plan_files *files, struct slice path,
                         const struct manifest_projection *projection,
                         struct manifest_columns **ret_columns, struct error *err);

#endif
