#include "iceberg/manifest_list.h"

#include <stdlib.h>

#include "base/limits.h"
#include "iceberg/avro_records.h"

/* Entries' room grows from here. */
#define FIRST_ENTRIES ((size_t)16)

enum list_field {
    LIST_PATH,
    LIST_LENGTH,
    LIST_SPEC_ID,
    LIST_CONTENT,
    LIST_SEQUENCE,
    LIST_MIN_SEQUENCE,
    LIST_SNAPSHOT_ID,
    LIST_ADDED_FILES,
    LIST_EXISTING_FILES,
    LIST_DELETED_FILES,
    LIST_ADDED_ROWS,
    LIST_EXISTING_ROWS,
    LIST_DELETED_ROWS,
    LIST_SUMMARIES,
    LIST_KEY_METADATA,
    LIST_FIRST_ROW_ID,
    LIST_FIELD_COUNT
};

enum summary_field {
    SUMMARY_CONTAINS_NULL,
    SUMMARY_CONTAINS_NAN,
    SUMMARY_LOWER,
    SUMMARY_UPPER,
    SUMMARY_FIELD_COUNT
};

struct field_name {
    int32_t id;
    const char *name;
};

static const struct field_name LIST_FIELDS[LIST_FIELD_COUNT] = {
    [LIST_PATH] = {500, "manifest_path"},
    [LIST_LENGTH] = {501, "manifest_length"},
    [LIST_SPEC_ID] = {502, "partition_spec_id"},
    [LIST_CONTENT] = {517, "content"},
    [LIST_SEQUENCE] = {515, "sequence_number"},
    [LIST_MIN_SEQUENCE] = {516, "min_sequence_number"},
    [LIST_SNAPSHOT_ID] = {503, "added_snapshot_id"},
    [LIST_ADDED_FILES] = {504, "added_files_count"},
    [LIST_EXISTING_FILES] = {505, "existing_files_count"},
    [LIST_DELETED_FILES] = {506, "deleted_files_count"},
    [LIST_ADDED_ROWS] = {512, "added_rows_count"},
    [LIST_EXISTING_ROWS] = {513, "existing_rows_count"},
    [LIST_DELETED_ROWS] = {514, "deleted_rows_count"},
    [LIST_SUMMARIES] = {507, "partitions"},
    [LIST_KEY_METADATA] = {519, "key_metadata"},
    [LIST_FIRST_ROW_ID] = {520, "first_row_id"},
};

static const struct field_name SUMMARY_FIELDS[SUMMARY_FIELD_COUNT] = {
    [SUMMARY_CONTAINS_NULL] = {509, "contains_null"},
    [SUMMARY_CONTAINS_NAN] = {518, "contains_nan"},
    [SUMMARY_LOWER] = {510, "lower_bound"},
    [SUMMARY_UPPER] = {511, "upper_bound"},
};

/* One value of a record's field; the bytes are views of the block. */
struct scalar {
    bool is_there;
    bool is_bytes;
    int64_t number; /* numbers and booleans */
    struct slice bytes;
};

struct list_reader {
    struct manifest_list *list;
    const struct avro_shape *shape;
    struct avro_cursor cursor;
    int places[LIST_FIELD_COUNT];
    size_t capacity; /* of the list's entries */
    uint64_t budget; /* nodes that the block may still have */
    struct error *err;
};

struct manifest_list *manifest_list_ref(struct manifest_list *list)
{
    atomic_fetch_add_explicit(&list->references, 1, memory_order_relaxed);
    return list;
}

static void list_destroy(struct manifest_list *list)
{
    arena_finish(&list->arena);
    free(list->entries);
    free(list);
}

void manifest_list_unref(struct manifest_list *list)
{
    if (list && atomic_fetch_sub_explicit(&list->references, 1, memory_order_acq_rel) == 1)
        list_destroy(list);
}

static void cached_ref(void *value)
{
    manifest_list_ref(value);
}

static void cached_unref(void *value)
{
    manifest_list_unref(value);
}

