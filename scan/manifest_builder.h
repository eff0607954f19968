/*
 * manifest_builder.h — the columns of a manifest while it is decoded: they grow, and are used again
 * for the next one.
 *
 * Owns:     its arrays
 * Errors:   sticky: after a failed allocation or past the ceiling every growth fails, and
 *           manifest_builder_fail says why
 * Threads:  one thread at a time
 * Rule:     a row has no value until one is stored; presence bits past the last row are 0
 */
#ifndef SCAN_MANIFEST_BUILDER_H
#define SCAN_MANIFEST_BUILDER_H

#include "base/error.h"
#include "base/slice.h"
#include "iceberg/avro_shape.h"
#include "scan/manifest_columns.h"

/* Fields that every manifest has a column for. */
enum core_column {
    CORE_STATUS,
    CORE_SNAPSHOT_ID,
    CORE_DATA_SEQUENCE,
    CORE_FILE_SEQUENCE,
    CORE_CONTENT,
    CORE_FILE_PATH,
    CORE_FILE_FORMAT,
    CORE_RECORD_COUNT,
    CORE_FILE_SIZE,
    CORE_KEY_METADATA,
    CORE_SPLIT_OFFSETS,
    CORE_EQUALITY_IDS,
    CORE_SORT_ORDER_ID,
    CORE_FIRST_ROW_ID,
    CORE_REFERENCED_FILE,
    CORE_CONTENT_OFFSET,
    CORE_CONTENT_SIZE,
    CORE_COUNT
};

/* The bits of enum stats_kind as places in an array. */
enum stats_place {
    PLACE_COLUMN_SIZE,
    PLACE_VALUE_COUNT,
    PLACE_NULL_COUNT,
    PLACE_NAN_COUNT,
    PLACE_LOWER_BOUND,
    PLACE_UPPER_BOUND,
    PLACE_COUNT
};

enum builder_kind { BUILDER_LONGS, BUILDER_BYTES, BUILDER_LISTS };

struct column_builder {
    enum builder_kind kind;
    bool is_always;    /* longs: every row has a value, and no bits are set */
    int64_t *values;   /* longs: one for each row */
    uint32_t *ends;    /* bytes and lists: where each row's part of the heap ends, in bytes */
    uint64_t *present; /* one bit for each row */
    size_t capacity;   /* rows; a multiple of 64 */
    char *heap;
    size_t heap_size;
    size_t heap_capacity;
    size_t last_start; /* where the newest row's part of the heap begins */
    bool is_own;       /* upper bounds: some row's differs from its lower one */
    /* Of the finished column: how many rows have a value, whether all have the same one, and
     * (longs) whether they fit 32 bits. */
    size_t count;
    bool is_constant;
    bool is_narrow;
    bool is_plain; /* texts: JSON has them as they are */
};

struct partition_builder {
    int32_t field_id;
    struct slice name; /* lives as long as the program */
    enum partition_kind kind;
    bool is_text;
    struct column_builder column;
};

struct stats_builder {
    int32_t field_id;
    struct column_builder columns[PLACE_COUNT];
};

/* Field ids below it find their statistics by index; the rest are searched for. */
#define SMALL_FIELD_IDS 512

enum builder_failure { BUILDER_FINE, BUILDER_NO_MEMORY, BUILDER_TOO_LARGE };

struct manifest_builder {
    struct column_builder core[CORE_COUNT];
    struct partition_builder *partitions;
    size_t partition_count;

    struct stats_builder *stats; /* ascending by field id */
    size_t stats_count;
    size_t stats_capacity;
    uint32_t
        small_ids[SMALL_FIELD_IDS]; /* place in stats plus one; 0: not wanted, or not yet seen */
    uint64_t wanted_ids;            /* bit i: field id i may be wanted; for the ids below 64 */
    bool takes_all_stats;           /* a field that is met for the first time gets a place */

    size_t row_count;
    size_t capacity; /* rows that the core columns have room for */
    size_t memory;   /* bytes in all arrays */
    size_t ceiling;
    enum builder_failure failure;
};

void manifest_builder_init(struct manifest_builder *builder, size_t ceiling);
void manifest_builder_finish(struct manifest_builder *builder);

/* Which statistics are wanted. Only before the first row. */
bool manifest_builder_want(struct manifest_builder *builder,
                           const struct manifest_projection *projection);
/* Makes room for the fields of the partition tuple. Only once. */
bool manifest_builder_partition_by(struct manifest_builder *builder, size_t count);

/* Forgets the rows and keeps the memory, or gives it back where it is more than `keep` bytes. */
void manifest_builder_reset(struct manifest_builder *builder, size_t keep);

/* Room for `count` more rows in the core columns and the partition's. */
bool manifest_builder_reserve(struct manifest_builder *builder, size_t count);

/* Says why a growth failed. Always false. */
bool manifest_builder_fail(const struct manifest_builder *builder, struct error *err);

/* Room in a column up to the builder's capacity, and for `extra` more bytes in its heap. */
bool column_builder_require(struct manifest_builder *builder, struct column_builder *column);
bool column_builder_grow_heap(struct manifest_builder *builder, struct column_builder *column,
                              size_t extra);

/* Upper bounds equal the lower ones of their rows until one does not: so are those of the path
 * where each position delete file is of one data file, and these paths are most of such a manifest.
 * Until then the column has presence bits only. This writes what it stands for. */
bool stats_builder_part_bounds(struct manifest_builder *builder, struct stats_builder *stats,
                               size_t rows);

/* The statistics of a field whose id is not small, or that was not met before; NULL where they are
 * not wanted, or where memory is short (builder->failure says which). */
struct stats_builder *manifest_builder_find_stats(struct manifest_builder *builder, int32_t id);

static inline struct stats_builder *manifest_builder_stats(struct manifest_builder *builder,
                                                           int64_t id)
{
    if (id >= 0 && id < SMALL_FIELD_IDS) {
        uint32_t place = builder->small_ids[id];
        if (place > 0)
            return &builder->stats[place - 1];
        if (!builder->takes_all_stats)
            return NULL;
    }
    return id == (int32_t)id ? manifest_builder_find_stats(builder, (int32_t)id) : NULL;
}

static inline bool column_builder_has(const struct column_builder *column, size_t row)
{
    return column->is_always || (column->present[row / 64] >> (row % 64) & 1) != 0;
}

static inline void column_builder_mark(struct column_builder *column, size_t row)
{
    column->present[row / 64] |= UINT64_C(1) << (row % 64);
}

static inline void column_builder_long(struct column_builder *column, size_t row, int64_t value)
{
    column->values[row] = value;
    column_builder_mark(column, row);
}

/* Adds to the heap what becomes a row's value with column_builder_end. */
static inline bool column_builder_append(struct manifest_builder *builder,
                                         struct column_builder *column, const void *bytes,
                                         size_t size)
{
    if (size >= column->heap_capacity - column->heap_size)
        TRY(column_builder_grow_heap(builder, column, size));
    memcpy(column->heap + column->heap_size, bytes, size);
    column->heap_size += size;
    return true;
}

static inline void column_builder_end(struct column_builder *column, size_t row)
{
    column->ends[row] = (uint32_t)column->heap_size;
    column_builder_mark(column, row);
}

/* Where a map names a key twice, the last value stands. */
static inline void column_builder_begin(struct column_builder *column, size_t row)
{
    if (column->present[row / 64] >> (row % 64) & 1)
        column->heap_size = column->last_start;
    column->last_start = column->heap_size;
}

#endif
