/*
 * entity.h — what tables and views have in common: lists, coming, renaming, leaving.
 *
 * Errors:   as in table.h and view.h; `kind` decides the words
 * Owns:     rows and pages are in the call's arena
 */
#ifndef CATALOG_ENTITY_H
#define CATALOG_ENTITY_H

#include "catalog/catalog.h"
#include "catalog/page.h"

bool entity_list(struct call *call, struct slice namespace_path, enum entity_kind kind,
                 const struct page_request *page, struct name_page *ret_page, struct error *err);

/* Within a transaction: a new row with the kind, uuid and locations of `part`, in a namespace that
 * must be there, under a name that must be free, and for a table where no other table lies. */
bool entity_insert(const struct call *call, struct pointer_txn *txn, struct entity_name name,
                   const struct entity_row *part, struct error *err);

/* request = RenameTableRequest {"source", "destination"}. */
bool entity_rename(struct call *call, const json_t *request, enum entity_kind kind,
                   struct error *err);

/* Where a warehouse keeps what is dropped (catalog/dropped.h), a drop can be undone; it queues the
 * files, where it purges, when that ends. An entity that is let go is another catalog's from then
 * on. */
enum removal { REMOVAL_LET_GO, REMOVAL_DROP, REMOVAL_PURGE };

/* Takes the entity out of the catalog where its pointer still is the one in `row`; where it has
 * moved on, *ret_moved is true, nothing was done, and the caller reads again. */
bool entity_remove(struct call *call, struct entity_name name, const struct entity_row *row,
                   enum removal removal, bool *ret_moved, struct error *err);

#endif
