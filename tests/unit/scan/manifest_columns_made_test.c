/* Manifests made by hand, byte by byte: what is refused, and what entries inherit. */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "scan/data_file_view.h"
#include "scan/manifest_decoder.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/metadata_fixture.h"
#include "tests/unit/scan/manifest_oracle.h"
#include "tests/unit/scan/manifest_random.h"

static const struct manifest_projection NO_STATS = {.stats_count = 0};
static const struct manifest_projection ALL_STATS = {.has_all_stats = true,
                                                     .stats_kinds = STATS_ALL};

#define F(id, name, type) "{\"name\":\"" name "\",\"field-id\":" #id ",\"type\":" type "}"
#define ENTRY(fields, file)                                                                \
    "{\"type\":\"record\",\"name\":\"e\",\"fields\":[" fields                              \
    ",{\"name\":\"data_file\",\"field-id\":2,\"type\":{\"type\":\"record\",\"name\":\"d\"" \
    ",\"fields\":[" file "]}}]}"
#define PLAIN_FILE                                                                             \
    F(100, "file_path", "\"string\"")                                                          \
    "," F(101, "file_format", "\"string\"") "," F(103, "record_count",                         \
                                                  "\"long\"") "," F(104, "file_size_in_bytes", \
                                                                    "\"long\"")
#define PLAIN ENTRY(F(0, "status", "\"int\""), PLAIN_FILE)
#define ENTRY_BYTES(status, path) status path "\x0ePARQUET\x02\x04"

static bool decode_made(const char *schema, int64_t count, struct slice entries,
                        struct manifest_columns **ret_columns, struct error *err)
{
    struct manifest_decoder *decoder;
    struct buffer file;
    buffer_init(&file, 16 * MIB);
    manifest_file_make(&file, slice_from_string(schema), count, entries);
    assert_ok(manifest_decoder_create(&decoder, err), err);
    bool ok = manifest_decode(decoder, buffer_slice(&file), &ALL_STATS, ret_columns, err);
    manifest_decoder_destroy(decoder);
    buffer_finish(&file);
    return ok;
}

static void refuse(const char *schema, int64_t count, struct slice entries, const char *word)
{
    struct manifest_columns *columns = NULL;
    struct error err = {.kind = ERROR_NONE};
    assert_false(decode_made(schema, count, entries, &columns, &err));
    assert_int_equal(err.kind, ERROR_CORRUPT);
    if (!strstr(err.message, word))
        fail_msg("'%s' is not in: %s", word, err.message);
}

static void test_manifest_columns__refuse_files_that_are_no_manifests(void **state)
{
    (void)state;
    refuse("\"string\"", 0, SLICE_EMPTY, "no field data_file");
    refuse("{\"type\":", 0, SLICE_EMPTY, "not valid JSON");
    refuse(ENTRY(F(0, "status", "\"int\""), F(103, "record_count", "\"long\"")), 0, SLICE_EMPTY,
           "no field file_path");
    refuse(ENTRY(F(0, "status", "\"string\""), PLAIN_FILE), 0, SLICE_EMPTY, "status (id 0)");
    refuse(ENTRY(F(0, "status", "\"int\""), PLAIN_FILE "," F(132, "split_offsets", "\"long\"")), 0,
           SLICE_EMPTY, "split_offsets (id 132)");
    refuse(ENTRY(F(0, "status", "\"int\""), PLAIN_FILE "," F(125, "lower_bounds", "\"bytes\"")), 0,
           SLICE_EMPTY, "lower_bounds (id 125)");
}

