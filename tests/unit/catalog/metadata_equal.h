/*
 * metadata_equal.h — is what was indexed from a base the same as what a whole reading finds?
 */
#ifndef TESTS_UNIT_CATALOG_METADATA_EQUAL_H
#define TESTS_UNIT_CATALOG_METADATA_EQUAL_H

#include "iceberg/table_metadata.h"

/* Both are of one blob, so that views are compared by their place. Fails the test at the first
 * field that differs. */
void metadata_equals(const struct table_metadata *found, const struct table_metadata *wanted);
/* The same for one that shares lists of its origin: `wanted` was read from its whole text. */
void metadata_same(const struct table_metadata *found, const struct table_metadata *wanted);

#endif
