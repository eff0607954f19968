/*
 * backup.h — a copy of the catalog database while it is in use, and the way back.
 *
 * Errors:   ERROR_ALREADY_EXISTS (the backup's file is there), ERROR_NOT_FOUND (nothing to copy),
 *           ERROR_CORRUPT (not a catalog, damaged, or of a newer version), ERROR_CONFLICT (a server
 *           runs on the database that is to be replaced), ERROR_STORAGE_FULL, ERROR_STORAGE
 * Threads:  one
 * Rule:     what is there under a file's final name is whole, checked and synced; a failure leaves
 *           neither a backup nor a changed database
 */
#ifndef STORAGE_BACKUP_H
#define STORAGE_BACKUP_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

/* The state of one moment, copied to a new file, readable for its owner alone: the database holds
 * secrets. A server that runs meanwhile goes on. */
bool backup_write(const char *database, const char *file, struct error *err);

/* The backup takes the database's place; an older schema is brought up to date at the next start.
 * What it says was dropped is kept from now on as long as it would have been from the drop on.
 * The old database is kept beside as "<database>.before-restore-<time>": *ret_kept, in the arena,
 * ptr NULL where there was none. */
bool backup_restore(const char *file, const char *database, const struct clock *clock,
                    struct arena *arena, struct slice *ret_kept, struct error *err);

#endif
