#include "scan/manifest_columns.h"

#include <stdlib.h>

const char *file_format_name(enum file_format format)
{
    static const char *const NAMES[] = {
        [FORMAT_AVRO] = "avro",
        [FORMAT_ORC] = "orc",
        [FORMAT_PARQUET] = "parquet",
        [FORMAT_PUFFIN] = "puffin",
    };
    return NAMES[format];
}

struct manifest_columns *manifest_columns_ref(struct manifest_columns *columns)
{
    atomic_fetch_add_explicit(&columns->references, 1, memory_order_relaxed);
    return columns;
}

void manifest_columns_unref(struct manifest_columns *columns)
{
    if (columns && atomic_fetch_sub_explicit(&columns->references, 1, memory_order_acq_rel) == 1)
        free(columns);
}

static void cached_ref(void *value)
{
    manifest_columns_ref(value);
}

static void cached_unref(void *value)
{
    manifest_columns_unref(value);
}

const struct cache_kind MANIFEST_COLUMNS_CACHE_KIND = {"manifest", cached_ref, cached_unref};

const struct stats_column *manifest_columns_stats(const struct manifest_columns *columns,
                                                  int32_t field_id)
{
    size_t low = 0, high = columns->stats_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int32_t id = columns->stats[middle].field_id;
        if (id == field_id)
            return &columns->stats[middle];
        if (id < field_id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct partition_column *manifest_columns_partition(const struct manifest_columns *columns,
                                                          int32_t field_id, struct slice name)
{
    for (size_t i = 0; i < columns->partition_count; i++) {
        if (columns->partitions[i].field_id == field_id)
            return &columns->partitions[i];
    }
    for (size_t i = 0; i < columns->partition_count; i++) {
        const struct partition_column *partition = &columns->partitions[i];
        if (partition->field_id == AVRO_NO_ID && slice_equals(partition->name, name))
            return partition;
    }
    return NULL;
}

bool manifest_columns_cover(const struct manifest_columns *columns,
                            const struct manifest_projection *projection)
{
    bool wants_any = projection->has_all_stats || projection->stats_count > 0;
    if (!wants_any || projection->stats_kinds == 0)
        return true;
    if ((projection->stats_kinds & ~columns->stats_kinds) != 0)
        return false;
    if (columns->has_all_stats || projection->has_all_stats)
        return columns->has_all_stats;
    for (size_t i = 0; i < projection->stats_count; i++) {
        if (!manifest_columns_stats(columns, projection->stats_ids[i]))
            return false;
    }
    return true;
}

/* The ids of both, ascending, each once. */
static size_t ids_merge(const struct manifest_columns *columns,
                        const struct manifest_projection *projection, int32_t *ret_ids)
{
    size_t a = 0, b = 0, count = 0;
    while (a < columns->stats_count || b < projection->stats_count) {
        bool has_a = a < columns->stats_count, has_b = b < projection->stats_count;
        int32_t id_a = has_a ? columns->stats[a].field_id : INT32_MAX;
        int32_t id_b = has_b ? projection->stats_ids[b] : INT32_MAX;
        bool takes_a = has_a && (!has_b || id_a <= id_b);
        bool takes_b = has_b && (!has_a || id_b <= id_a);
        ret_ids[count++] = takes_a ? id_a : id_b;
        a += takes_a;
        b += takes_b;
    }
    return count;
}

void manifest_projection_merge(const struct manifest_columns *columns,
                               const struct manifest_projection *projection, int32_t *ret_ids,
                               struct manifest_projection *ret_projection)
{
    struct manifest_projection merged = {
        .stats_ids = ret_ids,
        .has_all_stats = columns->has_all_stats || projection->has_all_stats,
        .stats_kinds = columns->stats_kinds | projection->stats_kinds,
    };
    if (!merged.has_all_stats)
        merged.stats_count = ids_merge(columns, projection, ret_ids);
    *ret_projection = merged;
}