static void test_manifest_columns__refuse_values_that_entries_cannot_have(void **state)
{
    (void)state;
    refuse(PLAIN, 1,
           SLICE_LITERAL(ENTRY_BYTES("\x06", "\x02"
                                             "a")),
           "unknown status 3");
    refuse(PLAIN, 1,
           SLICE_LITERAL(ENTRY_BYTES("\x01", "\x02"
                                             "a")),
           "unknown status -1");
    refuse(PLAIN, 1, SLICE_LITERAL(ENTRY_BYTES("\x02", "\x00")), "empty file_path");
    refuse(PLAIN, 1, SLICE_LITERAL(ENTRY_BYTES("\x02", "\x02\xff")), "file_path that is not text");
    refuse(PLAIN, 1,
           SLICE_LITERAL(ENTRY_BYTES("\x02", "\x06"
                                             "a\0b")),
           "file_path that is not text");
    refuse(PLAIN, 1,
           SLICE_LITERAL("\x02\x02"
                         "a\x06"
                         "csv\x02\x04"),
           "file format 'csv'");
    refuse(ENTRY(F(0, "status", "[\"null\",\"int\"]"), PLAIN_FILE), 1,
           SLICE_LITERAL("\x00\x02"
                         "a\x0ePARQUET\x02\x04"),
           "no status (id 0)");
    refuse(ENTRY(F(0, "status", "\"int\""),
                 F(100, "file_path", "\"string\"") "," F(101, "file_format", "\"string\"")),
           1,
           SLICE_LITERAL("\x02\x02"
                         "a\x0ePARQUET"),
           "no record_count (id 103)");
}

#define FIXED_TYPE "{\"type\":\"fixed\",\"name\":\"three\",\"size\":3}"
#define FIXED_PART "{\"type\":\"record\",\"name\":\"p\",\"fields\":[" F(1000, "f", FIXED_TYPE) "]}"
#define TEXT_PART "{\"type\":\"record\",\"name\":\"p\",\"fields\":[" F(1000, "s", "\"string\"") "]}"
/* The values are such that each form could be begun as the other one. */
#define FIXED_ENTRY(value) \
    "\x02\x02"             \
    "a\x0ePARQUET\x02\x04" value

static void assert_fixed_values(struct slice entries)
{
    struct manifest_columns *columns = NULL;
    struct error err = {.kind = ERROR_NONE};
    struct slice bytes = SLICE_EMPTY;
    const char *schema =
        ENTRY(F(0, "status", "\"int\""), PLAIN_FILE "," F(102, "partition", FIXED_PART));
    assert_ok(decode_made(schema, 2, entries, &columns, &err), &err);
    const struct partition_column *column =
        manifest_columns_partition(columns, 1000, SLICE_LITERAL("f"));
    assert_true(bytes_column_get(&column->bytes, 0, &bytes));
    assert_slice_equal(bytes, "\x06\x02\x01");
    assert_true(bytes_column_get(&column->bytes, 1, &bytes));
    assert_slice_equal(bytes, "\x02\x02\x02");
    manifest_columns_unref(columns);
}

static void test_manifest_columns__have_fixed_values_in_either_form(void **state)
{
    (void)state;
    assert_fixed_values(SLICE_LITERAL(FIXED_ENTRY("\x06\x02\x01") FIXED_ENTRY("\x02\x02\x02")));
    assert_fixed_values(
        SLICE_LITERAL(FIXED_ENTRY("\x06\x06\x02\x01") FIXED_ENTRY("\x06\x02\x02\x02")));
}

static void test_manifest_columns__have_texts_with_nul_as_partition_values(void **state)
{
    (void)state;
    struct manifest_columns *columns = NULL;
    struct error err = {.kind = ERROR_NONE};
    struct slice bytes = SLICE_EMPTY;
    const char *schema =
        ENTRY(F(0, "status", "\"int\""), PLAIN_FILE "," F(102, "partition", TEXT_PART));
    struct slice entry = SLICE_LITERAL(FIXED_ENTRY("\x04\0b"));
    assert_ok(decode_made(schema, 1, entry, &columns, &err), &err);
    assert_true(bytes_column_get(&columns->partitions[0].bytes, 0, &bytes));
    assert_true(slice_equals(bytes, SLICE_LITERAL("\0b")));
    manifest_columns_unref(columns);
    refuse(schema, 1, SLICE_LITERAL(FIXED_ENTRY("\x04\xff\0")), "partition value that is not text");
}

