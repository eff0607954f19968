/*
 * rebase_policy.h — whether appends to a table that come too late are carried over to its new head.
 *
 * A table's property says it for that table, a warehouse's property of the same name for all tables
 * that do not say it themselves. Where neither does, a late append is refused, as it always was.
 *
 * Errors:   ERROR_BAD_REQUEST for another value than true and false
 * Threads:  pure functions
 */
#ifndef CATALOG_REBASE_POLICY_H
#define CATALOG_REBASE_POLICY_H

#include "catalog/catalog.h"
#include "iceberg/table_metadata.h"

#define REBASE_PROPERTY "firn.commit.rebase-appends"

/* Of a property that is about to be set: names other than REBASE_PROPERTY are fine. */
bool rebase_policy_check(const char *name, const json_t *value, struct error *err);

/* What a warehouse's properties (an object) say for its tables; false where they say nothing. */
bool rebase_policy_read(const json_t *properties, bool *ret_rebases, struct error *err);

/* The table's own word, else the warehouse's. A value that came with registered metadata and is
 * neither true nor false counts as none. */
bool rebase_policy_of_table(const struct table_metadata *metadata,
                            const struct warehouse *warehouse, struct arena *arena,
                            bool *ret_rebases, struct error *err);

#endif
