/*
 * manifest_pack.h — copies what was decoded into the one allocation that is kept.
 *
 * Owns:     the result is the caller's: one reference
 * Errors:   ERROR_CORRUPT where an entry lacks a required value or has one that it cannot have
 *           (with the field's name), ERROR_NO_MEMORY
 */
#ifndef SCAN_MANIFEST_PACK_H
#define SCAN_MANIFEST_PACK_H

#include "scan/manifest_builder.h"

/* `kinds` are those of the projection. The builder's rows are as they were, or their absent values
 * overwritten: it is to be reset next. */
bool manifest_pack(struct manifest_builder *builder, unsigned kinds,
                   struct manifest_columns **ret_columns, struct error *err);

#endif
