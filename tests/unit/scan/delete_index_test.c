#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "scan/delete_index.h"
#include "scan/manifest_decoder.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/manifest_random.h"

#define MAX_FILES 40
#define SPEC_COUNT 4
#define PATH_COUNT 8

/* A file as a test sees it; what is not there is NONE or NULL. */
#define NONE INT64_MIN
struct made {
    enum file_content content;
    enum file_format format;
    int path; /* data file 0 to PATH_COUNT - 1; deletes have names of their own */
    int spec;
    int64_t day;  /* partition field 1000 */
    int64_t kind; /* partition field 1001: one letter */
    int64_t sequence;
    int64_t referenced;   /* a data file's number */
    bool has_path_bounds; /* of that data file, instead of referenced_data_file */
    unsigned equality;    /* bit 0: field 1, bit 1: field 2 */
    int64_t values[2];    /* of fields 1 and 2 */
    int64_t nulls[2];
    int64_t lower[2];
    int64_t upper[2];
};

struct table {
    struct made files[MAX_FILES];
    size_t count;
};

static const struct type LONG = {.id = TYPE_LONG};
static const struct delete_field FIELDS[] = {{1, &LONG, false}, {2, &LONG, true}};

static struct partition_field DAY_AND_KIND[] = {
    {.source_id = 1, .field_id = 1000, .name = {"day", 3}},
    {.source_id = 2, .field_id = 1001, .name = {"kind", 4}},
};
/* 0 has no fields, 1 has one, 2 has two, 3 has one that is void. */
static struct partition_field VOID_DAY[] = {
    {.source_id = 1, .field_id = 1000, .name = {"day", 3}, .transform = {.kind = TRANSFORM_VOID}}};
static const struct partition_spec SPECS[SPEC_COUNT] = {
    {.spec_id = 0},
    {.spec_id = 1, .fields = DAY_AND_KIND, .field_count = 1},
    {.spec_id = 2, .fields = DAY_AND_KIND, .field_count = 2},
    {.spec_id = 3, .fields = VOID_DAY, .field_count = 1},
};

static bool is_unpartitioned(int spec)
{
    return spec == 0 || spec == 3;
}

/* --- manifests of one file each --------------------------------------------------------------- */

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
    for (int i = 0; i < (int)SPECS[file->spec].field_count; i++) {
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

static struct file_ref ref_make(struct manifest_decoder *decoder, const struct made *file,
                                int number, bool is_turned)
{
    static const struct manifest_projection ALL = {.has_all_stats = true, .stats_kinds = STATS_ALL};
    struct buffer schema, entry, bytes;
    struct error err;
    struct file_ref ref = {.spec = &SPECS[file->spec], .sequence = file->sequence};
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

/* --- the same rules, file by file ------------------------------------------------------------- */

static bool same_partition(const struct made *a, const struct made *b)
{
    if (a->spec != b->spec)
        return false;
    if (a->spec != 0 && a->day != b->day)
        return false;
    return a->spec != 2 || a->kind == b->kind;
}

static bool is_vector(const struct made *file)
{
    return file->content == CONTENT_POSITION_DELETES && file->format == FORMAT_PUFFIN;
}

/* May a row be in both, as far as the statistics of one field say? */
static bool field_may_meet(const struct made *data, const struct made *deletes, int i)
{
    bool is_required = FIELDS[i].is_required;
    bool data_null = !is_required && (data->nulls[i] == NONE || data->nulls[i] > 0);
    bool delete_null = !is_required && (deletes->nulls[i] == NONE || deletes->nulls[i] > 0);
    bool data_all_null =
        !is_required && data->nulls[i] != NONE && data->values[i] == data->nulls[i];
    bool delete_all_null =
        !is_required && deletes->nulls[i] != NONE && deletes->values[i] == deletes->nulls[i];
    bool data_no_null = is_required || (data->nulls[i] != NONE && data->nulls[i] <= 0);
    bool delete_no_null = is_required || (deletes->nulls[i] != NONE && deletes->nulls[i] <= 0);
    if (data_null && delete_null)
        return true;
    if ((data_all_null && delete_no_null) || (delete_all_null && data_no_null))
        return false;
    if (data->lower[i] == NONE || data->upper[i] == NONE || deletes->lower[i] == NONE ||
        deletes->upper[i] == NONE)
        return true;
    return data->lower[i] <= deletes->upper[i] && deletes->lower[i] <= data->upper[i];
}

static bool equality_applies(const struct made *data, const struct made *deletes)
{
    if (data->sequence >= deletes->sequence)
        return false;
    if (!is_unpartitioned(deletes->spec) && !same_partition(data, deletes))
        return false;
    for (int i = 0; i < 2; i++) {
        if ((deletes->equality >> i & 1) && !field_may_meet(data, deletes, i))
            return false;
    }
    return true;
}

enum verdict { APPLIES_NOT, APPLIES, IS_WRONG };

static enum verdict position_applies(const struct table *table, const struct made *data,
                                     const struct made *deletes)
{
    bool is_scoped = deletes->referenced != NONE;
    if (is_scoped && deletes->referenced != data->path)
        return APPLIES_NOT;
    if (is_vector(deletes))
        return deletes->sequence < data->sequence || !same_partition(data, deletes) ? IS_WRONG
                                                                                    : APPLIES;
    for (size_t i = 0; i < table->count; i++) {
        if (is_vector(&table->files[i]) && table->files[i].referenced == data->path)
            return APPLIES_NOT;
    }
    if (deletes->sequence < data->sequence)
        return APPLIES_NOT;
    if (same_partition(data, deletes))
        return APPLIES;
    return is_scoped ? IS_WRONG : APPLIES_NOT;
}

/* Which of the table's deletes apply; false where the metadata is wrong. */
static bool match_slowly(const struct table *table, const struct made *data, bool *ret_applies)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct made *deletes = &table->files[i];
        enum verdict verdict = deletes->content == CONTENT_EQUALITY_DELETES
                                   ? (enum verdict)equality_applies(data, deletes)
                                   : position_applies(table, data, deletes);
        if (verdict == IS_WRONG)
            return false;
        ret_applies[i] = verdict == APPLIES;
    }
    return true;
}

