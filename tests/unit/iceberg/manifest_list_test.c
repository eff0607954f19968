#include <stdio.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/avro_c_schema.h"
#include "iceberg/avro_container.h"
#include "iceberg/manifest_list.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/metadata_fixture.h"

#define DATA "tests/unit/iceberg/data/"
#define SYNC SLICE_LITERAL("0123456789abcdef")

static struct manifest_list *parse_file(const char *file)
{
    size_t size;
    char *bytes = fixture_file(file, &size);
    struct manifest_list *list = NULL;
    struct error err = {.kind = ERROR_NONE};
    assert_ok(manifest_list_parse(slice_make(bytes, size), &list, &err), &err);
    free(bytes);
    return list;
}

/* --- what avro-c reads ------------------------------------------------------------------------ */

/* A field's value out of its union; false where it is null or not there. */
static bool oracle_field(const struct avro_shape *shape, avro_value_t record, int32_t id,
                         const char *name, const struct avro_shape **ret_shape,
                         avro_value_t *ret_value)
{
    int branch, place = avro_shape_find(shape, id, name);
    avro_value_t value, inner;
    if (place < 0)
        return false;
    shape = shape->children[place].type;
    assert_int_equal(avro_value_get_by_index(&record, (size_t)place, &value, NULL), 0);
    if (shape->kind == AVRO_KIND_UNION) {
        assert_int_equal(avro_value_get_discriminant(&value, &branch), 0);
        assert_int_equal(avro_value_get_current_branch(&value, &inner), 0);
        shape = shape->children[branch].type;
        value = inner;
    }
    *ret_shape = shape;
    *ret_value = value;
    return shape->kind != AVRO_KIND_NULL;
}

static void oracle_number(const struct avro_shape *shape, avro_value_t record, int32_t id,
                          const char *name, int64_t missing, int64_t actual)
{
    avro_value_t value;
    int64_t number = missing;
    int32_t small = 0;
    if (oracle_field(shape, record, id, name, &shape, &value)) {
        if (shape->kind == AVRO_KIND_LONG) {
            assert_int_equal(avro_value_get_long(&value, &number), 0);
        } else {
            assert_int_equal(avro_value_get_int(&value, &small), 0);
            number = small;
        }
    }
    if (number != actual)
        fail_msg("%s: %lld is not %lld", name, (long long)actual, (long long)number);
}

static void oracle_bytes(const struct avro_shape *shape, avro_value_t record, int32_t id,
                         const char *name, struct slice actual)
{
    avro_value_t value;
    const void *bytes = NULL;
    size_t size = 0;
    bool is_there = oracle_field(shape, record, id, name, &shape, &value);
    assert_int_equal(actual.ptr != NULL, is_there);
    if (!is_there)
        return;
    if (shape->kind == AVRO_KIND_STRING) {
        assert_int_equal(avro_value_get_string(&value, (const char **)&bytes, &size), 0);
        size--;
    } else {
        assert_int_equal(avro_value_get_bytes(&value, &bytes, &size), 0);
    }
    assert_true(slice_equals(actual, slice_make(bytes, size)));
}

static void oracle_summary(const struct avro_shape *shape, avro_value_t record,
                           const struct partition_summary *summary)
{
    const struct avro_shape *inner;
    avro_value_t value;
    int flag = 1;
    if (oracle_field(shape, record, 509, "contains_null", &inner, &value))
        assert_int_equal(avro_value_get_boolean(&value, &flag), 0);
    assert_int_equal(summary->contains_null, flag);
    enum summary_nan nan = SUMMARY_NAN_UNKNOWN;
    if (oracle_field(shape, record, 518, "contains_nan", &inner, &value)) {
        assert_int_equal(avro_value_get_boolean(&value, &flag), 0);
        nan = flag ? SUMMARY_NAN_YES : SUMMARY_NAN_NO;
    }
    assert_int_equal(summary->contains_nan, nan);
    oracle_bytes(shape, record, 510, "lower_bound", summary->lower);
    oracle_bytes(shape, record, 511, "upper_bound", summary->upper);
}

static void oracle_summaries(const struct avro_shape *shape, avro_value_t record,
                             const struct manifest_list_entry *entry)
{
    avro_value_t list, item;
    size_t count = 0;
    if (oracle_field(shape, record, 507, "partitions", &shape, &list))
        assert_int_equal(avro_value_get_size(&list, &count), 0);
    assert_int_equal(entry->summary_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(avro_value_get_by_index(&list, i, &item, NULL), 0);
        oracle_summary(shape->children[0].type, item, &entry->summaries[i]);
    }
}

