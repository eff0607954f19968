/*
 * A directory of Hadoop tables as a source (cli/import.h): what Iceberg's HadoopCatalog calls its
 * warehouse. A directory is a table where its metadata/ has metadata files, else a namespace.
 *
 * The table's metadata is the file of the highest version: a commit makes v(N+1) by a rename that
 * fails where it is there already. metadata/version-hint.text is written after that, without any
 * promise, so it is not needed, and a stale one misleads nobody. Spec: table spec, "File System
 * Tables"; a gzipped file is vN.gz.metadata.json, and vN.metadata.json.gz of older writers.
 */
#include "cli/import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_tree.h"
#include "base/limits.h"

/* A directory on the way down; those above it tell a link that leads back. */
struct folder {
    const struct folder *above;
    int fd;
    dev_t device;
    ino_t inode;
    const json_t *levels;
};

static bool cannot_read(const json_t *levels, const char *name, struct error *err)
{
    char *text = json_dumps(levels, JSON_COMPACT);
    (void)error_set(err, ERROR_STORAGE, "%s in %s cannot be read: %s", name, text ? text : "[]",
                    strerror(errno));
    free(text);
    return false;
}

/* --- one directory's entries ---------------------------------------------------- */

typedef bool (*name_fn)(void *context, const char *name, struct error *err);