const struct cache_kind MANIFEST_LIST_CACHE_KIND = {"manifest-list", cached_ref, cached_unref};

bool manifest_list_entry_may_be_live(const struct manifest_list_entry *entry)
{
    return entry->added_files != 0 || entry->existing_files != 0;
}

static bool damaged(struct list_reader *reader)
{
    return error_set(reader->err, ERROR_CORRUPT,
                     "an entry of the manifest list is cut off or damaged");
}

static bool wrong_field(struct list_reader *reader, const struct field_name *field,
                        const char *problem)
{
    return error_set(reader->err, ERROR_CORRUPT, "the manifest list's field %s (id %d) %s",
                     field->name, field->id, problem);
}

static bool no_memory(struct list_reader *reader)
{
    if (reader->list->arena.ceiling - reader->list->arena.total < MIB)
        return error_set(reader->err, ERROR_TOO_LARGE,
                         "the manifest list takes more than %zu bytes of memory, the most that is "
                         "allowed",
                         reader->list->arena.ceiling);
    return error_no_memory(reader->err, "a manifest list");
}

/* Steps into a union until the type is plain. */
static bool branch_read(struct list_reader *reader, const struct avro_shape **shape)
{
    if ((*shape)->kind != AVRO_KIND_UNION)
        return true;
    int64_t branch;
    if (!avro_cursor_long(&reader->cursor, &branch) || branch < 0 ||
        (uint64_t)branch >= (*shape)->child_count)
        return damaged(reader);
    *shape = (*shape)->children[branch].type;
    return true;
}

static bool skip(struct list_reader *reader, const struct avro_shape *shape)
{
    return avro_shape_skip(shape, &reader->cursor, &reader->budget) ? true : damaged(reader);
}

/* A fixed, as some writers keep bytes of one size. */
static bool fixed_read(struct list_reader *reader, const struct avro_shape *shape,
                       struct scalar *ret_scalar)
{
    ret_scalar->is_bytes = true;
    ret_scalar->bytes = slice_make((const char *)reader->cursor.at, (size_t)shape->size);
    return skip(reader, shape);
}

static bool number_read(struct list_reader *reader, const struct avro_shape *shape,
                        struct scalar *ret_scalar)
{
    struct avro_cursor at = reader->cursor;
    TRY(skip(reader, shape)); /* checks an int's range */
    if (shape->kind == AVRO_KIND_BOOLEAN)
        ret_scalar->number = *at.at;
    else
        avro_cursor_long(&at, &ret_scalar->number);
    return true;
}

static bool scalar_read(struct list_reader *reader, const struct avro_shape *shape,
                        const struct field_name *field, struct scalar *ret_scalar)
{
    TRY(branch_read(reader, &shape));
    *ret_scalar = (struct scalar){.is_there = shape->kind != AVRO_KIND_NULL};
    switch (shape->kind) {
    case AVRO_KIND_NULL:
        return true;
    case AVRO_KIND_BOOLEAN:
    case AVRO_KIND_INT:
    case AVRO_KIND_LONG:
        return number_read(reader, shape, ret_scalar);
    case AVRO_KIND_BYTES:
    case AVRO_KIND_STRING:
        ret_scalar->is_bytes = true;
        return avro_cursor_bytes(&reader->cursor, &ret_scalar->bytes) ? true : damaged(reader);
    case AVRO_KIND_FIXED:
        return fixed_read(reader, shape, ret_scalar);
    default:
        return wrong_field(reader, field, "has a type that it cannot have");
    }
}

/* Where a record has the fields of a table; -1: nowhere. */
static void places_find(const struct avro_shape *record, const struct field_name *fields,
                        size_t count, int *ret_places)
{
    for (size_t i = 0; i < count; i++)
        ret_places[i] = avro_shape_find(record, fields[i].id, fields[i].name);
}

/* Which field a record's child is; -1: none of the table. */
static int field_at(const int *places, size_t count, size_t child)
{
    for (size_t i = 0; i < count; i++) {
        if (places[i] == (int)child)
            return (int)i;
    }
    return -1;
}

