/*
 * file_store.h — objects as local files: file:/x, file:///x and plain absolute paths.
 *
 * Errors:   ENOSPC and EDQUOT are ERROR_STORAGE_FULL, ENAMETOOLONG ERROR_TOO_LARGE, any other errno
 *           ERROR_STORAGE with its sentence; ERROR_FORBIDDEN where a link leads out of the roots
 * Threads:  no state but the table of system calls and one lock around the making of directories
 * Rule:     put_new = open(O_EXCL) in a directory that is made on the way, write all, fsync the
 *           file, fsync every directory that gained a name; a failed put_new removes what it made,
 *           and a failed fsync is never tried again as if it could succeed
 */
#ifndef STORAGE_FILE_STORE_H
#define STORAGE_FILE_STORE_H

#include <sys/types.h>

#include "storage/object_store.h"

/* The system calls that can fail, so that a test can make the n-th one do so. */
struct file_calls {
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*write)(int fd, const void *bytes, size_t size);
    int (*fsync)(int fd);
    int (*close)(int fd);
    int (*unlink)(const char *path);
    int (*mkdir)(const char *path, mode_t mode);
    int (*rmdir)(const char *path);
};

extern const struct file_calls file_calls_real;

/* `calls` is borrowed and must outlive the store. */
bool file_store_create(const struct file_calls *calls, struct object_store **ret_store,
                       struct error *err);

/* The absolute, NUL-terminated path of a file URI (percent signs are literal, as in Hadoop's and
 * PyIceberg's file locations), in the arena. ERROR_BAD_REQUEST for an authority, a relative path, a
 * `..` segment or a NUL. */
bool file_store_path(struct slice uri, struct arena *arena, const char **ret_path,
                     struct error *err);

#endif