/* Names but "." and "..", sorted, so that every run goes the same way. */
static bool each_name(const struct folder *folder, name_fn visit, void *context, struct error *err)
{
    struct dirent **entries = NULL;
    int count = scandirat(folder->fd, ".", &entries, NULL, alphasort);
    if (count < 0)
        return cannot_read(folder->levels, ".", err);
    bool ok = true;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (ok && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            ok = visit(context, name, err);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

/* *ret_is_there is false for what is no directory. The caller closes ret_folder->fd. */
static bool enter(const struct folder *above, const char *name, const json_t *levels,
                  struct folder *ret_folder, bool *ret_is_there, struct error *err)
{
    struct stat found;
    int fd = openat(above ? above->fd : AT_FDCWD, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *ret_is_there = fd >= 0;
    if (fd < 0)
        return errno == ENOTDIR || errno == ENOENT || cannot_read(levels, name, err);
    if (fstat(fd, &found) != 0) {
        close(fd);
        return cannot_read(levels, name, err);
    }
    *ret_folder = (struct folder){above, fd, found.st_dev, found.st_ino, levels};
    return true;
}

static bool leads_back(const struct folder *folder)
{
    for (const struct folder *one = folder->above; one; one = one->above)
        if (one->device == folder->device && one->inode == folder->inode)
            return true;
    return false;
}

/* --- a table's metadata ---------------------------------------------------- */

struct versions {
    bool is_table; /* there is a metadata file of any name */
    int64_t highest;
    char name[NAME_MAX + 1]; /* of that version */
};

/* In the order in which HadoopTableOperations takes them where a version has several. */
static const char *const ENDINGS[] = {".metadata.json", ".gz.metadata.json", ".metadata.json.gz"};

static bool see_metadata(void *context, const char *name, struct error *err)
{
    struct versions *versions = context;
    struct slice text = slice_from_string(name);
    (void)err;
    for (size_t i = 0; i < sizeof(ENDINGS) / sizeof(ENDINGS[0]); i++) {
        struct slice ending = slice_from_string(ENDINGS[i]);
        int64_t version = 0;
        if (!slice_ends_with(text, ending))
            continue;
        versions->is_table = true;
        if (text.ptr[0] != 'v' ||
            !slice_to_int64(slice_make(text.ptr + 1, text.len - 1 - ending.len), &version) ||
            version < versions->highest)
            continue;
        bool is_less_plain = version == versions->highest && strlen(versions->name) < text.len;
        if (!is_less_plain)
            memcpy(versions->name, text.ptr, text.len + 1);
        versions->highest = version;
    }
    return true;
}

static bool find_versions(const struct folder *folder, struct versions *ret_versions,
                          struct error *err)
{
    struct folder metadata;
    bool is_there = false;
    *ret_versions = (struct versions){.highest = -1};
    TRY(enter(folder, "metadata", folder->levels, &metadata, &is_there, err));
    if (!is_there)
        return true;
    bool ok = each_name(&metadata, see_metadata, ret_versions, err);
    close(metadata.fd);
    return ok;
}

/* --- the tree ---------------------------------------------------- */

struct walk {
    struct import *import;
    const struct folder *folder;
    struct slice root; /* as it is in locations */
    unsigned depth;
    size_t count;       /* of what the folder has in it, hidden names aside */
    bool has_namespace; /* or a table */
};

static bool add_table(struct walk *walk, struct slice name, const struct versions *versions,
                      struct error *err)
{
    struct buffer location;
    size_t i;
    json_t *level;
    buffer_init(&location, MAX_URI_SIZE);
    buffer_append_string(&location, "file://");
    buffer_append_slice(&location, walk->root);
    json_array_foreach(walk->folder->levels, i, level) {
        buffer_append_byte(&location, '/');
        buffer_append_slice(&location, json_slice(level));
    }
    buffer_append_byte(&location, '/');
    buffer_append_slice(&location, name);
    buffer_printf(&location, "/metadata/%s", versions->name);
    bool ok = buffer_check(&location, "the location", err) &&
              import_add_item(walk->import, "table", walk->folder->levels, name,
                              versions->highest < 0 ? SLICE_EMPTY : buffer_slice(&location), err);
    buffer_finish(&location);
    return ok;
}

static bool visit_tree(struct walk *walk, struct error *err);

/* A directory that has neither tables nor namespaces, and is not empty, is something else's. */
static bool visit_namespace(struct walk *walk, const struct folder *folder, struct error *err)
{
    struct walk below = {walk->import, folder, walk->root, walk->depth + 1, 0, false};
    if (below.depth > MAX_NAMESPACE_LEVELS || leads_back(folder))
        return true;
    TRY(visit_tree(&below, err));
    if (!below.has_namespace && below.count > 0)
        return true;
    walk->has_namespace = true;
    return import_add_namespace(walk->import, folder->levels, NULL, err);
}

static bool visit_folder(struct walk *walk, const struct folder *folder, const char *name,
                         struct error *err)
{
    struct versions versions;
    TRY(find_versions(folder, &versions, err));
    if (!versions.is_table)
        return visit_namespace(walk, folder, err);
    walk->has_namespace = true;
    return add_table(walk, slice_from_string(name), &versions, err);
}

static json_t *levels_below(const json_t *levels, const char *name)
{
    json_t *below = json_copy((json_t *)levels);
    if (below && json_array_append_new(below, json_string(name)) == 0)
        return below;
    json_decref(below);
    return NULL;
}

/* Hidden names are those of trash and tools. */
static bool visit_name(void *context, const char *name, struct error *err)
{
    struct walk *walk = context;
    struct folder folder;
    bool is_there = false;
    if (name[0] == '.')
        return true;
    walk->count++;
    if (!slice_is_utf8(slice_from_string(name)))
        return error_set(err, ERROR_VALIDATION, "The name of a file is not UTF-8: %s", name);
    json_t *levels = levels_below(walk->folder->levels, name);
    if (levels == NULL)
        return error_no_memory(err, "the directory");
    bool ok = enter(walk->folder, name, levels, &folder, &is_there, err);
    if (ok && is_there) {
        ok = visit_folder(walk, &folder, name, err);
        close(folder.fd);
    }
    json_decref(levels);
    return ok;
}

static bool visit_tree(struct walk *walk, struct error *err)
{
    return each_name(walk->folder, visit_name, walk, err);
}

/* --- the root ---------------------------------------------------- */

/* Absolute, with links as they are: tables' metadata names their place in the same spelling. */
static char *absolute_new(struct slice source)
{
    if (slice_starts_with(source, SLICE_LITERAL("file:")))
        source = slice_from(source, 5);
    while (slice_starts_with(source, SLICE_LITERAL("//")))
        source = slice_from(source, 1);
    char *path = NULL, *here = source.ptr[0] == '/' ? NULL : realpath(".", NULL);
    bool has_dots = strstr(source.ptr, "..") != NULL || source.ptr[0] == '.';
    if (has_dots)
        path = realpath(source.ptr, NULL);
    else if (asprintf(&path, "%s%s%s", here ? here : "", here ? "/" : "", source.ptr) < 0)
        path = NULL;
    free(here);
    return path;
}

static bool list_below(struct import *import, const char *path, struct error *err)
{
    struct folder root;
    struct versions versions;
    bool is_there = false;
    json_t *levels = json_array();
    struct walk walk = {.import = import, .folder = &root, .root = slice_from_string(path)};
    while (walk.root.len > 1 && walk.root.ptr[walk.root.len - 1] == '/')
        walk.root.len--;
    bool ok = (levels || error_no_memory(err, "the directory")) &&
              enter(NULL, path, levels, &root, &is_there, err);
    if (ok && !is_there)
        ok = error_set(err, ERROR_NOT_FOUND, "%s is no directory", path);
    if (ok && is_there) {
        ok = find_versions(&root, &versions, err);
        if (ok && versions.is_table)
            ok = error_set(err, ERROR_VALIDATION,
                           "%s is a table: name the directory that its namespaces lie in, or "
                           "register it with firn table register",
                           path);
        ok = ok && visit_tree(&walk, err);
        close(root.fd);
    }
    json_decref(levels);
    return ok;
}

static bool list(struct import *import, struct error *err)
{
    struct slice source = import->run->options.operands[0];
    char *path = absolute_new(source);
    if (path == NULL)
        return error_set(err, ERROR_NOT_FOUND, "%.*s is no directory", SLICE_ARG(source));
    bool ok = list_below(import, path, err);
    free(path);
    return ok;
}

/* The listing has found it, or there is none. */
static bool locate(struct import *import, json_t *item, struct error *err)
{
    (void)import;
    return json_is_string(json_object_get(item, "metadata-location")) ||
           error_set(err, ERROR_VALIDATION,
                     "its metadata has no vN.metadata.json: it is a table of another catalog than "
                     "a Hadoop one");
}

const struct import_source import_hadoop = {.list = list, .locate = locate};
