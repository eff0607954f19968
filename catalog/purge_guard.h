/*
 * purge_guard.h — a table whose files are being purged, or may be later, does not come back.
 *
 * An entry of the purge queue names files that may go at any moment, until the entry itself goes:
 * with the last file, or with the last attempt (MAX_PURGE_ATTEMPTS). Before that a table that would
 * use them is refused; after that it takes the entry out of the queue, so that no later start
 * deletes its files. A table that was dropped and is kept (catalog/dropped.h) comes back by undrop
 * alone: beside another entry of it the end of its retention would delete files in use.
 *
 * Errors:   ERROR_CONFLICT names the entry, or the table that is kept
 * Threads:  any; the functions that take a transaction run in its job
 * Rule:     purge_guard_admit is asked in the transaction in which the table comes in
 */
#ifndef CATALOG_PURGE_GUARD_H
#define CATALOG_PURGE_GUARD_H

#include "catalog/catalog.h"

/* What purge_guard_admit_files would say now, for who only asks. */
bool purge_guard_check(struct pointer_view *view, struct slice uuid, struct slice location,
                       struct arena *arena, struct error *err);

/* For metadata that was read before the transaction: *ret_mark is compared in it. Once this has
 * returned true, a metadata file that is still there belongs to no purge that has begun. */
bool purge_guard_mark(struct call *call, struct slice uuid, struct slice location,
                      int64_t *ret_mark, struct error *err);
/* Whether a drop with purge came after the mark: then what was read must be read again. */
bool purge_guard_is_stale(struct pointer_txn *txn, int64_t mark, bool *ret_stale,
                          struct error *err);

/* For every table that comes in: by its uuid. */
bool purge_guard_admit(struct pointer_txn *txn, struct slice uuid, struct arena *arena,
                       struct error *err);
/* For one that brings its files along: by its canonical location as well. */
bool purge_guard_admit_files(struct pointer_txn *txn, struct slice uuid, struct slice location,
                             struct arena *arena, struct error *err);

#endif
