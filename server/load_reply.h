/*
 * load_reply.h — the answers that carry metadata, made once for each metadata file and kept.
 *
 * LoadTableResult is spliced: a few bytes, the stored metadata's own bytes, a few more. Nothing is
 * parsed or printed, and what is kept can never be stale, because the file that it came from is
 * never changed. It may be gone, though, so a local file is looked for before each answer.
 *
 * Spec:     REST protocol, LoadTableResult, LoadViewResult; If-None-Match and ETag
 * Errors:   ERROR_NOT_FOUND where the metadata file is gone
 * Threads:  any
 */
#ifndef SERVER_LOAD_REPLY_H
#define SERVER_LOAD_REPLY_H

#include "catalog/table.h"
#include "catalog/view.h"
#include "server/access.h"
#include "server/op.h"

enum representation {
    REPRESENT_ALL,  /* a table as it is */
    REPRESENT_REFS, /* a table with the snapshots that branches and tags name */
    REPRESENT_VIEW,
};

/* From memory alone, or the 304 of what the client holds; else *ret_reply is NULL. */
bool load_reply_peek(struct op *op, struct entity_name name, enum representation representation,
                     struct reply **ret_reply, struct error *err);
/* The same of a table whose pointer is not in memory: asks for that and not for its metadata. May
 * wait. */
bool load_reply_held(struct op *op, struct entity_name name, enum representation representation,
                     struct reply **ret_reply, struct error *err);

/* The same with the access that was made before; access_none: nothing is told of it. */
bool load_reply_table_with(struct op *op, const struct table_result *result,
                           enum representation representation, const struct access *access,
                           struct reply **ret_reply, struct error *err);
/* Kept from here on (but not a staged table's, which has no metadata file). */
bool load_reply_table(struct op *op, const struct table_result *result,
                      enum representation representation, struct reply **ret_reply,
                      struct error *err);
/* The same for what a commit has just made; kept only where it is small. */
bool load_reply_commit(struct op *op, const struct table_result *result, struct reply **ret_reply,
                       struct error *err);
bool load_reply_view(struct op *op, const struct view_result *result, struct reply **ret_reply,
                     struct error *err);

/* Takes `owned` over; *ret_reply is it, or its 304 where the client holds it already. */
void load_reply_unless_held(struct op *op, struct reply *owned, struct reply **ret_reply);

#endif
