/*
 * fsck.h — does the catalog agree with its files?
 *
 * Checked of each table, view and function (also of those that were dropped and are kept): the
 * metadata file that the pointer names is there, is metadata, and has the uuid and location of the
 * row. Deep: each manifest list, manifest and live data or delete file of each snapshot of a table
 * is there. And orphans: metadata files in the metadata directories of tables which no pointer and
 * no metadata log names, and which by the change log never were a pointer (files of commits that
 * did not come to be). What a table has left behind on purpose (old metadata that it does not
 * delete, a drop without purge) is no orphan.
 *
 * A file whose bytes the database carries until it is synced (catalog/pending_files.h) is no
 * finding where a crash has lost or torn it: the next start makes it good.
 *
 * Errors:   false only where the check itself cannot go on (database, memory, the report); what is
 *           wrong with files is a finding
 * Threads:  one, and more that look for files in object stores; the database may be in use by a
 *           server: a finding counts where the pointer is still the same afterwards
 * Rule:     nothing is changed, but for orphans where `may_delete` says so; then no server may run
 */
#ifndef CATALOG_FSCK_H
#define CATALOG_FSCK_H

#include "storage/object_store.h"
#include "storage/pointer_store.h"

/* X(enumerator, name) */
#define FSCK_KINDS(X)                                                                        \
    X(FSCK_METADATA_MISSING, "metadata-missing") /* the pointer's file is not there */       \
    X(FSCK_METADATA_BROKEN, "metadata-broken")   /* it is there, and is no metadata */       \
    X(FSCK_WRONG_UUID, "wrong-uuid")             /* it is of another table */                \
    X(FSCK_WRONG_LOCATION, "wrong-location")     /* it says that the table lies elsewhere */ \
    X(FSCK_FILE_MISSING, "file-missing")         /* a file of a snapshot */                  \
    X(FSCK_FILE_BROKEN, "file-broken")           /* a manifest or manifest list */           \
    X(FSCK_UNREADABLE, "unreadable")             /* the store failed, or has no access */    \
    X(FSCK_ORPHAN, "orphan")

enum fsck_kind {
#define X(enumerator, name) enumerator,
    FSCK_KINDS(X)
#undef X
        FSCK_KIND_COUNT
};

struct fsck_finding {
    enum fsck_kind kind;
    struct slice warehouse;          /* empty for orphans */
    const struct entity_row *entity; /* NULL for orphans */
    struct slice file;
    struct slice detail; /* a sentence; may be empty */
    bool is_deleted;     /* orphans */
};

struct secret_keys;

struct fsck_options {
    const struct secret_keys *secret_keys; /* of warehouses in object stores; NULL: none */
    bool is_deep;
    bool may_delete;
    bool is_served; /* a server runs: what is missing now, it does not write again */
    /* Called for each finding, whose texts are valid during the call only. */
    bool (*report)(void *context, const struct fsck_finding *finding, struct error *err);
    /* Called after each table, view and function; NULL: nobody looks. `total` is how many there
     * were at the start. */
    void (*progress)(void *context, int64_t done, int64_t total);
    void *context;
};

struct fsck_summary {
    int64_t entities; /* tables, views, functions, kept ones included */
    int64_t files;    /* looked for or read */
    int64_t findings; /* orphans included */
    int64_t deleted;
    int64_t carried; /* files that are not there or torn, and that the next start writes again */
};

const char *fsck_kind_name(enum fsck_kind kind);

bool fsck_run(struct pointer_store *pointers, struct object_stores *objects,
              const struct fsck_options *options, struct fsck_summary *ret_summary,
              struct error *err);

#endif
