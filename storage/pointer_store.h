/*
 * pointer_store.h — what must never be lost: warehouses, namespaces, the pointer of every table and
 * view, what was dropped and can be brought back, the change log, idempotency records, the purge
 * queue, metrics reports.
 *
 * Reads go through a view; changes are jobs that one writer thread runs. All jobs that wait are run
 * in one transaction, and each caller returns when that transaction is durable: one fsync pays for
 * many.
 *
 * Owns:     the database and the writer thread; rows that are read live in the caller's arena
 * Errors:   a job's own error is returned to its caller and undoes that job alone.
 *           ERROR_COMMIT_UNKNOWN where it cannot be known whether the transaction became durable:
 *           a view that is begun afterwards tells; ERROR_STORAGE_FULL, ERROR_STORAGE, ERROR_CORRUPT
 *           otherwise, and then nothing was changed
 * Threads:  all functions on the store may be called from any thread; a view or transaction belongs
 *           to one thread
 * Rule:     one process owns the database (a second open is refused); what is acknowledged was
 *           synced
 */
#ifndef STORAGE_POINTER_STORE_H
#define STORAGE_POINTER_STORE_H

#include <semaphore.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/waiter.h"
#include "base/histogram.h"

struct pointer_store;
struct pointer_view; /* a read snapshot, or a transaction's own state */
struct pointer_txn;

/* Namespace levels are joined by this byte wherever a namespace is one text. */
#define NAMESPACE_SEPARATOR '\x1F'

/* Tables and views share one name space in each namespace; functions have one of their own. */
enum entity_kind { ENTITY_TABLE = 1, ENTITY_VIEW = 2, ENTITY_FUNCTION = 3 };

struct warehouse_row {
    int64_t id;
    struct slice name;
    struct slice location;   /* as given: default locations are made below it */
    struct slice properties; /* JSON object text: what /v1/config and loads add, policies */
    bool is_default;
    int64_t created_ms;
};

/* How a warehouse's object store is reached; warehouses on local files have none. */
struct storage_row {
    int64_t warehouse_id;
    struct slice profile; /* JSON (storage/storage_profile.h), without secrets */
    struct slice secrets; /* a box (storage/secret_box.h); empty: it has none */
};

struct namespace_row {
    int64_t id;
    int64_t warehouse_id;
    struct slice path;       /* levels joined by NAMESPACE_SEPARATOR */
    struct slice properties; /* JSON object text */
};

struct entity_row {
    int64_t id;
    int64_t warehouse_id;
    int64_t namespace_id;
    enum entity_kind kind;
    struct slice namespace_path;
    struct slice name;
    struct slice uuid;
    struct slice location; /* canonical form (storage/location.h), for overlap checks */
    struct slice metadata_location;
    int64_t version; /* 1 at creation, +1 with each swap */
    int64_t updated_ms;
    bool is_dropped; /* and kept (struct dropped_row): only where a function says that it may be */
};

/* A drop that can be undone. Its namespace and its location are not free until it ends. */
struct dropped_row {
    struct entity_row entity; /* as it was, its id included */
    int64_t dropped_ms;
    int64_t until_ms;
    bool purge; /* its files are to go with it */
};

struct change_row {
    int64_t sequence; /* given by the store */
    int64_t warehouse_id;
    const char *operation;    /* an operationId of openapi/operations.h */
    struct slice entity_uuid; /* empty for namespaces and warehouses */
    struct slice namespace_path;
    struct slice name;
    struct slice old_location; /* metadata locations; for a rename the old "namespace 0x1F name" */
    struct slice new_location;
    struct slice actor;
    struct slice request_id;
    int64_t time_ms;
};

/* What is kept so that a repeated Idempotency-Key gives the same answer. */
struct idempotency_row {
    struct slice key;
    struct slice request_digest; /* of method, path, query and body: another request is 400 */
    int64_t status;
    struct slice error_kind; /* error_kind_name, empty for success */
    struct slice error_message;
    struct slice metadata_location; /* tables and views: the answer is made from it again */
    struct slice body;              /* small answers of other operations */
    int64_t created_ms;
};

struct purge_row {
    int64_t id;
    int64_t warehouse_id;
    enum entity_kind kind;
    struct slice uuid;     /* empty in entries of an older version */
    struct slice location; /* canonical */
    struct slice metadata_location;
    int64_t attempts;
    int64_t files_left;  /* by the last attempt: not the server's to delete */
    struct slice reason; /* why the last attempt failed */
};

