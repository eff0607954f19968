/*
 * seen_files.h — which metadata files were there a moment ago.
 *
 * Clients must hear of a metadata file that is gone, so a load looks for it even where all that it
 * answers is in memory. How long a look is good for depends on what it costs: of a local file, a
 * system call, loads that come within the same SEEN_NEAR_TICK_US share one, which is sooner than
 * any client can have its answer, remove the file and ask again; one in an object store, a round
 * trip, is looked for once a minute.
 *
 * Owns:     a table of fixed size: what is new takes the place of what is old
 * Threads:  any; atomic words
 * Rule:     forgetting costs a look, and remembering wrongly a late answer that a file is gone: so
 *           a slot keeps 40 bits of the name's hash, not the name
 */
#ifndef CATALOG_SEEN_FILES_H
#define CATALOG_SEEN_FILES_H

#include "base/error.h"
#include "base/slice.h"

/* A file that was seen is trusted until so many ticks have begun since. */
struct seen_trust {
    int64_t tick_us;
    unsigned tick_count;
};

#define SEEN_NEAR_TICK_US 100
#define SEEN_NEAR ((struct seen_trust){SEEN_NEAR_TICK_US, 1})
#define SEEN_FAR ((struct seen_trust){1000 * 1000, 60})

struct seen_files;

bool seen_files_create(struct seen_trust trust, struct seen_files **ret_files, struct error *err);
void seen_files_destroy(struct seen_files *files); /* NULL is fine */

/* Times are monotonic. */
void seen_files_note(struct seen_files *files, struct slice location, int64_t now_us);
bool seen_files_has(const struct seen_files *files, struct slice location, int64_t now_us);

#endif