/* Fields of type null take no bytes, so work is bounded by the schema's nodes, not by bytes alone.
 */
static bool charge(struct list_reader *reader, const struct avro_shape *shape)
{
    if (reader->budget < shape->weight)
        return damaged(reader);
    reader->budget -= shape->weight;
    return true;
}

static bool bytes_keep(struct list_reader *reader, struct slice bytes, struct slice *ret_bytes)
{
    struct slice kept = arena_slice(&reader->list->arena, bytes);
    if (!kept.ptr)
        return no_memory(reader);
    *ret_bytes = kept;
    return true;
}

static bool summary_set(struct list_reader *reader, enum summary_field which,
                        const struct scalar *scalar, struct partition_summary *summary)
{
    bool wants_bytes = which == SUMMARY_LOWER || which == SUMMARY_UPPER;
    if (!scalar->is_there)
        return true;
    if (scalar->is_bytes != wants_bytes)
        return wrong_field(reader, &SUMMARY_FIELDS[which], "has a type that it cannot have");
    switch (which) {
    case SUMMARY_CONTAINS_NULL:
        summary->contains_null = scalar->number != 0;
        return true;
    case SUMMARY_CONTAINS_NAN:
        summary->contains_nan = scalar->number != 0 ? SUMMARY_NAN_YES : SUMMARY_NAN_NO;
        return true;
    case SUMMARY_LOWER:
        return bytes_keep(reader, scalar->bytes, &summary->lower);
    default:
        return bytes_keep(reader, scalar->bytes, &summary->upper);
    }
}

static bool summary_read(struct list_reader *reader, const struct avro_shape *shape,
                         struct partition_summary *summary)
{
    int places[SUMMARY_FIELD_COUNT];
    /* Where the list does not say, there may be a null: nothing is pruned wrongly. */
    *summary = (struct partition_summary){.contains_null = true};
    TRY(charge(reader, shape));
    TRY(branch_read(reader, &shape));
    if (shape->kind != AVRO_KIND_RECORD)
        return skip(reader, shape);
    places_find(shape, SUMMARY_FIELDS, SUMMARY_FIELD_COUNT, places);
    for (size_t i = 0; i < shape->child_count; i++) {
        int which = field_at(places, SUMMARY_FIELD_COUNT, i);
        struct scalar scalar;
        if (which < 0) {
            TRY(skip(reader, shape->children[i].type));
            continue;
        }
        TRY(scalar_read(reader, shape->children[i].type, &SUMMARY_FIELDS[which], &scalar));
        TRY(summary_set(reader, (enum summary_field)which, &scalar, summary));
    }
    return true;
}

/* More summaries behind those of the blocks before: rare, so they are copied. */
static bool summaries_grow(struct list_reader *reader, struct manifest_list_entry *entry,
                           size_t count, struct partition_summary **ret_new)
{
    struct partition_summary *grown =
        ARENA_ARRAY(&reader->list->arena, struct partition_summary, entry->summary_count + count);
    if (!grown)
        return no_memory(reader);
    if (entry->summary_count > 0)
        memcpy(grown, entry->summaries, entry->summary_count * sizeof(*grown));
    *ret_new = grown + entry->summary_count;
    entry->summaries = grown;
    entry->summary_count += count;
    return true;
}

static bool summaries_read(struct list_reader *reader, const struct avro_shape *shape,
                           struct manifest_list_entry *entry)
{
    TRY(branch_read(reader, &shape));
    if (shape->kind == AVRO_KIND_NULL)
        return true;
    if (shape->kind != AVRO_KIND_ARRAY)
        return wrong_field(reader, &LIST_FIELDS[LIST_SUMMARIES], "is not a list");
    for (;;) {
        size_t count;
        struct partition_summary *summaries = NULL;
        if (!avro_cursor_count(&reader->cursor, &count))
            return damaged(reader);
        if (count == 0)
            return true;
        if (entry->summary_count + count > MAX_SPEC_FIELDS)
            return wrong_field(reader, &LIST_FIELDS[LIST_SUMMARIES], "has too many items");
        TRY(summaries_grow(reader, entry, count, &summaries));
        for (size_t i = 0; i < count; i++)
            TRY(summary_read(reader, shape->children[0].type, &summaries[i]));
    }
}

