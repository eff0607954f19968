/*
 * warehouse_place.h — where a warehouse may lie: within what the server's operator has opened.
 *
 * Whoever can reach the management API can make warehouses, and tables may lie, be registered and
 * be purged anywhere below one: so a warehouse must not open more than the data directory and
 * --allow-location do. In an object store one opens only what the credentials open that come with
 * the very request; the machine's own, and those that the warehouse keeps from before, are lent
 * where --allow-location says. The default warehouse of an empty catalog lies where
 * --warehouse-location says, and is not asked about.
 *
 * Errors:   ERROR_FORBIDDEN for a place that is not open, holds the server's own files, or is the
 *           root of the file system; ERROR_CONFLICT for one that another warehouse has
 * Threads:  runs in the transaction that stores the warehouse
 */
#ifndef CATALOG_WAREHOUSE_PLACE_H
#define CATALOG_WAREHOUSE_PLACE_H

#include "catalog/warehouse_storage.h"

/* `row` has its location, and its id (which may be stored already); `storage` is how it will be
 * reached. */
bool warehouse_place_check(const struct call *call, struct pointer_txn *txn,
                           const struct warehouse_row *row, const struct storage_change *storage,
                           struct error *err);

#endif