struct metrics_row {
    int64_t id;
    struct slice entity_uuid;
    struct slice report; /* JSON as received */
    int64_t time_ms;
};

/* A file whose bytes became durable in a transaction, and that may not be durable by itself. */
struct pending_row {
    int64_t id;
    struct slice location;
};

struct secret_row {
    struct slice name;
    int64_t version; /* from 1; a new one does not take the old one away */
    struct slice value;
};

struct pointer_store_options {
    const char *path; /* of the SQLite file, in a directory that exists */
    const char *vfs;  /* NULL, or the name of a registered VFS (fault tests) */
    const struct clock *clock;
    int busy_timeout_ms;
    bool is_reader; /* looks at a database that another process may be serving: see below */
};

/* Opens or creates, takes the lock of the data directory (data_lock.h), migrates, starts the
 * writer. ERROR_CONFLICT where another server has it; ERROR_CORRUPT for a file that is not ours,
 * damaged, or written by a newer version (the sentence says which). */
bool pointer_store_open(const struct pointer_store_options *options,
                        struct pointer_store **ret_store, struct error *err);
/* With is_reader: takes no lock, starts no writer, changes nothing, and needs a database that is
 * there (ERROR_NOT_FOUND); then views alone may be used. */
/* Waits for the writer's queue to drain, checkpoints, closes. NULL is fine. */
void pointer_store_close(struct pointer_store *store);

/* True where the last server on this database did not end by itself: what it had not synced may
 * still be lost. */
bool pointer_store_was_killed(const struct pointer_store *store);

/* --- reading ------------------------------------------------------------------------------ */

/* A view of the newest committed state; give it back with pointer_view_end on the same thread. */
bool pointer_view_begin(struct pointer_store *store, struct pointer_view **ret_view,
                        struct error *err);
void pointer_view_end(struct pointer_view *view); /* NULL is fine */

bool pointer_warehouse_list(struct pointer_view *view, struct arena *arena,
                            struct warehouse_row **ret_rows, size_t *ret_count, struct error *err);

/* All of them, by warehouse id; none in a database from before there were any. */
bool pointer_storage_list(struct pointer_view *view, struct arena *arena,
                          struct storage_row **ret_rows, size_t *ret_count, struct error *err);

/* Single rows: *ret_found tells whether it is there; an absent row is not an error. */
bool pointer_namespace_get(struct pointer_view *view, int64_t warehouse_id, struct slice path,
                           struct arena *arena, struct namespace_row *ret_row, bool *ret_found,
                           struct error *err);
/* Children of a namespace (parent_id 0: top level) whose last level is > after, in that order, at
 * most `limit`. */
bool pointer_namespace_list(struct pointer_view *view, int64_t warehouse_id, int64_t parent_id,
                            struct slice after, int64_t limit, struct arena *arena,
                            struct namespace_row **ret_rows, size_t *ret_count, struct error *err);
/* What keeps a namespace from being dropped: counts, each capped at 1. */
struct namespace_content {
    bool has_tables;
    bool has_views;
    bool has_functions;
    bool has_children;
};
bool pointer_namespace_content(struct pointer_view *view, int64_t namespace_id,
                               struct namespace_content *ret_content, struct error *err);

/* How much there is of everything, in all warehouses. Goes through all rows. */
struct pointer_totals {
    int64_t namespaces;
    int64_t tables;
    int64_t views;
    int64_t functions;
    int64_t dropped; /* and kept */
    int64_t purges;  /* that wait, or failed so far */
};
bool pointer_totals(struct pointer_view *view, struct pointer_totals *ret_totals,
                    struct error *err);

/* The table or view of that name: they share one name space (functions are not found here). */
bool pointer_entity_get(struct pointer_view *view, int64_t warehouse_id,
                        struct slice namespace_path, struct slice name, struct arena *arena,
                        struct entity_row *ret_row, bool *ret_found, struct error *err);
/* The function of that name. */
bool pointer_function_get(struct pointer_view *view, int64_t warehouse_id,
                          struct slice namespace_path, struct slice name, struct arena *arena,
                          struct entity_row *ret_row, bool *ret_found, struct error *err);
bool pointer_entity_list(struct pointer_view *view, int64_t namespace_id, enum entity_kind kind,
                         struct slice after, int64_t limit, struct arena *arena,
                         struct entity_row **ret_rows, size_t *ret_count, struct error *err);
