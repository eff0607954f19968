#include "scan/manifest_builder.h"

#include <stdlib.h>

#define FIRST_ROWS ((size_t)1024)
#define FIRST_HEAP ((size_t)4096)
#define FIRST_STATS ((size_t)16)

static bool fail(struct manifest_builder *builder, enum builder_failure failure)
{
    builder->failure = failure;
    return false;
}

/* Every growth passes here: the one place that counts and refuses. `array` points to a pointer of
 * any type, which is why it is copied and not cast. */
static bool grow(struct manifest_builder *builder, void *array, size_t old_size, size_t new_size)
{
    void *bytes;
    if (builder->failure != BUILDER_FINE)
        return false;
    if (new_size - old_size > builder->ceiling - builder->memory)
        return fail(builder, BUILDER_TOO_LARGE);
    memcpy(&bytes, array, sizeof(bytes));
    bytes = realloc(bytes, new_size);
    if (!bytes)
        return fail(builder, BUILDER_NO_MEMORY);
    builder->memory += new_size - old_size;
    memcpy(array, &bytes, sizeof(bytes));
    return true;
}

bool manifest_builder_fail(const struct manifest_builder *builder, struct error *err)
{
    if (builder->failure == BUILDER_NO_MEMORY)
        return error_no_memory(err, "the entries of a manifest");
    return error_set(err, ERROR_TOO_LARGE,
                     "the entries of the manifest take more than %zu bytes of memory, the most "
                     "that is allowed",
                     builder->ceiling);
}

static void column_finish(struct column_builder *column)
{
    free(column->values);
    free(column->ends);
    free(column->present);
    free(column->heap);
    *column = (struct column_builder){.kind = column->kind, .is_always = column->is_always};
}

static void core_init(struct manifest_builder *builder)
{
    static const enum builder_kind KINDS[CORE_COUNT] = {
        [CORE_FILE_PATH] = BUILDER_BYTES,     [CORE_FILE_FORMAT] = BUILDER_BYTES,
        [CORE_KEY_METADATA] = BUILDER_BYTES,  [CORE_REFERENCED_FILE] = BUILDER_BYTES,
        [CORE_SPLIT_OFFSETS] = BUILDER_LISTS, [CORE_EQUALITY_IDS] = BUILDER_LISTS,
    };
    for (size_t i = 0; i < CORE_COUNT; i++)
        builder->core[i].kind = KINDS[i];
}

void manifest_builder_init(struct manifest_builder *builder, size_t ceiling)
{
    *builder = (struct manifest_builder){.ceiling = ceiling};
    core_init(builder);
}

static void columns_finish(struct manifest_builder *builder)
{
    for (size_t i = 0; i < CORE_COUNT; i++)
        column_finish(&builder->core[i]);
    for (size_t i = 0; i < builder->partition_count; i++)
        column_finish(&builder->partitions[i].column);
    for (size_t i = 0; i < builder->stats_count; i++) {
        for (size_t place = 0; place < PLACE_COUNT; place++)
            column_finish(&builder->stats[i].columns[place]);
    }
    builder->capacity = 0;
}

void manifest_builder_finish(struct manifest_builder *builder)
{
    columns_finish(builder);
    free(builder->partitions);
    free(builder->stats);
    builder->partitions = NULL;
    builder->stats = NULL;
    builder->partition_count = builder->stats_count = builder->stats_capacity = 0;
    builder->memory = 0;
}

bool manifest_builder_partition_by(struct manifest_builder *builder, size_t count)
{
    TRY(grow(builder, &builder->partitions, 0, count * sizeof(struct partition_builder)));
    memset(builder->partitions, 0, count * sizeof(struct partition_builder));
    builder->partition_count = count;
    return true;
}

