/*
 * Packing runs twice over the same code: once without memory, to learn the size, and once to copy.
 * So the size is exact, there is one allocation to make and to free, and none of the decoder's
 * spare room is kept in the cache. What a column's form is, is settled before (columns_settle).
 */
#include "scan/manifest_pack.h"

#include <stdlib.h>

#include "base/json_write.h"

struct pack {
    char *base; /* NULL: measure only */
    size_t used;
    size_t rows;
};

/* Room for `size` bytes, aligned for any of the arrays; NULL while measuring. */
static void *pack_room(struct pack *pack, size_t size)
{
    void *room = pack->base ? pack->base + pack->used : NULL;
    pack->used += (size + sizeof(int64_t) - 1) / sizeof(int64_t) * sizeof(int64_t);
    return room;
}

static void *pack_copy(struct pack *pack, const void *bytes, size_t size)
{
    void *room = pack_room(pack, size);
    if (room && size > 0)
        memcpy(room, bytes, size);
    return room;
}

static size_t words_of(size_t rows)
{
    return (rows + 63) / 64;
}

static size_t count_present(const struct column_builder *column, size_t rows)
{
    size_t count = 0, words = words_of(rows);
    if (column->is_always)
        return rows;
    if (column->capacity == 0)
        return 0;
    if (words > column->capacity / 64)
        words = column->capacity / 64;
    for (size_t i = 0; i < words; i++)
        count += (size_t)__builtin_popcountll(column->present[i]);
    return count;
}

/* NULL where every row has a value. */
static const uint64_t *pack_present(struct pack *pack, const struct column_builder *column)
{
    if (column->count == pack->rows)
        return NULL;
    return pack_copy(pack, column->present, words_of(pack->rows) * sizeof(uint64_t));
}

/* Absent rows become 0, so that they cost no width and are the same in every decoding. */
static void longs_settle(struct column_builder *column, size_t rows)
{
    int64_t first = 0, differs = 0, wide = 0;
    for (size_t row = 0; column->count < rows && row < rows; row++) {
        if (!column_builder_has(column, row))
            column->values[row] = 0;
    }
    first = column->values[0];
    for (size_t row = 0; row < rows; row++) {
        int64_t value = column->values[row];
        differs |= value ^ first;
        wide |= value ^ (int32_t)value;
    }
    column->is_constant = differs == 0 && column->count == rows;
    column->is_narrow = wide == 0;
}

/* All rows have the same bytes where each row's part is as long as the first, and the heap equals
 * itself moved by one part. */
static void heap_settle(struct column_builder *column, size_t rows)
{
    size_t size = column->ends[0];
    column->is_constant = false;
    if (column->count < rows || column->heap_size != rows * size)
        return;
    if (size > 0 && memcmp(column->heap, column->heap + size, column->heap_size - size) != 0)
        return;
    for (size_t row = 1; row < rows; row++) {
        if (column->ends[row] != (row + 1) * size)
            return;
    }
    column->is_constant = true;
}

static void column_settle(struct column_builder *column, size_t rows)
{
    column->count = count_present(column, rows);
    if (column->count == 0)
        return;
    if (column->kind == BUILDER_LONGS)
        longs_settle(column, rows);
    else
        heap_settle(column, rows);
}

/* Upper bounds that are the lower ones have no bytes of their own to look at. */
static void stats_settle(struct stats_builder *stats, size_t rows)
{
    struct column_builder *upper = &stats->columns[PLACE_UPPER_BOUND];
    for (size_t place = 0; place < PLACE_UPPER_BOUND; place++)
        column_settle(&stats->columns[place], rows);
    if (upper->is_own)
        column_settle(upper, rows);
    else
        upper->count = count_present(upper, rows);
}

static void columns_settle(struct manifest_builder *builder)
{
    size_t rows = builder->row_count;
    for (size_t i = 0; i < CORE_COUNT; i++)
        column_settle(&builder->core[i], rows);
    for (size_t i = 0; i < builder->partition_count; i++)
        column_settle(&builder->partitions[i].column, rows);
    for (size_t i = 0; i < builder->stats_count; i++)
        stats_settle(&builder->stats[i], rows);
}

static const int32_t *pack_narrow(struct pack *pack, const int64_t *values, size_t count)
{
    int32_t *narrow = pack_room(pack, count * sizeof(*narrow));
    for (size_t i = 0; narrow && i < count; i++)
        narrow[i] = (int32_t)values[i];
    return narrow;
}

