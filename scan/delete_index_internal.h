/*
 * delete_index_internal.h — the index as its builder (delete_index.c) and its readers
 * (delete_matcher.c) know it.
 *
 * Threads:  as scan/delete_index.h says
 */
#ifndef SCAN_DELETE_INDEX_INTERNAL_H
#define SCAN_DELETE_INDEX_INTERNAL_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "scan/delete_index.h"
#include "scan/delete_index_map.h"

/* One column of an equality delete file. */
struct equality_field {
    uint32_t place; /* in the index's fields */
    struct field_facts facts;
};

struct indexed_manifest {
    struct manifest_columns *columns; /* a reference */
    int32_t spec_id;
    bool is_unpartitioned;
    uint32_t first; /* of its files */
};

struct indexed_file {
    int64_t sequence;
    uint32_t manifest;
    uint32_t row;
    struct equality_field *fields; /* those that can prune */
    uint32_t field_count;
};

struct delete_builder;

struct delete_index {
    atomic_size_t references;
    struct arena arena;
    struct indexed_manifest *manifests;
    size_t manifest_count;
    size_t manifest_capacity;
    struct indexed_file *files;
    size_t count;
    size_t capacity;
    size_t columns_size; /* of all manifests' columns */
    struct delete_map partitions;
    struct delete_map paths;     /* each member with the mark of its partition */
    struct delete_field *fields; /* that equality deletes name, ascending by id */
    int32_t *field_ids;          /* theirs */
    size_t field_count;
    size_t doubled_count;           /* paths with more than one vector */
    struct delete_builder *builder; /* NULL once sealed */
};

/* What tells partitions apart well enough for a check: half of their key's hash. */
static inline uint32_t delete_partition_mark(uint64_t hash)
{
    return (uint32_t)hash;
}

/* The equality deletes of every data file: under a key that no partition has. */
const struct delete_group *delete_index_global(const struct delete_index *index);

#endif
