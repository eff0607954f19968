/*
 * residual.h — what is left of a filter once the partition has proved or ruled out its part.
 *
 * A filter is compiled once for each spec. Its residual for a tuple depends only on what the tuple
 * says of each predicate, so that few residuals serve many tuples: they are kept with their JSON.
 *
 * Spec:     expressions spec; the reference's ResidualEvaluator
 * Owns:     a plan lies in its arena and keeps views of the filter and the spec; a cache owns its
 *           residuals until residual_cache_finish
 * Errors:   ERROR_NO_MEMORY when made; none afterwards: where a cache is full the whole filter is
 *           the residual, which is always right
 * Threads:  plans are immutable; each thread has a cache of its own
 */
#ifndef SCAN_RESIDUAL_H
#define SCAN_RESIDUAL_H

#include "iceberg/expression.h"
#include "iceberg/partition_spec.h"
#include "scan/prune.h"

/* Bytes of residuals that one cache keeps. */
#define RESIDUAL_CACHE_SIZE ((size_t)8 * 1024 * 1024)

struct residual {
    struct expression expression;
    struct slice json;
};

struct residual_plan;

/* `filter` is bound. */
bool residual_plan_create(const struct expression *filter, const struct partition_spec *spec,
                          struct arena *arena, struct residual_plan **ret_plan, struct error *err);

#define RESIDUAL_BUCKETS 256

struct residual_cache {
    const struct residual_plan *plan;
    struct arena arena;
    struct residual_entry *buckets[RESIDUAL_BUCKETS];
    uint8_t *verdicts; /* of a batch: a row of PRUNE_BATCH for each predicate that is judged */
    uint8_t *key;      /* of one tuple: a verdict for each predicate */
};

bool residual_cache_init(struct residual_cache *cache, const struct residual_plan *plan,
                         struct error *err);
void residual_cache_finish(struct residual_cache *cache);

/* The residuals of rows first to first + count - 1, valid until residual_cache_finish. */
void residual_cache_get(struct residual_cache *cache, const struct tuple_rows *rows, size_t first,
                        size_t count, const struct residual **ret_residuals);

#endif