static void oracle_entry(const struct avro_shape *shape, avro_value_t record,
                         const struct manifest_list_entry *entry)
{
    oracle_bytes(shape, record, 500, "manifest_path", entry->path);
    oracle_number(shape, record, 501, "manifest_length", -1, entry->length);
    oracle_number(shape, record, 502, "partition_spec_id", -1, entry->spec_id);
    oracle_number(shape, record, 517, "content", 0, (int64_t)entry->content);
    oracle_number(shape, record, 515, "sequence_number", 0, entry->sequence_number);
    oracle_number(shape, record, 516, "min_sequence_number", 0, entry->min_sequence_number);
    oracle_number(shape, record, 503, "added_snapshot_id", -1, entry->snapshot_id);
    oracle_number(shape, record, 504, "added_files_count", -1, entry->added_files);
    oracle_number(shape, record, 505, "existing_files_count", -1, entry->existing_files);
    oracle_number(shape, record, 506, "deleted_files_count", -1, entry->deleted_files);
    oracle_number(shape, record, 512, "added_rows_count", -1, entry->added_rows);
    oracle_number(shape, record, 513, "existing_rows_count", -1, entry->existing_rows);
    oracle_number(shape, record, 514, "deleted_rows_count", -1, entry->deleted_rows);
    oracle_number(shape, record, 520, "first_row_id", -1, entry->first_row_id);
    oracle_bytes(shape, record, 519, "key_metadata", entry->key_metadata);
    oracle_summaries(shape, record, entry);
}

static size_t oracle_blocks(struct avro_container *container, const struct avro_shape *shape,
                            avro_value_t *value, const struct manifest_list *list)
{
    struct buffer scratch;
    struct error err;
    size_t seen = 0;
    bool more = true;
    buffer_init(&scratch, MAX_MANIFEST_BLOCK_SIZE);
    while (more) {
        struct avro_block block = {.count = 0};
        assert_ok(avro_container_next(container, &scratch, &block, &more, &err), &err);
        avro_reader_t reader =
            more ? avro_reader_memory(block.data.ptr, (int64_t)block.data.len) : NULL;
        for (int64_t i = 0; more && i < block.count; i++) {
            avro_value_reset(value);
            assert_int_equal(avro_value_read(reader, value), 0);
            oracle_entry(shape, *value, &list->entries[seen++]);
        }
        if (reader)
            avro_reader_free(reader);
    }
    buffer_finish(&scratch);
    return seen;
}

/* Every entry and every field, as avro-c reads them from the same bytes. */
static void oracle_compare(struct slice bytes, const struct manifest_list *list)
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
    assert_int_equal(oracle_blocks(&container, shape, &value, list), list->count);
    avro_value_decref(&value);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    json_decref(json);
    arena_finish(&arena);
    avro_container_finish(&container);
}

static void test_manifest_list__equals_what_avro_c_reads(void **state)
{
    (void)state;
    static const char *const FILES[] = {DATA "v1-list.avro", DATA "v2-list.avro",
                                        DATA "v2-list-renamed.avro", DATA "v2-list-no-ids.avro"};
    for (size_t i = 0; i < 4; i++) {
        size_t size;
        char *bytes = fixture_file(FILES[i], &size);
        struct manifest_list *list = parse_file(FILES[i]);
        assert_int_equal(list->count, 2);
        assert_true(list->size > sizeof(*list));
        oracle_compare(slice_make(bytes, size), list);
        manifest_list_unref(list);
        free(bytes);
    }
}

/* --- lists made here -------------------------------------------------------------------------- */

static void append_long(struct buffer *out, int64_t value)
{
    uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    for (; bits >= 0x80; bits >>= 7)
        buffer_append_byte(out, (char)(bits | 0x80));
    buffer_append_byte(out, (char)bits);
}

static void append_bytes(struct buffer *out, struct slice bytes)
{
    append_long(out, (int64_t)bytes.len);
    buffer_append_slice(out, bytes);
}

static void file_make(struct buffer *out, struct slice schema, int64_t count, struct slice block)
{
    buffer_init(out, 16 * MIB);
    buffer_append_slice(out, SLICE_LITERAL("Obj\x01\x02\x16"
                                           "avro.schema"));
    append_bytes(out, schema);
    append_long(out, 0);
    buffer_append_slice(out, SYNC);
    append_long(out, count);
    append_bytes(out, block);
    buffer_append_slice(out, SYNC);
}

