/*
 * format_policy.h — which format versions of tables a warehouse allows.
 *
 * A warehouse's property "table-format-versions" lists them: "2,3". Without it every version that
 * Firn supports is allowed. Views and functions have versions of their own, which it leaves alone.
 *
 * Spec:     table spec, "Format Versioning"
 * Errors:   ERROR_BAD_REQUEST for a list that is none, ERROR_VALIDATION for a version not in it
 * Threads:  pure functions; the set is part of an immutable struct warehouse
 * Rule:     a version is checked where a change brings it in (create, register, upgrade); a table
 *           that has it already goes on, so that a shorter list breaks no table
 */
#ifndef CATALOG_FORMAT_POLICY_H
#define CATALOG_FORMAT_POLICY_H

#include "catalog/catalog.h"
#include "iceberg/table_metadata.h"

#define FORMAT_VERSIONS_PROPERTY "table-format-versions"

/* The set that a warehouse's properties (an object of strings) allow: bit v for version v. */
bool format_versions_read(const json_t *properties, unsigned *ret_versions, struct error *err);

/* What a new table gets that names no version: TABLE_FORMAT_VERSION_DEFAULT where it is allowed,
 * else the highest that is. */
int32_t format_version_default(const struct warehouse *warehouse);

/* Is the version of `next` allowed, or the base's own? `base` is NULL for a table that is new in
 * this warehouse. The error names the versions that are allowed. */
bool format_policy_check(const struct warehouse *warehouse, const struct table_metadata *base,
                         const struct table_metadata *next, struct error *err);

#endif
