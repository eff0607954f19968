#include "tests/unit/scan/delete_fixture.h"

#include <stdio.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/manifest_random.h"

static const struct type LONG = {.id = TYPE_LONG};
const struct delete_field DELETE_FIELDS[2] = {{1, &LONG, false}, {2, &LONG, true}};

static struct partition_field DAY_AND_KIND[] = {
    {.source_id = 1, .field_id = 1000, .name = {"day", 3}},
    {.source_id = 2, .field_id = 1001, .name = {"kind", 4}},
};
/* 0 has no fields, 1 has one, 2 has two, 3 has one that is void. */
static struct partition_field VOID_DAY[] = {
    {.source_id = 1, .field_id = 1000, .name = {"day", 3}, .transform = {.kind = TRANSFORM_VOID}}};
const struct partition_spec DELETE_SPECS[SPEC_COUNT] = {
    {.spec_id = 0},
    {.spec_id = 1, .fields = DAY_AND_KIND, .field_count = 1},
    {.spec_id = 2, .fields = DAY_AND_KIND, .field_count = 2},
    {.spec_id = 3, .fields = VOID_DAY, .field_count = 1},
};

#define DAY "{\"name\":\"day\",\"field-id\":1000,\"type\":[\"null\",\"int\"]}"
#define KIND "{\"name\":\"kind\",\"field-id\":1001,\"type\":[\"null\",\"string\"]}"
/* Two writers, which order the tuple differently. */
static const char *const TUPLES[SPEC_COUNT][2] = {{"", ""},
                                                  {DAY, DAY},
                                                  {DAY "," KIND, KIND "," DAY},
                                                  {DAY, DAY}};

static void field_append(struct buffer *out, int id, const char *name, const char *type)
{
    buffer_printf(out, ",{\"name\":\"%s\",\"field-id\":%d,\"type\":%s}", name, id, type);
}

static void map_append(struct buffer *out, int id, const char *name, int key_id, const char *type)
{
    buffer_printf(out,
                  ",{\"name\":\"%s\",\"field-id\":%d,\"type\":{\"type\":\"array\",\"items\":{"
                  "\"type\":\"record\",\"name\":\"m%d\",\"fields\":["
                  "{\"name\":\"key\",\"field-id\":%d,\"type\":\"int\"},"
                  "{\"name\":\"value\",\"field-id\":%d,\"type\":%s}]}}}",
                  name, id, id, key_id, key_id + 1, type);
}

static void schema_append(struct buffer *out, const char *tuple)
{
    buffer_append_string(out, "{\"type\":\"record\",\"name\":\"e\",\"fields\":["
                              "{\"name\":\"status\",\"field-id\":0,\"type\":\"int\"},"
                              "{\"name\":\"data_file\",\"field-id\":2,\"type\":"
                              "{\"type\":\"record\",\"name\":\"d\",\"fields\":["
                              "{\"name\":\"content\",\"field-id\":134,\"type\":\"int\"}");
    field_append(out, 100, "file_path", "\"string\"");
    field_append(out, 101, "file_format", "\"string\"");
    buffer_printf(out,
                  ",{\"name\":\"partition\",\"field-id\":102,\"type\":{\"type\":\"record\","
                  "\"name\":\"p\",\"fields\":[%s]}}",
                  tuple);
    field_append(out, 103, "record_count", "\"long\"");
    field_append(out, 104, "file_size_in_bytes", "\"long\"");
    map_append(out, 109, "value_counts", 119, "\"long\"");
    map_append(out, 110, "null_value_counts", 121, "\"long\"");
    map_append(out, 125, "lower_bounds", 126, "\"bytes\"");
    map_append(out, 128, "upper_bounds", 129, "\"bytes\"");
    field_append(out, 135, "equality_ids", "{\"type\":\"array\",\"items\":\"int\"}");
    field_append(out, 143, "referenced_data_file", "[\"null\",\"string\"]");
    buffer_append_string(out, "]}}]}");
}

static void path_append(struct buffer *out, int64_t number)
{
    char path[64];
    int size = snprintf(path, sizeof(path), "s3://b/data/%02lld.parquet", (long long)number);
    avro_append_bytes(out, slice_make(path, (size_t)size));
}

static void counts_append(struct buffer *out, const int64_t counts[2])
{
    for (int i = 0; i < 2; i++) {
        if (counts[i] == NONE)
            continue;
        avro_append_long(out, 1);
        avro_append_long(out, i + 1);
        avro_append_long(out, counts[i]);
    }
    avro_append_long(out, 0);
}

static void bounds_append(struct buffer *out, const struct made *file, const int64_t bounds[2])
{
    for (int i = 0; i < 2; i++) {
        if (bounds[i] == NONE)
            continue;
        avro_append_long(out, 1);
        avro_append_long(out, i + 1);
        avro_append_bytes(out, slice_make((const char *)&bounds[i], sizeof(int64_t)));
    }
    if (file->has_path_bounds) {
        avro_append_long(out, 1);
        avro_append_long(out, DELETE_FILE_PATH_ID);
        path_append(out, file->referenced);
    }
    avro_append_long(out, 0);
}

static void tuple_append(struct buffer *out, const struct made *file, bool is_turned)
{
    for (int i = 0; i < (int)DELETE_SPECS[file->spec].field_count; i++) {
        bool is_kind = file->spec == 2 && (i == 1) != is_turned;
        int64_t value = is_kind ? file->kind : file->day;
        avro_append_long(out, value != NONE);
        if (value != NONE && is_kind)
            avro_append_bytes(out, slice_make("abc" + value, 1));
        else if (value != NONE)
            avro_append_long(out, value);
    }
}

static void entry_append(struct buffer *out, const struct made *file, int number, bool is_turned)
{
    avro_append_long(out, ENTRY_EXISTING);
    avro_append_long(out, (int64_t)file->content);
    path_append(out, file->content == CONTENT_DATA ? file->path : PATH_COUNT + number);
    avro_append_bytes(out, slice_from_string(file_format_name(file->format)));
    tuple_append(out, file, is_turned);
    avro_append_long(out, 10);
    avro_append_long(out, 1000);
    counts_append(out, file->values);
    counts_append(out, file->nulls);
    bounds_append(out, file, file->lower);
    bounds_append(out, file, file->upper);
    for (int i = 0; i < 2; i++) {
        if (file->equality >> i & 1) {
            avro_append_long(out, 1);
            avro_append_long(out, i + 1);
        }
    }
    avro_append_long(out, 0);
    bool is_named = file->referenced != NONE && !file->has_path_bounds;
    avro_append_long(out, is_named);
    if (is_named)
        path_append(out, file->referenced);
}

struct file_ref delete_fixture_file(struct manifest_decoder *decoder, const struct made *file,
                                    int number, bool is_turned)
{
    static const struct manifest_projection ALL = {.has_all_stats = true, .stats_kinds = STATS_ALL};
    struct buffer schema, entry, bytes;
    struct error err;
    struct file_ref ref = {.spec = &DELETE_SPECS[file->spec], .sequence = file->sequence};
    buffer_init(&schema, MIB);
    buffer_init(&entry, MIB);
    buffer_init(&bytes, MIB);
    schema_append(&schema, TUPLES[file->spec][is_turned]);
    entry_append(&entry, file, number, is_turned);
    manifest_file_make(&bytes, buffer_slice(&schema), 1, buffer_slice(&entry));
    assert_ok(manifest_decode(decoder, buffer_slice(&bytes), &ALL, &ref.columns, &err), &err);
    buffer_finish(&schema);
    buffer_finish(&entry);
    buffer_finish(&bytes);
    return ref;
}