static void pack_longs(struct pack *pack, struct column_builder *column,
                       struct long_column *ret_column)
{
    *ret_column = (struct long_column){.is_constant = column->is_constant};
    if (column->count == 0)
        return;
    size_t count = column->is_constant ? 1 : pack->rows;
    if (column->is_narrow)
        ret_column->narrow = pack_narrow(pack, column->values, count);
    else
        ret_column->values = pack_copy(pack, column->values, count * sizeof(int64_t));
    ret_column->present = pack_present(pack, column);
}

/* The offsets of the parts of the heap of `rows` rows, counted in units of `unit` bytes, with
 * `skipped` bytes at the front of each part left out. */
static const uint32_t *pack_offsets(struct pack *pack, struct column_builder *column, size_t rows,
                                    size_t unit, size_t skipped)
{
    uint32_t *offsets = pack_room(pack, (rows + 1) * sizeof(uint32_t));
    uint32_t end = 0;
    if (!offsets)
        return NULL;
    offsets[0] = 0;
    for (size_t row = 0; row < rows; row++) {
        if (column->count == pack->rows || column_builder_has(column, row))
            end = column->ends[row];
        offsets[row + 1] = (uint32_t)((end - (row + 1) * skipped) / unit);
    }
    return offsets;
}

/* The offsets and the heap, of one row where it stands for all. */
static const void *pack_heap(struct pack *pack, struct column_builder *column, size_t unit,
                             const uint32_t **ret_offsets)
{
    size_t rows = column->is_constant ? 1 : pack->rows;
    *ret_offsets = pack_offsets(pack, column, rows, unit, 0);
    return pack_copy(pack, column->heap, column->is_constant ? column->ends[0] : column->heap_size);
}

static void pack_bytes(struct pack *pack, struct column_builder *column,
                       struct bytes_column *ret_column)
{
    *ret_column = (struct bytes_column){.is_constant = column->is_constant};
    if (column->count == 0)
        return;
    ret_column->bytes = pack_heap(pack, column, 1, &ret_column->offsets);
    ret_column->present = pack_present(pack, column);
}

static void pack_list(struct pack *pack, struct column_builder *column,
                      struct list_column *ret_column)
{
    *ret_column = (struct list_column){.is_constant = column->is_constant};
    if (column->count == 0)
        return;
    ret_column->items = pack_heap(pack, column, sizeof(int64_t), &ret_column->offsets);
    ret_column->present = pack_present(pack, column);
}

/* Small numbers in a byte each; rows without one have 0. */
static const uint8_t *pack_small(struct pack *pack, const struct column_builder *column)
{
    uint8_t *small = pack_room(pack, pack->rows);
    for (size_t row = 0; small && row < pack->rows; row++)
        small[row] = column_builder_has(column, row) ? (uint8_t)column->values[row] : 0;
    return small;
}

static struct slice row_text(const struct column_builder *column, size_t row)
{
    size_t start = row > 0 ? column->ends[row - 1] : 0;
    return slice_make(column->heap + start, column->ends[row] - start);
}

/* How many bytes all paths have in common at their front, cut between two characters. */
static size_t common_prefix(const struct column_builder *paths, size_t rows)
{
    struct slice first = row_text(paths, 0);
    size_t common = first.len;
    for (size_t row = 1; row < rows; row++) {
        struct slice path = row_text(paths, row);
        if (path.len < common)
            common = path.len;
        if (memcmp(path.ptr, first.ptr, common) == 0)
            continue;
        size_t same = 0;
        while (path.ptr[same] == first.ptr[same])
            same++;
        common = same;
    }
    while (common > 0 && common < first.len && (first.ptr[common] & 0xC0) == 0x80)
        common--;
    return common;
}

/* A cut between characters of the first path is one of every path's: they are the same bytes up to
 * there, and text. */
static void pack_paths(struct pack *pack, struct column_builder *paths, size_t prefix,
                       struct manifest_columns *columns)
{
    size_t size = paths->heap_size - prefix * pack->rows;
    columns->path_prefix = slice_make(pack_copy(pack, paths->heap, prefix), prefix);
    columns->path_suffixes = (struct bytes_column){.present = NULL};
    columns->path_suffixes.offsets = pack_offsets(pack, paths, pack->rows, 1, prefix);
    char *suffixes = pack_room(pack, size);
    columns->path_suffixes.bytes = suffixes;
    for (size_t row = 0; suffixes && row < pack->rows; row++) {
        struct slice suffix = slice_from(row_text(paths, row), prefix);
        memcpy(suffixes, suffix.ptr, suffix.len);
        suffixes += suffix.len;
    }
}

