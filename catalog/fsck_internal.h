/*
 * fsck_internal.h — what the files of fsck share: one run, one entity's check, its problems.
 *
 * Owns:     struct fsck its arena and sets for the whole run; struct fsck_check an arena for one
 *           entity
 * Threads:  one
 */
#ifndef CATALOG_FSCK_INTERNAL_H
#define CATALOG_FSCK_INTERNAL_H

#include "base/crew.h"
#include "base/text_set.h"
#include "catalog/fsck.h"
#include "catalog/metadata_store.h"

struct fsck {
    struct catalog catalog; /* the stores and the cache alone: nothing runs in it */
    const struct fsck_options *options;
    struct fsck_summary summary;
    int64_t total; /* of entities, where somebody wants to see the progress */
    struct crew *crew; /* that lends a hand in looking for files; NULL: none was needed */
    struct arena arena;
    struct warehouse_row *warehouses;
    size_t warehouse_count;
    struct text_set directories; /* that were listed */
    struct text_set candidates;  /* canonical locations of metadata files that may be orphans */
    struct text_set known;       /* …of them those that are not */
    struct text_set carried;     /* locations of files whose bytes the database has */
    bool is_unsure;              /* a metadata log could not be read: nothing is deleted */
};

struct fsck_problem {
    struct fsck_problem *next;
    enum fsck_kind kind;
    struct slice file;
    struct slice detail;
};

/* One entity as its row was read. Problems are kept until it is known that the pointer stayed. */
struct fsck_check {
    struct fsck *fsck;
    struct entity_row row;
    struct arena arena;
    struct fsck_problem *first;
    struct fsck_problem **end;
};

bool fsck_problem_add(struct fsck_check *check, enum fsck_kind kind, struct slice file,
                      struct slice detail, struct error *err);
/* The same for an error that a file gave: not there, `broken`, or unreadable. True where it became
 * a problem; false with *err for what ends the run (memory). */
bool fsck_problem_of(struct fsck_check *check, enum fsck_kind missing, enum fsck_kind broken,
                     struct slice file, const struct error *cause, struct error *err);

/* Every file of every snapshot (fsck_deep.c). */
bool fsck_snapshots(struct fsck_check *check, const struct table_metadata *metadata,
                    struct error *err);

/* Notes what may be an orphan beside this table; `metadata` is NULL where it cannot be read
 * (fsck_orphan.c). */
bool fsck_orphans_note(struct fsck_check *check, const struct table_metadata *metadata,
                       struct error *err);
/* At the end: which of them are, and what becomes of them. */
bool fsck_orphans_report(struct fsck *fsck, struct error *err);

/* Calls `visit` for each entity of the catalog, in pages of short views; rows are valid during the
 * call. */
bool fsck_walk(struct fsck *fsck,
               bool (*visit)(struct fsck *fsck, const struct entity_row *row, struct error *err),
               struct error *err);

#endif
