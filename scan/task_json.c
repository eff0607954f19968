#include "scan/task_json.h"

#include <stdlib.h>

#include "base/limits.h"
#include "iceberg/value_json.h"

/* A path in a manifest: stores allow some thousand bytes. */
#define MAX_PATH_TEXT (1 * MIB)

void task_writer_init(struct task_writer *writer, const struct plan *plan, struct json_writer *json)
{
    *writer = (struct task_writer){.json = json, .plan = plan};
    buffer_init(&writer->text, MAX_PATH_TEXT);
}

void task_writer_finish(struct task_writer *writer)
{
    buffer_finish(&writer->text);
    free(writer->places);
    free(writer->used);
}

/* --- values --------------------------------------------------------------------------------- */

/* A member's name as it stands in the answer: there is one for every value of 100,000 files, and to
 * look for what must be escaped in it would be most of the work. */
#define KEY(name) SLICE_LITERAL("\"" name "\":")

static void write_key(struct json_writer *json, struct slice key)
{
    json_write_raw(json, key);
    json->has_item[json->depth] = false; /* no comma before its value */
}

static void write_value(struct json_writer *json, const struct value *value)
{
    json_write_raw(json, SLICE_EMPTY); /* the comma, where one is due */
    value_write_json(value, json->out);
}

static void write_bytes(struct json_writer *json, struct slice bytes)
{
    struct value value = {.type = TYPE_BINARY, .bytes = bytes};
    write_value(json, &value);
}

static void write_long(struct json_writer *json, struct slice key, const struct long_column *column,
                       size_t row)
{
    int64_t value = 0;
    if (!long_column_get(column, row, &value))
        return;
    write_key(json, key);
    json_write_int64(json, value);
}

static void write_list(struct json_writer *json, struct slice key, const struct list_column *column,
                       size_t row)
{
    const int64_t *items = NULL;
    size_t count = 0;
    if (!list_column_get(column, row, &items, &count))
        return;
    write_key(json, key);
    json_write_array_begin(json);
    for (size_t i = 0; i < count; i++)
        json_write_int64(json, items[i]);
    json_write_array_end(json);
}

/* --- partitions ----------------------------------------------------------------------------- */

/* What bytes are where no type tells: a column that is in no schema, an unknown transform. */
static struct value untyped_bytes(struct slice bytes)
{
    enum type_id type = slice_is_utf8(bytes) ? TYPE_STRING : TYPE_BINARY;
    return (struct value){.type = type, .bytes = bytes};
}

static struct value bytes_value(const struct type *type, struct slice bytes)
{
    struct value value;
    if (!type || type->id == TYPE_UNKNOWN || !value_from_bytes(type, bytes, &value))
        return untyped_bytes(bytes);
    /* Text that is none would break the answer. */
    if (value.type == TYPE_STRING && !slice_is_utf8(bytes))
        return untyped_bytes(bytes);
    return value;
}

static struct value long_value(const struct partition_column *column, const struct type *type,
                               int64_t bits)
{
    struct value value = {.type = TYPE_LONG, .number = bits};
    if (column->kind == PARTITION_DOUBLE) {
        value.type = type && type->id == TYPE_FLOAT ? TYPE_FLOAT : TYPE_DOUBLE;
        memcpy(&value.real, &bits, sizeof(value.real));
    } else if (type && value_class_of(type->id) == VALUE_NUMBER) {
        value.type = type->id;
    }
    return value;
}

static struct value partition_value(const struct partition_column *column, const struct type *type,
                                    size_t row)
{
    int64_t bits = 0;
    struct slice bytes = SLICE_EMPTY;
    if (!column || column->kind == PARTITION_NULL)
        return VALUE_NONE;
    if (column->kind == PARTITION_BYTES)
        return bytes_column_get(&column->bytes, row, &bytes) ? bytes_value(type, bytes)
                                                             : VALUE_NONE;
    return long_column_get(&column->longs, row, &bits) ? long_value(column, type, bits)
                                                       : VALUE_NONE;
}

