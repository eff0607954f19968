#include "tests/unit/scan/manifest_oracle.h"

#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "iceberg/avro_c_schema.h"
#include "iceberg/avro_container.h"
#include "tests/unit/cmocka_all.h"

/* A value of avro-c with the writer's shape beside it. */
struct seen {
    const struct avro_shape *shape;
    avro_value_t value;
};

/* Out of unions; false where it is null. */
static bool unwrap(struct seen *seen)
{
    while (seen->shape->kind == AVRO_KIND_UNION) {
        int branch = 0;
        avro_value_t inner = {0};
        assert_int_equal(avro_value_get_discriminant(&seen->value, &branch), 0);
        assert_int_equal(avro_value_get_current_branch(&seen->value, &inner), 0);
        seen->shape = seen->shape->children[branch].type;
        seen->value = inner;
    }
    return seen->shape->kind != AVRO_KIND_NULL;
}

static bool child_at(const struct seen *record, size_t place, struct seen *ret_child)
{
    struct seen child = {.shape = record->shape->children[place].type};
    assert_int_equal(avro_value_get_by_index(&record->value, place, &child.value, NULL), 0);
    *ret_child = child;
    return unwrap(ret_child);
}

static bool field_find(struct seen record, int32_t id, const char *name, struct seen *ret_field)
{
    if (!unwrap(&record))
        return false;
    int place = avro_shape_find(record.shape, id, name);
    return place >= 0 && child_at(&record, (size_t)place, ret_field);
}

static int64_t number_of(const struct seen *seen)
{
    int64_t number = 0;
    int32_t small = 0;
    int boolean = 0;
    if (seen->shape->kind == AVRO_KIND_LONG) {
        assert_int_equal(avro_value_get_long(&seen->value, &number), 0);
    } else if (seen->shape->kind == AVRO_KIND_BOOLEAN) {
        assert_int_equal(avro_value_get_boolean(&seen->value, &boolean), 0);
        number = boolean;
    } else {
        assert_int_equal(avro_value_get_int(&seen->value, &small), 0);
        number = small;
    }
    return number;
}

static struct slice bytes_of(const struct seen *seen)
{
    const void *bytes = NULL;
    const char *text = NULL;
    size_t size = 0;
    if (seen->shape->kind == AVRO_KIND_STRING) {
        assert_int_equal(avro_value_get_string(&seen->value, &text, &size), 0);
        return slice_make(text, size - 1);
    }
    if (seen->shape->kind == AVRO_KIND_FIXED)
        assert_int_equal(avro_value_get_fixed(&seen->value, &bytes, &size), 0);
    else
        assert_int_equal(avro_value_get_bytes(&seen->value, &bytes, &size), 0);
    return slice_make(bytes, size);
}

static int64_t double_bits_of(const struct seen *seen)
{
    double wide = 0;
    float narrow = 0;
    int64_t bits;
    if (seen->shape->kind == AVRO_KIND_FLOAT) {
        assert_int_equal(avro_value_get_float(&seen->value, &narrow), 0);
        wide = (double)narrow;
    } else {
        assert_int_equal(avro_value_get_double(&seen->value, &wide), 0);
    }
    if (wide != wide)
        wide = __builtin_nan("");
    memcpy(&bits, &wide, sizeof(bits));
    return bits;
}

static void expect_long(const struct long_column *column, size_t row, bool is_there,
                        int64_t expected)
{
    int64_t actual = 0;
    assert_int_equal(long_column_get(column, row, &actual), is_there);
    if (is_there)
        assert_true(actual == expected);
}

static void expect_bytes(const struct bytes_column *column, size_t row, bool is_there,
                         struct slice expected)
{
    struct slice actual = SLICE_EMPTY;
    assert_int_equal(bytes_column_get(column, row, &actual), is_there);
    if (is_there)
        assert_true(slice_equals(actual, expected));
}

static void compare_long(struct seen record, int32_t id, const char *name,
                         const struct long_column *column, size_t row)
{
    struct seen field;
    bool is_there = field_find(record, id, name, &field);
    expect_long(column, row, is_there, is_there ? number_of(&field) : 0);
}

