/*
 * append_rebase.h — a fast append that comes too late, carried over to the branch's new head.
 *
 * Where the table asks for it (catalog/rebase_policy.h) and a commit does nothing but append, it is
 * rewritten as its client would have made it on the head that the branch has now: the server writes
 * the manifest list, and the requirement and the snapshot name the new parent. The rewritten commit
 * then goes the way of every other. What is not certain to be such an append stays as it was sent,
 * and is refused with the reason.
 *
 * Spec:     table spec, "Optimistic Concurrency", "Sequence Numbers", "Manifest Lists",
 *           "Row Lineage"
 * Owns:     what it has read of the client's files (once, for all rounds of the commit), and the
 *           JSON of the rewritten commit
 * Errors:   as in commit.h; that a commit cannot be carried over is no error, but a reason
 * Threads:  one struct per table of a request
 * Rule:     the snapshot id stays the client's, by which it knows its snapshot again, and its files
 *           are left alone: the client may still look at the manifest list that it wrote
 */
#ifndef CATALOG_APPEND_REBASE_H
#define CATALOG_APPEND_REBASE_H

#include "catalog/append_manifests.h"
#include "catalog/append_request.h"
#include "catalog/metadata_store.h"

enum append_files { APPEND_FILES_UNREAD, APPEND_FILES_READ, APPEND_FILES_REFUSED };

struct append_rebase {
    struct call *call;
    struct append_request request;
    enum append_files files;
    struct append_manifests manifests;
    struct error refusal; /* of the files: it holds for every head */
    struct error reason;  /* why the last look did not carry the commit over; or none */
    int64_t head_id;      /* of the last look that did; NO_SNAPSHOT: the branch is new */
    json_t *requirements; /* the rewritten commit */
    json_t *updates;
};

void append_rebase_init(struct append_rebase *rebase, struct call *call);
void append_rebase_finish(struct append_rebase *rebase); /* zeroes are fine */

/* Looks at a commit to a table that is `base` and lies at `place` (canonical). *ret_late: it is to
 * be carried over, and its requirements are rebase->requirements. The first look at a late commit
 * reads its files. */
bool append_rebase_look(struct append_rebase *rebase, const json_t *requirements,
                        const json_t *updates, const struct table_metadata *base,
                        struct slice place, bool *ret_late, struct error *err);

/* After a look that said so: writes the manifest list, which the commit's transaction is to carry.
 * The updates are rebase->updates. */
bool append_rebase_write(struct append_rebase *rebase, const struct table_metadata *base,
                         struct slice place, struct carried_file *ret_list, struct error *err);

/* Adds to a refusal why the commit was not carried over, where there is a reason. Always false. */
bool append_rebase_explain(const struct append_rebase *rebase, struct error *err);

#endif