static bool format_find(struct slice name, enum file_format *ret_format)
{
    static const enum file_format ALL[] = {FORMAT_PARQUET, FORMAT_PUFFIN, FORMAT_AVRO, FORMAT_ORC};
    for (size_t i = 0; i < sizeof(ALL) / sizeof(ALL[0]); i++) {
        struct slice known = slice_from_string(file_format_name(ALL[i]));
        if (slice_equals_ignore_case(name, known)) {
            *ret_format = ALL[i];
            return true;
        }
    }
    return false;
}

/* Checked before packing. Most rows have the format of the row before. */
static const uint8_t *pack_formats(struct pack *pack, const struct column_builder *names)
{
    uint8_t *formats = pack_room(pack, pack->rows);
    enum file_format format = FORMAT_PARQUET;
    struct slice last = SLICE_LITERAL("PARQUET");
    for (size_t row = 0; formats && row < pack->rows; row++) {
        struct slice name = row_text(names, row);
        if (!slice_equals(name, last))
            format_find(name, &format);
        last = name;
        formats[row] = (uint8_t)format;
    }
    return formats;
}

static void pack_core(struct pack *pack, struct manifest_builder *builder,
                      struct manifest_columns *columns)
{
    struct column_builder *core = builder->core;
    columns->status = pack_small(pack, &core[CORE_STATUS]);
    columns->content = pack_small(pack, &core[CORE_CONTENT]);
    columns->format = pack_formats(pack, &core[CORE_FILE_FORMAT]);
    pack_longs(pack, &core[CORE_RECORD_COUNT], &columns->record_counts);
    pack_longs(pack, &core[CORE_FILE_SIZE], &columns->file_sizes);
    pack_longs(pack, &core[CORE_SNAPSHOT_ID], &columns->snapshot_ids);
    pack_longs(pack, &core[CORE_DATA_SEQUENCE], &columns->data_sequences);
    pack_longs(pack, &core[CORE_FILE_SEQUENCE], &columns->file_sequences);
    pack_longs(pack, &core[CORE_FIRST_ROW_ID], &columns->first_row_ids);
    pack_longs(pack, &core[CORE_SORT_ORDER_ID], &columns->sort_order_ids);
    pack_longs(pack, &core[CORE_CONTENT_OFFSET], &columns->content_offsets);
    pack_longs(pack, &core[CORE_CONTENT_SIZE], &columns->content_sizes);
    pack_list(pack, &core[CORE_SPLIT_OFFSETS], &columns->split_offsets);
    pack_list(pack, &core[CORE_EQUALITY_IDS], &columns->equality_ids);
    pack_bytes(pack, &core[CORE_KEY_METADATA], &columns->key_metadata);
    pack_bytes(pack, &core[CORE_REFERENCED_FILE], &columns->referenced_files);
}

static void pack_partitions(struct pack *pack, struct manifest_builder *builder,
                            struct manifest_columns *columns)
{
    struct partition_column *partitions =
        pack_room(pack, builder->partition_count * sizeof(*partitions));
    for (size_t i = 0; i < builder->partition_count; i++) {
        struct partition_builder *from = &builder->partitions[i];
        struct partition_column to = {.field_id = from->field_id, .kind = from->kind};
        to.name = slice_make(pack_copy(pack, from->name.ptr, from->name.len), from->name.len);
        if (from->kind == PARTITION_BYTES)
            pack_bytes(pack, &from->column, &to.bytes);
        else
            pack_longs(pack, &from->column, &to.longs);
        if (partitions)
            partitions[i] = to;
    }
    columns->partitions = partitions;
    columns->partition_count = builder->partition_count;
}

static bool stats_are_empty(const struct stats_builder *stats)
{
    for (size_t place = 0; place < PLACE_COUNT; place++) {
        if (stats->columns[place].count > 0)
            return false;
    }
    return true;
}