static void compare_bytes(struct seen record, int32_t id, const char *name,
                          const struct bytes_column *column, size_t row)
{
    struct seen field;
    bool is_there = field_find(record, id, name, &field);
    expect_bytes(column, row, is_there, is_there ? bytes_of(&field) : SLICE_EMPTY);
}

static size_t size_of(const struct seen *list)
{
    size_t size = 0;
    assert_int_equal(avro_value_get_size(&list->value, &size), 0);
    return size;
}

/* The item at a place, with its text key where it is a map's. */
static bool item_at(const struct seen *list, size_t place, const char **ret_key,
                    struct seen *ret_item)
{
    struct seen item = {.shape = list->shape->children[0].type};
    assert_int_equal(avro_value_get_by_index(&list->value, place, &item.value, ret_key), 0);
    *ret_item = item;
    return unwrap(ret_item);
}

static void compare_list(struct seen record, int32_t id, const char *name,
                         const struct list_column *column, size_t row)
{
    struct seen list, item;
    const int64_t *items = NULL;
    size_t count = 0, expected = 0;
    bool is_there = field_find(record, id, name, &list);
    assert_int_equal(list_column_get(column, row, &items, &count), is_there);
    for (size_t i = 0; is_there && i < size_of(&list); i++) {
        if (!item_at(&list, i, NULL, &item))
            continue;
        assert_true(expected < count);
        assert_true(items[expected++] == number_of(&item));
    }
    assert_int_equal(count, expected);
}

/* The last value that a map has under a field id; `id_field` is the key's own id. */
static bool map_find(const struct seen *map, int32_t key_id, int32_t value_id, int64_t wanted,
                     struct seen *ret_value)
{
    bool is_found = false;
    for (size_t i = 0; i < size_of(map); i++) {
        struct seen item, key, value;
        const char *text = NULL;
        int64_t id = -1;
        bool is_there = item_at(map, i, &text, &item);
        value = item;
        if (map->shape->kind == AVRO_KIND_MAP) {
            if (!slice_to_int64(slice_from_string(text), &id))
                continue;
        } else {
            assert_true(field_find(item, key_id, "key", &key));
            is_there = field_find(item, value_id, "value", &value);
            id = number_of(&key);
        }
        if (id == wanted && is_there) {
            *ret_value = value;
            is_found = true;
        }
    }
    return is_found;
}

struct map_row {
    int32_t id;
    const char *name;
    int32_t key_id;
    int32_t value_id;
    enum stats_kind kind;
};

static const struct map_row MAPS[] = {
    {108, "column_sizes", 117, 118, STATS_COLUMN_SIZE},
    {109, "value_counts", 119, 120, STATS_VALUE_COUNT},
    {110, "null_value_counts", 121, 122, STATS_NULL_COUNT},
    {137, "nan_value_counts", 138, 139, STATS_NAN_COUNT},
    {125, "lower_bounds", 126, 127, STATS_LOWER_BOUND},
    {128, "upper_bounds", 129, 130, STATS_UPPER_BOUND},
};

static void compare_map(struct seen file, const struct map_row *map,
                        const struct stats_column *stats, size_t row)
{
    const struct long_column *longs[] = {&stats->column_sizes, &stats->value_counts,
                                         &stats->null_counts, &stats->nan_counts};
    struct seen field, value;
    bool is_there = field_find(file, map->id, map->name, &field) &&
                    map_find(&field, map->key_id, map->value_id, stats->field_id, &value);
    size_t place = (size_t)__builtin_ctz(map->kind);
    if (place < 4)
        expect_long(longs[place], row, is_there, is_there ? number_of(&value) : 0);
    else
        expect_bytes(place == 4 ? &stats->lower : &stats->upper, row, is_there,
                     is_there ? bytes_of(&value) : SLICE_EMPTY);
}

/* With all statistics, every id that a map names must have a place. */
static void compare_ids(struct seen file, const struct map_row *map,
                        const struct manifest_columns *columns)
{
    static const int64_t IDS[] = {0,  1,  2,  3,  4,  5,   6,   7,     8,         9,
                                  10, 11, 12, 63, 64, 511, 512, 70000, 2147483546};
    struct seen field, value;
    for (size_t i = 0; i < sizeof(IDS) / sizeof(IDS[0]); i++) {
        if (field_find(file, map->id, map->name, &field) &&
            map_find(&field, map->key_id, map->value_id, IDS[i], &value))
            assert_non_null(manifest_columns_stats(columns, (int32_t)IDS[i]));
    }
}