/* --- random tables ---------------------------------------------------------------------------- */

static int64_t maybe(struct chance *chance, int64_t value)
{
    return chance_once_in(chance, 5) ? NONE : value;
}

static void stats_make(struct chance *chance, struct made *file)
{
    for (int i = 0; i < 2; i++) {
        file->values[i] = maybe(chance, 10);
        file->nulls[i] = maybe(chance, chance_once_in(chance, 2)   ? 0
                                       : chance_once_in(chance, 2) ? 10
                                                                   : 3);
        int64_t lower = (int64_t)chance_below(chance, 30);
        file->lower[i] = maybe(chance, lower);
        file->upper[i] = maybe(chance, lower + (int64_t)chance_below(chance, 10));
    }
}

static struct made file_make(struct chance *chance, enum file_content content, int path)
{
    struct made file = {.content = content, .format = FORMAT_PARQUET, .path = path};
    file.spec = (int)chance_below(chance, SPEC_COUNT);
    file.day = file.spec == 3 ? NONE : maybe(chance, (int64_t)chance_below(chance, 2));
    file.kind = maybe(chance, (int64_t)chance_below(chance, 2));
    file.sequence = 1 + (int64_t)chance_below(chance, 6);
    file.referenced = NONE;
    file.equality = content == CONTENT_EQUALITY_DELETES ? 1 + (unsigned)chance_below(chance, 3) : 0;
    stats_make(chance, &file);
    return file;
}

/* Position deletes of one file mostly are as they must be: of its partition, and not older. */
static void file_scope(struct chance *chance, const struct made *data, struct made *deletes)
{
    deletes->referenced = data->path;
    deletes->has_path_bounds = chance_once_in(chance, 2);
    if (chance_once_in(chance, 40))
        return;
    deletes->spec = data->spec;
    deletes->day = data->day;
    deletes->kind = data->kind;
    if (chance_once_in(chance, 3)) {
        deletes->format = FORMAT_PUFFIN;
        deletes->has_path_bounds = false;
        deletes->sequence = data->sequence + (int64_t)chance_below(chance, 3);
    }
}

/* At most one vector a file: two are another test. */
static void table_make(struct chance *chance, const struct made *data, struct table *table)
{
    bool has_vector[PATH_COUNT] = {false};
    table->count = 1 + chance_below(chance, MAX_FILES);
    for (size_t i = 0; i < table->count; i++) {
        struct made *file = &table->files[i];
        bool is_equality = chance_once_in(chance, 2);
        *file =
            file_make(chance, is_equality ? CONTENT_EQUALITY_DELETES : CONTENT_POSITION_DELETES, 0);
        if (!is_equality && !chance_once_in(chance, 3))
            file_scope(chance, &data[chance_below(chance, PATH_COUNT)], file);
        if (is_vector(file) && has_vector[file->referenced])
            *file = file_make(chance, CONTENT_EQUALITY_DELETES, 0);
        else if (is_vector(file))
            has_vector[file->referenced] = true;
    }
}

