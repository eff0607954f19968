/*
 * lookup.h — "it must be there" and "the name must be free", with the sentences clients know.
 *
 * Errors:   ERROR_NO_SUCH_NAMESPACE "Namespace does not exist: a.b", ERROR_NO_SUCH_TABLE "Table
 *           does not exist: a.t", ERROR_NO_SUCH_VIEW, ERROR_ALREADY_EXISTS "Table already exists:
 *           a.t", "View with same name already exists: a.t" …
 * Owns:     rows are in the call's arena
 */
#ifndef CATALOG_LOOKUP_H
#define CATALOG_LOOKUP_H

#include "catalog/catalog.h"

bool namespace_must_exist(const struct call *call, struct pointer_view *view, struct slice path,
                          struct namespace_row *ret_row, struct error *err);

/* A view where a table is asked for is no table, and the reverse. */
bool entity_must_exist(const struct call *call, struct pointer_view *view,
                       struct entity_name name, enum entity_kind kind, struct entity_row *ret_row,
                       struct error *err);

/* The same from memory, or else in a view of its own. As far as clients can tell, all tables and
 * views that are found this way are read from one state that only goes forward. */
bool entity_find(const struct call *call, struct entity_name name, enum entity_kind kind,
                 struct entity_row *ret_row, struct error *err);

/* Neither a table nor a view has the name that an entity of `kind` is to get. */
bool entity_must_not_exist(const struct call *call, struct pointer_view *view,
                           struct entity_name name, enum entity_kind kind, struct error *err);


#endif
