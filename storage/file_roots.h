/*
 * file_roots.h — directories that a file's location must not leave through a symbolic link.
 *
 * A location is judged by its text (catalog/location_policy.h). Whoever may write below a warehouse
 * can put a link there, and the text says nothing of where it leads: so the file store asks here
 * before it opens, makes or removes something, or lets the kernel refuse the link.
 *
 * Owns:     copies of the roots' paths
 * Errors:   ERROR_FORBIDDEN for a path that leads out, ERROR_BAD_REQUEST as file_store_path
 * Threads:  roots may be set while others resolve: one lock, a leaf
 * Rule:     a path below a root resolves to one below some root's own real path; a root may itself
 *           be a link, or lie behind one. Paths below no root are left as they are.
 */
#ifndef STORAGE_FILE_ROOTS_H
#define STORAGE_FILE_ROOTS_H

#include "base/arena.h"
#include "base/error.h"

struct file_roots;

bool file_roots_create(struct file_roots **ret_roots, struct error *err);
void file_roots_destroy(struct file_roots *roots);

/* Absolute paths, which replace those of before; `paths` is copied. */
bool file_roots_set(struct file_roots *roots, const char *const *paths, size_t count,
                    struct error *err);

/* The path to use for `path` (absolute, without "..", of location `uri`), in the arena: below a
 * root one without links, else `path` itself. *ret_is_real tells which. The last segment is
 * followed only with follow_last; what does not exist yet stays as written. */
bool file_roots_resolve(struct file_roots *roots, const char *path, struct slice uri,
                        bool follow_last, struct arena *arena, const char **ret_path,
                        bool *ret_is_real, struct error *err);

/* A shorter way for a new file, which is opened with O_NOFOLLOW: the kernel then refuses to walk
 * through a link (ELOOP), so that nothing has to be resolved beforehand. The path without empty and
 * "." segments, in the arena, where its directory is below a root; NULL where it is not, where the
 * kernel cannot refuse links on the way, and where there is no memory. */
const char *file_roots_unresolved(struct file_roots *roots, const char *path, struct arena *arena);

#endif
