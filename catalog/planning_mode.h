/*
 * planning_mode.h — who plans the scans of a table: its reader, or the catalog.
 *
 * A warehouse's property says it for all of its tables, a table's property of the same name for
 * that table alone. Where neither does, nothing is sent and each client follows its own setting.
 *
 * Spec:     REST protocol, LoadTableResult, "scan-planning-mode"
 * Errors:   ERROR_BAD_REQUEST for another value than client and server
 * Threads:  pure functions
 * Rule:     values are read in any case, as the reference reads them, and sent in lower case, as
 *           the protocol has them
 */
#ifndef CATALOG_PLANNING_MODE_H
#define CATALOG_PLANNING_MODE_H

#include "catalog/catalog.h"
#include "iceberg/table_metadata.h"

#define PLANNING_MODE_PROPERTY "scan-planning-mode"

/* "client" or "server"; NULL for PLANNING_UNSET. */
const char *planning_mode_name(enum planning_mode mode);

/* PLANNING_UNSET where the text is neither (or absent). */
enum planning_mode planning_mode_of_text(struct slice text);

/* Of a property that is about to be set: names other than PLANNING_MODE_PROPERTY are fine. */
bool planning_mode_check(const char *name, const json_t *value, struct error *err);
/* Of a warehouse's properties, where "defaults." and "overrides." may stand before the name. */
bool planning_mode_check_warehouse(const json_t *properties, struct error *err);

/* The table's own mode, else the warehouse's. A value that came with registered metadata and is no
 * mode counts as none. */
bool planning_mode_of_table(const struct table_metadata *metadata, enum planning_mode warehouse,
                            struct arena *arena, enum planning_mode *ret_mode, struct error *err);

#endif
