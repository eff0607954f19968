/*
 * What makes a new file durable
 *
 *   1  Its bytes: fsync of the file.
 *   2  Its name: fsync of the directory that holds it.
 *   3  The names of directories that were made for it: fsync of the directory above each.
 *
 * Step 3 has a trap: a second writer may find the directory that the first has made but not synced
 * yet, and acknowledge a file in it. So directories are made and synced under `directories` held
 * for writing, and files are opened under it held for reading: whoever sees a directory sees a
 * durable one. Where the sync fails the directories are removed again under the same lock.
 */
#include "storage/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "storage/file_list.h"
#include "storage/file_roots.h"
#include "storage/location.h"

/* A path is at most PATH_MAX (4 KiB) for the kernel; its copies for parents fit as well. */
#define PATH_ARENA_SIZE (256 * KIB)
/* The paths of all warehouses and allowed locations. */
#define ROOTS_ARENA_SIZE (64 * MIB)

struct file_store {
    struct object_store base; /* first: the interface's pointer is ours */
    const struct file_calls *calls;
    struct file_roots *roots;
    pthread_rwlock_t directories;
};

/* Kernels before 5.6 and some containers' filters have no openat2: there O_NOFOLLOW guards the last
 * segment alone. */
static int real_open(const char *path, int flags, mode_t mode)
{
    if (flags & O_NOFOLLOW) {
        struct open_how how = {.flags = (uint64_t)(unsigned)flags,
                               .mode = flags & O_CREAT ? mode : 0,
                               .resolve = RESOLVE_NO_SYMLINKS};
        long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
            return (int)fd;
    }
    return open(path, flags, mode);
}

const struct file_calls file_calls_real = {
    .open = real_open,
    .write = write,
    .fsync = fsync,
    .close = close,
    .unlink = unlink,
    .mkdir = mkdir,
    .rmdir = rmdir,
};

static struct file_store *file_store_of(struct object_store *store)
{
    return (struct file_store *)store;
}

/* --- paths -------------------------------------------------------------------------------- */

static bool has_dotdot(struct slice path)
{
    for (size_t at = 0; at < path.len;) {
        struct slice rest = slice_from(path, at);
        size_t size = slice_find(rest, '/');
        if (slice_equals_string(slice_make(rest.ptr, size), ".."))
            return true;
        at += size + 1;
    }
    return false;
}

bool file_store_path(struct slice uri, struct arena *arena, const char **ret_path,
                     struct error *err)
{
    struct slice scheme = location_scheme(uri);
    if (!slice_equals_ignore_case(scheme, SLICE_LITERAL("file")))
        return error_set(err, ERROR_BAD_REQUEST, "'%.*s' is not a file location", SLICE_ARG(uri));
    struct slice path = scheme.ptr == uri.ptr ? slice_from(uri, scheme.len + 1) : uri;
    if (slice_starts_with(path, SLICE_LITERAL("//"))) {
        path = slice_from(path, 2);
        if (path.len && path.ptr[0] != '/')
            return error_set(err, ERROR_BAD_REQUEST, "'%.*s' names a host: write file:///path",
                             SLICE_ARG(uri));
    }
    if (path.len == 0 || path.ptr[0] != '/')
        return error_set(err, ERROR_BAD_REQUEST, "'%.*s' needs an absolute path", SLICE_ARG(uri));
    if (slice_find(path, '\0') != path.len || has_dotdot(path))
        return error_set(err, ERROR_BAD_REQUEST, "'%.*s' must not hold '..' or a NUL byte",
                         SLICE_ARG(uri));
    const char *text = arena_string(arena, path);
    if (!text)
        return error_no_memory(err, "a file's path");
    *ret_path = text;
    return true;
}

/* How an object's path is used: nothing may lead out of the warehouses on the way (file_roots.h),
 * and what was resolved is opened without following any link, should one have come meanwhile. */
struct place {
    const char *path;
    int open_flags; /* O_NOFOLLOW, or 0 where links are nobody's concern */
};

