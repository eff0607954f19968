/*
 * location.h — when are two locations the same place, and when does one lie within another.
 *
 * A location keeps the spelling it was given wherever it is shown; comparisons use the canonical
 * form made here: lower-case scheme, aliases folded (s3a, s3n → s3; abfs, wasb, wasbs → abfss, with
 * the account's host in lower case and as `account.dfs.…`), `file:/x`, `file:///x` and `/x` as
 * `file:///x`, no trailing slash, no empty and no `.` segments.
 *
 * Errors:   ERROR_BAD_REQUEST: no scheme or absolute path, a `..` segment in any encoding
 *           (`..`, `%2e%2e`), a control character, an encoded slash or NUL, query or fragment; of
 *           Azure's an authority other than container@account.domain
 * Threads:  pure functions
 */
#ifndef STORAGE_LOCATION_H
#define STORAGE_LOCATION_H

#include "base/arena.h"
#include "base/error.h"

/* The canonical form, in the arena. */
bool location_canonical(struct slice location, struct arena *arena, struct slice *ret_canonical,
                        struct error *err);

/* Both canonical. True where `inner` equals `outer` or lies below it, on a '/' boundary. */
bool location_is_within(struct slice inner, struct slice outer);

/* `location` with trailing slashes removed: a view. "s3://b/" gives "s3://b", "file:///" itself. */
struct slice location_strip_slash(struct slice location);

/* The part before the first ':' ("file" for a plain absolute path). */
struct slice location_scheme(struct slice location);

#endif
