/*
 * namespace.h — list, create, load, drop namespaces, and change their properties.
 *
 * Spec:     REST protocol, listNamespaces … updateProperties
 * Errors:   ERROR_NO_SUCH_NAMESPACE "Namespace does not exist: a.b", ERROR_ALREADY_EXISTS,
 *           ERROR_NAMESPACE_NOT_EMPTY, ERROR_UNPROCESSABLE (a key both updated and removed)
 * Rule:     a parent must exist; a namespace with tables, views or children is not dropped
 */
#ifndef CATALOG_NAMESPACE_H
#define CATALOG_NAMESPACE_H

#include <jansson.h>

#include "catalog/catalog.h"
#include "catalog/page.h"

/* `parent` is a path or empty for the top level. */
bool namespace_list(struct call *call, struct slice parent, const struct page_request *page,
                    struct name_page *ret_page, struct error *err);
/* request = {"namespace": [...], "properties": {...}?}; *ret_row has the stored properties. */
bool namespace_create(struct call *call, const json_t *request, struct namespace_row *ret_row,
                      struct error *err);
bool namespace_load(struct call *call, struct slice path, struct namespace_row *ret_row,
                    struct error *err);
bool namespace_drop(struct call *call, struct slice path, struct error *err);

/* request = {"removals": [...]?, "updates": {...}?}; *ret_answer = {"updated","removed","missing"},
 * owned by the caller. */
bool namespace_update_properties(struct call *call, struct slice path, const json_t *request,
                                 json_t **ret_answer, struct error *err);

#endif
