#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/avro_container.h"
#include "iceberg/avro_shape.h"
#include "iceberg/manifest.h"
#include "tests/unit/iceberg/metadata_fixture.h"

#define DATA "tests/unit/iceberg/data/"

typedef bool (*each_fn)(struct slice bytes, manifest_path_fn visit, void *context,
                        struct error *err);

/* The paths that were visited, one a line. */
static bool visit_line(void *context, struct slice path, struct error *err)
{
    (void)err;
    buffer_append_slice(context, path);
    buffer_append_byte(context, '\n');
    return true;
}

/* How often `word` is in the paths of a fixture. */
static size_t count_in_paths(const char *file, each_fn each, const char *word)
{
    size_t size, count = 0;
    char *bytes = fixture_file(file, &size);
    struct buffer lines;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&lines, MIB);
    if (!each(slice_make(bytes, size), visit_line, &lines, &err))
        fail_msg("%s: %s", file, err.message);
    buffer_append_byte(&lines, '\0');
    for (const char *at = lines.ptr; (at = strstr(at, word)); at++)
        count++;
    buffer_finish(&lines);
    free(bytes);
    return count;
}

static void test_manifest__lists_the_manifests_of_v1_and_v2(void **state)
{
    (void)state;
    assert_int_equal(count_in_paths(DATA "v1-list.avro", manifest_list_each, "-m0.avro\n"), 2);
    assert_int_equal(count_in_paths(DATA "v2-list.avro", manifest_list_each, "-m0.avro\n"), 2);
    assert_int_equal(count_in_paths(DATA "v2-list.avro", manifest_list_each, "file:///tmp/"), 2);
}

static void test_manifest__lists_the_files_of_v1_v2_and_v3(void **state)
{
    (void)state;
    assert_int_equal(count_in_paths(DATA "v1-manifest.avro", manifest_each_file, ".parquet\n"), 1);
    assert_int_equal(count_in_paths(DATA "v2-manifest.avro", manifest_each_file, ".parquet\n"), 2);
    assert_int_equal(count_in_paths(DATA "v2-manifest.avro", manifest_each_file, "/kind=b/"), 1);
    assert_int_equal(count_in_paths(DATA "v3-manifest.avro", manifest_each_file, ".parquet\n"), 2);
}

/* Both deletion vectors are in one Puffin file, which is named for each. */
static void test_manifest__names_the_puffin_file_of_deletion_vectors(void **state)
{
    (void)state;
    assert_int_equal(count_in_paths(DATA "v3-manifest.avro", manifest_each_file,
                                    "file:///wh/dv-1.puffin\n"),
                     2);
}

