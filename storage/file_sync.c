/*
 * Two ways to the same end. A few files are synced one by one, and the directory of each once. For
 * many, one syncfs of the device they lie on costs less than their syncs, although it writes back
 * what others have left there too. A descriptor of each such device stays open, because syncfs
 * tells only of errors that came since its descriptor was opened.
 */
#include "storage/file_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/blocking.h"
#include "base/limits.h"
#include "storage/file_store.h"

/* From here on syncfs: a sync of one new file costs 0.1 to 10 ms, whatever the disk. */
#define SYNC_EACH_MAX 16
/* The paths of one call: each at most PATH_MAX, but some 200 bytes as a rule. */
#define SYNC_ARENA_SIZE (256 * MIB)

struct sync_file {
    struct place place;
    const char *parent;
    size_t index; /* in the caller's arrays */
};

void file_sync_init(struct file_store *store)
{
    pthread_mutex_init(&store->sync_lock, NULL);
    store->device_count = 0;
}

void file_sync_finish(struct file_store *store)
{
    for (size_t i = 0; i < store->device_count; i++)
        (void)file_close(store->calls, store->devices[i].fd);
    pthread_mutex_destroy(&store->sync_lock);
}

/* --- each by itself ----------------------------------------------------------------------- */

/* 0 where it is synced, or is not there any more. */
static int sync_one(const struct file_calls *calls, const char *path, int flags)
{
    int code = file_sync_path(calls, path, flags | O_NOCTTY | O_NONBLOCK);
    return file_is_absent(code) ? 0 : code;
}

/* Files of one directory, then the directory. */
static void sync_directory(struct file_store *store, const struct sync_file *files, size_t count,
                           bool *ret_synced)
{
    for (size_t i = 0; i < count; i++) {
        struct place place = files[i].place;
        ret_synced[files[i].index] = sync_one(store->calls, place.path, place.open_flags) == 0;
    }
    if (sync_one(store->calls, files[0].parent, O_DIRECTORY) == 0)
        return;
    for (size_t i = 0; i < count; i++)
        ret_synced[files[i].index] = false;
}

static size_t run_of_one_directory(const struct sync_file *files, size_t count)
{
    size_t length = 1;
    while (length < count && strcmp(files[0].parent, files[length].parent) == 0)
        length++;
    return length;
}

static void sync_each(struct file_store *store, const struct sync_file *files, size_t count,
                      bool *ret_synced)
{
    for (size_t at = 0; at < count;) {
        size_t length = run_of_one_directory(files + at, count - at);
        sync_directory(store, files + at, length, ret_synced);
        at += length;
    }
    if (file_directories_sync(&store->directories) == 0)
        return;
    for (size_t i = 0; i < count; i++)
        ret_synced[files[i].index] = false;
}

/* --- a device as a whole ------------------------------------------------------------------ */

/* True where all directories are on one device; one that is gone is on any. */
static bool find_device(const struct sync_file *files, size_t count, const char **ret_directory,
                        dev_t *ret_device)
{
    const char *directory = NULL;
    for (size_t at = 0; at < count; at += run_of_one_directory(files + at, count - at)) {
        struct stat status;
        if (stat(files[at].parent, &status) != 0) {
            if (!file_is_absent(errno))
                return false;
        } else if (directory == NULL) {
            directory = files[at].parent;
            *ret_device = status.st_dev;
        } else if (status.st_dev != *ret_device) {
            return false;
        }
    }
    *ret_directory = directory;
    return directory != NULL;
}

static int device_descriptor(struct file_store *store, dev_t device, const char *directory)
{
    for (size_t i = 0; i < store->device_count; i++)
        if (store->devices[i].device == device)
            return store->devices[i].fd;
    if (store->device_count == MAX_SYNCED_DEVICES)
        return -1;
    int fd = file_open(store->calls, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd >= 0)
        store->devices[store->device_count++] = (struct synced_device){device, fd};
    return fd;
}

/* False where the files have to be synced one by one, or restored. */
static bool sync_device(struct file_store *store, const struct sync_file *files, size_t count)
{
    const char *directory = NULL;
    dev_t device = 0;
    if (!find_device(files, count, &directory, &device))
        return false;
    struct unsynced_directory *mark = file_directories_mark(&store->directories);
    int fd = device_descriptor(store, device, directory);
    if (fd < 0 || file_sync_system(store->calls, fd) != 0)
        return false;
    file_directories_forget(&store->directories, mark, device);
    return true;
}

/* --- all ---------------------------------------------------------------------------------- */

static int compare_parents(const void *a, const void *b)
{
    const struct sync_file *first = a, *second = b;
    return strcmp(first->parent, second->parent);
}

/* How many of the URIs are files, in the order of their directories. */
static size_t collect(struct file_store *store, const struct slice *uris, size_t count,
                      struct arena *arena, struct sync_file *files)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        struct sync_file file = {.index = i};
        if (!file_place(store, uris[i], false, arena, &file.place, NULL))
            continue;
        file.parent = file_parent(file.place.path, arena);
        if (file.parent)
            files[used++] = file;
    }
    qsort(files, used, sizeof *files, compare_parents);
    return used;
}

