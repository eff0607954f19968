/*
 * What makes a new file durable
 *
 *   1  Its bytes: fsync of the file.
 *   2  Its name: fsync of the directory that holds it.
 *   3  The names of directories that were made for it: fsync of the directory above each, which has
 *      a trap of its own (file_directories.c).
 *
 * put_new does all three before it returns; put_unsynced none, and file_sync.c does them later.
 */
#include "storage/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "storage/file_list.h"
#include "storage/file_roots.h"
#include "storage/file_sync.h"
#include "storage/location.h"

/* The paths of all warehouses and allowed locations. */
#define ROOTS_ARENA_SIZE (64 * MIB)

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

bool file_place(struct file_store *store, struct slice uri, bool follow_last,
                       struct arena *arena, struct place *ret_place, struct error *err)
{
    const char *path;
    bool is_real = false;
    TRY(file_store_path(uri, arena, &path, err));
    TRY(file_roots_resolve(store->roots, path, uri, follow_last, arena, &path, &is_real, err));
    *ret_place = (struct place){path, is_real ? O_NOFOLLOW : 0};
    return true;
}

/* --- put ---------------------------------------------------------------------------------- */

/* One put: its names, and the file once it is open. */
struct put {
    struct file_store *store;
    struct slice uri;
    struct place place;
    const char *parent;
    struct arena *arena;
    const struct slice *parts; /* of the bytes */
    size_t part_count;
    bool is_synced;
    int fd;
};

/* Below a root the kernel itself looks for links on the way (ELOOP). False: it cannot, or this is
 * no such path, and it has to be resolved. */
static bool put_place_unresolved(struct put *put)
{
    const char *path;
    if (!file_store_path(put->uri, put->arena, &path, NULL))
        return false;
    path = file_roots_unresolved(put->store->roots, path, put->arena);
    put->place = (struct place){path, O_NOFOLLOW};
    return path != NULL;
}

/* 0 or an errno; ENOMEM also where the path above finds no memory. */
static int put_open_place(struct put *put)
{
    put->parent = file_parent(put->place.path, put->arena);
    if (!put->parent)
        return ENOMEM;
    return file_directories_open(&put->store->directories, put->place.path, put->parent,
                                 put->place.open_flags, put->is_synced, put->arena, &put->fd);
}

static bool put_open(struct put *put, struct error *err)
{
    int code = put_place_unresolved(put) ? put_open_place(put) : ELOOP;
    if (code == ELOOP) {
        TRY(file_place(put->store, put->uri, false, put->arena, &put->place, err));
        code = put_open_place(put);
    }
    if (code == EEXIST)
        return error_set(err, ERROR_ALREADY_EXISTS, "'%.*s' already exists", SLICE_ARG(put->uri));
    if (code != 0)
        return file_error(err, code, "create", put->uri);
    return true;
}

/* Bytes, file and name made durable where that is wanted; a failure removes the file. The name may
 * come back after a power cut, as an orphan that no pointer names. */
static bool put_fill(struct put *put, struct error *err)
{
    const struct file_calls *calls = put->store->calls;
    int code = file_fill(calls, put->fd, put->parts, put->part_count, put->is_synced);
    if (code == 0 && put->is_synced)
        code = file_sync_directory(calls, put->parent);
    if (code == 0 && put->is_synced)
        code = file_directories_settle(&put->store->directories, put->place.path);
    if (code == 0)
        return true;
    (void)calls->unlink(put->place.path);
    return file_error(err, code, "write", put->uri);
}

static bool put(struct object_store *self, struct slice uri, const struct slice *parts,
                size_t count, bool is_synced, struct error *err)
{
    struct arena arena;
    arena_init(&arena, PATH_ARENA_SIZE);
    struct put put = {.store = file_store_of(self), .uri = uri, .arena = &arena, .fd = -1};
    put.parts = parts;
    put.part_count = count;
    put.is_synced = is_synced;
    bool ok = put_open(&put, err) && put_fill(&put, err);
    arena_finish(&arena);
    return ok;
}

static bool file_put_new(struct object_store *self, struct slice uri, struct slice bytes,
                         struct error *err)
{
    return put(self, uri, &bytes, 1, true, err);
}

static bool file_put_new_parts(struct object_store *self, struct slice uri,
                               const struct slice *parts, size_t count, struct error *err)
{
    return put(self, uri, parts, count, true, err);
}

static bool file_put_unsynced(struct object_store *self, struct slice uri, struct slice bytes,
                              struct error *err)
{
    return put(self, uri, &bytes, 1, false, err);
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
    TRY(file_place(store, uri, true, arena, &place, err));
    /* O_NONBLOCK: opening a pipe that someone left there must not hang. */
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | place.open_flags;
    int fd = file_open(store->calls, place.path, flags, 0);
    if (fd < 0)
        return get_failed(err, errno, uri);
    bool ok = get_from(fd, uri, out, err);
    (void)file_close(store->calls, fd);
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
    bool ok = file_place(file_store_of(self), uri, false, &arena, &place, err);
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
    bool ok = file_place(file_store_of(self), prefix, true, &arena, &place, err) &&
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

/* --- folders -------------------------------------------------------------------------------- */

static bool file_make_folder(struct object_store *self, struct slice uri, struct error *err)
{
    struct file_store *store = file_store_of(self);
    struct arena arena;
    struct place place;
    arena_init(&arena, PATH_ARENA_SIZE);
    bool ok = file_place(store, uri, true, &arena, &place, err);
    int code = ok ? file_directories_make(&store->directories, place.path, &arena) : 0;
    if (code != 0)
        ok = file_error(err, code, "make the folder", uri);
    arena_finish(&arena);
    return ok;
}

/* --- the store ---------------------------------------------------------------------------- */

static void file_destroy(struct object_store *self)
{
    struct file_store *store = file_store_of(self);
    file_sync_finish(store);
    file_directories_finish(&store->directories);
    file_roots_destroy(store->roots);
    free(store);
}

static const struct object_store_ops file_ops = {
    .get = file_get,
    .put_new = file_put_new,
    .put_new_parts = file_put_new_parts,
    .put_unsynced = file_put_unsynced,
    .sync = file_sync_all,
    .restore = file_restore,
    .settle = file_settle,
    .make_folder = file_make_folder,
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
    if (!file_directories_init(&store->directories, calls, err)) {
        file_roots_destroy(store->roots);
        free(store);
        return false;
    }
    file_sync_init(store);
    *ret_store = &store->base;
    return true;
}
