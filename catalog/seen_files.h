/*
 * seen_files.h — which metadata files were there a moment ago, in stores where asking takes a round
 * trip.
 *
 * Clients must hear of a metadata file that is gone, so a load looks for it even where all that it
 * answers is in memory. A local file is looked for each time; one of an object store at most every
 * SEEN_FILE_TRUST_MS.
 *
 * Owns:     a table of fixed size: what is new takes the place of what is old
 * Threads:  any; atomic words
 * Rule:     forgetting costs a round trip, and remembering wrongly a late answer that a file is
 *           gone: so a slot keeps 40 bits of the name's hash, not the name
 */
#ifndef CATALOG_SEEN_FILES_H
#define CATALOG_SEEN_FILES_H

#include "base/error.h"
#include "base/slice.h"

#define SEEN_FILE_TRUST_MS 60000

struct seen_files;

bool seen_files_create(struct seen_files **ret_files, struct error *err);
void seen_files_destroy(struct seen_files *files); /* NULL is fine */

/* Times are monotonic. */
void seen_files_note(struct seen_files *files, struct slice location, int64_t now_ms);
bool seen_files_has(const struct seen_files *files, struct slice location, int64_t now_ms);

#endif
