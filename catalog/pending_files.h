/*
 * pending_files.h — metadata files whose bytes are durable in the database become durable files.
 *
 * A commit writes its metadata file without a sync, and its transaction carries the bytes: one sync
 * of the database makes both durable. Soon after, a thread here syncs the files of many commits
 * together and takes the bytes out of the database. A start after a crash makes good what is still
 * in it, before the first request is answered.
 *
 * Owns:     one thread, and the list of files that it is to sync
 * Errors:   of the start alone. A file that cannot be made durable later stays in the database, and
 *           is tried again from there: nothing is lost, and no request fails for it
 * Threads:  add may be called from any thread
 */
#ifndef CATALOG_PENDING_FILES_H
#define CATALOG_PENDING_FILES_H

#include "base/text_set.h"
#include "catalog/catalog.h"
#include "catalog/pending_base.h"

/* Larger files are synced by the commit itself: the log of the database is written, copied into the
 * database and read again, and from this size on that costs more than the sync. */
#define MAX_CARRIED_SIZE (128 * KIB)

/* Makes good what an earlier process left, as far as it can, and starts the thread. */
bool pending_files_start(struct catalog *catalog, struct pending_files **ret_files,
                         struct error *err);
/* Syncs what waits, once. NULL is fine. */
void pending_files_stop(struct pending_files *files);

/* These files were deleted for good: no start brings them back. */
bool pending_files_forget(struct catalog *catalog, const struct text_set *locations,
                          struct error *err);

/* The transaction that carries the file as `id` (pointer_pending_add) has committed. `own`: others
 * may be packed like it; NULL is fine. */
void pending_files_add(struct pending_files *files, int64_t id, struct slice location,
                       struct pending_base *own);

#endif