static struct delete_index *index_make(struct manifest_decoder *decoder, struct chance *chance,
                                       const struct table *table)
{
    struct delete_index *index;
    struct error err;
    assert_ok(delete_index_create(FIELDS, 2, &index, &err), &err);
    for (size_t i = 0; i < table->count; i++) {
        struct file_ref ref =
            ref_make(decoder, &table->files[i], (int)i, chance_once_in(chance, 2));
        assert_ok(delete_index_add(index, &ref, &err), &err);
        manifest_columns_unref(ref.columns);
    }
    assert_ok(delete_index_seal(index, &err), &err);
    return index;
}

static void compare_match(struct delete_matcher *matcher, const struct table *table,
                          const struct made *data, const struct file_ref *ref, size_t *ret_matches,
                          size_t *ret_wrong)
{
    bool expected[MAX_FILES] = {false}, actual[MAX_FILES] = {false};
    const uint32_t *files;
    size_t count;
    struct error err = {.kind = ERROR_NONE};
    bool is_sound = match_slowly(table, data, expected);
    assert_int_equal(delete_matcher_match(matcher, ref, &files, &count, &err), is_sound);
    if (!is_sound) {
        assert_int_equal(err.kind, ERROR_CORRUPT);
        (*ret_wrong)++;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        assert_false(actual[files[i]]);
        actual[files[i]] = true;
    }
    assert_memory_equal(actual, expected, sizeof(actual));
    *ret_matches += count;
}

static void test_delete_index__matches_as_file_by_file_over_random_tables(void **state)
{
    (void)state;
    struct manifest_decoder *decoder;
    struct error err;
    size_t matches = 0, wrong = 0;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct chance chance = {seed};
        struct made data[PATH_COUNT];
        struct table table;
        struct delete_matcher *matcher;
        for (int i = 0; i < PATH_COUNT; i++)
            data[i] = file_make(&chance, CONTENT_DATA, i);
        table_make(&chance, data, &table);
        struct delete_index *index = index_make(decoder, &chance, &table);
        assert_ok(delete_matcher_create(index, &matcher, &err), &err);
        for (int i = 0; i < PATH_COUNT; i++) {
            struct file_ref ref = ref_make(decoder, &data[i], i, chance_once_in(&chance, 2));
            compare_match(matcher, &table, &data[i], &ref, &matches, &wrong);
            manifest_columns_unref(ref.columns);
        }
        delete_matcher_destroy(matcher);
        delete_index_unref(index);
    }
    assert_true(matches > 10000 && wrong > 100);
    manifest_decoder_destroy(decoder);
}

/* --- single rules ----------------------------------------------------------------------------- */

static struct made plain(enum file_content content, int64_t sequence)
{
    struct made file = {.content = content,
                        .format = FORMAT_PARQUET,
                        .day = NONE,
                        .kind = NONE,
                        .sequence = sequence,
                        .referenced = NONE,
                        .values = {NONE, NONE},
                        .nulls = {NONE, NONE},
                        .lower = {NONE, NONE},
                        .upper = {NONE, NONE}};
    return file;
}

static size_t count_matches(const struct table *table, const struct made *data)
{
    struct chance chance = {1};
    struct manifest_decoder *decoder;
    struct delete_matcher *matcher;
    struct error err;
    const uint32_t *files;
    size_t count;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    struct delete_index *index = index_make(decoder, &chance, table);
    assert_int_equal(delete_index_count(index), table->count);
    assert_ok(delete_matcher_create(index, &matcher, &err), &err);
    struct file_ref ref = ref_make(decoder, data, 0, false);
    assert_ok(delete_matcher_match(matcher, &ref, &files, &count, &err), &err);
    manifest_columns_unref(ref.columns);
    delete_matcher_destroy(matcher);
    delete_index_unref(index);
    manifest_decoder_destroy(decoder);
    return count;
}

/* Position deletes: "data sequence number is less than or equal to the delete file's"; equality
 * deletes: "strictly less than". */
static void test_delete_index__applies_by_sequence_number(void **state)
{
    (void)state;
    struct table positions = {.files = {plain(CONTENT_POSITION_DELETES, 5)}, .count = 1};
    struct table equality = {.files = {plain(CONTENT_EQUALITY_DELETES, 5)}, .count = 1};
    equality.files[0].equality = 1;
    struct made data = plain(CONTENT_DATA, 5);
    assert_int_equal(count_matches(&positions, &data), 1);
    assert_int_equal(count_matches(&equality, &data), 0);
    data.sequence = 4;
    assert_int_equal(count_matches(&positions, &data), 1);
    assert_int_equal(count_matches(&equality, &data), 1);
    data.sequence = 6;
    assert_int_equal(count_matches(&positions, &data), 0);
    assert_int_equal(count_matches(&equality, &data), 0);
}

