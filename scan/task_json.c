/*
 * Of a hundred thousand tasks the text is most of the work once manifests are decoded, and most of
 * the text is the same in all of them. So what a manifest's tasks begin with is made once, values
 * of a partition are written again only where they change, and what has a known greatest length is
 * put without looking for room at each step.
 */
#include "scan/task_json.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/text_put.h"
#include "iceberg/value_json.h"

/* A path in a manifest: stores allow some thousand bytes. */
#define MAX_PATH_TEXT (1 * MIB)
/* Names, braces and numbers between a task's texts of unknown length: less than 200 bytes. */
#define FIXED_SIZE 512
/* A partition value's text that is kept for the next row: numbers, dates, times. */
#define KEPT_TEXT_SIZE 40

/* A slice in a static table. */
#define TEXT(text)               \
    {                            \
        (text), sizeof(text) - 1 \
    }

/* One field of a partition tuple: where its values are, and the last one's text. */
struct task_tuple {
    const struct partition_column *column; /* NULL: always null */
    const struct type *type;
    size_t size; /* of the text; 0: none is kept */
    int64_t last;
    char text[KEPT_TEXT_SIZE];
};

void task_deletes_init(struct task_deletes *deletes, const struct plan *plan)
{
    *deletes = (struct task_deletes){.plan = plan};
    pthread_mutex_init(&deletes->mutex, NULL);
}

void task_deletes_finish(struct task_deletes *deletes)
{
    pthread_mutex_destroy(&deletes->mutex);
    free(deletes->places);
    free(deletes->used);
}

void task_writer_init(struct task_writer *writer, struct task_deletes *deletes, struct buffer *out)
{
    *writer = (struct task_writer){.out = out, .deletes = deletes};
    buffer_init(&writer->text, MAX_PATH_TEXT);
    buffer_init(&writer->head, MAX_PATH_TEXT + FIXED_SIZE);
}

void task_writer_finish(struct task_writer *writer)
{
    buffer_finish(&writer->text);
    buffer_finish(&writer->head);
    free(writer->tuples);
}

/* --- values --------------------------------------------------------------------------------- */

/* Puts of at most FIXED_SIZE bytes in all, between these two. NULL where memory is short: the
 * buffer remembers it, and the caller writes nothing. */
static char *put_begin(struct buffer *out)
{
    return buffer_reserve(out, FIXED_SIZE) ? out->ptr + out->len : NULL;
}

static void put_end(struct buffer *out, const char *at)
{
    out->len = (size_t)(at - out->ptr);
}

static char *put_long(char *at, struct slice key, const struct long_column *column, size_t row)
{
    int64_t value = 0;
    return long_column_get(column, row, &value) ? put_int64(put_slice(at, key), value) : at;
}

static void write_list(struct buffer *out, struct slice key, const struct list_column *column,
                       size_t row)
{
    const int64_t *items = NULL;
    size_t count = 0;
    if (!list_column_get(column, row, &items, &count))
        return;
    if (!buffer_reserve(out, key.len + 2 + count * (PUT_INT64_SIZE + 1)))
        return;
    char *at = put_slice(out->ptr + out->len, key);
    *at++ = '[';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *at++ = ',';
        at = put_int64(at, items[i]);
    }
    *at++ = ']';
    put_end(out, at);
}

static void write_bytes(struct buffer *out, struct slice bytes)
{
    struct value value = {.type = TYPE_BINARY, .bytes = bytes};
    value_write_json(&value, out);
}

/* A text without its quotes. What all texts of a manifest are was found out when it was decoded: to
 * look at each of them here was a third of an answer's cost. */
