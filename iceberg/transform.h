/*
 * transform.h — partition and sort transforms by name; unknown ones are kept, not refused.
 *
 * Spec:     table spec, "Partition Transforms"
 */
#ifndef ICEBERG_TRANSFORM_H
#define ICEBERG_TRANSFORM_H

#include "iceberg/type.h"

enum transform_kind {
    TRANSFORM_IDENTITY,
    TRANSFORM_BUCKET,
    TRANSFORM_TRUNCATE,
    TRANSFORM_YEAR,
    TRANSFORM_MONTH,
    TRANSFORM_DAY,
    TRANSFORM_HOUR,
    TRANSFORM_VOID,
    TRANSFORM_UNKNOWN
};

struct transform {
    enum transform_kind kind;
    int32_t parameter; /* buckets or width */
    struct slice text; /* the name as written; compared case-insensitively for known kinds */
};

/* Never fails for text it does not know (TRANSFORM_UNKNOWN); "bucket[0]" is ERROR_BAD_REQUEST.
 * `text` must outlive the transform. */
bool transform_parse(struct slice text, struct transform *ret_transform, struct error *err);
bool transform_equals(const struct transform *a, const struct transform *b);
/* May this transform be applied to a source of that type (Transform.canTransform)? */
bool transform_accepts(const struct transform *transform, const struct type *source);
/* The canonical name, "bucket[16]", "day" …: in `scratch`, or a view of what outlives the
 * transform. */
#define TRANSFORM_NAME_SIZE 32 /* "truncate[2147483647]" */
struct slice transform_name_in(const struct transform *transform,
                               char scratch[TRANSFORM_NAME_SIZE]);

/* All sources of a v3 transform with several arguments; empty where "source-id" says it all. */
struct source_list {
    const int32_t *ids;
    size_t count;
};

/* Reads "source-id", or else "source-ids", of a partition or sort field. */
bool source_list_parse(const json_t *field, struct arena *arena, int32_t *ret_first,
                       struct source_list *ret_all, struct error *err);
/* Sets the one or the other; 0, or -1 where memory is short, like jansson's setters. */
int source_list_set(json_t *field, int32_t first, struct source_list all);
bool source_list_equals(struct source_list a, struct source_list b);

#endif