/* A small generator (splitmix64). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

#define SUMMARY                                                                      \
    "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"s\",\"fields\":[" \
    "{\"name\":\"upper_bound\",\"field-id\":511,\"type\":[\"null\",\"bytes\"]},"     \
    "{\"name\":\"other\",\"type\":\"string\"},"                                      \
    "{\"name\":\"contains_null\",\"field-id\":509,\"type\":\"boolean\"},"            \
    "{\"name\":\"contains_nan\",\"field-id\":518,\"type\":[\"boolean\",\"null\"]},"  \
    "{\"name\":\"lower_bound\",\"field-id\":510,\"type\":[\"null\",\"bytes\"]}]}}"

static const struct {
    int id;
    const char *name;
    const char *type;
    bool is_required;
} FIELDS[] = {
    {500, "manifest_path", "\"string\"", true},
    {501, "manifest_length", "\"long\"", true},
    {502, "partition_spec_id", "\"int\"", true},
    {517, "content", "\"int\"", false},
    {515, "sequence_number", "\"long\"", false},
    {516, "min_sequence_number", "\"long\"", false},
    {503, "added_snapshot_id", "\"long\"", false},
    {504, "added_files_count", "\"int\"", false},
    {505, "existing_files_count", "\"int\"", false},
    {506, "deleted_files_count", "\"long\"", false},
    {512, "added_rows_count", "\"long\"", false},
    {513, "existing_rows_count", "\"long\"", false},
    {514, "deleted_rows_count", "\"long\"", false},
    {507, "partitions", SUMMARY, false},
    {519, "key_metadata", "\"bytes\"", false},
    {520, "first_row_id", "\"long\"", false},
    {9000, "other", "{\"type\":\"map\",\"values\":[\"null\",\"double\"]}", false},
};
#define FIELD_COUNT (sizeof(FIELDS) / sizeof(FIELDS[0]))

/* Which fields are there, in which order, and in what union. */
struct form {
    size_t count;
    size_t fields[FIELD_COUNT];
    int unions[FIELD_COUNT]; /* 0: none; 1: null first; 2: null last */
};

static void form_make(uint64_t *seed, struct form *form)
{
    size_t order[FIELD_COUNT];
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        size_t other = next(seed) % (i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    form->count = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!FIELDS[order[i]].is_required && next(seed) % 6 == 0)
            continue;
        form->unions[form->count] = (int)(next(seed) % 3);
        form->fields[form->count++] = order[i];
    }
}

static void schema_append(const struct form *form, struct buffer *out)
{
    static const char *const OPEN[] = {"", "[\"null\",", "["};
    static const char *const CLOSE[] = {"", "]", ",\"null\"]"};
    buffer_append_string(out, "{\"type\":\"record\",\"name\":\"m\",\"fields\":[");
    for (size_t i = 0; i < form->count; i++)
        buffer_printf(out, "%s{\"name\":\"%s\",\"field-id\":%d,\"type\":%s%s%s}", i > 0 ? "," : "",
                      FIELDS[form->fields[i]].name, FIELDS[form->fields[i]].id,
                      OPEN[form->unions[i]], FIELDS[form->fields[i]].type, CLOSE[form->unions[i]]);
    buffer_append_string(out, "]}");
}

static void summaries_append(uint64_t *seed, struct buffer *out)
{
    for (size_t blocks = next(seed) % 3; blocks > 0; blocks--) {
        size_t count = 1 + next(seed) % 3;
        append_long(out, (int64_t)count);
        for (; count > 0; count--) {
            bool has_bounds = next(seed) % 2;
            append_long(out, has_bounds);
            if (has_bounds)
                append_bytes(out, SLICE_LITERAL("upper"));
            append_bytes(out, SLICE_LITERAL("skipped"));
            buffer_append_byte(out, (char)(next(seed) % 2));
            bool has_nan = next(seed) % 2;
            append_long(out, !has_nan);
            if (has_nan)
                buffer_append_byte(out, (char)(next(seed) % 2));
            append_long(out, has_bounds);
            if (has_bounds)
                append_bytes(out, SLICE_EMPTY);
        }
    }
    append_long(out, 0);
}