static bool write_text(struct buffer *out, struct slice text, bool is_plain, struct error *err)
{
    if (is_plain) {
        buffer_append_slice(out, text);
        return true;
    }
    if (!slice_is_utf8(text))
        return error_set(err, ERROR_CORRUPT, "a manifest has a path that is not UTF-8");
    size_t start = out->len;
    json_append_string(out, text);
    if (!buffer_ok(out))
        return buffer_check(out, "the answer", err);
    memmove(out->ptr + start, out->ptr + start + 1, out->len - start - 2);
    buffer_truncate(out, out->len - 2);
    return true;
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

static bool tuples_reserve(struct task_writer *writer, size_t count, struct error *err)
{
    if (count <= writer->tuple_capacity)
        return true;
    struct task_tuple *tuples = realloc(writer->tuples, count * sizeof(*tuples));
    if (!tuples)
        return error_no_memory(err, "an answer's partitions");
    writer->tuples = tuples;
    writer->tuple_capacity = count;
    return true;
}

/* The last value's text is kept where it would be the same again: deletes of one partition are
 * taken from several manifests in turn. */
static bool is_alike(const struct task_tuple *tuple, const struct partition_column *column,
                     const struct type *type)
{
    return tuple->column && column && tuple->column->kind == column->kind && tuple->type == type;
}

static bool tuples_bind(struct task_writer *writer, const struct manifest_columns *columns,
                        const struct plan_spec *spec, struct error *err)
{
    TRY(tuples_reserve(writer, spec->spec->field_count, err));
    for (size_t i = 0; i < spec->spec->field_count; i++) {
        const struct partition_field *field = &spec->spec->fields[i];
        const struct partition_column *column =
            manifest_columns_partition(columns, field->field_id, field->name);
        struct task_tuple *tuple = &writer->tuples[i];
        if (i >= writer->tuple_count || !is_alike(tuple, column, spec->types[i]))
            *tuple = (struct task_tuple){.type = spec->types[i]};
        tuple->column = column;
    }
    writer->tuple_count = spec->spec->field_count;
    return true;
}

static bool is_integer(const struct type *type)
{
    return type && (type->id == TYPE_INT || type->id == TYPE_LONG);
}

/* Values that are numbers inside are rendered where they differ from the last row's. */
static void write_tuple_value(struct task_writer *writer, struct task_tuple *tuple, size_t row)
{
    const struct partition_column *column = tuple->column;
    struct buffer *out = writer->out;
    int64_t bits = 0;
    bool is_number = column &&
                     (column->kind == PARTITION_LONG || column->kind == PARTITION_DOUBLE) &&
                     long_column_get(&column->longs, row, &bits);
    if (is_number && column->kind == PARTITION_LONG && is_integer(tuple->type)) {
        buffer_append_int64(out, bits);
        return;
    }
    if (is_number && tuple->size > 0 && tuple->last == bits) {
        buffer_append(out, tuple->text, tuple->size);
        return;
    }
    struct value value = partition_value(column, tuple->type, row);
    size_t start = out->len;
    value_write_json(&value, out);
    size_t size = out->len - start;
    tuple->size = is_number && buffer_ok(out) && size <= KEPT_TEXT_SIZE ? size : 0;
    tuple->last = bits;
    if (tuple->size > 0)
        memcpy(tuple->text, out->ptr + start, size);
}

/* --- files ---------------------------------------------------------------------------------- */

static struct slice content_text(uint8_t content)
{
    static const struct slice TEXTS[] = {
        [CONTENT_DATA] = TEXT(",\"content\":\"data\",\"file-path\":\""),
        [CONTENT_POSITION_DELETES] = TEXT(",\"content\":\"position-deletes\",\"file-path\":\""),
        [CONTENT_EQUALITY_DELETES] = TEXT(",\"content\":\"equality-deletes\",\"file-path\":\""),
    };
    return TEXTS[content];
}

/* A file's first members, up to within its path. */
static void write_content(struct buffer *out, const struct plan_spec *spec, uint8_t content)
{
    char *at = put_begin(out);
    if (!at)
        return;
    at = PUT_LITERAL(at, "\"spec-id\":");
    at = put_int64(at, spec->spec->spec_id);
    at = put_slice(at, content_text(content));
    put_end(out, at);
}

static struct slice format_text(uint8_t format)
{
    static const struct slice TEXTS[] = {
        [FORMAT_AVRO] = TEXT("\",\"file-format\":\"avro\",\"partition\":["),
        [FORMAT_ORC] = TEXT("\",\"file-format\":\"orc\",\"partition\":["),
        [FORMAT_PARQUET] = TEXT("\",\"file-format\":\"parquet\",\"partition\":["),
        [FORMAT_PUFFIN] = TEXT("\",\"file-format\":\"puffin\",\"partition\":["),
    };
    return TEXTS[format];
}

/* What follows a file's path, which is still open; tuples are bound. */
static void write_properties(struct task_writer *writer, const struct manifest_columns *columns,
                             size_t row)
{
    struct buffer *out = writer->out;
    struct slice key_metadata = SLICE_EMPTY;
    buffer_append_slice(out, format_text(columns->format[row]));
    for (size_t i = 0; i < writer->tuple_count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        write_tuple_value(writer, &writer->tuples[i], row);
    }
    char *at = put_begin(out);
    if (!at)
        return;
    *at++ = ']';
    at = put_long(at, SLICE_LITERAL(",\"file-size-in-bytes\":"), &columns->file_sizes, row);
    at = put_long(at, SLICE_LITERAL(",\"record-count\":"), &columns->record_counts, row);
    put_end(out, at);
    if (bytes_column_get(&columns->key_metadata, row, &key_metadata)) {
        buffer_append_string(out, ",\"key-metadata\":");
        write_bytes(out, key_metadata);
    }
    write_list(out, SLICE_LITERAL(",\"split-offsets\":"), &columns->split_offsets, row);
    at = put_begin(out);
    if (at)
        put_end(out,
                put_long(at, SLICE_LITERAL(",\"sort-order-id\":"), &columns->sort_order_ids, row));
}

/* Delete files of one manifest mostly follow each other. Their columns stay as long as the plan. */
static bool bind_deletes(struct task_writer *writer, const struct delete_file *file,
                         const struct plan_spec *spec, struct error *err)
{
    if (writer->delete_columns == file->columns)
        return true;
    TRY(tuples_bind(writer, file->columns, spec, err));
    writer->delete_columns = file->columns;
    return true;
}

static bool write_delete_file(struct task_writer *writer, const struct delete_file *file,
                              const struct plan_spec *spec, struct error *err)
{
    const struct manifest_columns *columns = file->columns;
    struct buffer *out = writer->out;
    struct slice referenced;
    size_t row = file->row;
    TRY(bind_deletes(writer, file, spec, err));
    buffer_append_byte(out, '{');
    write_content(out, spec, columns->content[row]);
    TRY(write_text(out, columns->path_prefix, columns->has_plain_paths, err));
    TRY(write_text(out, manifest_columns_path_suffix(columns, row), columns->has_plain_paths, err));
    write_properties(writer, columns, row);
    write_list(out, SLICE_LITERAL(",\"equality-ids\":"), &columns->equality_ids, row);
    if (bytes_column_get(&columns->referenced_files, row, &referenced)) {
        buffer_append_string(out, ",\"referenced-data-file\":\"");
        TRY(write_text(out, referenced, columns->has_plain_references, err));
        buffer_append_byte(out, '"');
    }
    char *at = put_begin(out);
    if (!at)
        return buffer_check(out, "the answer", err);
    at = put_long(at, SLICE_LITERAL(",\"content-offset\":"), &columns->content_offsets, row);
    at = put_long(at, SLICE_LITERAL(",\"content-size-in-bytes\":"), &columns->content_sizes, row);
    *at++ = '}';
    put_end(out, at);
    return true;
}

bool task_writer_delete(struct task_writer *writer, size_t number, struct error *err)
{
    const struct plan_spec *spec = NULL;
    struct delete_file file;
    return plan_delete_file(writer->deletes->plan, writer->deletes->used[number], &file, &spec,
                            err) &&
           write_delete_file(writer, &file, spec, err) &&
           buffer_check(writer->out, "the answer", err);
}

/* --- statistics ----------------------------------------------------------------------------- */

/* A kind of statistics: the member of an answer, and where it is kept. */
struct stat_kind {
    struct slice key;
    size_t offset; /* of the column within struct stats_column */
    bool is_bytes;
};

static const struct stat_kind STAT_KINDS[] = {
    {TEXT(",\"column-sizes\":{\"keys\":["), offsetof(struct stats_column, column_sizes), false},
    {TEXT(",\"value-counts\":{\"keys\":["), offsetof(struct stats_column, value_counts), false},
    {TEXT(",\"null-value-counts\":{\"keys\":["), offsetof(struct stats_column, null_counts), false},
    {TEXT(",\"nan-value-counts\":{\"keys\":["), offsetof(struct stats_column, nan_counts), false},
    {TEXT(",\"lower-bounds\":{\"keys\":["), offsetof(struct stats_column, lower), true},
    {TEXT(",\"upper-bounds\":{\"keys\":["), offsetof(struct stats_column, upper), true},
};

/* The statistic's field id or its value; false where the row has none. */
static bool write_stat(struct buffer *out, const struct stat_kind *kind,
                       const struct stats_column *stats, size_t row, bool is_key, bool has_before)
{
    const void *column = (const char *)stats + kind->offset;
    struct slice bytes = SLICE_EMPTY;
    int64_t number = 0;
    if (kind->is_bytes ? !bytes_column_get(column, row, &bytes)
                       : !long_column_get(column, row, &number))
        return false;
    if (has_before)
        buffer_append_byte(out, ',');
    if (is_key)
        buffer_append_int64(out, stats->field_id);
    else if (kind->is_bytes)
        write_bytes(out, bytes); /* typed values would be read by no client: Java wants binary */
    else
        buffer_append_int64(out, number);
    return true;
}

static void write_map_side(struct task_writer *writer, const struct plan_task *task,
                           const struct stat_kind *kind, bool is_key)
{
    size_t count = 0;
    bool has_before = false;
    const int32_t *ids = plan_stats_ids(writer->deletes->plan, &count);
    for (size_t i = 0; i < count; i++) {
        const struct stats_column *stats = manifest_columns_stats(task->columns, ids[i]);
        if (stats)
            has_before |= write_stat(writer->out, kind, stats, task->row, is_key, has_before);
    }
}

static void write_stats(struct task_writer *writer, const struct plan_task *task)
{
    size_t count = 0;
    plan_stats_ids(writer->deletes->plan, &count);
    for (size_t i = 0; count > 0 && i < sizeof(STAT_KINDS) / sizeof(STAT_KINDS[0]); i++) {
        buffer_append_slice(writer->out, STAT_KINDS[i].key);
        write_map_side(writer, task, &STAT_KINDS[i], true);
        buffer_append_string(writer->out, "],\"values\":[");
        write_map_side(writer, task, &STAT_KINDS[i], false);
        buffer_append_string(writer->out, "]}");
    }
}

/* --- tasks ---------------------------------------------------------------------------------- */

static bool make_places(struct task_deletes *deletes, struct error *err)
{
    size_t count = plan_delete_count(deletes->plan);
    if (deletes->used)
        return true;
    free(deletes->places);
    deletes->places = calloc(count + 1, sizeof(*deletes->places));
    deletes->used = calloc(count + 1, sizeof(*deletes->used));
    if (deletes->places && deletes->used)
        return true;
    free(deletes->used);
    deletes->used = NULL;
    return error_no_memory(err, "an answer's delete files");
}

/* Their places in the answer, of which they get one with their first reference. The mutex is held.
 */
static bool put_references(struct task_writer *writer, const struct plan_task *task,
                           struct error *err)
{
    struct task_deletes *deletes = writer->deletes;
    TRY(make_places(deletes, err));
    for (size_t i = 0; i < task->delete_count; i++) {
        uint32_t *place = &deletes->places[task->deletes[i]];
        if (*place == 0) {
            deletes->used[deletes->used_count] = task->deletes[i];
            *place = (uint32_t)++deletes->used_count;
        }
        buffer_append_byte(writer->out, i > 0 ? ',' : '[');
        buffer_append_int64(writer->out, (int64_t)*place - 1);
    }
    buffer_append_byte(writer->out, ']');
    return true;
}

static bool write_references(struct task_writer *writer, const struct plan_task *task,
                             struct error *err)
{
    if (task->delete_count == 0)
        return true;
    buffer_append_string(writer->out, ",\"delete-file-references\":");
    pthread_mutex_lock(&writer->deletes->mutex);
    bool ok = put_references(writer, task, err);
    pthread_mutex_unlock(&writer->deletes->mutex);
    return ok;
}

static bool manifest_begin(struct task_writer *writer, const struct plan_task *task,
                           struct error *err)
{
    if (writer->manifest == task->manifest)
        return true;
    TRY(tuples_bind(writer, task->columns, task->spec, err));
    buffer_truncate(&writer->head, 0);
    buffer_append_string(&writer->head, ",{\"data-file\":{");
    write_content(&writer->head, task->spec, CONTENT_DATA);
    TRY(write_text(&writer->head, task->columns->path_prefix, task->columns->has_plain_paths, err));
    TRY(buffer_check(&writer->head, "a file's path", err));
    writer->manifest = task->manifest;
    return true;
}

bool task_writer_visit(void *context, const struct plan_task *task, struct error *err)
{
    struct task_writer *writer = context;
    struct buffer *out = writer->out;
    TRY(manifest_begin(writer, task, err));
    buffer_append_slice(out, buffer_slice(&writer->head));
    TRY(write_text(out, manifest_columns_path_suffix(task->columns, task->row),
                   task->columns->has_plain_paths, err));
    write_properties(writer, task->columns, task->row);
    if (task->has_first_row_id) {
        buffer_append_string(out, ",\"first-row-id\":");
        buffer_append_int64(out, task->first_row_id);
    }
    write_stats(writer, task);
    buffer_append_byte(out, '}');
    TRY(write_references(writer, task, err));
    if (!buffer_reserve(out, FIXED_SIZE + task->residual->json.len))
        return buffer_check(out, "the answer", err);
    char *at = PUT_LITERAL(out->ptr + out->len, ",\"residual-filter\":");
    at = put_slice(at, task->residual->json);
    *at++ = '}';
    put_end(out, at);
    return true;
}
