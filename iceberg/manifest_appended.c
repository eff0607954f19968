#include "iceberg/manifest_appended.h"

#include "iceberg/avro_records.h"

#define STATUS_ADDED 1
#define CONTENT_DATA 0

/* The fields that are looked at, of the entry and of its data file. */
enum entry_field {
    ENTRY_STATUS,
    ENTRY_SNAPSHOT_ID,
    ENTRY_SEQUENCE,
    ENTRY_FILE_SEQUENCE,
    FILE_CONTENT,
    FILE_ROWS,
    FILE_FIRST_ROW_ID,
    FIELD_COUNT
};

static const struct {
    int32_t id;
    const char *name;
} FIELDS[FIELD_COUNT] = {
    [ENTRY_STATUS] = {0, "status"},
    [ENTRY_SNAPSHOT_ID] = {1, "snapshot_id"},
    [ENTRY_SEQUENCE] = {3, "sequence_number"},
    [ENTRY_FILE_SEQUENCE] = {4, "file_sequence_number"},
    [FILE_CONTENT] = {134, "content"},
    [FILE_ROWS] = {103, "record_count"},
    [FILE_FIRST_ROW_ID] = {142, "first_row_id"},
};

#define DATA_FILE_ID 2
#define DATA_FILE_NAME "data_file"

struct entry {
    bool is_there[FIELD_COUNT];
    int64_t numbers[FIELD_COUNT];
};

struct reader {
    const struct avro_shape *shape;
    const struct avro_shape *file_shape;
    int file_place;
    int places[FIELD_COUNT]; /* in the entry, and from FILE_CONTENT on in its data file */
    struct avro_cursor cursor;
    uint64_t budget;
    struct entry entry;
};

static bool shapes_find(struct reader *reader, struct error *err)
{
    reader->file_place = avro_shape_find(reader->shape, DATA_FILE_ID, DATA_FILE_NAME);
    reader->file_shape =
        reader->file_place < 0 ? NULL : reader->shape->children[reader->file_place].type;
    if (!reader->file_shape || reader->file_shape->kind != AVRO_KIND_RECORD)
        return error_set(err, ERROR_CORRUPT,
                         "the Avro file has no record data_file (id 2): it is no manifest");
    for (size_t i = 0; i < FIELD_COUNT; i++)
        reader->places[i] = avro_shape_find(i < FILE_CONTENT ? reader->shape : reader->file_shape,
                                            FIELDS[i].id, FIELDS[i].name);
    return true;
}

/* Which of the fields [from, to) stands at a place of its record; FIELD_COUNT: none. */
static size_t field_at(const struct reader *reader, size_t from, size_t to, size_t place)
{
    for (size_t i = from; i < to; i++)
        if (reader->places[i] == (int)place)
            return i;
    return FIELD_COUNT;
}

static bool child_read(struct reader *reader, const struct avro_shape *shape, size_t field)
{
    if (field == FIELD_COUNT)
        return avro_shape_skip(shape, &reader->cursor, &reader->budget);
    return avro_number_read(shape, &reader->cursor, &reader->budget, &reader->entry.is_there[field],
                            &reader->entry.numbers[field]);
}

static bool file_read(struct reader *reader)
{
    const struct avro_shape *shape = reader->file_shape;
    for (size_t i = 0; i < shape->child_count; i++)
        TRY(child_read(reader, shape->children[i].type,
                       field_at(reader, FILE_CONTENT, FIELD_COUNT, i)));
    return true;
}

static bool entry_read(struct reader *reader)
{
    const struct avro_shape *shape = reader->shape;
    reader->entry = (struct entry){.numbers = {0}};
    for (size_t i = 0; i < shape->child_count; i++) {
        if ((int)i == reader->file_place)
            TRY(file_read(reader));
        else
            TRY(child_read(reader, shape->children[i].type, field_at(reader, 0, FILE_CONTENT, i)));
    }
    return true;
}

/* NULL where the entry is one that inherits everything. */
static const char *objection(const struct entry *entry, int64_t snapshot_id)
{
    if (!entry->is_there[ENTRY_STATUS] || entry->numbers[ENTRY_STATUS] != STATUS_ADDED)
        return "an entry that is not ADDED";
    if (entry->is_there[ENTRY_SNAPSHOT_ID] && entry->numbers[ENTRY_SNAPSHOT_ID] != snapshot_id)
        return "an entry of another snapshot";
    if (entry->is_there[ENTRY_SEQUENCE] || entry->is_there[ENTRY_FILE_SEQUENCE])
        return "an entry with a sequence number of its own";
    if (entry->is_there[FILE_CONTENT] && entry->numbers[FILE_CONTENT] != CONTENT_DATA)
        return "a delete file";
    if (!entry->is_there[FILE_ROWS] || entry->numbers[FILE_ROWS] < 0)
        return "a file without a record_count";
    return entry->is_there[FILE_FIRST_ROW_ID] ? "a file with row ids of its own" : NULL;
}

static bool block_check(struct reader *reader, const struct avro_records *records,
                        const struct avro_block *block, int64_t snapshot_id,
                        struct manifest_appended *appended, struct error *err)
{
    reader->cursor = avro_cursor_make(block->data);
    reader->budget = avro_block_budget(block);
    for (int64_t i = 0; i < block->count; i++) {
        if (!entry_read(reader))
            return avro_records_damaged(records, err);
        const char *what = objection(&reader->entry, snapshot_id);
        if (what)
            return error_set(err, ERROR_VALIDATION, "the manifest has %s", what);
        appended->files++;
        if (__builtin_add_overflow(appended->rows, reader->entry.numbers[FILE_ROWS],
                                   &appended->rows))
            return error_set(err, ERROR_VALIDATION, "the manifest has too many rows");
    }
    return true;
}

static bool records_check(struct avro_records *records, int64_t snapshot_id,
                          struct manifest_appended *appended, struct error *err)
{
    struct reader reader = {.shape = records->shape};
    struct avro_block block;
    bool more = true;
    TRY(shapes_find(&reader, err));
    for (;;) {
        TRY(avro_records_next(records, &block, &more, err));
        if (!more)
            return true;
        TRY(block_check(&reader, records, &block, snapshot_id, appended, err));
    }
}

bool manifest_appended_check(struct slice bytes, int64_t snapshot_id,
                             struct manifest_appended *ret_appended, struct error *err)
{
    struct manifest_appended appended = {0};
    struct avro_records records;
    TRY(avro_records_open(bytes, "the manifest", &records, err));
    bool ok = records_check(&records, snapshot_id, &appended, err);
    avro_records_finish(&records);
    if (ok)
        *ret_appended = appended;
    return ok;
}
