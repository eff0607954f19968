/*
 * location_policy.h — where tables and views may lie, and where they lie by default.
 *
 * Errors:   ERROR_FORBIDDEN for a location outside the warehouse and the allowed locations,
 *           ERROR_VALIDATION for one that another table uses, ERROR_BAD_REQUEST for no location
 * Threads:  pure functions over the catalog's immutable settings
 * Rule:     overlap is checked in the transaction that inserts or moves the row
 */
#ifndef CATALOG_LOCATION_POLICY_H
#define CATALOG_LOCATION_POLICY_H

#include "catalog/catalog.h"

/* A client's location: *ret_canonical (in the arena) lies within the warehouse or an allowed
 * location. `what` names it in the error: "table location", "metadata location". */
bool location_check(const struct call *call, struct slice location, const char *what,
                    struct slice *ret_canonical, struct error *err);

/* Where metadata files are to be written: within the entity's own place `canonical` (which may be
 * one that the policy no longer allows), or anywhere that location_check allows. */
bool location_check_metadata(const struct call *call, struct slice directory,
                             struct slice canonical, struct error *err);

/* As location_check, where only the verdict counts. The server's own files are never allowed. */
bool location_is_allowed(const struct catalog *catalog, const struct warehouse *warehouse,
                         struct slice location, struct arena *arena);

/* Whether a file that a table's metadata names is the table's to delete, `place` being its
 * canonical location. Metadata may name any file in the world: outside of its place a table has
 * only what is allowed and lies in no other table's place, and nowhere the file that is some
 * table's, view's or function's metadata now. */
enum location_right {
    LOCATION_OURS,
    LOCATION_OF_ANOTHER, /* or the server's own */
    LOCATION_OUTSIDE,    /* of its place, of the warehouse and of the allowed locations */
};
enum location_right location_right(const struct catalog *catalog,
                                   const struct warehouse *warehouse, struct slice place,
                                   struct slice file, struct arena *arena);
/* The same, where only LOCATION_OURS counts. */
bool location_is_deletable(const struct catalog *catalog, const struct warehouse *warehouse,
                           struct slice place, struct slice file, struct arena *arena);

/* A file that a table's metadata, or what they name, says the server should read, `place` being the
 * table's canonical location, or empty: ERROR_FORBIDDEN unless it lies there or where
 * location_is_allowed. Any thread. */
bool location_check_read(const struct catalog *catalog, const struct warehouse *warehouse,
                         struct slice place, struct slice file, struct error *err);

/* "<base>/<name>", where base is the namespace's own `location` property or
 * "<warehouse>/<level>/<level>". Characters that some file system or client would change become
 * '_', and then a digest of the name keeps the result unique. With `suffix` (not empty) "-<suffix>"
 * follows. */
bool location_default(const struct call *call, struct slice namespace_path,
                      struct slice namespace_properties, struct slice name, struct slice suffix,
                      struct slice *ret_location, struct error *err);

/* Eight random digits that tell a place apart from all others of its name. */
bool location_suffix_make(const struct call *call, struct slice *ret_suffix, struct error *err);
/* The same where the warehouse wants each default location to have one, else empty. */
bool location_suffix_first(const struct call *call, struct slice *ret_suffix, struct error *err);

/* ERROR_VALIDATION naming the other table where the canonical location overlaps with one. */
bool location_check_free(struct pointer_view *view, struct arena *arena, struct slice canonical,
                         int64_t except_id, struct error *err);

#endif
