/*
 * dropped.h — tables and views that were dropped and can be brought back.
 *
 * In a warehouse that keeps what is dropped (catalog/retention.h) a drop moves the row aside: the
 * name is free at once, the namespace and the location are not. Until its retention ends it can be
 * brought back as it was: uuid, metadata, history. Then, or when it is forgotten before, its files
 * go to the purge queue where the drop asked for a purge, and stay otherwise.
 *
 * Errors:   ERROR_NO_SUCH_TABLE where nothing of that name or uuid is kept, ERROR_CONFLICT where
 *           that is more than one, ERROR_ALREADY_EXISTS for a name that is taken
 * Owns:     rows are in the call's arena
 * Threads:  any; an end by time comes from the purge thread, in order with all other changes
 * Rule:     what is kept has its row until it ends, and what has its row can be brought back
 */
#ifndef CATALOG_DROPPED_H
#define CATALOG_DROPPED_H

#include <jansson.h>

#include "catalog/catalog.h"

/* Who is written down as the actor where a retention ended by time. */
#define RETENTION_ACTOR "retention"

/* At most `size` of the call's warehouse, the last drop first. */
struct dropped_page {
    struct dropped_row *rows;
    size_t count;
    bool has_more;
};
bool dropped_list(struct call *call, struct dropped_place after, int64_t size,
                  struct dropped_page *ret_page, struct error *err);

/* request = {"uuid"?, "namespace" and "name"?, "destination"?: {"namespace", "name"}}: by its uuid,
 * by its name, or by both. The answer is call->outcome.body: {"type", "namespace",
 * "name", "uuid", "metadata-location", "purge-requested"}, where it is now. */
bool dropped_undrop(struct call *call, const json_t *request, struct error *err);
/* request = {"uuid"?, "namespace" and "name"?}: its retention ends now. The answer is
 * as that of undrop, where it was. */
bool dropped_forget(struct call *call, const json_t *request, struct error *err);

/* Of a table that comes in: ERROR_CONFLICT where one of its uuid is kept. */
bool dropped_admit(struct pointer_view *view, struct slice uuid, struct arena *arena,
                   struct error *err);
/* Is a table of this uuid kept? */
bool dropped_is_kept(struct pointer_view *view, struct slice uuid, struct arena *arena,
                     bool *ret_is_kept, struct error *err);

/* Ends the retentions whose time is over, up to some number; *ret_count tells how many. */
bool dropped_expire(struct catalog *catalog, size_t *ret_count, struct error *err);
/* When the next one ends; INT64_MAX: none is kept. */
bool dropped_next_end(struct catalog *catalog, int64_t *ret_until_ms, struct error *err);

#endif
