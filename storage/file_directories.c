/*
 * A directory is durable when the directory above it was synced. A second writer may find a
 * directory that the first has made but not synced, and acknowledge a file in it. So directories
 * are made under `lock` held for writing, and files are opened under it held for reading; and
 *
 *   a durable put syncs what it makes before it gives the lock back: nobody sees it earlier. Where
 *   that fails the directories are removed again under the same lock;
 *
 *   a put whose bytes are kept elsewhere until a later sync leaves its directories on a list, where
 *   a durable put that comes through them finds them (file_directories_settle).
 *
 * Entries of the list never change; new ones go in front, and the one thread that syncs takes them
 * out. So it may walk from a mark without the lock.
 */
#include "storage/file_directories.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/blocking.h"

struct unsynced_directory {
    struct unsynced_directory *next;
    bool is_synced; /* for file_directories_sync alone */
    char *parent;   /* behind `path`, in the same piece of memory */
    char path[];
};

/* A directory that is missing; the list runs from the top-most down to the one wanted. */
struct missing_directory {
    struct missing_directory *below;
    const char *path;
    const char *parent;
    bool is_made;
};

bool file_directories_init(struct file_directories *directories, const struct file_calls *calls,
                           struct error *err)
{
    *directories = (struct file_directories){.calls = calls};
    if (pthread_rwlock_init(&directories->lock, NULL) == 0)
        return true;
    return error_no_memory(err, "the file store's lock");
}

void file_directories_finish(struct file_directories *directories)
{
    while (directories->unsynced) {
        struct unsynced_directory *next = directories->unsynced->next;
        free(directories->unsynced);
        directories->unsynced = next;
    }
    pthread_rwlock_destroy(&directories->lock);
}

/* --- making, under the lock held for writing ---------------------------------------------- */

/* A list from the top-most missing directory down to `path`. False: no memory. */
static bool plan(const char *path, struct arena *arena, struct missing_directory **ret_first)
{
    struct missing_directory *first = NULL;
    struct stat status;
    while (strcmp(path, "/") != 0 && stat(path, &status) != 0) {
        struct missing_directory *directory = ARENA_NEW(arena, struct missing_directory);
        if (!directory)
            return false;
        directory->path = path;
        directory->parent = file_parent(path, arena);
        if (!directory->parent)
            return false;
        directory->below = first;
        first = directory;
        path = directory->parent;
    }
    *ret_first = first;
    return true;
}

static int remember(struct file_directories *directories, const struct missing_directory *made)
{
    size_t path_size = strlen(made->path) + 1, parent_size = strlen(made->parent) + 1;
    struct unsynced_directory *entry = malloc(sizeof *entry + path_size + parent_size);
    if (!entry)
        return ENOMEM;
    entry->is_synced = false;
    entry->parent = entry->path + path_size;
    memcpy(entry->path, made->path, path_size);
    memcpy(entry->parent, made->parent, parent_size);
    entry->next = directories->unsynced;
    directories->unsynced = entry;
    return 0;
}

/* Makes each in its turn, and syncs or remembers it. */
static int make(struct file_directories *directories, struct missing_directory *first,
                bool is_synced)
{
    const struct file_calls *calls = directories->calls;
    for (struct missing_directory *each = first; each; each = each->below) {
        if (calls->mkdir(each->path, 0777) == 0)
            each->is_made = true;
        else if (errno != EEXIST)
            return errno;
        int code = 0;
        if (each->is_made)
            code = is_synced ? file_sync_directory(calls, each->parent)
                             : remember(directories, each);
        if (code != 0)
            return code;
    }
    return 0;
}

/* Removes what this call made, deepest first. What cannot be removed is an empty directory; one
 * that is remembered and gone is synced for nothing. */
static void unmake(const struct file_calls *calls, struct missing_directory *first)
{
    if (!first)
        return;
    unmake(calls, first->below);
    if (first->is_made)
        (void)calls->rmdir(first->path);
}