static bool path_set(struct list_reader *reader, struct slice path,
                     struct manifest_list_entry *entry)
{
    if (path.len == 0 || memchr(path.ptr, '\0', path.len) || !slice_is_utf8(path))
        return wrong_field(reader, &LIST_FIELDS[LIST_PATH], "is empty or not text");
    return bytes_keep(reader, path, &entry->path);
}

/* The number that a field fills in; NULL for the fields that are no 64-bit numbers. */
static int64_t *number_of(struct manifest_list_entry *entry, enum list_field which)
{
    switch (which) {
    case LIST_LENGTH:
        return &entry->length;
    case LIST_SEQUENCE:
        return &entry->sequence_number;
    case LIST_MIN_SEQUENCE:
        return &entry->min_sequence_number;
    case LIST_SNAPSHOT_ID:
        return &entry->snapshot_id;
    case LIST_ADDED_FILES:
        return &entry->added_files;
    case LIST_EXISTING_FILES:
        return &entry->existing_files;
    case LIST_DELETED_FILES:
        return &entry->deleted_files;
    case LIST_ADDED_ROWS:
        return &entry->added_rows;
    case LIST_EXISTING_ROWS:
        return &entry->existing_rows;
    case LIST_DELETED_ROWS:
        return &entry->deleted_rows;
    case LIST_FIRST_ROW_ID:
        return &entry->first_row_id;
    default:
        return NULL;
    }
}

static bool small_set(struct list_reader *reader, enum list_field which, int64_t number,
                      struct manifest_list_entry *entry)
{
    if (which == LIST_SPEC_ID) {
        if (number != (int32_t)number)
            return wrong_field(reader, &LIST_FIELDS[which], "is out of range");
        entry->spec_id = (int32_t)number;
        return true;
    }
    if (number != MANIFEST_DATA && number != MANIFEST_DELETES)
        return wrong_field(reader, &LIST_FIELDS[which], "is neither data nor deletes");
    entry->content = (enum manifest_content)number;
    return true;
}

static bool entry_set(struct list_reader *reader, enum list_field which,
                      const struct scalar *scalar, struct manifest_list_entry *entry)
{
    bool wants_bytes = which == LIST_PATH || which == LIST_KEY_METADATA;
    if (scalar->is_bytes != wants_bytes)
        return wrong_field(reader, &LIST_FIELDS[which], "has a type that it cannot have");
    if (which == LIST_PATH)
        return path_set(reader, scalar->bytes, entry);
    if (which == LIST_KEY_METADATA)
        return bytes_keep(reader, scalar->bytes, &entry->key_metadata);
    int64_t *number = number_of(entry, which);
    if (!number)
        return small_set(reader, which, scalar->number, entry);
    *number = scalar->number;
    return true;
}

/* A negative count says as little as none. */
static void counts_settle(struct manifest_list_entry *entry)
{
    for (enum list_field which = LIST_ADDED_FILES; which <= LIST_DELETED_ROWS; which++) {
        int64_t *count = number_of(entry, which);
        if (*count < 0)
            *count = MANIFEST_COUNT_UNKNOWN;
    }
}

static bool entry_check(struct list_reader *reader, unsigned seen)
{
    static const enum list_field REQUIRED[] = {LIST_PATH, LIST_LENGTH, LIST_SPEC_ID};
    for (size_t i = 0; i < sizeof(REQUIRED) / sizeof(REQUIRED[0]); i++) {
        if ((seen >> REQUIRED[i] & 1) == 0)
            return wrong_field(reader, &LIST_FIELDS[REQUIRED[i]], "is missing");
    }
    return true;
}

