/*
 * purge.h — deletes the files of tables that were dropped with purge, after the drop has committed.
 *
 * The queue is in the database, written by the transaction of the drop, so a restart goes on where
 * the process died. Files go in an order that leaves what is still needed to find the rest: data
 * and delete files, statistics and old metadata, then manifests, then manifest lists, then the
 * metadata itself.
 *
 * The same thread ends the retention of what was dropped and is kept (catalog/dropped.h).
 *
 * Owns:     one thread
 * Errors:   an entry that fails is tried again later, MAX_PURGE_ATTEMPTS times, and then stays in
 *           the queue, with its reason, for an operator to see (GET /management/v1/purges) until
 *           the next start tries it again
 * Threads:  start, stop and wake may be called from any thread
 * Rule:     nothing outside of the warehouse and the allowed locations is deleted, and what names
 *           such a file stays, so that it is not forgotten
 */
#ifndef CATALOG_PURGE_H
#define CATALOG_PURGE_H

#include "catalog/catalog.h"

#define MAX_PURGE_ATTEMPTS 10

bool purge_worker_start(struct catalog *catalog, struct purge_worker **ret_worker,
                        struct error *err);
/* Waits until the entry that is being worked on is done or its next file is. NULL is fine. */
void purge_worker_stop(struct purge_worker *worker);
void purge_worker_wake(struct purge_worker *worker);

/* Deletes the files of one entry; `is_stopping` (may be NULL) is asked between files. *ret_left
 * (also on failure): how many it found and must not delete. Where there are any that is
 * ERROR_FORBIDDEN, and what names them stays as well. */
bool purge_entry(struct catalog *catalog, const struct purge_row *row,
                 bool (*is_stopping)(void *), void *context, int64_t *ret_left,
                 struct error *err);

bool purge_list(struct call *call, int64_t limit, struct purge_row **ret_rows, size_t *ret_count,
                struct error *err);

#endif
