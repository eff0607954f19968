/*
 * table.h — every operation on tables but the commit itself (commit.h).
 *
 * Spec:     REST protocol, listTables … unregisterTable
 * Errors:   ERROR_NO_SUCH_TABLE "Table does not exist: ns.t", ERROR_NO_SUCH_NAMESPACE,
 *           ERROR_ALREADY_EXISTS, ERROR_NOT_FOUND (the metadata file is gone), ERROR_FORBIDDEN (a
 *           location that is not allowed), ERROR_BAD_REQUEST, ERROR_VALIDATION
 * Owns:     a table_result holds a reference to its metadata: table_result_finish gives it back
 */
#ifndef CATALOG_TABLE_H
#define CATALOG_TABLE_H

#include <jansson.h>

#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "iceberg/table_metadata.h"

struct table_result {
    struct slice metadata_location; /* empty for a staged create */
    struct table_metadata *metadata;
};

void table_result_finish(struct table_result *result);

bool table_list(struct call *call, struct slice namespace_path, const struct page_request *page,
                struct name_page *ret_page, struct error *err);

/* request = CreateTableRequest; with "stage-create": true nothing is stored. */
bool table_create(struct call *call, struct slice namespace_path, const json_t *request,
                  struct table_result *ret_result, struct error *err);
/* The answer to a staged create once more: `seed` is the call_outcome.body that the first left. */
bool table_stage_again(struct call *call, struct slice namespace_path, const json_t *request,
                       struct slice seed, struct table_result *ret_result, struct error *err);
bool table_load(struct call *call, struct entity_name name, struct table_result *ret_result,
                struct error *err);
bool table_exists(struct call *call, struct entity_name name, struct error *err);

/* With `purge` every file that the metadata reaches is queued for deletion in the same transaction,
 * or where the drop can be undone (catalog/dropped.h) when that ends; ERROR_VALIDATION where the
 * table has gc.enabled=false, and then nothing is dropped. */
bool table_drop(struct call *call, struct entity_name name, bool purge, struct error *err);
bool table_unregister(struct call *call, struct entity_name name, struct table_result *ret_result,
                      struct error *err);
/* request = RenameTableRequest. */
bool table_rename(struct call *call, const json_t *request, struct error *err);
/* request = RegisterTableRequest, {"name","metadata-location","overwrite"?}. */
bool table_register(struct call *call, struct slice namespace_path, const json_t *request,
                    struct table_result *ret_result, struct error *err);

/* The metadata at a location, whatever the pointer says: what replays of an Idempotency-Key are
 * made from. ERROR_NOT_FOUND where the file is gone, be it in the cache or not. */
bool table_metadata_at(struct call *call, struct slice metadata_location,
                       struct table_metadata **ret_metadata, struct error *err);

#endif
