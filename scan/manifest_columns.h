/*
 * manifest_columns.h — the entries of one manifest as immutable columns, one value per row.
 *
 * A row is a manifest entry of any status, in the order of the file. What the manifest list says of
 * the manifest (its sequence number, snapshot, first row id) is not in here, because the columns
 * are kept under the manifest's path and outlive a snapshot: scan/data_file_view.h joins the two.
 *
 * Spec:     table spec, "Manifest Entry Fields", "Data File Fields"
 * Owns:     one allocation of `size` bytes with everything in it, shared by reference count
 * Threads:  immutable; the count is atomic
 * Rule:     a column that no row has a value for is absent (its array is NULL), and one that every
 *           row has a value for has no presence bits; the getters know both
 */
#ifndef SCAN_MANIFEST_COLUMNS_H
#define SCAN_MANIFEST_COLUMNS_H

#include <stdatomic.h>

#include "base/cache.h"
#include "base/error.h"
#include "base/slice.h"
#include "iceberg/avro_shape.h"

enum entry_status { ENTRY_EXISTING, ENTRY_ADDED, ENTRY_DELETED };
enum file_content { CONTENT_DATA, CONTENT_POSITION_DELETES, CONTENT_EQUALITY_DELETES };
enum file_format { FORMAT_AVRO, FORMAT_ORC, FORMAT_PARQUET, FORMAT_PUFFIN };

/* "avro", "orc" …: the protocol's spelling. */
const char *file_format_name(enum file_format format);

/* Which statistics are kept for a column: an or of these. */
enum stats_kind {
    STATS_COLUMN_SIZE = 1,
    STATS_VALUE_COUNT = 2,
    STATS_NULL_COUNT = 4,
    STATS_NAN_COUNT = 8,
    STATS_LOWER_BOUND = 16,
    STATS_UPPER_BOUND = 32,
    STATS_COUNTS = STATS_VALUE_COUNT | STATS_NULL_COUNT | STATS_NAN_COUNT,
    STATS_BOUNDS = STATS_LOWER_BOUND | STATS_UPPER_BOUND,
    STATS_PRUNING = STATS_COUNTS | STATS_BOUNDS,
    STATS_ALL = STATS_PRUNING | STATS_COLUMN_SIZE
};

/* What a plan needs beside the fields that every plan needs. */
struct manifest_projection {
    const int32_t *stats_ids; /* field ids, ascending, each once */
    size_t stats_count;
    bool has_all_stats;   /* statistics of every field there is; stats_ids do not matter */
    unsigned stats_kinds; /* of enum stats_kind, the same for every field */
};

/* A column of numbers is kept in 32 bits each where they fit, and once where all rows have the same
 * (as bytes and lists are): that is a third of the memory of a plain manifest. */
struct long_column {
    const int64_t *values;   /* NULL: no row has one, or they are narrow. 0 where a row has none */
    const int32_t *narrow;   /* instead of values */
    const uint64_t *present; /* bit row % 64 of word row / 64; NULL: every row has one */
    bool is_constant;        /* one value stands for all rows */
};

struct bytes_column {
    const uint32_t *offsets; /* row_count + 1 of them, into bytes; NULL: no row has one */
    const char *bytes;
    const uint64_t *present;
    bool is_constant;
};

struct list_column {
    const uint32_t *offsets; /* as for bytes, counted in items */
    const int64_t *items;
    const uint64_t *present;
    bool is_constant;
};

enum partition_kind {
    PARTITION_LONG,   /* int, long, date, time, timestamps; boolean as 0 and 1 */
    PARTITION_DOUBLE, /* float and double as the bits of a double, NaNs made equal */
    PARTITION_BYTES,  /* string, binary, fixed, uuid; decimal: big-endian, the fewest bytes */
    PARTITION_NULL    /* the writer's type is null: a void transform, an unknown type */
};

struct partition_column {
    int32_t field_id; /* AVRO_NO_ID: the writer gave none, and the name decides */
    enum partition_kind kind;
    struct slice name;
    struct long_column longs; /* PARTITION_LONG, PARTITION_DOUBLE */
    struct bytes_column bytes;
};

/* The statistics of one field. A row without a value has no statistic: "may match". */
struct stats_column {
    int32_t field_id;
    struct long_column column_sizes;
    struct long_column value_counts;
    struct long_column null_counts;
    struct long_column nan_counts;
    struct bytes_column lower; /* single values of appendix D, as written */
    struct bytes_column upper;
};

struct manifest_columns {
    atomic_size_t references;
    size_t size; /* of the allocation that this struct opens: what a cache charges */
    size_t row_count;

