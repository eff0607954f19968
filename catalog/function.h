/*
 * function.h — SQL functions: list and load as the protocol has it, put and drop for operators.
 *
 * Spec:     REST protocol, listFunctions, loadFunction; UDF spec
 * Errors:   ERROR_NO_SUCH_FUNCTION "Function does not exist: ns.f", ERROR_NO_SUCH_NAMESPACE,
 *           ERROR_BAD_REQUEST for metadata that breaks the UDF spec
 */
#ifndef CATALOG_FUNCTION_H
#define CATALOG_FUNCTION_H

#include <jansson.h>

#include "catalog/catalog.h"
#include "catalog/namespace.h"

bool function_list(struct call *call, struct slice namespace_path, const struct page_request *page,
                   struct name_page *ret_page, struct error *err);
/* The stored metadata and where it lies, both in the arena. */
bool function_load(struct call *call, struct entity_name name, struct slice *ret_metadata,
                   struct slice *ret_metadata_location, struct error *err);
/* `request` is a FunctionMetadata; *ret_is_new tells created from replaced. */
bool function_put(struct call *call, struct entity_name name, const json_t *request,
                  bool *ret_is_new, struct error *err);
/* Replace and drop delete the file that was the function's metadata: it has no history. */
bool function_drop(struct call *call, struct entity_name name, struct error *err);

#endif