static void sync_locked(struct file_store *store, const struct sync_file *files, size_t count,
                        bool *ret_synced)
{
    if (count <= SYNC_EACH_MAX || !sync_device(store, files, count)) {
        sync_each(store, files, count, ret_synced);
        return;
    }
    for (size_t i = 0; i < count; i++)
        ret_synced[files[i].index] = true;
}

void file_sync_all(struct object_store *self, const struct slice *uris, size_t count,
                   bool *ret_synced)
{
    struct file_store *store = (struct file_store *)self;
    struct arena arena;
    memset(ret_synced, 0, count * sizeof *ret_synced);
    arena_init(&arena, SYNC_ARENA_SIZE);
    struct sync_file *files = ARENA_ARRAY(&arena, struct sync_file, count);
    size_t used = files ? collect(store, uris, count, &arena, files) : 0;
    blocking_lock(&store->sync_lock);
    if (used > 0)
        sync_locked(store, files, used, ret_synced);
    pthread_mutex_unlock(&store->sync_lock);
    arena_finish(&arena);
}

/* --- restore ------------------------------------------------------------------------------ */

/* Under a name of its own first: a reader sees the old file or the whole new one. */
static int restore_file(struct file_store *store, struct place place, const char *parent,
                        const char *temporary, struct slice bytes, struct arena *arena)
{
    int fd = -1;
    (void)store->calls->unlink(temporary); /* of an attempt that a crash ended */
    int code = file_directories_open(&store->directories, temporary, parent, place.open_flags, true,
                                     arena, &fd);
    if (code != 0)
        return code;
    code = file_fill(store->calls, fd, &bytes, 1, true);
    if (code == 0 && store->calls->rename(temporary, place.path) != 0)
        code = errno;
    if (code != 0) {
        (void)store->calls->unlink(temporary);
        return code;
    }
    code = file_sync_directory(store->calls, parent);
    return code ? code : file_directories_settle(&store->directories, place.path);
}

static bool restore_run(struct file_store *store, struct slice uri, struct slice bytes,
                        struct arena *arena, struct error *err)
{
    struct place place;
    TRY(file_place(store, uri, false, arena, &place, err));
    const char *parent = file_parent(place.path, arena);
    struct slice temporary = arena_printf(arena, "%s.restored", place.path);
    if (!parent || !temporary.ptr)
        return error_no_memory(err, "a file's path");
    int code = restore_file(store, place, parent, temporary.ptr, bytes, arena);
    return code == 0 || file_error(err, code, "restore", uri);
}

bool file_restore(struct object_store *self, struct slice uri, struct slice bytes,
                  struct error *err)
{
    struct arena arena;
    arena_init(&arena, PATH_ARENA_SIZE);
    bool ok = restore_run((struct file_store *)self, uri, bytes, &arena, err);
    arena_finish(&arena);
    return ok;
}

/* --- settle ------------------------------------------------------------------------------- */

/* Devices that one call has synced. */
struct settled {
    dev_t devices[MAX_SYNCED_DEVICES];
    size_t count;
};

static bool is_settled(const struct settled *settled, dev_t device)
{
    for (size_t i = 0; i < settled->count; i++)
        if (settled->devices[i] == device)
            return true;
    return false;
}

/* The directory itself, or the nearest above that is there. NULL: no memory. */
static const char *nearest_directory(const char *path, struct arena *arena, dev_t *ret_device)
{
    struct stat status;
    while (path && (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))) {
        if (strcmp(path, "/") == 0)
            return NULL;
        path = file_parent(path, arena);
    }
    if (path)
        *ret_device = status.st_dev;
    return path;
}

/* By a descriptor of its own: which errors syncfs has told of already is kept with those. */
static int settle_device(struct file_store *store, const char *directory)
{
    int fd = file_open(store->calls, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int code = file_sync_system(store->calls, fd);
    (void)file_close(store->calls, fd);
    return code;
}

static bool settle_one(struct file_store *store, struct slice uri, struct settled *settled,
                       struct arena *arena, struct error *err)
{
    struct place place;
    dev_t device = 0;
    TRY(file_place(store, uri, false, arena, &place, err));
    const char *directory = nearest_directory(place.path, arena, &device);
    if (!directory)
        return error_no_memory(err, "a file's path");
    if (is_settled(settled, device))
        return true;
    int code = settle_device(store, directory);
    if (code == 0 && settled->count < MAX_SYNCED_DEVICES)
        settled->devices[settled->count++] = device;
    return code == 0 || file_error(err, code, "sync", uri);
}

bool file_settle(struct object_store *self, const struct slice *uris, size_t count,
                 struct error *err)
{
    struct settled settled = {.count = 0};
    struct arena arena;
    bool ok = true;
    arena_init(&arena, SYNC_ARENA_SIZE);
    for (size_t i = 0; ok && i < count; i++)
        ok = settle_one((struct file_store *)self, uris[i], &settled, &arena, err);
    arena_finish(&arena);
    return ok;
}