static bool place_find(struct file_store *store, struct slice uri, bool follow_last,
                       struct arena *arena, struct place *ret_place, struct error *err)
{
    const char *path;
    bool is_real = false;
    TRY(file_store_path(uri, arena, &path, err));
    TRY(file_roots_resolve(store->roots, path, uri, follow_last, arena, &path, &is_real, err));
    *ret_place = (struct place){path, is_real ? O_NOFOLLOW : 0};
    return true;
}

/* The path of the directory above, in the arena; "/" for the root's children. */
static const char *path_parent(const char *path, struct arena *arena)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    while (size > 1 && path[size - 1] == '/')
        size--;
    return arena_string(arena, slice_make(path, size ? size : 1));
}

/* --- calls that are tried again when a signal interrupts them ----------------------------- */

static int open_again(const struct file_calls *calls, const char *path, int flags, mode_t mode)
{
    int fd;
    do {
        fd = calls->open(path, flags, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* EINTR means that the sync was not done; any other failure means that the kernel may have dropped
 * the pages, and a second fsync could lie. */
static int fsync_again(const struct file_calls *calls, int fd)
{
    int result;
    do {
        result = calls->fsync(fd);
    } while (result != 0 && errno == EINTR);
    return result;
}

/* Linux has closed the descriptor even where it reports EINTR. */
static int close_once(const struct file_calls *calls, int fd)
{
    int result = calls->close(fd);
    return result != 0 && errno == EINTR ? 0 : result;
}

/* 0, or the errno of what failed. */
static int write_all(const struct file_calls *calls, int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t written = calls->write(fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        if (written == 0)
            return EIO;
        bytes = slice_from(bytes, (size_t)written);
    }
    return 0;
}

/* 0, or the errno of what failed. */
static int directory_sync(const struct file_calls *calls, const char *path)
{
    int fd = open_again(calls, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int code = fsync_again(calls, fd) == 0 ? 0 : errno;
    if (close_once(calls, fd) != 0 && code == 0)
        code = errno;
    return code;
}

/* --- put_new ------------------------------------------------------------------------------ */

/* One put_new: its names, and the file once it is open. */
struct put {
    struct file_store *store;
    struct slice uri;
    struct place place;
    const char *parent;
    struct arena *arena;
    int fd;
};

/* A directory that is missing; the list runs from the top-most down to the one wanted. */
struct directory {
    struct directory *below;
    const char *path;
    const char *parent;
    bool is_made;
};

/* A list from the top-most missing directory down to `path`. False: no memory. */
static bool directories_plan(const char *path, struct arena *arena, struct directory **ret_first)
{
    struct directory *first = NULL;
    struct stat status;
    while (strcmp(path, "/") != 0 && stat(path, &status) != 0) {
        struct directory *directory = ARENA_NEW(arena, struct directory);
        if (!directory)
            return false;
        directory->path = path;
        directory->parent = path_parent(path, arena);
        if (!directory->parent)
            return false;
        directory->below = first;
        first = directory;
        path = directory->parent;
    }
    *ret_first = first;
    return true;
}

/* Makes and syncs each in its turn; 0 or an errno. */
static int directories_make(const struct file_calls *calls, struct directory *first)
{
    for (struct directory *each = first; each; each = each->below) {
        if (calls->mkdir(each->path, 0777) == 0)
            each->is_made = true;
        else if (errno != EEXIST)
            return errno;
        int code = each->is_made ? directory_sync(calls, each->parent) : 0;
        if (code != 0)
            return code;
    }
    return 0;
}

/* Removes what this call made, deepest first. What cannot be removed is an empty directory. */
static void directories_unmake(const struct file_calls *calls, struct directory *first)
{
    if (!first)
        return;
    directories_unmake(calls, first->below);
    if (first->is_made)
        (void)calls->rmdir(first->path);
}

static int put_open_file(struct put *put)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | put->place.open_flags;
    put->fd = open_again(put->store->calls, put->place.path, flags, 0666);
    return put->fd >= 0 ? 0 : errno;
}

/* Under the lock for writing: makes the directories and opens the file. 0 or an errno. */
static int put_open_with_directories(struct put *put)
{
    struct directory *first = NULL;
    if (!directories_plan(put->parent, put->arena, &first))
        return ENOMEM;
    int code = directories_make(put->store->calls, first);
    if (code == 0)
        code = put_open_file(put);
    if (code != 0)
        directories_unmake(put->store->calls, first);
    return code;
}

static bool put_open(struct put *put, struct error *err)
{
    pthread_rwlock_rdlock(&put->store->directories);
    int code = put_open_file(put);
    pthread_rwlock_unlock(&put->store->directories);
    if (code == ENOENT) {
        pthread_rwlock_wrlock(&put->store->directories);
        code = put_open_with_directories(put);
        pthread_rwlock_unlock(&put->store->directories);
    }
    if (code == EEXIST)
        return error_set(err, ERROR_ALREADY_EXISTS, "'%.*s' already exists", SLICE_ARG(put->uri));
    if (code != 0)
        return file_error(err, code, "create", put->uri);
    return true;
}

/* Bytes, file and name made durable; a failure removes the file. The name may come back after a
 * power cut, as an orphan that no pointer names. */
static bool put_fill(struct put *put, struct slice bytes, struct error *err)
{
    const struct file_calls *calls = put->store->calls;
    int code = write_all(calls, put->fd, bytes);
    if (code == 0 && fsync_again(calls, put->fd) != 0)
        code = errno;
    if (close_once(calls, put->fd) != 0 && code == 0)
        code = errno;
    if (code == 0)
        code = directory_sync(calls, put->parent);
    if (code == 0)
        return true;
    (void)calls->unlink(put->place.path);
    return file_error(err, code, "write", put->uri);
}

static bool put_run(struct put *put, struct slice bytes, struct error *err)
{
    TRY(place_find(put->store, put->uri, false, put->arena, &put->place, err));
    put->parent = path_parent(put->place.path, put->arena);
    if (!put->parent)
        return error_no_memory(err, "a file's path");
    TRY(put_open(put, err));
    return put_fill(put, bytes, err);
}

static bool file_put_new(struct object_store *self, struct slice uri, struct slice bytes,
                         struct error *err)
{
    struct arena arena;
    arena_init(&arena, PATH_ARENA_SIZE);
    struct put put = {.store = file_store_of(self), .uri = uri, .arena = &arena, .fd = -1};
    bool ok = put_run(&put, bytes, err);
    arena_finish(&arena);
    return ok;
}

/* --- get ---------------------------------------------------------------------------------- */

/* Reads `size` bytes, or fewer where the file ends before. The buffer's sticky state says where
 * they would not fit. 0 or an errno. */
static int read_all(int fd, size_t size, struct buffer *out)
{
    if (!buffer_reserve(out, size))
        return 0;
    while (size > 0) {
        ssize_t got = read(fd, out->ptr + out->len, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? 0 : errno;
        out->len += (size_t)got;
        size -= (size_t)got;
    }
    return 0;
}

/* file_is_absent errors become ERROR_NOT_FOUND. Always false. */
static bool get_failed(struct error *err, int code, struct slice uri)
{
    if (file_is_absent(code))
        return error_set(err, ERROR_NOT_FOUND, "'%.*s' does not exist", SLICE_ARG(uri));
    return file_error(err, code, "read", uri);
}

static bool get_from(int fd, struct slice uri, struct buffer *out, struct error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return file_error(err, errno, "read", uri);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_NOT_FOUND, "'%.*s' is not a file", SLICE_ARG(uri));
    int code = read_all(fd, (size_t)status.st_size, out);
    if (code != 0)
        return get_failed(err, code, uri);
    if (buffer_check(out, "the file", err))
        return true;
    return error_prefix(err, "cannot read '%.*s'", SLICE_ARG(uri));
}

static bool get_run(struct file_store *store, struct slice uri, struct arena *arena,
                    struct buffer *out, struct error *err)
{
    struct place place;
    TRY(place_find(store, uri, true, arena, &place, err));
    /* O_NONBLOCK: opening a pipe that someone left there must not hang. */
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | place.open_flags;
    int fd = open_again(store->calls, place.path, flags, 0);
    if (fd < 0)
        return get_failed(err, errno, uri);
    bool ok = get_from(fd, uri, out, err);
    (void)close_once(store->calls, fd);
    return ok;
}

static bool file_get(struct object_store *self, struct slice uri, struct buffer *out,
                     struct error *err)
{
    struct arena arena;
    arena_init(&arena, PATH_ARENA_SIZE);
    bool ok = get_run(file_store_of(self), uri, &arena, out, err);
    arena_finish(&arena);
    return ok;
}

/* --- exists, remove ----------------------------------------------------------------------- */

static bool exists_at(const char *path, struct slice uri, bool *ret_exists, struct error *err)
{
    struct stat status;
    if (stat(path, &status) == 0)
        *ret_exists = S_ISREG(status.st_mode);
    else if (file_is_absent(errno))
        *ret_exists = false;
    else
        return file_error(err, errno, "look for", uri);
    return true;
}

static bool file_exists(struct object_store *self, struct slice uri, bool *ret_exists,
                        struct error *err)
{
    (void)self;
    struct arena arena;
    arena_init(&arena, PATH_ARENA_SIZE);
    const char *path;
    bool ok = file_store_path(uri, &arena, &path, err) && exists_at(path, uri, ret_exists, err);
    arena_finish(&arena);
    return ok;
}

static bool file_remove(struct object_store *self, struct slice uri, struct error *err)
{
    struct arena arena;
    arena_init(&arena, PATH_ARENA_SIZE);
    struct place place;
    bool ok = place_find(file_store_of(self), uri, false, &arena, &place, err);
    if (ok && file_store_of(self)->calls->unlink(place.path) != 0 && !file_is_absent(errno))
        ok = file_error(err, errno, "remove", uri);
    arena_finish(&arena);
    return ok;
}

/* --- list --------------------------------------------------------------------------------- */

static bool file_list(struct object_store *self, struct slice prefix, object_visit_fn visit,
                      void *context, struct error *err)
{
    struct arena arena;
    struct place place;
    arena_init(&arena, PATH_ARENA_SIZE);
    bool ok = place_find(file_store_of(self), prefix, true, &arena, &place, err) &&
              file_list_walk(place.path, prefix, visit, context, err);
    arena_finish(&arena);
    return ok;
}

/* --- roots -------------------------------------------------------------------------------- */

static bool file_confine(struct object_store *self, const struct slice *roots, size_t count,
                         struct error *err)
{
    struct arena arena;
    size_t path_count = 0;
    arena_init(&arena, ROOTS_ARENA_SIZE);
    const char **paths = ARENA_ARRAY(&arena, const char *, count + 1);
    bool ok = paths || error_no_memory(err, "the warehouses' directories");
    for (size_t i = 0; ok && i < count; i++)
        if (slice_equals_ignore_case(location_scheme(roots[i]), SLICE_LITERAL("file")))
            ok = file_store_path(roots[i], &arena, &paths[path_count++], err);
    ok = ok && file_roots_set(file_store_of(self)->roots, paths, path_count, err);
    arena_finish(&arena);
    return ok;
}

/* --- the store ---------------------------------------------------------------------------- */

static void file_destroy(struct object_store *self)
{
    struct file_store *store = file_store_of(self);
    pthread_rwlock_destroy(&store->directories);
    file_roots_destroy(store->roots);
    free(store);
}

static const struct object_store_ops file_ops = {
    .get = file_get,
    .put_new = file_put_new,
    .exists = file_exists,
    .remove = file_remove,
    .list = file_list,
    .confine = file_confine,
    .destroy = file_destroy,
    .is_local = true,
};

bool file_store_create(const struct file_calls *calls, struct object_store **ret_store,
                       struct error *err)
{
    struct file_store *store = calloc(1, sizeof *store);
    if (!store)
        return error_no_memory(err, "the file store");
    store->base.ops = &file_ops;
    store->calls = calls;
    if (!file_roots_create(&store->roots, err)) {
        free(store);
        return false;
    }
    if (pthread_rwlock_init(&store->directories, NULL) != 0) {
        file_roots_destroy(store->roots);
        free(store);
        return error_no_memory(err, "the file store's lock");
    }
    *ret_store = &store->base;
    return true;
}
