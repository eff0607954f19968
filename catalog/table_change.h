/*
 * table_change.h — one table's way through a commit: read, check and apply, write, swap, clean up.
 *
 * What updateTable, commitTransaction, createTable and registerTable share. The steps are called in
 * the order of the declarations below; a change that fails at any step is ended by
 * table_change_abandon, one that went through by table_change_complete.
 *
 * Owns:     references to the base and next metadata; texts are in the call's arena
 * Errors:   as in commit.h
 * Threads:  one struct per request
 */
#ifndef CATALOG_TABLE_CHANGE_H
#define CATALOG_TABLE_CHANGE_H

#include "catalog/append_rebase.h"
#include "catalog/commit_chain.h"
#include "catalog/metadata_store.h"
#include "catalog/table.h"
#include "catalog/table_update.h"

struct table_change {
    struct call *call;
    struct entity_name name;
    bool is_create;              /* the name must be free, a row is inserted */
    struct entity_row row;       /* as read (id 0 for a create) */
    struct table_metadata *base; /* NULL for a create */
    struct commit_tip *base_tip; /* the commit on its way that the base comes from, or NULL */
    struct append_rebase *rebase; /* of all rounds; NULL: nothing is carried over */

    struct table_metadata *next;      /* base itself where nothing changed */
    struct carried_file file;         /* its metadata file, where this change made it */
    struct carried_file list;         /* the manifest list that it made; no location: none */
    struct slice next_location;       /* file's, or where the metadata was found */
    struct slice canonical;           /* the table's location afterwards */
    struct table_update_result result;
    bool is_written; /* this change made the file */
    bool has_moved;  /* the swap found another pointer than the base's */
};

void table_change_init(struct table_change *change, struct call *call, struct entity_name name);
void table_change_finish(struct table_change *change);

/* Reads pointer and base; where a commit to the table is on its way, those that it stores. With
 * is_create: checks early that the name is free. */
bool table_change_read(struct table_change *change, struct error *err);

/* Checks all requirements against the base, applies the updates, checks where the table would lie,
 * and writes the new metadata file. A commit that changes nothing writes nothing. A late append is
 * carried over to the base first (append_rebase.h). */
bool table_change_apply(struct table_change *change, const json_t *requirements,
                        const json_t *updates, struct error *err);

/* Makes `text` the metadata of a table that is being created: parse, check the location, write. */
bool table_change_set_text(struct table_change *change, struct buffer *text, struct error *err);

/* Inside of the transaction: inserts the row, or swaps the pointer. */
bool table_change_store(struct table_change *change, struct pointer_txn *txn, struct error *err);

/* Fills a change-log row. */
void table_change_describe(const struct table_change *change, struct change_row *ret_row);

/* After an unknown outcome: true where the pointer, read again, is the one that was to be stored.
 */
bool table_change_has_arrived(struct table_change *change);

/* After the transaction: remembers the metadata, deletes files that fell out of the metadata log.
 */
void table_change_complete(struct table_change *change);
/* After a failure: deletes the file that was written, unless the outcome is unknown. */
void table_change_abandon(struct table_change *change, const struct error *cause);

/* What the change stores, for the next commit to build on. NULL for a create or where it changes
 * nothing, and where there is no memory: then the next commit waits for the database. */
struct commit_tip *table_change_tip(const struct table_change *change);

/* Moves the outcome to the caller. */
void table_change_result(struct table_change *change, struct table_result *ret_result);

#endif