static void field_append(uint64_t *seed, size_t field, struct buffer *out)
{
    switch (FIELDS[field].id) {
    case 500:
        append_bytes(out, SLICE_LITERAL("s3://bucket/metadata/é-m0.avro"));
        break;
    case 517:
        append_long(out, (int64_t)(next(seed) % 2));
        break;
    case 507:
        summaries_append(seed, out);
        break;
    case 519:
        append_bytes(out, SLICE_LITERAL("\x00key"));
        break;
    case 9000:
        append_long(out, 1);
        append_bytes(out, SLICE_LITERAL("k"));
        append_long(out, 0);
        append_long(out, 0);
        break;
    default:
        append_long(out, (int64_t)(next(seed) % 1000000));
    }
}

static void entry_append(uint64_t *seed, const struct form *form, struct buffer *out)
{
    for (size_t i = 0; i < form->count; i++) {
        bool is_null = !FIELDS[form->fields[i]].is_required && next(seed) % 4 == 0;
        if (form->unions[i] == 0)
            is_null = false;
        else
            append_long(out, (form->unions[i] == 1) != is_null);
        if (!is_null)
            field_append(seed, form->fields[i], out);
    }
}

static void random_file(uint64_t seed, struct buffer *out)
{
    struct form form;
    struct buffer schema, entries;
    buffer_init(&schema, MIB);
    buffer_init(&entries, MIB);
    form_make(&seed, &form);
    schema_append(&form, &schema);
    int64_t count = (int64_t)(next(&seed) % 40);
    for (int64_t i = 0; i < count; i++)
        entry_append(&seed, &form, &entries);
    file_make(out, buffer_slice(&schema), count, buffer_slice(&entries));
    buffer_finish(&schema);
    buffer_finish(&entries);
}

static void test_manifest_list__equals_what_avro_c_reads_under_random_schemas(void **state)
{
    (void)state;
    size_t entries = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct buffer file;
        struct manifest_list *list = NULL;
        struct error err = {.kind = ERROR_NONE};
        random_file(seed, &file);
        assert_ok(manifest_list_parse(buffer_slice(&file), &list, &err), &err);
        oracle_compare(buffer_slice(&file), list);
        entries += list->count;
        manifest_list_unref(list);
        buffer_finish(&file);
    }
    assert_true(entries > 10000);
}

/* Every cut and every changed byte: an error of the right kind, or a list. */
static void test_manifest_list__survives_damage(void **state)
{
    (void)state;
    size_t refused = 0;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        uint64_t dice = seed;
        struct buffer file;
        struct manifest_list *list = NULL;
        struct error err = {.kind = ERROR_NONE};
        random_file(seed % 50, &file);
        size_t at = next(&dice) % file.len, size = dice % 2 ? at : file.len;
        file.ptr[at] = (char)next(&dice);
        char *copy = malloc(size + 1);
        memcpy(copy, file.ptr, size);
        copy = realloc(copy, size > 0 ? size : 1);
        if (manifest_list_parse(slice_make(copy, size), &list, &err)) {
            manifest_list_unref(list);
        } else {
            assert_int_equal(err.kind, ERROR_CORRUPT);
            refused++;
        }
        free(copy);
        buffer_finish(&file);
    }
    assert_true(refused > 4000);
}

#define REQUIRED                                                         \
    "{\"name\":\"manifest_path\",\"field-id\":500,\"type\":\"string\"}," \
    "{\"name\":\"manifest_length\",\"field-id\":501,\"type\":\"long\"}," \
    "{\"name\":\"partition_spec_id\",\"field-id\":502,\"type\":\"long\"}"
#define LIST(more) "{\"type\":\"record\",\"name\":\"m\",\"fields\":[" REQUIRED more "]}"

static void refuse(const char *schema, int64_t count, struct slice entries, const char *word)
{
    struct buffer file;
    struct manifest_list *list = NULL;
    struct error err = {.kind = ERROR_NONE};
    file_make(&file, slice_from_string(schema), count, entries);
    assert_fails(manifest_list_parse(buffer_slice(&file), &list, &err), &err, ERROR_CORRUPT);
    if (!strstr(err.message, word))
        fail_msg("'%s' is not in: %s", word, err.message);
    buffer_finish(&file);
}

