#include "tests/unit/iceberg/manifest_fixture.h"

#include <stdio.h>

#include "base/limits.h"
#include "iceberg/avro_write.h"
#include "tests/unit/cmocka_all.h"

#define SYNC ((const unsigned char *)"0123456789abcdef")
#define TEXT_SIZE 8192

/* What an entry has at a place; `optional` fields are unions with null. */
struct list_field {
    int id;
    const char *name;
    const char *type;
    bool is_optional;
    int since; /* format version */
};

static const struct list_field LIST_FIELDS[] = {
    {500, "manifest_path", "string", false, 1},
    {501, "manifest_length", "long", false, 1},
    {502, "partition_spec_id", "int", false, 1},
    {517, "content", "int", false, 2},
    {515, "sequence_number", "long", false, 2},
    {516, "min_sequence_number", "long", false, 2},
    {503, "added_snapshot_id", "long", true, 1},
    {504, "added_files_count", "int", false, 1},
    {505, "existing_files_count", "int", false, 1},
    {506, "deleted_files_count", "int", false, 1},
    {512, "added_rows_count", "long", true, 1},
    {520, "first_row_id", "long", true, 3},
    {9999, "future", "string", true, 4},
};

#define LIST_FIELD_COUNT (sizeof(LIST_FIELDS) / sizeof(LIST_FIELDS[0]))

static bool has_field(const struct fixture_list *list, const struct list_field *field)
{
    return field->since <= list->format_version || (field->since == 4 && list->has_future_field);
}

/* The other writer has the fields in the reverse order. */
static const struct list_field *field_at(const struct fixture_list *list, size_t at)
{
    return &LIST_FIELDS[list->is_renamed ? LIST_FIELD_COUNT - 1 - at : at];
}

static void schema_make(const struct fixture_list *list, char *text)
{
    const char *open = list->is_renamed ? "[" : "[\"null\",";
    const char *close = list->is_renamed ? ",\"null\"]" : "]";
    size_t used = (size_t)snprintf(text, TEXT_SIZE,
                                   "{\"type\":\"record\",\"name\":\"manifest_file\",\"fields\":[");
    const char *comma = "";
    for (size_t i = 0; i < LIST_FIELD_COUNT; i++) {
        const struct list_field *field = field_at(list, i);
        if (!has_field(list, field))
            continue;
        used += (size_t)snprintf(text + used, TEXT_SIZE - used,
                                 "%s{\"name\":\"%s%s\",\"field-id\":%d,\"type\":%s\"%s\"%s}", comma,
                                 field->name, list->is_renamed ? "_x" : "", field->id,
                                 field->is_optional ? open : "", field->type,
                                 field->is_optional ? close : "");
        comma = ",";
    }
    snprintf(text + used, TEXT_SIZE - used, "]}");
}

static int64_t number_of(const struct fixture_entry *entry, int id)
{
    switch (id) {
    case 501:
        return 1000;
    case 502:
        return entry->spec_id;
    case 517:
        return entry->content;
    case 515:
    case 516:
        return entry->sequence_number;
    case 503:
        return entry->snapshot_id;
    case 504:
        return entry->added_files;
    case 505:
        return entry->existing_files;
    case 506:
        return entry->deleted_files;
    case 512:
        return entry->added_rows;
    default:
        return entry->first_row_id;
    }
}

static void entry_put(const struct fixture_list *list, const struct fixture_entry *entry,
                      struct buffer *out)
{
    for (size_t i = 0; i < LIST_FIELD_COUNT; i++) {
        const struct list_field *field = field_at(list, i);
        char text[256];
        bool is_null = field->id == 520 && entry->first_row_id < 0;
        if (!has_field(list, field))
            continue;
        if (field->is_optional)
            avro_put_long(out, is_null == list->is_renamed);
        snprintf(text, sizeof text, "%s%s", field->id == 9999 ? "future of " : "", entry->path);
        if (strcmp(field->type, "string") == 0)
            avro_put_bytes(out, slice_from_string(text));
        else if (!is_null)
            avro_put_long(out, number_of(entry, field->id));
    }
}

static void file_make(const char *schema, bool is_plain, const struct avro_block *block,
                      struct buffer *out)
{
    const struct avro_pair pairs[] = {
        {SLICE_LITERAL("avro.schema"), slice_from_string(schema)},
        {SLICE_LITERAL("avro.codec"), is_plain ? SLICE_LITERAL("null") : SLICE_LITERAL("deflate")},
        {SLICE_LITERAL("snapshot-id"), SLICE_LITERAL("1")},
        {SLICE_LITERAL("made-by"), SLICE_LITERAL("a fixture")},
    };
    buffer_init(out, 64 * MIB);
    avro_put_header(out, pairs, sizeof(pairs) / sizeof(pairs[0]), SYNC);
    if (is_plain)
        avro_put_raw_block(out, block, SYNC);
    else
        assert_true(avro_put_deflated_block(out, block, SYNC, NULL));
    assert_true(buffer_ok(out));
}

void fixture_list_make(const struct fixture_list *list, struct buffer *out)
{
    char schema[TEXT_SIZE];
    struct buffer plain;
    schema_make(list, schema);
    buffer_init(&plain, 64 * MIB);
    for (size_t i = 0; i < list->count; i++)
        entry_put(list, &list->entries[i], &plain);
    struct avro_block block = {(int64_t)list->count, buffer_slice(&plain)};
    file_make(schema, list->is_plain, &block, out);
    buffer_finish(&plain);
}

/* With ' for ". */
static const char MANIFEST_SCHEMA[] =
    "{'type':'record','name':'manifest_entry','fields':["
    "{'name':'status','field-id':0,'type':'int'},"
    "{'name':'snapshot_id','field-id':1,'type':['null','long']},"
    "{'name':'sequence_number','field-id':3,'type':['null','long']},"
    "{'name':'file_sequence_number','field-id':4,'type':['null','long']},"
    "{'name':'data_file','field-id':2,'type':{'type':'record','name':'r2','fields':["
    "{'name':'content','field-id':134,'type':'int'},"
    "{'name':'file_path','field-id':100,'type':'string'},"
    "{'name':'record_count','field-id':103,'type':['null','long']},"
    "{'name':'first_row_id','field-id':142,'type':['null','long']}]}}]}";

static void manifest_schema(char *text)
{
    snprintf(text, TEXT_SIZE, "%s", MANIFEST_SCHEMA);
    for (; *text; text++)
        if (*text == '\'')
            *text = '"';
}

static void optional_put(struct buffer *out, int64_t value)
{
    avro_put_long(out, value >= 0);
    if (value >= 0)
        avro_put_long(out, value);
}

void fixture_manifest_make(const struct fixture_file *files, size_t count, struct buffer *out)
{
    struct buffer plain;
    buffer_init(&plain, 64 * MIB);
    for (size_t i = 0; i < count; i++) {
        avro_put_long(&plain, files[i].status);
        optional_put(&plain, files[i].snapshot_id);
        optional_put(&plain, files[i].sequence_number);
        optional_put(&plain, files[i].sequence_number);
        avro_put_long(&plain, files[i].content);
        avro_put_bytes(&plain, SLICE_LITERAL("file:///data/f.parquet"));
        optional_put(&plain, files[i].rows);
        optional_put(&plain, files[i].first_row_id);
    }
    struct avro_block block = {(int64_t)count, buffer_slice(&plain)};
    char schema[TEXT_SIZE];
    manifest_schema(schema);
    file_make(schema, false, &block, out);
    buffer_finish(&plain);
}