static void test_manifest_columns__refuse_counts_and_lengths_that_lie(void **state)
{
    (void)state;
    struct slice one = SLICE_LITERAL(ENTRY_BYTES("\x02", "\x02"
                                                         "a"));
    refuse(PLAIN, 2, one, "cut off or damaged");
    refuse(PLAIN, 0, one, "cut off or damaged");
    refuse(PLAIN, INT64_MAX, one, "cut off or damaged");
    refuse(PLAIN, 1, SLICE_LITERAL(ENTRY_BYTES("\x02", "\xfe\xff\xff\xff\xff\xff\xff\xff\x7f")),
           "cut off or damaged");
    refuse(PLAIN, 1, SLICE_LITERAL(ENTRY_BYTES("\x02", "\x01")), "cut off or damaged");
    /* A status beyond an int; a branch that the union does not have; a count of -2^63. */
    refuse(PLAIN, 1,
           SLICE_LITERAL(ENTRY_BYTES("\x80\x80\x80\x80\x80\x01", "\x02"
                                                                 "a")),
           "cut off or damaged");
    refuse(ENTRY(F(0, "status", "[\"null\",\"int\"]"), PLAIN_FILE), 1,
           SLICE_LITERAL("\x04\x02" ENTRY_BYTES("", "\x02"
                                                    "a")),
           "cut off or damaged");
    refuse(ENTRY(F(0, "status", "\"int\""),
                 F(132, "split_offsets", "{\"type\":\"array\",\"items\":\"long\"}") "," PLAIN_FILE),
           1,
           SLICE_LITERAL("\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                         "\x02"
                         "a\x0ePARQUET\x02\x04"),
           "cut off or damaged");
}

/* Arrays of nulls take no bytes for their items: 2^62 of them are stepped over at once. */
static void test_manifest_columns__take_no_time_for_items_without_bytes(void **state)
{
    (void)state;
    struct manifest_columns *columns = NULL;
    struct error err = {.kind = ERROR_NONE};
    const char *schema =
        ENTRY(F(0, "status", "\"int\""),
              F(9000, "nulls", "{\"type\":\"array\",\"items\":\"null\"}") "," PLAIN_FILE);
    assert_ok(decode_made(schema, 1,
                          SLICE_LITERAL("\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x00"
                                        "\x02"
                                        "a\x0ePARQUET\x02\x04"),
                          &columns, &err),
              &err);
    assert_int_equal(columns->row_count, 1);
    manifest_columns_unref(columns);
}

/* A zstd bomb: its block is over the ceiling long before it is over. */
static void test_manifest_columns__stop_a_bomb_at_the_ceiling(void **state)
{
    (void)state;
    struct manifest_decoder *decoder;
    struct manifest_columns *columns = NULL;
    struct buffer zeros, file;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&zeros, MIB);
    buffer_append(&zeros, "\x28\xb5\x2f\xfd\x00\x58", 6);
    for (int i = 0; i < 2049; i++) /* of 128 KiB each */
        buffer_append(&zeros, i == 2048 ? "\x03\x00\x10\x00" : "\x02\x00\x10\x00", 4);
    buffer_init(&file, MIB);
    manifest_file_make(&file, slice_from_string(PLAIN), 1, buffer_slice(&zeros));
    /* The codec's key goes behind the schema's. */
    struct buffer coded;
    buffer_init(&coded, MIB);
    buffer_append_slice(&coded, SLICE_LITERAL("Obj\x01\x04\x14"
                                              "avro.codec\x12zstandard"));
    buffer_append_slice(&coded, slice_from(buffer_slice(&file), 5));
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    assert_fails(manifest_decode(decoder, buffer_slice(&coded), &NO_STATS, &columns, &err), &err,
                 ERROR_TOO_LARGE);
    assert_true(strstr(err.message, "inflates to more than") != NULL);
    manifest_decoder_destroy(decoder);
    buffer_finish(&coded);
    buffer_finish(&file);
    buffer_finish(&zeros);
}

