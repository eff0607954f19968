/*
 * file_sync.h — files that were written without a sync are made durable later, many at a time.
 *
 * Owns:     a descriptor for each device that it has synced as a whole
 * Threads:  any; calls follow each other
 * Rule:     a file is reported as synced only where its bytes, its name and the names of all
 *           directories that were made for it are durable; a sync that failed is not tried again
 */
#ifndef STORAGE_FILE_SYNC_H
#define STORAGE_FILE_SYNC_H

#include "storage/file_directories.h"
#include "storage/file_roots.h"
#include "storage/object_store.h"

/* Devices that are synced as a whole; on others every file is synced by itself. */
#define MAX_SYNCED_DEVICES 8

struct file_store {
    struct object_store base; /* first: the interface's pointer is this store's */
    const struct file_calls *calls;
    struct file_roots *roots;
    struct file_directories directories;
    pthread_mutex_t sync_lock; /* guards the two below, and the order of calls */
    struct synced_device {
        dev_t device;
        int fd;
    } devices[MAX_SYNCED_DEVICES];
    size_t device_count;
};

/* How an object's path is used: nothing may lead out of the warehouses on the way (file_roots.h),
 * and what was resolved is opened without following any link, should one have come meanwhile. */
struct place {
    const char *path;
    int open_flags; /* O_NOFOLLOW, or 0 where links are nobody's concern */
};

/* The last segment is followed only with follow_last. The path is in the arena. */
bool file_place(struct file_store *store, struct slice uri, bool follow_last, struct arena *arena,
                struct place *ret_place, struct error *err);

void file_sync_init(struct file_store *store);
void file_sync_finish(struct file_store *store);

/* `sync`, `restore` and `settle` of object_store.h. */
void file_sync_all(struct object_store *self, const struct slice *uris, size_t count,
                   bool *ret_synced);
bool file_restore(struct object_store *self, struct slice uri, struct slice bytes,
                  struct error *err);
bool file_settle(struct object_store *self, const struct slice *uris, size_t count,
                 struct error *err);

#endif