static void write_partition(struct json_writer *json, const struct manifest_columns *columns,
                            const struct plan_spec *spec, size_t row)
{
    write_key(json, KEY("partition"));
    json_write_array_begin(json);
    for (size_t i = 0; i < spec->spec->field_count; i++) {
        const struct partition_field *field = &spec->spec->fields[i];
        const struct partition_column *column =
            manifest_columns_partition(columns, field->field_id, field->name);
        struct value value = partition_value(column, spec->types[i], row);
        write_value(json, &value);
    }
    json_write_array_end(json);
}

/* --- files ---------------------------------------------------------------------------------- */

static bool write_text(struct json_writer *json, struct slice key, struct slice text,
                       struct error *err)
{
    if (!slice_is_utf8(text))
        return error_set(err, ERROR_CORRUPT, "a manifest has a path that is not UTF-8");
    write_key(json, key);
    json_write_string(json, text);
    return true;
}

static bool write_path(struct task_writer *writer, const struct manifest_columns *columns,
                       size_t row, struct error *err)
{
    struct buffer *text = &writer->text;
    buffer_truncate(text, 0);
    buffer_append_slice(text, columns->path_prefix);
    buffer_append_slice(text, manifest_columns_path_suffix(columns, row));
    TRY(buffer_check(text, "a file's path", err));
    return write_text(writer->json, KEY("file-path"), buffer_slice(text), err);
}

static const char *content_name(uint8_t content)
{
    static const char *const names[] = {
        [CONTENT_DATA] = "data",
        [CONTENT_POSITION_DELETES] = "position-deletes",
        [CONTENT_EQUALITY_DELETES] = "equality-deletes",
    };
    return names[content];
}

/* What data and delete files have in common. */
static bool write_content(struct task_writer *writer, const struct manifest_columns *columns,
                          const struct plan_spec *spec, size_t row, struct error *err)
{
    struct json_writer *json = writer->json;
    struct slice key_metadata = SLICE_EMPTY;
    write_key(json, KEY("spec-id"));
    json_write_int64(json, spec->spec->spec_id);
    write_key(json, KEY("content"));
    json_write_string(json, slice_from_string(content_name(columns->content[row])));
    TRY(write_path(writer, columns, row, err));
    write_key(json, KEY("file-format"));
    json_write_string(json, slice_from_string(file_format_name(columns->format[row])));
    write_partition(json, columns, spec, row);
    write_long(json, KEY("file-size-in-bytes"), &columns->file_sizes, row);
    write_long(json, KEY("record-count"), &columns->record_counts, row);
    if (bytes_column_get(&columns->key_metadata, row, &key_metadata)) {
        write_key(json, KEY("key-metadata"));
        write_bytes(json, key_metadata);
    }
    write_list(json, KEY("split-offsets"), &columns->split_offsets, row);
    write_long(json, KEY("sort-order-id"), &columns->sort_order_ids, row);
    return true;
}

static bool write_delete_file(struct task_writer *writer, const struct file_ref *file,
                              const struct plan_spec *spec, struct error *err)
{
    const struct manifest_columns *columns = file->columns;
    struct json_writer *json = writer->json;
    struct slice referenced;
    json_write_object_begin(json);
    TRY(write_content(writer, columns, spec, file->row, err));
    write_list(json, KEY("equality-ids"), &columns->equality_ids, file->row);
    if (bytes_column_get(&columns->referenced_files, file->row, &referenced))
        TRY(write_text(json, KEY("referenced-data-file"), referenced, err));
    write_long(json, KEY("content-offset"), &columns->content_offsets, file->row);
    write_long(json, KEY("content-size-in-bytes"), &columns->content_sizes, file->row);
    json_write_object_end(json);
    return true;
}

bool task_writer_deletes(struct task_writer *writer, struct error *err)
{
    if (writer->used_count == 0)
        return true;
    write_key(writer->json, KEY("delete-files"));
    json_write_array_begin(writer->json);
    for (size_t i = 0; i < writer->used_count; i++) {
        const struct plan_spec *spec = NULL;
        const struct file_ref *file = plan_delete_file(writer->plan, writer->used[i], &spec);
        TRY(write_delete_file(writer, file, spec, err));
    }
    json_write_array_end(writer->json);
    return true;
}

/* --- statistics ----------------------------------------------------------------------------- */

/* A kind of statistics: the member of an answer, and where it is kept. */
struct stat_kind {
    const char *key;
    size_t offset; /* of the column within struct stats_column */
    bool is_bytes;
};