/* Tables, views and functions of every warehouse with id > after, in that order, at most `limit`;
 * those that were dropped and are kept included. */
bool pointer_entity_walk(struct pointer_view *view, int64_t after, int64_t limit,
                         struct arena *arena, struct entity_row **ret_rows, size_t *ret_count,
                         struct error *err);
/* By its id, whatever its name is now. */
bool pointer_entity_get_by_id(struct pointer_view *view, int64_t id, struct arena *arena,
                              struct entity_row *ret_row, bool *ret_found, struct error *err);
/* Some table (not a view) of any warehouse whose location equals, contains or lies within
 * `location` (canonical), other than `except_id`: two warehouses may share a bucket. It may be one
 * that was dropped and is kept. */
bool pointer_location_overlap(struct pointer_view *view, struct slice location, int64_t except_id,
                              struct arena *arena, struct entity_row *ret_row, bool *ret_found,
                              struct error *err);

/* Entities of all kinds whose metadata file has this name (what stands behind the last '/'), in
 * whatever directory; not those tables that have it within their own location. Some may have been
 * dropped and be kept. */
bool pointer_entity_by_metadata_name(struct pointer_view *view, struct slice name,
                                     struct arena *arena, struct entity_row **ret_rows,
                                     size_t *ret_count, struct error *err);
/* The table with this uuid, in any warehouse; letters of both cases are equal. */
bool pointer_entity_by_uuid(struct pointer_view *view, struct slice uuid, struct arena *arena,
                            struct entity_row *ret_row, bool *ret_found, struct error *err);

/* Where a page of dropped_list begins: behind the drop with this time and id. */
struct dropped_place {
    int64_t dropped_ms;
    int64_t id;
};
#define DROPPED_FROM_START ((struct dropped_place){INT64_MAX, INT64_MAX})
/* What was dropped in a warehouse and can be brought back, the last drop first. */
bool pointer_dropped_list(struct pointer_view *view, int64_t warehouse_id,
                          struct dropped_place after, int64_t limit, struct arena *arena,
                          struct dropped_row **ret_rows, size_t *ret_count, struct error *err);
/* Of any kind, in no order; a name may have been dropped more than once. */
bool pointer_dropped_by_name(struct pointer_view *view, int64_t warehouse_id,
                             struct slice namespace_path, struct slice name, int64_t limit,
                             struct arena *arena, struct dropped_row **ret_rows, size_t *ret_count,
                             struct error *err);
/* In every warehouse; letters of both cases are equal. */
bool pointer_dropped_by_uuid(struct pointer_view *view, struct slice uuid, int64_t limit,
                             struct arena *arena, struct dropped_row **ret_rows, size_t *ret_count,
                             struct error *err);
/* Those that end at `until_ms` or before, the earliest first. */
bool pointer_dropped_due(struct pointer_view *view, int64_t until_ms, int64_t limit,
                         struct arena *arena, struct dropped_row **ret_rows, size_t *ret_count,
                         struct error *err);

bool pointer_idempotency_get(struct pointer_view *view, struct slice key, struct arena *arena,
                             struct idempotency_row *ret_row, bool *ret_found, struct error *err);
bool pointer_purge_list(struct pointer_view *view, int64_t limit, struct arena *arena,
                        struct purge_row **ret_rows, size_t *ret_count, struct error *err);
/* Some entry of the table with this uuid. */
bool pointer_purge_by_uuid(struct pointer_view *view, struct slice uuid, struct arena *arena,
                           struct purge_row *ret_row, bool *ret_found, struct error *err);
/* Some entry whose location equals, contains or lies within `location` (canonical). */
bool pointer_purge_overlap(struct pointer_view *view, struct slice location, struct arena *arena,
                           struct purge_row *ret_row, bool *ret_found, struct error *err);
/* The highest id that any entry has had: unequal at two times means that a drop came between. */
bool pointer_purge_last(struct pointer_view *view, int64_t *ret_id, struct error *err);
bool pointer_metrics_list(struct pointer_view *view, struct slice entity_uuid, int64_t limit,
                          struct arena *arena, struct metrics_row **ret_rows, size_t *ret_count,
                          struct error *err);
/* Change log entries with sequence > after, oldest first. warehouse_id 0: all. */
bool pointer_change_list(struct pointer_view *view, int64_t warehouse_id, int64_t after,
                         int64_t limit, struct arena *arena, struct change_row **ret_rows,
                         size_t *ret_count, struct error *err);

/* Files that are not known to be durable, with id < before, the latest first, at most `capacity`;
 * their locations are in the arena. */