static void test_manifest_columns__of_no_entries_are_empty(void **state)
{
    (void)state;
    struct manifest_columns *columns = NULL;
    struct error err = {.kind = ERROR_NONE};
    assert_ok(decode_made(PLAIN, 0, SLICE_EMPTY, &columns, &err), &err);
    assert_int_equal(columns->row_count, 0);
    assert_int_equal(columns->path_prefix.len, 0);
    manifest_columns_unref(columns);
}

/* "é" and "è" share their first byte: the common part ends before it. */
static void test_manifest_columns__cut_the_common_path_between_characters(void **state)
{
    (void)state;
    struct manifest_columns *columns = NULL;
    struct error err = {.kind = ERROR_NONE};
    assert_ok(decode_made(PLAIN, 2,
                          SLICE_LITERAL(ENTRY_BYTES("\x02", "\x08"
                                                            "s/\xc3\xa9")
                                            ENTRY_BYTES("\x02", "\x08"
                                                                "s/\xc3\xa8")),
                          &columns, &err),
              &err);
    assert_slice_equal(columns->path_prefix, "s/");
    assert_slice_equal(manifest_columns_path_suffix(columns, 1), "\xc3\xa8");
    manifest_columns_unref(columns);
}

/* --- inheritance ------------------------------------------------------------------------------ */

#define LINEAGE                                                                             \
    ENTRY(F(0, "status", "\"int\"") "," F(1, "snapshot_id", "[\"null\",\"long\"]") "," F(   \
              3, "sequence_number", "[\"null\",\"long\"]") "," F(4, "file_sequence_number", \
                                                                 "[\"null\",\"long\"]"),    \
          PLAIN_FILE "," F(142, "first_row_id", "[\"null\",\"long\"]"))
/* Rows: added with nothing, existing with all (snapshot 7, sequence 3 and 2, row id 50), existing
 * with nothing, deleted with nothing, added with sequence 1. Each has one record. */
#define LINEAGE_ROWS                   \
    "\x02\x00\x00\x00\x02"             \
    "a\x0ePARQUET\x02\x04\x00"         \
    "\x00\x02\x0e\x02\x06\x02\x04\x02" \
    "b\x0ePARQUET\x02\x04\x02\x64"     \
    "\x00\x00\x00\x00\x02"             \
    "c\x0ePARQUET\x02\x04\x00"         \
    "\x04\x00\x00\x00\x02"             \
    "d\x0ePARQUET\x02\x04\x00"         \
    "\x02\x00\x02\x02\x00\x02"         \
    "e\x0ePARQUET\x02\x04\x00"

static struct manifest_columns *lineage(void)
{
    struct manifest_columns *columns = NULL;
    struct error err = {.kind = ERROR_NONE};
    assert_ok(decode_made(LINEAGE, 5, SLICE_LITERAL(LINEAGE_ROWS), &columns, &err), &err);
    return columns;
}

/* "inherited only if the entry status is 1 (added). If the entry status is 0 (existing) or 2
 * (deleted), the entry must include both sequence numbers explicitly." */
static void test_data_file_view__inherits_sequence_numbers_for_added_entries_only(void **state)
{
    (void)state;
    struct manifest_columns *columns = lineage();
    struct manifest_list_entry manifest = {.sequence_number = 9, .snapshot_id = 11};
    int64_t sequence = -1;
    assert_true(data_file_sequence(columns, 0, &manifest, &sequence));
    assert_int_equal(sequence, 9);
    assert_true(data_file_sequence(columns, 1, &manifest, &sequence));
    assert_int_equal(sequence, 3);
    assert_true(data_file_added_sequence(columns, 1, &manifest, &sequence));
    assert_int_equal(sequence, 2);
    assert_false(data_file_sequence(columns, 2, &manifest, &sequence));
    assert_false(data_file_added_sequence(columns, 3, &manifest, &sequence));
    assert_true(data_file_sequence(columns, 4, &manifest, &sequence));
    assert_int_equal(sequence, 1);
    assert_true(data_file_added_sequence(columns, 4, &manifest, &sequence));
    assert_int_equal(sequence, 9);
    assert_int_equal(data_file_snapshot_id(columns, 0, &manifest), 11);
    assert_int_equal(data_file_snapshot_id(columns, 1, &manifest), 7);
    manifest_columns_unref(columns);
}