/* The place of the first id that is not below `id`. */
static size_t stats_place(const struct manifest_builder *builder, int32_t id)
{
    size_t low = 0, high = builder->stats_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (builder->stats[middle].field_id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void small_ids_fill(struct manifest_builder *builder, size_t from)
{
    for (size_t i = from; i < builder->stats_count; i++) {
        int32_t id = builder->stats[i].field_id;
        if (id >= 0 && id < SMALL_FIELD_IDS)
            builder->small_ids[id] = (uint32_t)i + 1;
        if (id >= 0 && id < 64)
            builder->wanted_ids |= UINT64_C(1) << id;
    }
}

static bool stats_grow(struct manifest_builder *builder)
{
    size_t capacity = builder->stats_capacity > 0 ? builder->stats_capacity * 2 : FIRST_STATS;
    TRY(grow(builder, &builder->stats, builder->stats_capacity * sizeof(struct stats_builder),
             capacity * sizeof(struct stats_builder)));
    builder->stats_capacity = capacity;
    return true;
}

static bool stats_insert(struct manifest_builder *builder, size_t place, int32_t id)
{
    if (builder->stats_count == builder->stats_capacity)
        TRY(stats_grow(builder));
    struct stats_builder *at = &builder->stats[place];
    memmove(at + 1, at, (builder->stats_count - place) * sizeof(*at));
    *at = (struct stats_builder){.field_id = id};
    at->columns[PLACE_LOWER_BOUND].kind = BUILDER_BYTES;
    at->columns[PLACE_UPPER_BOUND].kind = BUILDER_BYTES;
    builder->stats_count++;
    small_ids_fill(builder, place);
    return true;
}

struct stats_builder *manifest_builder_find_stats(struct manifest_builder *builder, int32_t id)
{
    size_t place = stats_place(builder, id);
    if (place < builder->stats_count && builder->stats[place].field_id == id)
        return &builder->stats[place];
    if (!builder->takes_all_stats || !stats_insert(builder, place, id))
        return NULL;
    return &builder->stats[place];
}

bool manifest_builder_want(struct manifest_builder *builder,
                           const struct manifest_projection *projection)
{
    builder->takes_all_stats = projection->has_all_stats;
    builder->wanted_ids = projection->has_all_stats ? UINT64_MAX : 0;
    for (size_t i = 0; i < projection->stats_count && !projection->has_all_stats; i++)
        TRY(stats_insert(builder, builder->stats_count, projection->stats_ids[i]));
    return true;
}

static void column_reset(struct column_builder *column)
{
    if (column->capacity > 0)
        memset(column->present, 0, column->capacity / 8);
    column->heap_size = 0;
    column->last_start = 0;
    column->is_own = false;
}

/* Fields that were met in one manifest are no statistics of the next. */
static void stats_reset(struct manifest_builder *builder)
{
    for (size_t i = 0; i < builder->stats_count; i++) {
        for (size_t place = 0; place < PLACE_COUNT; place++)
            column_reset(&builder->stats[i].columns[place]);
    }
}

/* What is left when the columns' arrays are gone. */
static size_t memory_of_lists(const struct manifest_builder *builder)
{
    return builder->partition_count * sizeof(struct partition_builder) +
           builder->stats_capacity * sizeof(struct stats_builder);
}

void manifest_builder_reset(struct manifest_builder *builder, size_t keep)
{
    /* After a failed growth an array may be larger than its column knows: all start anew. */
    bool is_kept = builder->memory <= keep && builder->failure == BUILDER_FINE;
    builder->row_count = 0;
    builder->failure = BUILDER_FINE;
    if (!is_kept) {
        columns_finish(builder);
        if (builder->takes_all_stats) {
            builder->stats_count = 0;
            memset(builder->small_ids, 0, sizeof(builder->small_ids));
        }
        builder->memory = memory_of_lists(builder);
        return;
    }
    for (size_t i = 0; i < CORE_COUNT; i++)
        column_reset(&builder->core[i]);
    for (size_t i = 0; i < builder->partition_count; i++)
        column_reset(&builder->partitions[i].column);
    stats_reset(builder);
}

bool column_builder_require(struct manifest_builder *builder, struct column_builder *column)
{
    size_t old = column->capacity, rows = builder->capacity;
    if (old >= rows)
        return true;
    TRY(grow(builder, &column->present, old / 8, rows / 8));
    memset(column->present + old / 64, 0, (rows - old) / 8);
    if (column->kind == BUILDER_LONGS)
        TRY(grow(builder, &column->values, old * sizeof(int64_t), rows * sizeof(int64_t)));
    else
        TRY(grow(builder, &column->ends, old * sizeof(uint32_t), rows * sizeof(uint32_t)));
    column->capacity = rows;
    return true;
}

bool column_builder_grow_heap(struct manifest_builder *builder, struct column_builder *column,
                              size_t extra)
{
    size_t capacity = column->heap_capacity > 0 ? column->heap_capacity : FIRST_HEAP;
    while (capacity - column->heap_size <= extra) {
        if (capacity > builder->ceiling)
            return fail(builder, BUILDER_TOO_LARGE);
        capacity *= 2;
    }
    TRY(grow(builder, &column->heap, column->heap_capacity, capacity));
    column->heap_capacity = capacity;
    return true;
}

bool stats_builder_part_bounds(struct manifest_builder *builder, struct stats_builder *stats,
                               size_t rows)
{
    const struct column_builder *lower = &stats->columns[PLACE_LOWER_BOUND];
    struct column_builder *upper = &stats->columns[PLACE_UPPER_BOUND];
    size_t start = 0;
    if (rows > upper->capacity)
        rows = upper->capacity;
    for (size_t row = 0; row < rows && row < lower->capacity; row++) {
        size_t end = column_builder_has(lower, row) ? lower->ends[row] : start;
        if (column_builder_has(upper, row)) {
            TRY(column_builder_append(builder, upper, lower->heap + start, end - start));
            upper->ends[row] = (uint32_t)upper->heap_size;
        }
        start = end;
    }
    upper->last_start = upper->heap_size;
    upper->is_own = true;
    return true;
}

bool manifest_builder_reserve(struct manifest_builder *builder, size_t count)
{
    if (count <= builder->capacity - builder->row_count)
        return true;
    size_t capacity = builder->capacity > 0 ? builder->capacity : FIRST_ROWS;
    while (capacity - builder->row_count < count) {
        if (capacity > builder->ceiling)
            return fail(builder, BUILDER_TOO_LARGE);
        capacity *= 2;
    }
    builder->capacity = capacity;
    for (size_t i = 0; i < CORE_COUNT; i++)
        TRY(column_builder_require(builder, &builder->core[i]));
    for (size_t i = 0; i < builder->partition_count; i++)
        TRY(column_builder_require(builder, &builder->partitions[i].column));
    return true;
}
