/*
 * metadata_store.h — metadata files as values: read through the cache, written once.
 *
 * Errors:   ERROR_NOT_FOUND "Failed to open input stream for file: <location>" (clients look for
 *           that sentence), ERROR_CORRUPT for a file that is there but is no metadata,
 *           ERROR_STORAGE
 * Threads:  any
 */
#ifndef CATALOG_METADATA_STORE_H
#define CATALOG_METADATA_STORE_H

#include "catalog/catalog.h"
#include "iceberg/metadata_file.h"
#include "iceberg/table_metadata.h"
#include "iceberg/view_metadata.h"

/* From the cache where it is there (and then the file may be gone), else from the object store. The
 * caller owns the reference. */
bool table_metadata_read(struct catalog *catalog, struct slice location,
                         struct table_metadata **ret_metadata, struct error *err);
bool view_metadata_read(struct catalog *catalog, struct slice location,
                        struct view_metadata **ret_metadata, struct error *err);

/* The same past the cache's answer for a file that is gone: what a client's load must not hide. One
 * that was seen a moment ago is trusted (catalog/seen_files.h). */
bool metadata_file_must_exist(struct catalog *catalog, struct slice location, struct error *err);
/* The same where it takes a system call at most: else *ret_known is false, and nothing was done. */
bool metadata_file_must_exist_near(struct catalog *catalog, struct slice location, bool *ret_known,
                                   struct error *err);

/* A file of metadata that was written, and that a transaction makes durable. */
struct carried_file {
    struct slice location;
    struct slice packed; /* what the transaction has to carry; empty: the file is durable already */
    struct pending_base *base; /* the file that `packed` needs; NULL: none. A reference */
    struct pending_base *own;  /* what the next ones may be packed like; NULL: nothing. Likewise */
    int64_t pending_id;        /* 0: nothing was carried */
    bool has_lost_base;        /* nothing was carried, since its base is not there any more */
};

/* Whatever became of it. One that was made by a function other than table_metadata_write needs
 * none. */
void carried_file_finish(struct carried_file *file);

/* Writes a file that a transaction is to make durable under a name that was never used before. */
bool carried_file_write(struct call *call, struct slice location, struct slice bytes,
                        struct carried_file *ret_file, struct error *err);
/* Encodes `text` and writes it under a new name in `directory`; what *ret_file points to is in the
 * call's arena. `previous` gives the version number's predecessor (empty: 00000). */
bool metadata_write(struct call *call, struct slice text, struct slice directory,
                    struct slice previous, enum metadata_codec codec,
                    struct carried_file *ret_file, struct error *err);
/* The same for a table's, whose text may be in parts: these are not put together on the way to a
 * file that is written as it is. */
bool table_metadata_write(struct call *call, const struct table_metadata *metadata,
                          struct slice directory, struct slice previous, enum metadata_codec codec,
                          struct carried_file *ret_file, struct error *err);
/* In the transaction that moves the pointer to the file. May be run again. ERROR_COMMIT_FAILED
 * where its base was lost: then the file has to be made anew. */
bool metadata_carry(struct pointer_txn *txn, struct carried_file *file, struct error *err);
/* After that transaction: the file is synced soon. */
void metadata_carried(struct catalog *catalog, const struct carried_file *file);

/* Where a table that lies at `location` writes metadata: write.metadata.path, or
 * "<location>/metadata", without slashes at its end. Without `metadata`: the latter. */
bool table_metadata_directory(const struct table_metadata *metadata, struct slice location,
                              struct arena *arena, struct slice *ret_directory, struct error *err);

/* Puts metadata that was just written into the cache. */
void table_metadata_remember(struct catalog *catalog, struct slice location,
                             struct table_metadata *metadata);
/* No pointer names it any more, so that its place is better used. */
void table_metadata_forget(struct catalog *catalog, struct slice location);
void view_metadata_remember(struct catalog *catalog, struct slice location,
                            struct view_metadata *metadata);

#endif