static void compare_stats(struct seen file, const struct manifest_columns *columns, size_t row)
{
    for (size_t i = 0; i < sizeof(MAPS) / sizeof(MAPS[0]); i++) {
        bool is_wanted = (columns->stats_kinds & MAPS[i].kind) != 0;
        for (size_t k = 0; is_wanted && k < columns->stats_count; k++)
            compare_map(file, &MAPS[i], &columns->stats[k], row);
        if (is_wanted && columns->has_all_stats)
            compare_ids(file, &MAPS[i], columns);
    }
}

/* The number's shortest form, found by trying: as long as the bytes without the first one mean the
 * same. */
static struct slice decimal_shorten(struct slice bytes)
{
    while (bytes.len > 1) {
        bool is_negative = (bytes.ptr[0] & 0x80) != 0;
        unsigned char first = (unsigned char)bytes.ptr[0];
        if (first != (is_negative ? 0xFF : 0x00) || ((bytes.ptr[1] & 0x80) != 0) != is_negative)
            break;
        bytes = slice_from(bytes, 1);
    }
    return bytes;
}

static void compare_partition_value(const struct seen *tuple, size_t place,
                                    const struct partition_column *column, size_t row)
{
    struct seen value;
    bool is_there = child_at(tuple, place, &value);
    struct slice bytes = SLICE_EMPTY;
    int64_t number = 0;
    bool is_real =
        is_there && (value.shape->kind == AVRO_KIND_FLOAT || value.shape->kind == AVRO_KIND_DOUBLE);
    bool is_bytes =
        is_there && (value.shape->kind == AVRO_KIND_BYTES ||
                     value.shape->kind == AVRO_KIND_STRING || value.shape->kind == AVRO_KIND_FIXED);
    if (is_bytes)
        bytes = bytes_of(&value);
    else if (is_there)
        number = is_real ? double_bits_of(&value) : number_of(&value);
    if (is_bytes && slice_equals_string(value.shape->logical_type, "decimal"))
        bytes = decimal_shorten(bytes);
    expect_bytes(&column->bytes, row, is_bytes, bytes);
    expect_long(&column->longs, row, is_there && !is_bytes, number);
    if (is_there)
        assert_int_equal(column->kind, is_bytes  ? PARTITION_BYTES
                                       : is_real ? PARTITION_DOUBLE
                                                 : PARTITION_LONG);
}

static void compare_partition(struct seen file, const struct manifest_columns *columns, size_t row)
{
    struct seen tuple;
    if (!field_find(file, 102, "partition", &tuple)) {
        for (size_t i = 0; i < columns->partition_count; i++) {
            expect_bytes(&columns->partitions[i].bytes, row, false, SLICE_EMPTY);
            expect_long(&columns->partitions[i].longs, row, false, 0);
        }
        return;
    }
    assert_int_equal(columns->partition_count, tuple.shape->child_count);
    for (size_t i = 0; i < columns->partition_count; i++) {
        const struct partition_column *column = &columns->partitions[i];
        assert_int_equal(column->field_id, tuple.shape->children[i].field_id);
        assert_true(slice_equals(column->name, tuple.shape->children[i].name));
        assert_ptr_equal(manifest_columns_partition(columns, 1000 + (int32_t)i, column->name),
                         column);
        compare_partition_value(&tuple, i, column, row);
    }
}

static void compare_texts(struct seen file, const struct manifest_columns *columns, size_t row)
{
    struct seen field;
    assert_true(field_find(file, 100, "file_path", &field));
    assert_true(manifest_columns_path_equals(columns, row, bytes_of(&field)));
    assert_int_equal(bytes_of(&field).len,
                     columns->path_prefix.len + manifest_columns_path_suffix(columns, row).len);
    assert_true(json_text_is_plain(bytes_of(&field)) || !columns->has_plain_paths);
    struct slice referenced;
    if (bytes_column_get(&columns->referenced_files, row, &referenced))
        assert_true(json_text_is_plain(referenced) || !columns->has_plain_references);
    assert_true(field_find(file, 101, "file_format", &field));
    const char *format = file_format_name((enum file_format)columns->format[row]);
    assert_true(slice_equals_ignore_case(bytes_of(&field), slice_from_string(format)));
}

