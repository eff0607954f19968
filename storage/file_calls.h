/*
 * file_calls.h — the system calls on files that can fail, in a table, so that a test can make the
 * n-th one do so; and the few ways in which they are called.
 *
 * Errors:   0 or an errno; file_error makes an error of ours from one
 * Threads:  no state
 */
#ifndef STORAGE_FILE_CALLS_H
#define STORAGE_FILE_CALLS_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

struct file_calls {
    /* O_NOFOLLOW: no link on the way either, where the kernel can refuse that (ELOOP). */
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*write)(int fd, const void *bytes, size_t size);
    int (*fsync)(int fd);
    int (*syncfs)(int fd);
    int (*close)(int fd);
    int (*unlink)(const char *path);
    int (*rename)(const char *from, const char *to);
    int (*mkdir)(const char *path, mode_t mode);
    int (*rmdir)(const char *path);
};

extern const struct file_calls file_calls_real;

/* A descriptor, or -1 with errno set; tried again where a signal interrupts it. */
int file_open(const struct file_calls *calls, const char *path, int flags, mode_t mode);
/* EINTR means that the sync was not done; any other failure means that the kernel may have dropped
 * the pages, and a second fsync could lie: it is not to be tried again. */
int file_sync(const struct file_calls *calls, int fd);
/* All of the file system that the descriptor is on. */
int file_sync_system(const struct file_calls *calls, int fd);
/* Linux has closed the descriptor even where it reports EINTR. */
int file_close(const struct file_calls *calls, int fd);
int file_write_all(const struct file_calls *calls, int fd, struct slice bytes);
/* Writes the parts one behind the other, syncs where `is_synced` says so, and closes, whatever
 * fails. */
int file_fill(const struct file_calls *calls, int fd, const struct slice *parts, size_t count,
              bool is_synced);
/* Opens, syncs and closes a file or directory. */
int file_sync_path(const struct file_calls *calls, const char *path, int flags);
int file_sync_directory(const struct file_calls *calls, const char *path);

/* The path of the directory above, in the arena (NULL: no memory); "/" for the root's children. */
const char *file_parent(const char *path, struct arena *arena);

/* True where an errno says that nothing is there. */
bool file_is_absent(int code);
/* "cannot <verb> '<uri>': <reason>". Always false. */
bool file_error(struct error *err, int code, const char *verb, struct slice uri);

#endif