static const struct stat_kind STAT_KINDS[] = {
    {"column-sizes", offsetof(struct stats_column, column_sizes), false},
    {"value-counts", offsetof(struct stats_column, value_counts), false},
    {"null-value-counts", offsetof(struct stats_column, null_counts), false},
    {"nan-value-counts", offsetof(struct stats_column, nan_counts), false},
    {"lower-bounds", offsetof(struct stats_column, lower), true},
    {"upper-bounds", offsetof(struct stats_column, upper), true},
};

static bool write_stat(struct json_writer *json, const struct stat_kind *kind,
                       const struct stats_column *stats, size_t row, bool is_key)
{
    const void *column = (const char *)stats + kind->offset;
    struct slice bytes;
    int64_t number = 0;
    if (kind->is_bytes ? !bytes_column_get(column, row, &bytes)
                       : !long_column_get(column, row, &number))
        return false;
    if (is_key)
        json_write_int64(json, stats->field_id);
    else if (kind->is_bytes)
        write_bytes(json, bytes); /* typed values would be read by no client: Java wants binary */
    else
        json_write_int64(json, number);
    return true;
}

static void write_map_side(struct task_writer *writer, const struct plan_task *task,
                           const struct stat_kind *kind, bool is_key)
{
    size_t count = 0;
    const int32_t *ids = plan_stats_ids(writer->plan, &count);
    json_write_key(writer->json, is_key ? "keys" : "values");
    json_write_array_begin(writer->json);
    for (size_t i = 0; i < count; i++) {
        const struct stats_column *stats = manifest_columns_stats(task->columns, ids[i]);
        if (stats)
            write_stat(writer->json, kind, stats, task->row, is_key);
    }
    json_write_array_end(writer->json);
}

static void write_stats(struct task_writer *writer, const struct plan_task *task)
{
    size_t count = 0;
    plan_stats_ids(writer->plan, &count);
    for (size_t i = 0; count > 0 && i < sizeof(STAT_KINDS) / sizeof(STAT_KINDS[0]); i++) {
        json_write_key(writer->json, STAT_KINDS[i].key);
        json_write_object_begin(writer->json);
        write_map_side(writer, task, &STAT_KINDS[i], true);
        write_map_side(writer, task, &STAT_KINDS[i], false);
        json_write_object_end(writer->json);
    }
}

/* --- tasks ---------------------------------------------------------------------------------- */

static bool make_places(struct task_writer *writer, struct error *err)
{
    size_t count = plan_delete_count(writer->plan);
    if (writer->places)
        return true;
    writer->places = calloc(count + 1, sizeof(*writer->places));
    writer->used = calloc(count + 1, sizeof(*writer->used));
    if (!writer->places || !writer->used)
        return error_no_memory(err, "an answer's delete files");
    return true;
}

static bool write_references(struct task_writer *writer, const struct plan_task *task,
                             struct error *err)
{
    if (task->delete_count == 0)
        return true;
    TRY(make_places(writer, err));
    write_key(writer->json, KEY("delete-file-references"));
    json_write_array_begin(writer->json);
    for (size_t i = 0; i < task->delete_count; i++) {
        uint32_t *place = &writer->places[task->deletes[i]];
        if (*place == 0) {
            writer->used[writer->used_count] = task->deletes[i];
            *place = (uint32_t)++writer->used_count;
        }
        json_write_int64(writer->json, (int64_t)*place - 1);
    }
    json_write_array_end(writer->json);
    return true;
}

bool task_writer_visit(void *context, const struct plan_task *task, struct error *err)
{
    struct task_writer *writer = context;
    struct json_writer *json = writer->json;
    json_write_object_begin(json);
    write_key(json, KEY("data-file"));
    json_write_object_begin(json);
    TRY(write_content(writer, task->columns, task->spec, task->row, err));
    if (task->has_first_row_id) {
        write_key(json, KEY("first-row-id"));
        json_write_int64(json, task->first_row_id);
    }
    write_stats(writer, task);
    json_write_object_end(json);
    TRY(write_references(writer, task, err));
    write_key(json, KEY("residual-filter"));
    json_write_raw(json, task->residual->json);
    json_write_object_end(json);
    writer->task_count++;
    return buffer_check(json->out, "the answer", err);
}