static int open_file(struct file_directories *directories, const char *path, int flags,
                     int *ret_fd)
{
    flags |= O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = file_open(directories->calls, path, flags, 0666);
    if (fd < 0)
        return errno;
    *ret_fd = fd;
    return 0;
}

static int open_with_directories(struct file_directories *directories, const char *path,
                                 const char *parent, int flags, bool is_synced,
                                 struct arena *arena, int *ret_fd)
{
    struct missing_directory *first = NULL;
    if (!plan(parent, arena, &first))
        return ENOMEM;
    int code = make(directories, first, is_synced);
    if (code == 0)
        code = open_file(directories, path, flags, ret_fd);
    if (code != 0)
        unmake(directories->calls, first);
    return code;
}

int file_directories_open(struct file_directories *directories, const char *path,
                          const char *parent, int flags, bool is_synced, struct arena *arena,
                          int *ret_fd)
{
    blocking_read_lock(&directories->lock);
    int code = open_file(directories, path, flags, ret_fd);
    pthread_rwlock_unlock(&directories->lock);
    if (code != ENOENT)
        return code;
    blocking_write_lock(&directories->lock);
    code = open_with_directories(directories, path, parent, flags, is_synced, arena, ret_fd);
    pthread_rwlock_unlock(&directories->lock);
    return code;
}

int file_directories_make(struct file_directories *directories, const char *path,
                          struct arena *arena)
{
    struct missing_directory *first = NULL;
    int code = ENOMEM;
    blocking_write_lock(&directories->lock);
    if (plan(path, arena, &first))
        code = make(directories, first, false);
    if (code != 0)
        unmake(directories->calls, first);
    pthread_rwlock_unlock(&directories->lock);
    return code;
}

/* --- syncing ------------------------------------------------------------------------------ */

static bool is_above(const struct unsynced_directory *directory, const char *path)
{
    size_t size = strlen(directory->path);
    return strncmp(directory->path, path, size) == 0 && path[size] == '/';
}

int file_directories_settle(struct file_directories *directories, const char *path)
{
    int code = 0;
    blocking_read_lock(&directories->lock);
    for (struct unsynced_directory *each = directories->unsynced; each && code == 0;
         each = each->next)
        if (is_above(each, path))
            code = file_sync_directory(directories->calls, each->parent);
    pthread_rwlock_unlock(&directories->lock);
    return code;
}

struct unsynced_directory *file_directories_mark(struct file_directories *directories)
{
    blocking_read_lock(&directories->lock);
    struct unsynced_directory *mark = directories->unsynced;
    pthread_rwlock_unlock(&directories->lock);
    return mark;
}

/* Takes out what is synced, from the mark on. */
static void remove_synced(struct file_directories *directories, struct unsynced_directory *mark)
{
    blocking_write_lock(&directories->lock);
    struct unsynced_directory **link = &directories->unsynced;
    while (*link != mark)
        link = &(*link)->next;
    while (*link) {
        struct unsynced_directory *each = *link;
        if (!each->is_synced) {
            link = &each->next;
            continue;
        }
        *link = each->next;
        free(each);
    }
    pthread_rwlock_unlock(&directories->lock);
}

int file_directories_sync(struct file_directories *directories)
{
    struct unsynced_directory *mark = file_directories_mark(directories);
    int code = 0;
    for (struct unsynced_directory *each = mark; each && code == 0; each = each->next) {
        code = file_sync_directory(directories->calls, each->parent);
        if (file_is_absent(code))
            code = 0; /* removed meanwhile, with all that was in it */
        each->is_synced = code == 0;
    }
    if (mark)
        remove_synced(directories, mark);
    return code;
}

void file_directories_forget(struct file_directories *directories,
                             struct unsynced_directory *mark, dev_t device)
{
    struct stat status;
    for (struct unsynced_directory *each = mark; each; each = each->next)
        each->is_synced = stat(each->parent, &status) != 0 ? file_is_absent(errno)
                                                           : status.st_dev == device;
    if (mark)
        remove_synced(directories, mark);
}