/* "When reading v1 manifests with no sequence number column, sequence numbers for all files must
 * default to 0." */
static void test_data_file_view__takes_version_1_files_for_number_0(void **state)
{
    (void)state;
    struct manifest_columns *columns = lineage();
    struct manifest_list_entry manifest = {.sequence_number = 0};
    int64_t sequence = -1;
    assert_true(data_file_sequence(columns, 2, &manifest, &sequence));
    assert_int_equal(sequence, 0);
    assert_true(data_file_added_sequence(columns, 3, &manifest, &sequence));
    assert_int_equal(sequence, 0);
    manifest_columns_unref(columns);
}

/* "Any null (unassigned) first_row_id must be assigned via inheritance, even if the data file is
 * existing"; deleted ones take no part. */
static void test_data_file_view__assigns_first_row_ids_in_file_order(void **state)
{
    (void)state;
    static const int64_t EXPECTED[] = {100, 50, 101, -1, 102};
    struct manifest_columns *columns = lineage();
    struct manifest_list_entry manifest = {.first_row_id = 100};
    struct row_id_run run = row_id_run_start(&manifest);
    for (size_t row = 0; row < 5; row++) {
        int64_t id = -1;
        assert_int_equal(row_id_run_step(&run, columns, row, &id), EXPECTED[row] >= 0);
        assert_int_equal(id, EXPECTED[row]);
    }
    manifest_columns_unref(columns);
}

/* "The value of first_row_id for delete files is always null", and a manifest without one gives
 * none. */
static void test_data_file_view__gives_no_row_ids_where_the_manifest_has_none(void **state)
{
    (void)state;
    struct manifest_columns *columns = lineage();
    struct manifest_list_entry none = {.first_row_id = MANIFEST_NO_ID};
    struct manifest_list_entry deletes = {.first_row_id = 5, .content = MANIFEST_DELETES};
    struct row_id_run run = row_id_run_start(&none);
    int64_t id = -1;
    assert_false(row_id_run_step(&run, columns, 1, &id));
    run = row_id_run_start(&deletes);
    assert_false(row_id_run_step(&run, columns, 0, &id));
    manifest_columns_unref(columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_columns__refuse_files_that_are_no_manifests),
        cmocka_unit_test(test_manifest_columns__refuse_values_that_entries_cannot_have),
        cmocka_unit_test(test_manifest_columns__have_fixed_values_in_either_form),
        cmocka_unit_test(test_manifest_columns__have_texts_with_nul_as_partition_values),
        cmocka_unit_test(test_manifest_columns__refuse_counts_and_lengths_that_lie),
        cmocka_unit_test(test_manifest_columns__take_no_time_for_items_without_bytes),
        cmocka_unit_test(test_manifest_columns__stop_a_bomb_at_the_ceiling),
        cmocka_unit_test(test_manifest_columns__of_no_entries_are_empty),
        cmocka_unit_test(test_manifest_columns__cut_the_common_path_between_characters),
        cmocka_unit_test(test_data_file_view__inherits_sequence_numbers_for_added_entries_only),
        cmocka_unit_test(test_data_file_view__takes_version_1_files_for_number_0),
        cmocka_unit_test(test_data_file_view__assigns_first_row_ids_in_file_order),
        cmocka_unit_test(test_data_file_view__gives_no_row_ids_where_the_manifest_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
