/*
 * data_lock.h — one server for each data directory.
 *
 * Owns:     a file descriptor; the kernel drops the lock when the process ends, however it ends
 * Errors:   ERROR_CONFLICT names the process that holds it
 * Rule:     the lock file is never removed: a lock on a removed file would guard nothing
 */
#ifndef STORAGE_DATA_LOCK_H
#define STORAGE_DATA_LOCK_H

#include "base/error.h"

/* Locks "<path>.lock". The caller gives *ret_fd back with data_lock_release. */
bool data_lock_take(const char *path, int *ret_fd, struct error *err);
void data_lock_release(int fd); /* -1 is fine */

#endif