    const uint8_t *status;    /* enum entry_status */
    const uint8_t *content;   /* enum file_content */
    const uint8_t *format;    /* enum file_format */
    struct slice path_prefix; /* what all paths begin with */
    struct bytes_column path_suffixes;
    bool has_plain_paths;      /* JSON has them as they are (json_text_is_plain) */
    bool has_plain_references; /* and referenced_files */
    struct long_column record_counts;
    struct long_column file_sizes;

    /* As written: null means "inherit". */
    struct long_column snapshot_ids;
    struct long_column data_sequences;
    struct long_column file_sequences;
    struct long_column first_row_ids;

    struct long_column sort_order_ids;
    struct list_column split_offsets;
    struct list_column equality_ids;
    struct bytes_column key_metadata;
    struct bytes_column referenced_files;
    struct long_column content_offsets;
    struct long_column content_sizes;

    const struct partition_column *partitions; /* in the order of the writer's struct */
    size_t partition_count;

    const struct stats_column *stats; /* ascending by field id */
    size_t stats_count;
    bool has_all_stats; /* else the stats are those of the projection's ids, no more and no less */
    unsigned stats_kinds;
};

/* For cache_put: the value's size is columns->size. */
extern const struct cache_kind MANIFEST_COLUMNS_CACHE_KIND;

struct manifest_columns *manifest_columns_ref(struct manifest_columns *columns);
void manifest_columns_unref(struct manifest_columns *columns); /* NULL is fine */

/* True where everything that the projection asks for was decoded. Where it was not, the manifest is
 * decoded again for both (manifest_projection_merge): inflating is most of the work, so keeping
 * columns in groups would save little and cost a second object for each. */
bool manifest_columns_cover(const struct manifest_columns *columns,
                            const struct manifest_projection *projection);
/* What `columns` hold and `projection` asks for, together. `ret_ids` has room for
 * columns->stats_count + projection->stats_count ids, and must outlive the result. */
void manifest_projection_merge(const struct manifest_columns *columns,
                               const struct manifest_projection *projection, int32_t *ret_ids,
                               struct manifest_projection *ret_projection);

/* NULL where the manifest has no such field, which reads as null. The name is that of the partition
 * spec; it decides only among fields that the writer gave no ids. */
const struct partition_column *manifest_columns_partition(const struct manifest_columns *columns,
                                                          int32_t field_id, struct slice name);
/* NULL where no statistics of the field are in here (because nobody asked, or there are none). */
const struct stats_column *manifest_columns_stats(const struct manifest_columns *columns,
                                                  int32_t field_id);

static inline bool column_bit(const uint64_t *present, size_t row)
{
    return !present || (present[row / 64] >> (row % 64) & 1) != 0;
}

/* False where the row has no value; *ret_value is untouched then. */
static inline bool long_column_get(const struct long_column *column, size_t row, int64_t *ret_value)
{
    if (!column_bit(column->present, row))
        return false;
    size_t at = column->is_constant ? 0 : row;
    if (column->narrow)
        *ret_value = column->narrow[at];
    else if (column->values)
        *ret_value = column->values[at];
    else
        return false;
    return true;
}

/* A view, valid as long as the columns. */
static inline bool bytes_column_get(const struct bytes_column *column, size_t row,
                                    struct slice *ret_bytes)
{
    if (!column->offsets || !column_bit(column->present, row))
        return false;
    size_t at = column->is_constant ? 0 : row;
    *ret_bytes = slice_make(column->bytes + column->offsets[at],
                            column->offsets[at + 1] - column->offsets[at]);
    return true;
}

static inline bool list_column_get(const struct list_column *column, size_t row,
                                   const int64_t **ret_items, size_t *ret_count)
{
    if (!column->offsets || !column_bit(column->present, row))
        return false;
    size_t at = column->is_constant ? 0 : row;
    *ret_items = column->items + column->offsets[at];
    *ret_count = column->offsets[at + 1] - column->offsets[at];
    return true;
}

/* The path is path_prefix and this. */
static inline struct slice manifest_columns_path_suffix(const struct manifest_columns *columns,
                                                        size_t row)
{
    struct slice suffix = SLICE_EMPTY;
    bytes_column_get(&columns->path_suffixes, row, &suffix);
    return suffix;
}

static inline bool manifest_columns_path_equals(const struct manifest_columns *columns, size_t row,
                                                struct slice path)
{
    return slice_starts_with(path, columns->path_prefix) &&
           slice_equals(slice_from(path, columns->path_prefix.len),
                        manifest_columns_path_suffix(columns, row));
}

#endif
