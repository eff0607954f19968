/*
 * projection.h — a filter on rows as a filter on the partition tuples of one spec.
 *
 * Inclusive: a row that matches the filter lies in a partition that matches the projection.
 * Strict: all rows of a partition that matches the projection match the filter.
 *
 * Spec:     table spec, "Scan Planning", "Partition Transforms"; the reference's Projections and
 *           the project and projectStrict of its transforms
 * Owns:     the result lies in the arena and keeps views of the filter and the spec
 * Errors:   ERROR_NO_MEMORY
 * Rule:     a term's `column` in a projection is the place of the partition field in the spec, its
 *           field_id the partition field's; what a transform cannot carry over is true (inclusive)
 *           or false (strict)
 */
#ifndef SCAN_PROJECTION_H
#define SCAN_PROJECTION_H

#include "iceberg/expression_build.h"
#include "iceberg/partition_spec.h"

/* `filter` is bound. */
bool projection_inclusive(const struct expression *filter, const struct partition_spec *spec,
                          struct arena *arena, struct expression *ret_projected, struct error *err);
bool projection_strict(const struct expression *filter, const struct partition_spec *spec,
                       struct arena *arena, struct expression *ret_projected, struct error *err);

/* One predicate through one field of the spec. *ret_has is false where nothing carries over. */
bool projection_add_predicate(struct expression_builder *builder, const struct expression *filter,
                              const struct expression_node *predicate,
                              const struct partition_spec *spec, size_t field, bool is_strict,
                              bool *ret_has, uint32_t *ret_node, struct error *err);

#endif
