/*
 * data_lock.h — one server for each data directory.
 *
 * The lock is on the directory itself, which nobody can remove while a database is in it. The file
 * "<path>.lock" is locked as well: it tells people who holds the directory, and keeps processes out
 * that know of this file alone.
 *
 * Owns:     two file descriptors; the kernel drops the locks when the process ends, however it ends
 * Errors:   ERROR_CONFLICT names the process that holds it
 */
#ifndef STORAGE_DATA_LOCK_H
#define STORAGE_DATA_LOCK_H

#include "base/error.h"

struct data_lock {
    int directory;
    int file;
};

#define DATA_LOCK_NONE ((struct data_lock){-1, -1})

/* Locks the directory that holds the database `path`. The caller gives *ret_lock back with
 * data_lock_release. */
bool data_lock_take(const char *path, struct data_lock *ret_lock, struct error *err);
/* True where a process has it: nothing is waited for, and nothing stays locked. */
bool data_lock_is_held(const char *path);
void data_lock_release(struct data_lock lock); /* DATA_LOCK_NONE is fine */

#endif
