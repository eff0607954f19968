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

/* The same past the cache's answer for a file that is gone: what a client's load must not hide. */
bool metadata_file_must_exist(struct catalog *catalog, struct slice location, struct error *err);

/* Encodes `text` and writes it durably under a new name in `directory`, *ret_location in the arena.
 * `previous` gives the version number's predecessor (empty: 00000). */
bool metadata_write(struct call *call, struct slice text, struct slice directory,
                    struct slice previous, enum metadata_codec codec, struct slice *ret_location,
                    struct error *err);

/* Puts metadata that was just written into the cache. */
void table_metadata_remember(struct catalog *catalog, struct slice location,
                             struct table_metadata *metadata);
void view_metadata_remember(struct catalog *catalog, struct slice location,
                            struct view_metadata *metadata);

#endif
