/*
 * file_directories.h — directories that are made on the way to a new file, and which of them are
 * not durable yet.
 *
 * Owns:     the list of directories that were made and not synced
 * Errors:   0 or an errno
 * Threads:  any; file_directories_sync one at a time
 */
#ifndef STORAGE_FILE_DIRECTORIES_H
#define STORAGE_FILE_DIRECTORIES_H

#include <pthread.h>

#include "storage/file_calls.h"

struct unsynced_directory;

struct file_directories {
    const struct file_calls *calls; /* borrowed */
    pthread_rwlock_t lock;          /* directories are made under it held for writing */
    struct unsynced_directory *unsynced;
};

bool file_directories_init(struct file_directories *directories, const struct file_calls *calls,
                           struct error *err);
void file_directories_finish(struct file_directories *directories);

/* Opens the new file `path`, making the directories above it that are missing; with `is_synced`
 * those are durable afterwards. `parent` is file_parent's, `flags` are more flags of open. */
int file_directories_open(struct file_directories *directories, const char *path,
                          const char *parent, int flags, bool is_synced, struct arena *arena,
                          int *ret_fd);

/* Makes the directory `path` and those above it that are missing; they are durable by and by. */
int file_directories_make(struct file_directories *directories, const char *path,
                          struct arena *arena);

/* Makes durable the name of each directory above `path` that is not yet. */
int file_directories_settle(struct file_directories *directories, const char *path);

/* Makes all durable that were unsynced when it was called. On a failure, what failed and what was
 * not tried stays in the list. */
int file_directories_sync(struct file_directories *directories);
/* The same where syncfs has just done the work for the device: forgets those on it. */
struct unsynced_directory *file_directories_mark(struct file_directories *directories);
void file_directories_forget(struct file_directories *directories,
                             struct unsynced_directory *mark, dev_t device);

#endif
