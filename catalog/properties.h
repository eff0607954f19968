/*
 * properties.h — typed reads of table properties, as the reference's PropertyUtil does them.
 */
#ifndef CATALOG_PROPERTIES_H
#define CATALOG_PROPERTIES_H

#include "iceberg/table_metadata.h"

/* "true" in any case is true, any other text false; not set leaves *ret_value as it is. */
bool table_property_bool(const struct table_metadata *metadata, const char *name,
                         struct arena *arena, bool *ret_value, struct error *err);

#endif