static void test_manifest__reads_every_codec(void **state)
{
    (void)state;
    static const char *const FILES[] = {DATA "v2-manifest-null.avro",
                                        DATA "v2-manifest-snappy.avro",
                                        DATA "v2-manifest-zstandard.avro"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(count_in_paths(FILES[i], manifest_each_file, ".parquet\n"), 2);
}

/* "Fields are found by field id", whatever their names are. */
static void test_manifest__finds_fields_by_id_before_names(void **state)
{
    (void)state;
    assert_int_equal(count_in_paths(DATA "v2-list-renamed.avro", manifest_list_each, "-m0.avro\n"),
                     2);
    assert_int_equal(count_in_paths(DATA "v2-list-renamed.avro", manifest_list_each, "decoy"), 0);
}

static void test_manifest__finds_fields_by_name_where_there_are_no_ids(void **state)
{
    (void)state;
    assert_int_equal(count_in_paths(DATA "v2-list-no-ids.avro", manifest_list_each, "-m0.avro\n"),
                     2);
    assert_int_equal(count_in_paths(DATA "v2-manifest-no-ids.avro", manifest_each_file,
                                    ".parquet\n"),
                     2);
}

static bool visit_stop(void *context, struct slice path, struct error *err)
{
    int *count = context;
    (void)path;
    (*count)++;
    return error_set(err, ERROR_CONFLICT, "enough");
}

static void test_manifest__stops_where_the_visitor_says_so(void **state)
{
    (void)state;
    size_t size;
    int count = 0;
    char *bytes = fixture_file(DATA "v2-list.avro", &size);
    struct error err = {.kind = ERROR_NONE};
    assert_false(manifest_list_each(slice_make(bytes, size), visit_stop, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(err.kind, ERROR_CONFLICT);
    free(bytes);
}

static bool visit_any(void *context, struct slice path, struct error *err)
{
    (void)context;
    (void)err;
    assert_true(path.len > 0);
    return true;
}

static void refuse_bytes(struct slice bytes, each_fn each, const char *word)
{
    struct error err = {.kind = ERROR_NONE};
    assert_false(each(bytes, visit_any, NULL, &err));
    assert_int_equal(err.kind, ERROR_CORRUPT);
    if (!strstr(err.message, word))
        fail_msg("'%s' is not in: %s", word, err.message);
}

static void test_manifest__refuses_a_file_of_the_other_kind(void **state)
{
    (void)state;
    size_t size;
    char *bytes = fixture_file(DATA "v2-list.avro", &size);
    refuse_bytes(slice_make(bytes, size), manifest_each_file, "no field data_file (id 2)");
    free(bytes);
    bytes = fixture_file(DATA "v2-manifest.avro", &size);
    refuse_bytes(slice_make(bytes, size), manifest_list_each, "no field manifest_path (id 500)");
    free(bytes);
    refuse_bytes(SLICE_EMPTY, manifest_list_each, "not an Avro file");
    refuse_bytes(SLICE_LITERAL("PAR1"), manifest_list_each, "not an Avro file");
}

/* A cut is found at every place; only between two blocks it cannot be told from a shorter file. */
static void test_manifest__refuses_every_truncation(void **state)
{
    (void)state;
    static const char *const FILES[] = {DATA "v2-manifest.avro", DATA "v2-manifest-null.avro",
                                        DATA "v2-manifest-snappy.avro",
                                        DATA "v2-manifest-zstandard.avro"};
    for (size_t i = 0; i < 4; i++) {
        size_t size, accepted = 0;
        char *bytes = fixture_file(FILES[i], &size);
        for (size_t cut = 0; cut < size; cut++) {
            /* A copy of just that size, so that a sanitizer sees a read past its end. */
            char *copy = malloc(cut > 0 ? cut : 1);
            struct error err = {.kind = ERROR_NONE};
            memcpy(copy, bytes, cut);
            if (manifest_each_file(slice_make(copy, cut), visit_any, NULL, &err))
                accepted++;
            else
                assert_int_equal(err.kind, ERROR_CORRUPT);
            free(copy);
        }
        assert_true(accepted <= 2);
        free(bytes);
    }
}

/* Every byte is changed in turn: an error or other paths, never a crash. */
static void test_manifest__survives_every_changed_byte(void **state)
{
    (void)state;
    static const char *const FILES[] = {DATA "v2-manifest-null.avro",
                                        DATA "v2-manifest-snappy.avro", DATA "v2-list.avro"};
    static const unsigned char FLIPS[] = {0x01, 0x80, 0xFF};
    size_t refused = 0;
    for (size_t i = 0; i < 9; i++) {
        size_t size;
        char *bytes = fixture_file(FILES[i / 3], &size);
        each_fn each = i / 3 == 2 ? manifest_list_each : manifest_each_file;
        for (size_t at = 0; at < size; at++) {
            struct error err = {.kind = ERROR_NONE};
            bytes[at] = (char)((unsigned char)bytes[at] ^ FLIPS[i % 3]);
            refused += !each(slice_make(bytes, size), visit_any, NULL, &err);
            bytes[at] = (char)((unsigned char)bytes[at] ^ FLIPS[i % 3]);
        }
        free(bytes);
    }
    assert_true(refused > 1000);
}

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

#define SYNC SLICE_LITERAL("0123456789abcdef")

/* A file of one block with that schema, codec, count and bytes. */
static void file_make(struct buffer *out, const char *schema, const char *codec, int64_t count,
                      struct slice block)
{
    buffer_init(out, 16 * MIB);
    buffer_append_slice(out, SLICE_LITERAL("Obj\x01"));
    append_long(out, 2);
    append_bytes(out, SLICE_LITERAL("avro.codec"));
    append_bytes(out, slice_from_string(codec));
    append_bytes(out, SLICE_LITERAL("avro.schema"));
    append_bytes(out, slice_from_string(schema));
    append_long(out, 0);
    buffer_append_slice(out, SYNC);
    append_long(out, count);
    append_bytes(out, block);
    buffer_append_slice(out, SYNC);
}

static void refuse_file(const char *schema, const char *codec, int64_t count, struct slice block,
                        const char *word)
{
    struct buffer file;
    file_make(&file, schema, codec, count, block);
    refuse_bytes(buffer_slice(&file), manifest_list_each, word);
    buffer_finish(&file);
}

#define FIELD_500 "{\"name\":\"manifest_path\",\"field-id\":500,\"type\":\"string\"}"
#define LIST_SCHEMA(more) "{\"type\":\"record\",\"name\":\"r\",\"fields\":[" FIELD_500 more "]}"

static void test_manifest__refuses_counts_and_lengths_that_lie(void **state)
{
    (void)state;
    /* A string of 2^62 bytes, of -1 byte, and a count without records. */
    refuse_file(LIST_SCHEMA(""), "null", 1, SLICE_LITERAL("\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"),
                "cut off or damaged");
    refuse_file(LIST_SCHEMA(""), "null", 1, SLICE_LITERAL("\x01"), "cut off or damaged");
    refuse_file(LIST_SCHEMA(""), "null", INT64_MAX,
                SLICE_LITERAL("\x02"
                              "a"),
                "cut off");
    refuse_file(LIST_SCHEMA(""), "null", 2,
                SLICE_LITERAL("\x02"
                              "a"),
                "cut off or damaged");
    refuse_file(LIST_SCHEMA(""), "null", -1,
                SLICE_LITERAL("\x02"
                              "a"),
                "cut off or damaged");
    refuse_file(LIST_SCHEMA(""), "null", 1,
                SLICE_LITERAL("\x02"
                              "a"
                              "b"),
                "bytes left over");
    /* An array of 2^40 nulls in no bytes at all. */
    refuse_file(LIST_SCHEMA(",{\"name\":\"n\",\"type\":{\"type\":\"array\",\"items\":\"null\"}}"),
                "null", 1,
                SLICE_LITERAL("\x02"
                              "a"
                              "\x80\x80\x80\x80\x80\x80\x01\x00"),
                "cut off or damaged");
}

static void test_manifest__refuses_paths_that_are_no_text(void **state)
{
    (void)state;
    refuse_file(LIST_SCHEMA(""), "null", 1, SLICE_LITERAL("\x00"), "empty or not text");
    refuse_file(LIST_SCHEMA(""), "null", 1,
                SLICE_LITERAL("\x06"
                              "a\0b"),
                "empty or not text");
    refuse_file(LIST_SCHEMA(""), "null", 1,
                SLICE_LITERAL("\x02"
                              "\xff"),
                "empty or not text");
}

static void test_manifest__refuses_hostile_schemas(void **state)
{
    (void)state;
    struct slice none = SLICE_EMPTY;
    refuse_file("{\"type\":\"record\",\"name\":\"r\",\"fields\":[" FIELD_500
                ",{\"name\":\"self\",\"type\":\"r\"}]}",
                "null", 0, none, "recursive");
    refuse_file(LIST_SCHEMA(",{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"f\","
                            "\"size\":9223372036854775807}}"),
                "null", 0, none, "impossible size");
    refuse_file(LIST_SCHEMA(",{\"name\":\"f\",\"type\":\"nothing\"}"), "null", 0, none,
                "does not define");
    refuse_file(LIST_SCHEMA(",{\"name\":\"f\",\"type\":[]}"), "null", 0, none, "empty union");
    refuse_file(LIST_SCHEMA(",{\"name\":\"f\"}"), "null", 0, none, "type is missing");
    refuse_file("{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"manifest_path\","
                "\"field-id\":500,\"type\":\"long\"}]}",
                "null", 0, none, "is not a string");
    refuse_file("\"string\"", "null", 0, none, "no field manifest_path");
    refuse_file("{\"type\":", "null", 0, none, "not valid JSON");
}

/* Forty records, each holding the one before twice, are a terabyte of nodes. */
static void test_manifest__refuses_a_schema_that_doubles_itself(void **state)
{
    (void)state;
    struct buffer schema;
    buffer_init(&schema, MIB);
    buffer_append_string(&schema, "{\"type\":\"record\",\"name\":\"r\",\"fields\":[" FIELD_500);
    buffer_append_string(&schema, ",{\"name\":\"a0\",\"type\":{\"type\":\"record\",\"name\":\"n0\","
                                  "\"fields\":[{\"name\":\"x\",\"type\":\"long\"}]}}");
    for (int i = 1; i < 40; i++)
        buffer_printf(
            &schema,
            ",{\"name\":\"a%d\",\"type\":{\"type\":\"record\",\"name\":\"n%d\",\"fields\":["
            "{\"name\":\"x\",\"type\":\"n%d\"},{\"name\":\"y\",\"type\":\"n%d\"}]}}",
            i, i, i - 1, i - 1);
    buffer_append(&schema, "]}", 3);
    refuse_file(schema.ptr, "null", 0, SLICE_EMPTY, "is too large");
    buffer_finish(&schema);
}

static void test_manifest__refuses_unknown_codecs_and_blocks_that_do_not_inflate(void **state)
{
    (void)state;
    refuse_file(LIST_SCHEMA(""), "lzma", 0, SLICE_EMPTY, "unknown codec 'lzma'");
    refuse_file(LIST_SCHEMA(""), "deflate", 1, SLICE_LITERAL("zz"), "does not inflate");
    refuse_file(LIST_SCHEMA(""), "snappy", 1, SLICE_LITERAL("z"), "does not inflate");
    refuse_file(LIST_SCHEMA(""), "zstandard", 1, SLICE_LITERAL("zz"), "does not inflate");
    /* Snappy: a claim of 4 GiB in five bytes; then a right text with a wrong CRC-32. */
    refuse_file(LIST_SCHEMA(""), "snappy", 1,
                SLICE_LITERAL("\xff\xff\xff\xff\x0f"
                              "0000"),
                "does not inflate");
    refuse_file(LIST_SCHEMA(""), "snappy", 1,
                SLICE_LITERAL("\x02\x04\x02"
                              "a"
                              "0000"),
                "does not inflate");
}

static void test_avro_container__hands_out_metadata_and_blocks(void **state)
{
    (void)state;
    struct buffer file, scratch;
    struct avro_container container;
    struct avro_block block = {.count = 0};
    struct error err = {.kind = ERROR_NONE};
    bool more = false;
    file_make(&file, "\"string\"", "null", 1,
              SLICE_LITERAL("\x02"
                            "a"));
    buffer_init(&scratch, MIB);
    assert_true(avro_container_open(buffer_slice(&file), &container, &err));
    assert_true(slice_equals_string(container.schema, "\"string\""));
    assert_true(slice_equals_string(avro_container_metadata(&container, "avro.codec"), "null"));
    assert_null(avro_container_metadata(&container, "format-version").ptr);
    assert_true(avro_container_next(&container, &scratch, &block, &more, &err));
    assert_true(more);
    assert_int_equal(block.count, 1);
    assert_true(slice_equals(block.data, SLICE_LITERAL("\x02"
                                                       "a")));
    assert_true(avro_container_next(&container, &scratch, &block, &more, &err));
    assert_false(more);
    avro_container_finish(&container);
    buffer_finish(&scratch);
    buffer_finish(&file);
}

static void test_avro_container__finds_the_keys_of_real_manifests(void **state)
{
    (void)state;
    size_t size;
    char *bytes = fixture_file(DATA "v2-manifest.avro", &size);
    struct avro_container container;
    struct error err;
    assert_true(avro_container_open(slice_make(bytes, size), &container, &err));
    assert_true(slice_equals_string(avro_container_metadata(&container, "format-version"), "2"));
    assert_true(slice_equals_string(avro_container_metadata(&container, "content"), "data"));
    assert_int_equal(container.codec, AVRO_CODEC_DEFLATE);
    avro_container_finish(&container);
    free(bytes);
}

/* Eight million zeros in a few kilobytes, and a ceiling of one. */
static void test_avro_container__stops_a_bomb_at_the_ceiling(void **state)
{
    (void)state;
    /* A zstd frame: magic, no content size, one window byte, 64 RLE blocks of 128 KiB of zero. */
    struct buffer zeros, file, scratch;
    struct avro_container container;
    struct avro_block block = {.count = 0};
    struct error err = {.kind = ERROR_NONE};
    bool more = false;
    buffer_init(&zeros, MIB);
    buffer_append(&zeros, "\x28\xb5\x2f\xfd\x00\x58", 6);
    for (int i = 0; i < 64; i++)
        buffer_append(&zeros, i == 63 ? "\x03\x00\x10\x00" : "\x02\x00\x10\x00", 4);
    file_make(&file, "\"string\"", "zstandard", 1, buffer_slice(&zeros));
    buffer_init(&scratch, MIB);
    assert_true(avro_container_open(buffer_slice(&file), &container, &err));
    assert_false(avro_container_next(&container, &scratch, &block, &more, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    assert_true(scratch.capacity <= MIB + 1);
    avro_container_finish(&container);
    buffer_finish(&scratch);
    buffer_init(&scratch, 16 * MIB);
    assert_true(avro_container_open(buffer_slice(&file), &container, &err));
    assert_true(avro_container_next(&container, &scratch, &block, &more, &err));
    assert_int_equal(block.data.len, 8 * MIB);
    avro_container_finish(&container);
    buffer_finish(&scratch);
    buffer_finish(&file);
    buffer_finish(&zeros);
}

static void test_avro_shape__resolves_names_in_their_namespace(void **state)
{
    (void)state;
    static const char TEXT[] =
        "{\"type\":\"record\",\"name\":\"a.b.r\",\"fields\":["
        "{\"name\":\"x\",\"field-id\":7,\"type\":{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}},"
        "{\"name\":\"y\",\"type\":[\"null\",\"f\"]},{\"name\":\"z\",\"type\":\"a.b.f\"}]}";
    struct arena arena;
    struct error err = {.kind = ERROR_NONE};
    const struct avro_shape *shape = NULL;
    json_t *json = NULL;
    uint64_t budget = 10;
    arena_init(&arena, MIB);
    assert_true(json_tree_parse(SLICE_LITERAL(TEXT), "schema", &json, &err));
    assert_true(avro_shape_parse(json, &arena, &shape, &err));
    assert_int_equal(avro_shape_find(shape, 7, "nothing"), 0);
    assert_int_equal(avro_shape_find(shape, 8, "y"), 1);
    assert_int_equal(avro_shape_find(shape, 8, "x"), -1);
    struct avro_cursor cursor = avro_cursor_make(SLICE_LITERAL("abc\x02"
                                                               "defghi"));
    assert_true(avro_shape_skip(shape, &cursor, &budget));
    assert_int_equal(avro_cursor_left(&cursor), 0);
    cursor = avro_cursor_make(SLICE_LITERAL("abc\x04"
                                            "defghi"));
    assert_false(avro_shape_skip(shape, &cursor, &budget));
    json_decref(json);
    arena_finish(&arena);
}

static void test_avro_cursor__reads_numbers_up_to_the_edges(void **state)
{
    (void)state;
    static const int64_t NUMBERS[] = {0, -1, 1, 63, -64, 64, INT32_MAX, INT64_MAX, INT64_MIN};
    struct buffer bytes;
    buffer_init(&bytes, MIB);
    for (size_t i = 0; i < 9; i++)
        append_long(&bytes, NUMBERS[i]);
    struct avro_cursor cursor = avro_cursor_make(buffer_slice(&bytes));
    for (size_t i = 0; i < 9; i++) {
        int64_t value = 0;
        assert_true(avro_cursor_long(&cursor, &value));
        assert_true(value == NUMBERS[i]);
    }
    int64_t value = 0;
    assert_false(avro_cursor_long(&cursor, &value));
    cursor = avro_cursor_make(SLICE_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
    assert_false(avro_cursor_long(&cursor, &value));
    buffer_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest__lists_the_manifests_of_v1_and_v2),
        cmocka_unit_test(test_manifest__lists_the_files_of_v1_v2_and_v3),
        cmocka_unit_test(test_manifest__names_the_puffin_file_of_deletion_vectors),
        cmocka_unit_test(test_manifest__reads_every_codec),
        cmocka_unit_test(test_manifest__finds_fields_by_id_before_names),
        cmocka_unit_test(test_manifest__finds_fields_by_name_where_there_are_no_ids),
        cmocka_unit_test(test_manifest__stops_where_the_visitor_says_so),
        cmocka_unit_test(test_manifest__refuses_a_file_of_the_other_kind),
        cmocka_unit_test(test_manifest__refuses_every_truncation),
        cmocka_unit_test(test_manifest__survives_every_changed_byte),
        cmocka_unit_test(test_manifest__refuses_counts_and_lengths_that_lie),
        cmocka_unit_test(test_manifest__refuses_paths_that_are_no_text),
        cmocka_unit_test(test_manifest__refuses_hostile_schemas),
        cmocka_unit_test(test_manifest__refuses_a_schema_that_doubles_itself),
        cmocka_unit_test(test_manifest__refuses_unknown_codecs_and_blocks_that_do_not_inflate),
        cmocka_unit_test(test_avro_container__hands_out_metadata_and_blocks),
        cmocka_unit_test(test_avro_container__finds_the_keys_of_real_manifests),
        cmocka_unit_test(test_avro_container__stops_a_bomb_at_the_ceiling),
        cmocka_unit_test(test_avro_shape__resolves_names_in_their_namespace),
        cmocka_unit_test(test_avro_cursor__reads_numbers_up_to_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
