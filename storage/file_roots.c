#include "storage/file_roots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "storage/file_calls.h"
#include "storage/location.h"

/* All roots' paths: warehouses are few, and a path is at most 4 KiB for the kernel. */
#define ROOTS_ARENA_SIZE (64 * MIB)
/* One real path. */
#define SCRATCH_SIZE (4 * MAX_URI_SIZE)

struct file_roots {
    pthread_rwlock_t lock;
    struct arena arena;
    struct slice *paths; /* without empty and "." segments */
    size_t count;
    bool can_refuse_links;
};

/* True where the kernel walks the path, as far as it exists, without meeting a link: then it is its
 * own real path, and so is that of every root above it. realpath would ask for each segment of
 * both, some twenty calls for a metadata file. A link is ELOOP here, also one that leads nowhere.
 * False says nothing: the kernel may be too old. */
static bool is_free_of_links(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (fd < 0)
        return errno == ENOENT;
    (void)close((int)fd);
    return true;
}

bool file_roots_create(struct file_roots **ret_roots, struct error *err)
{
    struct file_roots *roots = calloc(1, sizeof *roots);
    if (!roots)
        return error_no_memory(err, "the warehouses' directories");
    if (pthread_rwlock_init(&roots->lock, NULL) != 0) {
        free(roots);
        return error_no_memory(err, "the warehouses' directories");
    }
    arena_init(&roots->arena, ROOTS_ARENA_SIZE);
    roots->can_refuse_links = is_free_of_links("/");
    *ret_roots = roots;
    return true;
}

void file_roots_destroy(struct file_roots *roots)
{
    if (!roots)
        return;
    arena_finish(&roots->arena);
    pthread_rwlock_destroy(&roots->lock);
    free(roots);
}

/* "/a//b/./c/" as "/a/b/c", in the arena. */
static bool path_normal(const char *path, struct arena *arena, struct slice *ret_normal,
                        struct error *err)
{
    struct slice all = slice_from_string(path);
    char *out = arena_alloc(arena, all.len + 2);
    size_t size = 0;
    if (!out)
        return error_no_memory(err, "a file's path");
    for (size_t at = 0; at < all.len;) {
        struct slice rest = slice_from(all, at);
        struct slice segment = slice_make(rest.ptr, slice_find(rest, '/'));
        at += segment.len + 1;
        if (segment.len == 0 || slice_equals_string(segment, "."))
            continue;
        out[size++] = '/';
        memcpy(out + size, segment.ptr, segment.len);
        size += segment.len;
    }
    if (size == 0)
        out[size++] = '/';
    out[size] = '\0';
    *ret_normal = slice_make(out, size);
    return true;
}

static bool copy_paths(struct arena *arena, const char *const *paths, size_t count,
                       struct slice **ret_paths, struct error *err)
{
    struct slice *copies = ARENA_ARRAY(arena, struct slice, count + 1);
    if (!copies)
        return error_no_memory(err, "the warehouses' directories");
    for (size_t i = 0; i < count; i++)
        TRY(path_normal(paths[i], arena, &copies[i], err));
    *ret_paths = copies;
    return true;
}

bool file_roots_set(struct file_roots *roots, const char *const *paths, size_t count,
                    struct error *err)
{
    struct arena arena;
    struct slice *copies = NULL;
    arena_init(&arena, ROOTS_ARENA_SIZE);
    if (!copy_paths(&arena, paths, count, &copies, err)) {
        arena_finish(&arena);
        return false;
    }
    pthread_rwlock_wrlock(&roots->lock);
    struct arena before = roots->arena;
    roots->arena = arena;
    roots->paths = copies;
    roots->count = count;
    pthread_rwlock_unlock(&roots->lock);
    arena_finish(&before);
    return true;
}

/* --- resolving ---------------------------------------------------------------------------- */

/* Where the last segment begins: the index of its '/'. */
static size_t last_slash(struct slice normal)
{
    size_t at = normal.len;
    while (at > 0 && normal.ptr[at - 1] != '/')
        at--;
    return at > 0 ? at - 1 : 0;
}

/* realpath of the first `size` bytes; 0 or an errno. */
static int real_of(struct slice normal, size_t size, char ret_real[PATH_MAX])
{
    char head[PATH_MAX];
    if (size >= sizeof head)
        return ENAMETOOLONG;
    memcpy(head, normal.ptr, size);
    head[size] = '\0';
    return realpath(size ? head : "/", ret_real) ? 0 : errno;
}