bool pointer_pending_list(struct pointer_view *view, int64_t before, struct arena *arena,
                          struct pending_row *rows, size_t capacity, size_t *ret_count,
                          struct error *err);
/* The file's bytes as they were carried, and those of the file that they need (empty: none). */
bool pointer_pending_get(struct pointer_view *view, int64_t id, struct arena *arena,
                         struct slice *ret_bytes, struct slice *ret_base, bool *ret_found,
                         struct error *err);

/* The newest secret of a name: what tokens are sealed with. Hexadecimal digits. */
bool pointer_secret_get(struct pointer_view *view, struct slice name, struct arena *arena,
                        struct secret_row *ret_row, bool *ret_found, struct error *err);

/* After a view that was read because memory did not know a name: waits until memory shows all that
 * the view may have shown, at most as long as one commit takes. */
void pointer_store_catch_up(struct pointer_store *store);

/* A table's or view's pointer from memory alone, without any system call: false where it is not
 * known there (which says nothing about whether it exists). Strings are copied into the arena. */
bool pointer_store_peek(struct pointer_store *store, int64_t warehouse_id,
                        struct slice namespace_path, struct slice name, struct arena *arena,
                        struct entity_row *ret_row);

/* A number that is another one as soon as a change is acknowledged after which the namespace (the
 * empty path: the top level) holds other tables, views, functions or namespaces, or is there or not
 * there itself. Asked for before a view begins, it tells later whether what was listed from that
 * view still holds. From memory alone. */
uint64_t pointer_store_listing_version(const struct pointer_store *store, int64_t warehouse_id,
                                       struct slice namespace_path);

/* --- changing ----------------------------------------------------------------------------- */

/* One change. May be run more than once (when a neighbour in the batch broke the transaction), so
 * it only sets outputs in `context` and never accumulates. False with *err set undoes it. */
typedef bool (*pointer_job_fn)(struct pointer_txn *txn, void *context, struct error *err);

/* Runs the job in the next transaction and returns when that is durable or has failed. */
bool pointer_store_write(struct pointer_store *store, pointer_job_fn job, void *context,
                         struct error *err);

/* The same in two steps: what is submitted first is run first. `write` is the caller's memory, and
 * must stay until pointer_store_wait has returned, which has to follow. A store that is closing
 * answers in the second step, which waits with `waiter`, or as a thread where that is NULL. */
struct pointer_write;
void pointer_store_submit(struct pointer_store *store, pointer_job_fn job, void *context,
                          struct waiter *waiter, struct pointer_write *write);
bool pointer_store_wait(struct pointer_write *write, struct error *err);

/* Nobody but the writer looks inside. */
struct pointer_write {
    struct pointer_write *next;
    pointer_job_fn run;
    void *context;
    struct cache_entry *changes;
    struct error error;
    bool ok;
    struct waiter *waiter; /* NULL: `answered` is waited for */
    sem_t answered;
};

/* Writes by how many shared one transaction and its syncs (histogram_batch). Any thread. */
const struct histogram *pointer_store_batches(const struct pointer_store *store);

/* A durable write that no reader sees: does the database take changes right now? */
bool pointer_store_probe(struct pointer_store *store, struct error *err);

/* Reads as the transaction sees them; valid while the job runs, not to be given back. */
struct pointer_view *pointer_txn_view(struct pointer_txn *txn);

/* ERROR_ALREADY_EXISTS where the name is taken. is_default moves the flag from its holder.
 * created_ms is the store's clock. */
bool pointer_warehouse_insert(struct pointer_txn *txn, const struct warehouse_row *row,
                              int64_t *ret_id, struct error *err);
bool pointer_warehouse_update(struct pointer_txn *txn, const struct warehouse_row *row,
                              struct error *err);
/* In place of what the warehouse had; an empty profile: none from now on. */
bool pointer_storage_put(struct pointer_txn *txn, const struct storage_row *row, struct error *err);
/* ERROR_CONFLICT where it still holds a namespace. */
bool pointer_warehouse_delete(struct pointer_txn *txn, int64_t id, struct error *err);

/* ERROR_ALREADY_EXISTS "Namespace already exists: a.b"; the parent must be checked by the caller in
 * the same job. parent_id 0: top level. */
bool pointer_namespace_insert(struct pointer_txn *txn, int64_t warehouse_id, int64_t parent_id,
                              struct slice path, struct slice properties, int64_t *ret_id,
                              struct error *err);
