/*
 * Any bytes, read as a manifest, give columns that can be read to their last byte, or an error; the
 * same decoder then still reads a file that is fine.
 */
#include <assert.h>
#include <stdint.h>

#include "scan/manifest_decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touch_longs(const struct long_column *column, size_t row)
{
    int64_t value = 0;
    return long_column_get(column, row, &value) ? (size_t)(value & 1) : 0;
}

static size_t touch_bytes(const struct bytes_column *column, size_t row)
{
    struct slice bytes;
    size_t sum = 0;
    if (!bytes_column_get(column, row, &bytes))
        return 0;
    for (size_t i = 0; i < bytes.len; i++)
        sum += (unsigned char)bytes.ptr[i];
    return sum;
}

static size_t touch_list(const struct list_column *column, size_t row)
{
    const int64_t *items;
    size_t count, sum = 0;
    if (!list_column_get(column, row, &items, &count))
        return 0;
    for (size_t i = 0; i < count; i++)
        sum += (size_t)(items[i] & 1);
    return sum;
}

static size_t touch_row(const struct manifest_columns *columns, size_t row)
{
    size_t sum = touch_longs(&columns->record_counts, row);
    assert(columns->status[row] <= 2 && columns->content[row] <= 2);
    assert(file_format_name((enum file_format)columns->format[row]));
    assert(columns->path_prefix.len + manifest_columns_path_suffix(columns, row).len > 0);
    assert(slice_is_utf8(manifest_columns_path_suffix(columns, row)));
    sum += touch_bytes(&columns->referenced_files, row) + touch_bytes(&columns->key_metadata, row);
    sum += touch_list(&columns->split_offsets, row) + touch_list(&columns->equality_ids, row);
    for (size_t i = 0; i < columns->partition_count; i++)
        sum += touch_longs(&columns->partitions[i].longs, row) +
               touch_bytes(&columns->partitions[i].bytes, row);
    for (size_t i = 0; i < columns->stats_count; i++)
        sum += touch_longs(&columns->stats[i].null_counts, row) +
               touch_bytes(&columns->stats[i].lower, row) +
               touch_bytes(&columns->stats[i].upper, row);
    return sum;
}

static void decode(struct slice bytes, const struct manifest_projection *projection)
{
    struct manifest_decoder *decoder;
    struct manifest_columns *columns = NULL;
    size_t sum = 0;
    if (!manifest_decoder_create(&decoder, NULL))
        return;
    for (int i = 0; i < 2; i++) {
        if (!manifest_decode(decoder, bytes, projection, &columns, NULL))
            continue;
        assert(slice_is_utf8(columns->path_prefix));
        for (size_t row = 0; row < columns->row_count; row++)
            sum += touch_row(columns, row);
        assert(sum < SIZE_MAX);
        manifest_columns_unref(columns);
    }
    manifest_decoder_destroy(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int32_t IDS[] = {1, 2147483546};
    static const struct manifest_projection ALL = {.has_all_stats = true, .stats_kinds = STATS_ALL};
    static const struct manifest_projection SOME = {.stats_ids = IDS,
                                                    .stats_count = 2,
                                                    .stats_kinds = STATS_PRUNING};
    struct slice bytes = slice_make((const char *)data, size);
    decode(bytes, &ALL);
    decode(bytes, &SOME);
    return 0;
}