/* The real path of what exists of it, and the rest as it is written. A link that leads nowhere is
 * part of that rest: nothing that is opened or made follows it then. */
static bool path_real(struct slice normal, struct slice uri, struct arena *arena,
                      struct slice *ret_real, struct error *err)
{
    char real[PATH_MAX];
    size_t size = normal.len;
    int code = real_of(normal, size, real);
    while (file_is_absent(code) && size > 0) {
        size = last_slash(slice_make(normal.ptr, size));
        code = real_of(normal, size, real);
    }
    if (code != 0)
        return file_error(err, code, "follow", uri);
    struct slice rest = slice_from(normal, size);
    const char *start = strcmp(real, "/") == 0 && rest.len > 0 ? "" : real;
    *ret_real = arena_printf(arena, "%s%.*s", start, SLICE_ARG(rest));
    return ret_real->ptr || error_no_memory(err, "a file's path");
}

static bool is_below_any(const struct file_roots *roots, struct slice path)
{
    for (size_t i = 0; i < roots->count; i++)
        if (location_is_within(path, roots->paths[i]))
            return true;
    return false;
}

/* A root's real path is asked for each time: an administrator may turn a link to another disk. One
 * that cannot be followed holds nothing. */
static bool holds(struct slice root, struct slice real, struct slice uri)
{
    struct arena scratch;
    struct slice real_root;
    arena_init(&scratch, SCRATCH_SIZE);
    bool ok =
        path_real(root, uri, &scratch, &real_root, NULL) && location_is_within(real, real_root);
    arena_finish(&scratch);
    return ok;
}

static bool check_real(const struct file_roots *roots, struct slice real, struct slice uri,
                       struct error *err)
{
    for (size_t i = 0; i < roots->count; i++)
        if (holds(roots->paths[i], real, uri))
            return true;
    return error_set(err, ERROR_FORBIDDEN,
                     "'%.*s' leads out of the warehouse and of every allowed location through a "
                     "symbolic link: use a location without it, or start the server with "
                     "--allow-location for where it leads",
                     SLICE_ARG(uri));
}

static bool resolve(const struct file_roots *roots, struct slice normal, struct slice uri,
                    bool follow_last, struct arena *arena, const char **ret_path, struct error *err)
{
    size_t size = follow_last ? normal.len : last_slash(normal);
    struct slice real, head = slice_make(normal.ptr, size);
    const char *head_text = arena_string(arena, head);
    if (!head_text)
        return error_no_memory(err, "a file's path");
    if (is_below_any(roots, head) && is_free_of_links(head_text)) {
        *ret_path = normal.ptr;
        return true;
    }
    TRY(path_real(head, uri, arena, &real, err));
    TRY(check_real(roots, real, uri, err));
    struct slice path =
        follow_last ? real : arena_printf(arena, "%s%s", real.ptr, normal.ptr + size);
    if (!path.ptr)
        return error_no_memory(err, "a file's path");
    *ret_path = path.ptr;
    return true;
}

bool file_roots_resolve(struct file_roots *roots, const char *path, struct slice uri,
                        bool follow_last, struct arena *arena, const char **ret_path,
                        bool *ret_is_real, struct error *err)
{
    struct slice normal;
    TRY(path_normal(path, arena, &normal, err));
    pthread_rwlock_rdlock(&roots->lock);
    bool is_real = is_below_any(roots, normal);
    bool ok = !is_real || resolve(roots, normal, uri, follow_last, arena, &path, err);
    pthread_rwlock_unlock(&roots->lock);
    if (!ok)
        return false;
    *ret_path = path;
    *ret_is_real = is_real;
    return true;
}

const char *file_roots_unresolved(struct file_roots *roots, const char *path, struct arena *arena)
{
    struct slice normal;
    if (!roots->can_refuse_links || !path_normal(path, arena, &normal, NULL))
        return NULL;
    pthread_rwlock_rdlock(&roots->lock);
    bool is_below = is_below_any(roots, slice_make(normal.ptr, last_slash(normal)));
    pthread_rwlock_unlock(&roots->lock);
    return is_below ? normal.ptr : NULL;
}
