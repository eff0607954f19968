#include "storage/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "storage/file_calls.h"
#include "storage/location.h"

/* The names of directories still to be visited by one listing. */
#define LIST_ARENA_SIZE (64 * MIB)
/* One file's location. */
#define URI_CEILING (256 * KIB)

/* --- the walk ----------------------------------------------------------------------------- */

/* A directory still to be visited: its path, and its URI in the spelling of the prefix. */
struct pending {
    struct pending *next;
    const char *path;
    struct slice uri;
};

struct listing {
    struct arena arena;
    struct pending *first;
    object_visit_fn visit;
    void *context;
};

static bool listing_push(struct listing *listing, const char *path, struct slice uri,
                         struct error *err)
{
    struct pending *pending = ARENA_NEW(&listing->arena, struct pending);
    if (!pending || !path || !uri.ptr)
        return error_no_memory(err, "a listing's directories");
    *pending = (struct pending){listing->first, path, uri};
    listing->first = pending;
    return true;
}

/* One name in a directory. What is neither a file nor a directory (links too) is no object. */
static bool listing_entry(struct listing *listing, const struct pending *directory, int fd,
                          const char *name, struct error *err)
{
    struct stat status;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || file_error(err, errno, "list", directory->uri);
    bool is_directory = S_ISDIR(status.st_mode);
    if (!is_directory && !S_ISREG(status.st_mode))
        return true;
    const char *separator = slice_ends_with(directory->uri, SLICE_LITERAL("/")) ? "" : "/";
    if (is_directory) {
        struct slice path = arena_printf(&listing->arena, "%s/%s", directory->path, name);
        struct slice uri = arena_printf(&listing->arena, "%.*s%s%s", (int)directory->uri.len,
                                        directory->uri.ptr, separator, name);
        return listing_push(listing, path.ptr, uri, err);
    }
    /* Names of files die with the call, or a table of a million files would fill the arena. */
    struct buffer uri;
    buffer_init(&uri, URI_CEILING);
    buffer_append_slice(&uri, directory->uri);
    buffer_append_string(&uri, separator);
    buffer_append_string(&uri, name);
    bool ok = buffer_check(&uri, "a file's name", err) &&
              listing->visit(listing->context, buffer_slice(&uri), (uint64_t)status.st_size, err);
    buffer_finish(&uri);
    return ok;
}

static bool listing_walk(struct listing *listing, const struct pending *directory, DIR *stream,
                         struct error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry && errno != 0)
            return file_error(err, errno, "list", directory->uri);
        if (!entry)
            return true;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        TRY(listing_entry(listing, directory, dirfd(stream), entry->d_name, err));
    }
}

static bool listing_directory(struct listing *listing, const struct pending *directory,
                              struct error *err)
{
    DIR *stream = opendir(directory->path);
    if (!stream)
        return file_is_absent(errno) || file_error(err, errno, "list", directory->uri);
    bool ok = listing_walk(listing, directory, stream, err);
    closedir(stream);
    return ok;
}

static bool listing_run(struct listing *listing, const char *path, struct slice prefix,
                        struct error *err)
{
    TRY(listing_push(listing, path, location_strip_slash(prefix), err));
    while (listing->first) {
        struct pending *directory = listing->first;
        listing->first = directory->next;
        TRY(listing_directory(listing, directory, err));
    }
    return true;
}

bool file_list_walk(const char *path, struct slice prefix, object_visit_fn visit, void *context,
                    struct error *err)
{
    struct listing listing = {.visit = visit, .context = context};
    arena_init(&listing.arena, LIST_ARENA_SIZE);
    bool ok = listing_run(&listing, path, prefix, err);
    arena_finish(&listing.arena);
    return ok;
}
