/*
 * commit.h — apply a CommitTableRequest to a table, or several to several tables, atomically.
 *
 * Spec:     REST protocol, updateTable and commitTransaction; table spec, "Commit Conflict
 *           Resolution and Retry"
 * Errors:   ERROR_NO_SUCH_TABLE, ERROR_COMMIT_FAILED (a requirement failed, 409),
 *           ERROR_COMMIT_UNKNOWN (5xx: nothing was cleaned up), ERROR_VALIDATION, ERROR_BAD_REQUEST
 * Threads:  any; commits to one table follow each other under its entity lock
 * Rule:     metadata is durable before the pointer moves; a definite failure removes the files that
 *           this commit wrote and no others; an unknown outcome removes nothing
 */
#ifndef CATALOG_COMMIT_H
#define CATALOG_COMMIT_H

#include "catalog/table.h"

/* request = CommitTableRequest {"identifier"?, "requirements", "updates"}. With assert-create the
 * table is made (the end of a staged create). */
bool table_commit(struct call *call, struct entity_name name, const json_t *request,
                  struct table_result *ret_result, struct error *err);

/* request = CommitTransactionRequest {"table-changes": [CommitTableRequest with identifier …]}: all
 * or nothing, creation included; each table once. */
bool transaction_commit(struct call *call, const json_t *request, struct error *err);

#endif