static bool entry_read(struct list_reader *reader, struct manifest_list_entry *entry)
{
    unsigned seen = 0;
    *entry = (struct manifest_list_entry){
        .snapshot_id = MANIFEST_NO_ID,
        .added_files = MANIFEST_COUNT_UNKNOWN,
        .existing_files = MANIFEST_COUNT_UNKNOWN,
        .deleted_files = MANIFEST_COUNT_UNKNOWN,
        .added_rows = MANIFEST_COUNT_UNKNOWN,
        .existing_rows = MANIFEST_COUNT_UNKNOWN,
        .deleted_rows = MANIFEST_COUNT_UNKNOWN,
        .first_row_id = MANIFEST_NO_ID,
    };
    for (size_t i = 0; i < reader->shape->child_count; i++) {
        const struct avro_shape *shape = reader->shape->children[i].type;
        int field = field_at(reader->places, LIST_FIELD_COUNT, i);
        struct scalar scalar;
        if (field < 0) {
            TRY(skip(reader, shape));
        } else if (field == LIST_SUMMARIES) {
            TRY(summaries_read(reader, shape, entry));
        } else {
            TRY(scalar_read(reader, shape, &LIST_FIELDS[field], &scalar));
            if (scalar.is_there)
                TRY(entry_set(reader, (enum list_field)field, &scalar, entry));
            seen |= (unsigned)scalar.is_there << field;
        }
    }
    counts_settle(entry);
    return entry_check(reader, seen);
}

/* The array is grown apart from the arena, which could not give the old one back. */
static bool entries_reserve(struct list_reader *reader)
{
    struct manifest_list *list = reader->list;
    if (list->count < reader->capacity)
        return true;
    size_t capacity = reader->capacity > 0 ? reader->capacity * 2 : FIRST_ENTRIES;
    struct manifest_list_entry *entries = realloc(list->entries, capacity * sizeof(*entries));
    if (!entries)
        return error_no_memory(reader->err, "a manifest list");
    list->entries = entries;
    reader->capacity = capacity;
    return true;
}

static bool block_read(struct list_reader *reader, const struct avro_block *block)
{
    reader->cursor = avro_cursor_make(block->data);
    reader->budget = avro_block_budget(block);
    for (int64_t i = 0; i < block->count; i++) {
        TRY(charge(reader, reader->shape));
        TRY(entries_reserve(reader));
        TRY(entry_read(reader, &reader->list->entries[reader->list->count]));
        reader->list->count++;
    }
    return reader->cursor.at == reader->cursor.end ? true : damaged(reader);
}

static bool records_read(struct list_reader *reader, struct avro_records *records)
{
    struct avro_block block;
    bool more = true;
    if (avro_shape_find(records->shape, 500, "manifest_path") < 0)
        return error_set(reader->err, ERROR_CORRUPT,
                         "the Avro file has no field manifest_path (id 500): it is no manifest "
                         "list");
    reader->shape = records->shape;
    places_find(reader->shape, LIST_FIELDS, LIST_FIELD_COUNT, reader->places);
    for (;;) {
        TRY(avro_records_next(records, &block, &more, reader->err));
        if (!more)
            return true;
        TRY(block_read(reader, &block));
    }
}

bool manifest_list_parse(struct slice bytes, struct manifest_list **ret_list, struct error *err)
{
    struct avro_records records;
    TRY(avro_records_open(bytes, "the manifest list", &records, err));
    struct manifest_list *list = calloc(1, sizeof(*list));
    if (!list) {
        avro_records_finish(&records);
        return error_no_memory(err, "a manifest list");
    }
    atomic_init(&list->references, 1);
    arena_init(&list->arena, MAX_MANIFEST_COLUMNS_SIZE);
    struct list_reader reader = {.list = list, .err = err};
    bool ok = records_read(&reader, &records);
    avro_records_finish(&records);
    if (!ok) {
        list_destroy(list);
        return false;
    }
    list->size = sizeof(*list) + reader.capacity * sizeof(*list->entries) + list->arena.total;
    *ret_list = list;
    return true;
}
