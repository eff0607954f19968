/*
 * transform_apply.h — a partition transform applied to a value.
 *
 * Spec:     table spec, "Partition Transforms", "Bucket Transform Details", "Truncate Transform
 *           Details", appendix B "32-bit Hash Requirements"
 * Owns:     nothing; truncated texts are views of their source
 */
#ifndef ICEBERG_TRANSFORM_APPLY_H
#define ICEBERG_TRANSFORM_APPLY_H

#include "iceberg/transform.h"
#include "iceberg/value.h"

/* The type of the results; of an unknown transform TYPE_UNKNOWN. Valid as long as `source`. */
const struct type *transform_result_type(const struct transform *transform,
                                         const struct type *source);

/* Null gives null, void always. False for an unknown transform, and where the transform does not
 * accept a source of the value's type. */
bool transform_apply(const struct transform *transform, const struct value *source,
                     struct value *ret_result);

/* Does a <= b always mean apply(a) <= apply(b)? Then bounds can be transformed, and null comes
 * from null only. */
bool transform_preserves_order(const struct transform *transform);

/* The hash of appendix B; the value is not null. */
int32_t transform_hash(const struct value *value);

/* Characters of a UTF-8 text, and how many bytes the first `count` of them take. */
size_t text_length(struct slice text);
size_t text_prefix_size(struct slice text, size_t count);

#endif
