/*
 * manifest_oracle.h — compares decoded columns with what avro-c reads from the same bytes, row by
 * row and value by value; fails the test where they differ.
 */
#ifndef TESTS_UNIT_SCAN_MANIFEST_ORACLE_H
#define TESTS_UNIT_SCAN_MANIFEST_ORACLE_H

#include "scan/manifest_columns.h"

/* `bytes` must be a sound manifest. Every statistic that `columns` claim to have is compared. */
void manifest_oracle_compare(struct slice bytes, const struct manifest_columns *columns);

#endif
