/*
 * warehouse.h — the catalogs within one server: each has its namespaces and its place for tables.
 *
 * Owns:     struct warehouse_set holds the current ones; those handed out are references
 * Errors:   ERROR_NO_SUCH_WAREHOUSE, ERROR_ALREADY_EXISTS, ERROR_CONFLICT (not empty, or the
 *           default), ERROR_BAD_REQUEST
 * Threads:  any
 * Rule:     a name is 1-64 characters of A-Z a-z 0-9 . _ - and no word of the routes
 *           ("namespaces", "tables", "views", "transactions", "config", "oauth",
 *           "aws")
 */
#ifndef CATALOG_WAREHOUSE_H
#define CATALOG_WAREHOUSE_H

#include <jansson.h>

#include "catalog/catalog.h"

#define DEFAULT_WAREHOUSE_NAME "default"

/* By name; the empty name is the default warehouse. Give it back with warehouse_unref. */
bool warehouse_find(struct catalog *catalog, struct slice name, const struct warehouse **ret,
                    struct error *err);
/* As /v1/config?warehouse= has it: by name, else by location. */
bool warehouse_find_any(struct catalog *catalog, struct slice name_or_location,
                        const struct warehouse **ret, struct error *err);
void warehouse_unref(const struct warehouse *warehouse); /* NULL is fine */

/* Management. `request` = {"name", "location", "properties"?, "default"?}; alter takes all but
 * name. Returned references are the caller's. call->warehouse is not used. */
bool warehouse_list(struct call *call, const struct warehouse ***ret, size_t *ret_count,
                    struct error *err);
bool warehouse_create(struct call *call, const json_t *request, const struct warehouse **ret,
                      struct error *err);
bool warehouse_alter(struct call *call, struct slice name, const json_t *request,
                     const struct warehouse **ret, struct error *err);
bool warehouse_remove(struct call *call, struct slice name, struct error *err);

#endif