/* "There is no deletion vector that must be applied to the data file": it replaces them, equality
 * deletes stay. */
static void test_delete_index__lets_a_vector_replace_position_deletes(void **state)
{
    (void)state;
    struct table table = {.files = {plain(CONTENT_POSITION_DELETES, 5),
                                    plain(CONTENT_POSITION_DELETES, 5),
                                    plain(CONTENT_EQUALITY_DELETES, 5)},
                          .count = 3};
    struct made data = plain(CONTENT_DATA, 1);
    table.files[1].referenced = 0;
    table.files[2].equality = 1;
    assert_int_equal(count_matches(&table, &data), 3);
    table.files[1].format = FORMAT_PUFFIN;
    assert_int_equal(count_matches(&table, &data), 2);
}

static bool seal(const struct made *files, size_t count, struct error *err)
{
    struct manifest_decoder *decoder;
    struct delete_index *index;
    bool ok = true;
    assert_ok(manifest_decoder_create(&decoder, err), err);
    assert_ok(delete_index_create(FIELDS, 2, &index, err), err);
    for (size_t i = 0; ok && i < count; i++) {
        struct file_ref ref = ref_make(decoder, &files[i], (int)i, false);
        ok = delete_index_add(index, &ref, err);
        manifest_columns_unref(ref.columns);
    }
    ok = ok && delete_index_seal(index, err);
    delete_index_unref(index);
    manifest_decoder_destroy(decoder);
    return ok;
}

/* "There can be at most one deletion vector for a given data file in a snapshot." */
static void test_delete_index__refuses_two_vectors_for_a_file(void **state)
{
    (void)state;
    struct error err;
    struct made files[2] = {plain(CONTENT_POSITION_DELETES, 5), plain(CONTENT_POSITION_DELETES, 6)};
    files[0].format = files[1].format = FORMAT_PUFFIN;
    files[0].referenced = 3;
    files[1].referenced = 4;
    assert_ok(seal(files, 2, &err), &err);
    files[1].referenced = 3;
    assert_fails(seal(files, 2, &err), &err, ERROR_CORRUPT);
    assert_non_null(strstr(err.message, "2 deletion vectors for the data file"));
}

/* "Deletion vector metadata must include the referenced data file." */
static void test_delete_index__refuses_what_is_no_delete_file(void **state)
{
    (void)state;
    struct error err;
    struct made file = plain(CONTENT_POSITION_DELETES, 5);
    file.format = FORMAT_PUFFIN;
    assert_fails(seal(&file, 1, &err), &err, ERROR_CORRUPT);
    file = plain(CONTENT_DATA, 5);
    assert_fails(seal(&file, 1, &err), &err, ERROR_CORRUPT);
}

static void test_delete_index__names_the_columns_it_needs_of_data_files(void **state)
{
    (void)state;
    struct chance chance = {1};
    struct manifest_decoder *decoder;
    struct error err;
    size_t count;
    struct table table = {.files = {plain(CONTENT_EQUALITY_DELETES, 5),
                                    plain(CONTENT_EQUALITY_DELETES, 5)},
                          .count = 2};
    table.files[0].equality = 2;
    table.files[1].equality = 3;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    struct delete_index *index = index_make(decoder, &chance, &table);
    const int32_t *ids = delete_index_equality_ids(index, &count);
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[1], 2);
    assert_int_equal(delete_index_file(index, 1)->sequence, 5);
    assert_true(delete_index_size(index) > 0);
    struct delete_index *again = delete_index_ref(index);
    delete_index_unref(index);
    assert_int_equal(delete_index_count(again), 2);
    delete_index_unref(again);
    manifest_decoder_destroy(decoder);
}

static void test_delete_index__of_nothing_matches_nothing(void **state)
{
    (void)state;
    struct table table = {.count = 0};
    struct made data = plain(CONTENT_DATA, 1);
    assert_int_equal(count_matches(&table, &data), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delete_index__matches_as_file_by_file_over_random_tables),
        cmocka_unit_test(test_delete_index__applies_by_sequence_number),
        cmocka_unit_test(test_delete_index__lets_a_vector_replace_position_deletes),
        cmocka_unit_test(test_delete_index__refuses_two_vectors_for_a_file),
        cmocka_unit_test(test_delete_index__refuses_what_is_no_delete_file),
        cmocka_unit_test(test_delete_index__names_the_columns_it_needs_of_data_files),
        cmocka_unit_test(test_delete_index__of_nothing_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