bool pointer_namespace_set_properties(struct pointer_txn *txn, int64_t id, struct slice properties,
                                      struct error *err);
/* ERROR_NAMESPACE_NOT_EMPTY where anything is in it, or was dropped from it and is kept. */
bool pointer_namespace_delete(struct pointer_txn *txn, int64_t id, struct error *err);

/* Uses namespace_id, kind, name, uuid, location, metadata_location of the row. ERROR_ALREADY_EXISTS
 * where the name is taken by a table or view. */
bool pointer_entity_insert(struct pointer_txn *txn, const struct entity_row *row, int64_t *ret_id,
                           struct error *err);
/* Compare-and-swap: the pointer moves from `expected` to `metadata_location` (and the row's
 * location becomes `location`) only where it still equals `expected`; *ret_swapped tells. */
bool pointer_entity_swap(struct pointer_txn *txn, int64_t id, struct slice expected,
                         struct slice metadata_location, struct slice location, bool *ret_swapped,
                         struct error *err);
bool pointer_entity_rename(struct pointer_txn *txn, int64_t id, int64_t namespace_id,
                           struct slice name, struct error *err);
/* Rename and delete: ERROR_NO_SUCH_TABLE where the id is gone (of a table or a view). */
bool pointer_entity_delete(struct pointer_txn *txn, int64_t id, struct error *err);

/* As pointer_entity_delete, and it can be restored until the store's clock has gone on by
 * `keep_ms`: what ends it then is pointer_dropped_delete. */
bool pointer_entity_drop(struct pointer_txn *txn, int64_t id, int64_t keep_ms, bool purge,
                         struct error *err);
/* The entity is there again, in a namespace and under a name that may be new. Uses id and kind of
 * the row. ERROR_ALREADY_EXISTS where the name is taken. */
bool pointer_dropped_restore(struct pointer_txn *txn, const struct entity_row *row,
                             int64_t namespace_id, struct slice name, struct error *err);
bool pointer_dropped_delete(struct pointer_txn *txn, int64_t id, struct error *err);

/* The caller has seen in the same job that the name has no such version. */
bool pointer_secret_insert(struct pointer_txn *txn, const struct secret_row *row,
                           struct error *err);

bool pointer_change_append(struct pointer_txn *txn, const struct change_row *row,
                           struct error *err);
/* Where the key has a record that was created at or after `oldest_ms`, that one stays and
 * *ret_is_new is false. An older one is replaced. */
bool pointer_idempotency_put(struct pointer_txn *txn, const struct idempotency_row *row,
                             int64_t oldest_ms, bool *ret_is_new, struct error *err);
bool pointer_idempotency_expire(struct pointer_txn *txn, int64_t created_before_ms,
                                struct error *err);
/* The transaction carries `bytes`, from which the file at `location` can be made again. */
bool pointer_pending_add(struct pointer_txn *txn, struct slice location, struct slice bytes,
                         int64_t *ret_id, struct error *err);
/* The same for bytes that make the file only together with those of row `base`. Where that row is
 * gone nothing is changed. */
bool pointer_pending_add_like(struct pointer_txn *txn, struct slice location, struct slice bytes,
                              int64_t base, int64_t *ret_id, bool *ret_has_base, struct error *err);
/* The order of ids of type int64_t, for qsort and bsearch. */
int pending_id_compare(const void *left, const void *right);
/* These files are durable by themselves, or gone for good. Their rows are deleted and ret_gone[i]
 * becomes true, but for those that the bytes of other rows need. `ids` is sorted. */
bool pointer_pending_done(struct pointer_txn *txn, const int64_t *ids, size_t count, bool *ret_gone,
                          struct error *err);
bool pointer_purge_add(struct pointer_txn *txn, const struct purge_row *row, struct error *err);
/* One attempt more. Uses id, files_left and reason of the row. */
bool pointer_purge_failed(struct pointer_txn *txn, const struct purge_row *row, struct error *err);
/* Entries with so many attempts, or more, count as not tried yet. */
bool pointer_purge_revive(struct pointer_txn *txn, int64_t attempts, struct error *err);
bool pointer_purge_done(struct pointer_txn *txn, int64_t id, struct error *err);
/* Keeps the newest `per_entity` reports of the entity and `in_all` of all. */
bool pointer_metrics_add(struct pointer_txn *txn, const struct metrics_row *row, int64_t per_entity,
                         int64_t in_all, struct error *err);

#endif