static void compare_file(struct seen file, const struct manifest_columns *columns, size_t row)
{
    struct seen field;
    bool has_content = field_find(file, 134, "content", &field);
    assert_int_equal(columns->content[row], has_content ? number_of(&field) : 0);
    compare_texts(file, columns, row);
    compare_long(file, 103, "record_count", &columns->record_counts, row);
    compare_long(file, 104, "file_size_in_bytes", &columns->file_sizes, row);
    compare_long(file, 140, "sort_order_id", &columns->sort_order_ids, row);
    compare_long(file, 142, "first_row_id", &columns->first_row_ids, row);
    compare_long(file, 144, "content_offset", &columns->content_offsets, row);
    compare_long(file, 145, "content_size_in_bytes", &columns->content_sizes, row);
    compare_bytes(file, 131, "key_metadata", &columns->key_metadata, row);
    compare_bytes(file, 143, "referenced_data_file", &columns->referenced_files, row);
    compare_list(file, 132, "split_offsets", &columns->split_offsets, row);
    compare_list(file, 135, "equality_ids", &columns->equality_ids, row);
    compare_partition(file, columns, row);
    compare_stats(file, columns, row);
}

static void compare_entry(struct seen entry, const struct manifest_columns *columns, size_t row)
{
    struct seen field;
    assert_true(field_find(entry, 0, "status", &field));
    assert_int_equal(columns->status[row], number_of(&field));
    compare_long(entry, 1, "snapshot_id", &columns->snapshot_ids, row);
    compare_long(entry, 3, "sequence_number", &columns->data_sequences, row);
    compare_long(entry, 4, "file_sequence_number", &columns->file_sequences, row);
    assert_true(field_find(entry, 2, "data_file", &field));
    compare_file(field, columns, row);
}

static size_t compare_block(const struct avro_shape *shape, const struct avro_block *block,
                            avro_value_t *value, const struct manifest_columns *columns, size_t row)
{
    avro_reader_t reader = avro_reader_memory(block->data.ptr, (int64_t)block->data.len);
    for (int64_t i = 0; i < block->count; i++) {
        avro_value_reset(value);
        assert_int_equal(avro_value_read(reader, value), 0);
        assert_true(row < columns->row_count);
        compare_entry((struct seen){shape, *value}, columns, row++);
    }
    avro_reader_free(reader);
    return row;
}

static void compare_blocks(struct avro_container *container, const struct avro_shape *shape,
                           avro_value_t *value, const struct manifest_columns *columns)
{
    struct buffer scratch;
    struct error err;
    size_t rows = 0;
    bool more = true;
    buffer_init(&scratch, MAX_MANIFEST_BLOCK_SIZE);
    while (more) {
        struct avro_block block;
        assert_ok(avro_container_next(container, &scratch, &block, &more, &err), &err);
        if (more)
            rows = compare_block(shape, &block, value, columns, rows);
    }
    assert_int_equal(rows, columns->row_count);
    buffer_finish(&scratch);
}

void manifest_oracle_compare(struct slice bytes, const struct manifest_columns *columns)
{
    struct avro_container container;
    struct arena arena;
    struct error err;
    const struct avro_shape *shape;
    avro_schema_t schema;
    avro_value_t value;
    json_t *json = NULL;
    arena_init(&arena, 16 * MIB);
    assert_ok(avro_container_open(bytes, &container, &err), &err);
    assert_ok(json_tree_parse(container.schema, "schema", &json, &err), &err);
    assert_ok(avro_shape_parse(json, &arena, &shape, &err), &err);
    assert_ok(avro_c_schema_make(shape, &schema, &err), &err);
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    assert_int_equal(avro_generic_value_new(class, &value), 0);
    compare_blocks(&container, shape, &value, columns);
    avro_value_decref(&value);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    json_decref(json);
    arena_finish(&arena);
    avro_container_finish(&container);
}