static void test_manifest_list__refuses_what_no_list_holds(void **state)
{
    (void)state;
    refuse("\"string\"", 0, SLICE_EMPTY, "no field manifest_path");
    refuse("{\"type\":", 0, SLICE_EMPTY, "not valid JSON");
    refuse(LIST(""), 1, SLICE_LITERAL("\x00\x02\x02"), "manifest_path (id 500) is empty");
    refuse(LIST(""), 1, SLICE_LITERAL("\x02\xff\x02\x02"), "manifest_path (id 500) is empty");
    refuse(LIST(""), 1,
           SLICE_LITERAL("\x02"
                         "a\x02\x80\x80\x80\x80\x20"),
           "partition_spec_id (id 502) is out of range");
    refuse(LIST(""), 2,
           SLICE_LITERAL("\x02"
                         "a\x02\x02"),
           "cut off or damaged");
    refuse(LIST(""), INT64_MAX,
           SLICE_LITERAL("\x02"
                         "a\x02\x02"),
           "cut off or damaged");
    refuse(LIST(",{\"name\":\"content\",\"field-id\":517,\"type\":\"int\"}"), 1,
           SLICE_LITERAL("\x02"
                         "a\x02\x02\x04"),
           "neither data nor deletes");
    refuse(LIST(",{\"name\":\"content\",\"field-id\":517,\"type\":\"string\"}"), 1,
           SLICE_LITERAL("\x02"
                         "a\x02\x02\x02"
                         "x"),
           "content (id 517) has a type");
    refuse("{\"type\":\"record\",\"name\":\"m\",\"fields\":[{\"name\":\"manifest_path\","
           "\"field-id\":500,\"type\":\"string\"}]}",
           1,
           SLICE_LITERAL("\x02"
                         "a"),
           "manifest_length (id 501) is missing");
}

/* A list of 2^40 nulls for summaries, in a few bytes. */
static void test_manifest_list__bounds_the_summaries(void **state)
{
    (void)state;
    refuse(LIST(",{\"name\":\"partitions\",\"field-id\":507,\"type\":{\"type\":\"array\","
                "\"items\":\"null\"}}"),
           1,
           SLICE_LITERAL("\x02"
                         "a\x02\x02\x80\x80\x80\x80\x80\x80\x01\x00"),
           "cut off or damaged");
}

/* "When null this is assumed to be non-zero"; a v1 list has no content and no numbers. */
static void test_manifest_list__knows_what_version_1_does_not_say(void **state)
{
    (void)state;
    struct buffer file;
    struct manifest_list *list = NULL;
    struct error err = {.kind = ERROR_NONE};
    file_make(&file, SLICE_LITERAL(LIST("")), 1,
              SLICE_LITERAL("\x02"
                            "a\x02\x04"));
    assert_ok(manifest_list_parse(buffer_slice(&file), &list, &err), &err);
    const struct manifest_list_entry *entry = &list->entries[0];
    assert_int_equal(entry->content, MANIFEST_DATA);
    assert_int_equal(entry->spec_id, 2);
    assert_int_equal(entry->sequence_number, 0);
    assert_int_equal(entry->added_files, MANIFEST_COUNT_UNKNOWN);
    assert_true(manifest_list_entry_may_be_live(entry));
    manifest_list_unref(list);
    buffer_finish(&file);
    struct manifest_list_entry none = {.added_files = 0, .existing_files = 0};
    assert_false(manifest_list_entry_may_be_live(&none));
    none.existing_files = MANIFEST_COUNT_UNKNOWN;
    assert_true(manifest_list_entry_may_be_live(&none));
}

static void test_manifest_list__is_shared_through_the_cache(void **state)
{
    (void)state;
    struct cache *cache;
    struct error err;
    assert_ok(cache_create(16 * MIB, &cache, &err), &err);
    struct manifest_list *list = parse_file(DATA "v2-list.avro");
    cache_put(cache, SLICE_LITERAL("list x"), list, list->size, &MANIFEST_LIST_CACHE_KIND);
    manifest_list_unref(list);
    struct manifest_list *again = cache_get(cache, SLICE_LITERAL("list x"));
    assert_ptr_equal(again, list);
    cache_destroy(cache);
    assert_int_equal(again->count, 2);
    manifest_list_unref(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_list__equals_what_avro_c_reads),
        cmocka_unit_test(test_manifest_list__equals_what_avro_c_reads_under_random_schemas),
        cmocka_unit_test(test_manifest_list__survives_damage),
        cmocka_unit_test(test_manifest_list__refuses_what_no_list_holds),
        cmocka_unit_test(test_manifest_list__bounds_the_summaries),
        cmocka_unit_test(test_manifest_list__knows_what_version_1_does_not_say),
        cmocka_unit_test(test_manifest_list__is_shared_through_the_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
