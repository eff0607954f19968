/*
 * file_store.h — objects as local files: file:/x, file:///x and plain absolute paths.
 *
 * Errors:   ENOSPC and EDQUOT are ERROR_STORAGE_FULL, ENAMETOOLONG ERROR_BAD_REQUEST, any other
 *           errno ERROR_STORAGE, each with its sentence; ERROR_FORBIDDEN where a link leads out of
 *           the roots
 * Threads:  no state but the table of system calls, which directories are not durable yet, and the
 *           descriptors of file_sync.h
 * Rule:     put_new = open(O_EXCL) in a directory that is made on the way, write all, fsync the
 *           file, fsync every directory that gained a name; a failed put_new removes what it made,
 *           and a failed fsync is never tried again as if it could succeed. put_unsynced is the
 *           same without a sync
 */
#ifndef STORAGE_FILE_STORE_H
#define STORAGE_FILE_STORE_H

#include "base/limits.h"
#include "storage/file_calls.h"
#include "storage/object_store.h"

/* A path is at most PATH_MAX (4 KiB) for the kernel; its copies for parents fit as well. */
#define PATH_ARENA_SIZE (256 * KIB)

/* `calls` is borrowed and must outlive the store. */
bool file_store_create(const struct file_calls *calls, struct object_store **ret_store,
                       struct error *err);

/* The absolute, NUL-terminated path of a file URI (percent signs are literal, as in Hadoop's and
 * PyIceberg's file locations), in the arena. ERROR_BAD_REQUEST for an authority, a relative path, a
 * `..` segment or a NUL. */
bool file_store_path(struct slice uri, struct arena *arena, const char **ret_path,
                     struct error *err);

#endif