static struct stats_column pack_field_stats(struct pack *pack, struct stats_builder *from)
{
    struct stats_column to = {.field_id = from->field_id};
    struct column_builder *columns = from->columns;
    pack_longs(pack, &columns[PLACE_COLUMN_SIZE], &to.column_sizes);
    pack_longs(pack, &columns[PLACE_VALUE_COUNT], &to.value_counts);
    pack_longs(pack, &columns[PLACE_NULL_COUNT], &to.null_counts);
    pack_longs(pack, &columns[PLACE_NAN_COUNT], &to.nan_counts);
    pack_bytes(pack, &columns[PLACE_LOWER_BOUND], &to.lower);
    if (columns[PLACE_UPPER_BOUND].is_own)
        pack_bytes(pack, &columns[PLACE_UPPER_BOUND], &to.upper);
    else if (columns[PLACE_UPPER_BOUND].count > 0)
        to.upper = to.lower;
    return to;
}

/* Fields that were met in an earlier manifest only have no place here. */
static bool is_packed(const struct manifest_builder *builder, size_t i)
{
    return !builder->takes_all_stats || !stats_are_empty(&builder->stats[i]);
}

static void pack_stats(struct pack *pack, struct manifest_builder *builder,
                       struct manifest_columns *columns)
{
    size_t count = 0, place = 0;
    for (size_t i = 0; i < builder->stats_count; i++)
        count += is_packed(builder, i);
    struct stats_column *stats = pack_room(pack, count * sizeof(*stats));
    for (size_t i = 0; i < builder->stats_count; i++) {
        if (!is_packed(builder, i))
            continue;
        struct stats_column field = pack_field_stats(pack, &builder->stats[i]);
        if (stats)
            stats[place++] = field;
    }
    columns->stats = stats;
    columns->stats_count = count;
    columns->has_all_stats = builder->takes_all_stats;
}

static void pack_all(struct pack *pack, struct manifest_builder *builder, size_t prefix,
                     struct manifest_columns *columns)
{
    columns->row_count = pack->rows;
    pack_core(pack, builder, columns);
    pack_paths(pack, &builder->core[CORE_FILE_PATH], prefix, columns);
    pack_partitions(pack, builder, columns);
    pack_stats(pack, builder, columns);
}

static bool check_required(const struct manifest_builder *builder, struct error *err)
{
    static const struct {
        enum core_column column;
        const char *name;
    } REQUIRED[] = {
        {CORE_STATUS, "status (id 0)"},
        {CORE_FILE_PATH, "file_path (id 100)"},
        {CORE_FILE_FORMAT, "file_format (id 101)"},
        {CORE_RECORD_COUNT, "record_count (id 103)"},
        {CORE_FILE_SIZE, "file_size_in_bytes (id 104)"},
    };
    size_t rows = builder->row_count;
    for (size_t i = 0; i < sizeof(REQUIRED) / sizeof(REQUIRED[0]); i++) {
        if (builder->core[REQUIRED[i].column].count != rows)
            return error_set(err, ERROR_CORRUPT, "an entry of the manifest has no %s",
                             REQUIRED[i].name);
    }
    return true;
}

/* Status and content are numbers from 0 to 2. */
static bool check_small(const struct column_builder *column, size_t rows, const char *name,
                        struct error *err)
{
    for (size_t row = 0; row < rows; row++) {
        if (column_builder_has(column, row) && (uint64_t)column->values[row] > 2)
            return error_set(err, ERROR_CORRUPT, "an entry of the manifest has the unknown %s %lld",
                             name, (long long)column->values[row]);
    }
    return true;
}

static bool check_formats(const struct column_builder *names, size_t rows, struct error *err)
{
    struct slice last = SLICE_LITERAL("PARQUET");
    for (size_t row = 0; row < rows; row++) {
        enum file_format format;
        struct slice name = row_text(names, row);
        if (!slice_equals(name, last) && !format_find(name, &format))
            return error_set(err, ERROR_CORRUPT,
                             "an entry of the manifest has the unknown file format '%.*s'",
                             SLICE_ARG(name));
        last = name;
    }
    return true;
}

/* Each row's bytes are UTF-8. Nearly always one look at the whole heap says so. A text of a table
 * may hold NUL, which no file's name can. */
