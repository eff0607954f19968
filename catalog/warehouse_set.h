/*
 * warehouse_set.h — the warehouses in memory, as the database has them.
 *
 * Owns:     one reference to each warehouse
 * Threads:  any; one mutex, before the pointer store's locks: loading reads the database under it
 */
#ifndef CATALOG_WAREHOUSE_SET_H
#define CATALOG_WAREHOUSE_SET_H

#include "catalog/warehouse.h"

bool warehouse_set_create(struct warehouse_set **ret_set, struct error *err);
void warehouse_set_destroy(struct warehouse_set *set);
/* Reads all from the database and replaces what is in memory. */
bool warehouse_set_load(struct catalog *catalog, struct error *err);
bool warehouse_set_is_empty(struct warehouse_set *set);
/* The warehouse that `matches` accepts first, with a reference; NULL where there is none. */
const struct warehouse *warehouse_set_find(struct warehouse_set *set,
                                           bool (*matches)(const struct warehouse *, const void *),
                                           const void *context);
bool warehouse_set_list(struct warehouse_set *set, struct arena *arena,
                        const struct warehouse ***ret, size_t *ret_count, struct error *err);

#endif