static bool check_texts(struct column_builder *column, size_t rows, bool may_hold_nul,
                        const char *name, struct error *err)
{
    size_t start = 0;
    column->is_plain = json_text_is_plain(slice_make(column->heap, column->heap_size));
    if (column->is_plain)
        return true;
    for (size_t row = 0; row < rows; row++) {
        if (!column_builder_has(column, row))
            continue;
        struct slice text = slice_make(column->heap + start, column->ends[row] - start);
        start = column->ends[row];
        bool is_text = slice_is_utf8(text) && (may_hold_nul || !memchr(text.ptr, '\0', text.len));
        if (!is_text)
            return error_set(err, ERROR_CORRUPT,
                             "an entry of the manifest has a %s that is not text", name);
    }
    return true;
}

static bool check_paths(struct manifest_builder *builder, struct error *err)
{
    struct column_builder *paths = &builder->core[CORE_FILE_PATH];
    for (size_t row = 0; row < builder->row_count; row++) {
        if (row_text(paths, row).len == 0)
            return error_set(err, ERROR_CORRUPT, "an entry of the manifest has an empty file_path");
    }
    return check_texts(paths, builder->row_count, false, "file_path", err);
}

static bool check_entries(struct manifest_builder *builder, struct error *err)
{
    struct column_builder *core = builder->core;
    size_t rows = builder->row_count;
    TRY(check_required(builder, err));
    TRY(check_small(&core[CORE_STATUS], rows, "status", err));
    TRY(check_small(&core[CORE_CONTENT], rows, "content", err));
    TRY(check_formats(&core[CORE_FILE_FORMAT], rows, err));
    TRY(check_paths(builder, err));
    TRY(check_texts(&core[CORE_REFERENCED_FILE], rows, false, "referenced_data_file", err));
    for (size_t i = 0; i < builder->partition_count; i++) {
        if (builder->partitions[i].is_text)
            TRY(check_texts(&builder->partitions[i].column, rows, true, "partition value", err));
    }
    return true;
}

/* True where the upper bounds are the lower ones so far, but some rows have a lower one only. */
static bool bounds_must_part(const struct stats_builder *stats, size_t rows)
{
    const struct column_builder *lower = &stats->columns[PLACE_LOWER_BOUND];
    const struct column_builder *upper = &stats->columns[PLACE_UPPER_BOUND];
    return upper->capacity > 0 && lower->capacity > 0 && !upper->is_own &&
           memcmp(lower->present, upper->present, words_of(rows) * sizeof(*upper->present)) != 0;
}

/* A field that only early rows had statistics of has no room for the later rows yet. */
static bool stats_fill_up(struct manifest_builder *builder)
{
    for (size_t i = 0; i < builder->stats_count; i++) {
        struct stats_builder *stats = &builder->stats[i];
        for (size_t place = 0; place < PLACE_COUNT; place++) {
            struct column_builder *column = &stats->columns[place];
            if (column->capacity > 0 && column->capacity < builder->row_count)
                TRY(column_builder_require(builder, column));
        }
        if (bounds_must_part(stats, builder->row_count))
            TRY(stats_builder_part_bounds(builder, stats, builder->row_count));
    }
    return true;
}

bool manifest_pack(struct manifest_builder *builder, unsigned kinds,
                   struct manifest_columns **ret_columns, struct error *err)
{
    struct manifest_columns measured;
    struct pack pack = {.rows = builder->row_count};
    if (!stats_fill_up(builder))
        return manifest_builder_fail(builder, err);
    columns_settle(builder);
    TRY(check_entries(builder, err));
    size_t prefix = pack.rows > 0 ? common_prefix(&builder->core[CORE_FILE_PATH], pack.rows) : 0;
    pack_room(&pack, sizeof(struct manifest_columns));
    pack_all(&pack, builder, prefix, &measured);
    size_t size = pack.used;
    struct manifest_columns *columns = malloc(size);
    if (!columns)
        return error_no_memory(err, "the entries of a manifest");
    pack = (struct pack){.base = (char *)columns, .rows = builder->row_count};
    pack_room(&pack, sizeof(*columns));
    memset(columns, 0, sizeof(*columns));
    pack_all(&pack, builder, prefix, columns);
    columns->size = size;
    columns->stats_kinds = kinds;
    columns->has_plain_paths = builder->core[CORE_FILE_PATH].is_plain;
    columns->has_plain_references = builder->core[CORE_REFERENCED_FILE].is_plain;
    atomic_init(&columns->references, 1);
    *ret_columns = columns;
    return true;
}
