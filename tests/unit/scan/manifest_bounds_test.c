/* Bounds that are the same from above and below, and items of maps that are alike from row to row:
 * both have short ways through the decoder. */
#include "base/limits.h"
#include "scan/manifest_decoder.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/manifest_oracle.h"
#include "tests/unit/scan/manifest_random.h"

#define FIELD_ID 7
#define F(id, name, type) "{\"name\":\"" name "\",\"field-id\":" #id ",\"type\":" type "}"
#define MAP(id, name, key_id, value_id, value)                              \
    F(id, name,                                                             \
      "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"m" #id \
      "\",\"fields\":[" F(key_id, "key", "\"int\"") "," F(value_id, "value", value) "]}}")
#define LOWER MAP(125, "lower_bounds", 126, 127, "\"bytes\"")
#define UPPER MAP(128, "upper_bounds", 129, 130, "\"bytes\"")
#define COUNTS MAP(109, "value_counts", 119, 120, "\"long\"")
#define FILE_FIELDS                                                                            \
    F(100, "file_path", "\"string\"")                                                          \
    "," F(101, "file_format", "\"string\"") "," F(103, "record_count",                         \
                                                  "\"long\"") "," F(104, "file_size_in_bytes", \
                                                                    "\"long\"")
#define ENTRY(maps)                                                                         \
    "{\"type\":\"record\",\"name\":\"e\",\"fields\":[" F(                                   \
        0, "status", "\"int\"") ",{"                                                        \
                                "\"name\":\"data_file\",\"field-id\":2,\"type\":{\"type\":" \
                                "\"record\",\"name\":\"d\","                                \
                                "\"fields\":[" FILE_FIELDS "," maps "]}}]}"

static const struct manifest_projection ALL = {.has_all_stats = true, .stats_kinds = STATS_ALL};

static void file_append(struct buffer *out)
{
    avro_append_long(out, 1);
    avro_append_bytes(out, SLICE_LITERAL("a"));
    avro_append_bytes(out, SLICE_LITERAL("PARQUET"));
    avro_append_long(out, 1);
    avro_append_long(out, 2);
}

static struct manifest_decoder *decoder_make(void)
{
    struct manifest_decoder *decoder;
    struct error err;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    return decoder;
}

/* What the decoder makes of the entries, which is what avro-c reads of them. */
static struct manifest_columns *decode(struct manifest_decoder *decoder, const char *schema,
                                       int64_t count, const struct buffer *entries,
                                       const struct manifest_projection *projection)
{
    struct manifest_columns *columns = NULL;
    struct buffer file;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&file, 16 * MIB);
    manifest_file_make(&file, slice_from_string(schema), count, buffer_slice(entries));
    assert_ok(manifest_decode(decoder, buffer_slice(&file), projection, &columns, &err), &err);
    manifest_oracle_compare(buffer_slice(&file), columns);
    buffer_finish(&file);
    return columns;
}

/* --- bounds --------------------------------------------------------------------------------- */

/* Values of one row; NULL: none. A second upper bound stands for the first. */
struct bounds {
    const char *lower;
    const char *upper;
    const char *second_upper;
};

#define MAX_ROWS 6
struct bounds_case {
    struct bounds rows[MAX_ROWS];
    size_t count;
    bool are_shared; /* the bounds take their room once */
};

static const struct bounds_case CASES[] = {
    {{{"a", "a", NULL}, {"bb", "bb", NULL}, {"", "", NULL}}, 3, true},
    {{{"a", "a", NULL}, {NULL, NULL, NULL}, {"c", "c", NULL}}, 3, true},
    {{{"a", "b", NULL}, {"c", "c", NULL}}, 2, false},
    {{{"a", "a", NULL}, {"bb", "bb", NULL}, {"c", "d", NULL}, {"e", "e", NULL}}, 4, false},
    {{{"a", "a", NULL}, {NULL, NULL, NULL}, {"bb", "bb", NULL}, {"c", "cc", NULL}}, 4, false},
    {{{"a", "a", NULL}, {"b", NULL, NULL}, {"c", "c", NULL}}, 3, false},
    {{{"a", "a", NULL}, {"b", NULL, NULL}, {"c", "d", NULL}, {"e", "e", NULL}}, 4, false},
    {{{"a", "a", NULL}, {NULL, "b", NULL}, {"c", "c", NULL}}, 3, false},
    {{{NULL, "a", NULL}, {"a", "a", NULL}}, 2, false},
    {{{"a", NULL, NULL}, {"b", NULL, NULL}}, 2, false},
    {{{"a", "a", NULL}, {"bb", "bb", "x"}, {"c", "c", NULL}}, 3, false},
    {{{"a", "a", NULL}, {"bb", "x", "bb"}, {"c", "c", NULL}}, 3, false},
    {{{"a", "a", NULL}, {"bb", "bb", "bb"}, {"c", "c", NULL}}, 3, true},
};

static void item_append(struct buffer *out, const char *value)
{
    avro_append_long(out, FIELD_ID);
    avro_append_bytes(out, slice_from_string(value));
}

static void map_append(struct buffer *out, const char *first, const char *second)
{
    int64_t count = (first ? 1 : 0) + (second ? 1 : 0);
    if (count > 0)
        avro_append_long(out, count);
    if (first)
        item_append(out, first);
    if (second)
        item_append(out, second);
    avro_append_long(out, 0);
}

static struct manifest_columns *decode_bounds(struct manifest_decoder *decoder,
                                              const struct bounds_case *tried, bool is_upper_first)
{
    struct buffer entries;
    buffer_init(&entries, MIB);
    for (size_t i = 0; i < tried->count; i++) {
        const struct bounds *row = &tried->rows[i];
        file_append(&entries);
        if (is_upper_first)
            map_append(&entries, row->upper, row->second_upper);
        map_append(&entries, row->lower, NULL);
        if (!is_upper_first)
            map_append(&entries, row->upper, row->second_upper);
    }
    struct manifest_columns *columns =
        decode(decoder, is_upper_first ? ENTRY(UPPER "," LOWER) : ENTRY(LOWER "," UPPER),
               (int64_t)tried->count, &entries, &ALL);
    buffer_finish(&entries);
    return columns;
}

static void test_manifest_bounds__share_room_only_where_they_are_equal(void **state)
{
    (void)state;
    struct manifest_decoder *decoder = decoder_make();
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct manifest_columns *columns = decode_bounds(decoder, &CASES[i], false);
        const struct stats_column *stats = manifest_columns_stats(columns, FIELD_ID);
        assert_non_null(stats);
        if ((stats->lower.bytes == stats->upper.bytes) != CASES[i].are_shared)
            fail_msg("case %zu", i);
        manifest_columns_unref(columns);
    }
    manifest_decoder_destroy(decoder);
}

static void test_manifest_bounds__may_come_in_either_order(void **state)
{
    (void)state;
    struct manifest_decoder *decoder = decoder_make();
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        manifest_columns_unref(decode_bounds(decoder, &CASES[i], true));
    manifest_decoder_destroy(decoder);
}

/* The decoder keeps its memory, and no row. */
static void test_manifest_bounds__of_one_manifest_are_none_of_the_next(void **state)
{
    (void)state;
    struct manifest_decoder *decoder = decoder_make();
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        for (size_t k = 0; k < sizeof(CASES) / sizeof(CASES[0]); k++) {
            manifest_columns_unref(decode_bounds(decoder, &CASES[i], false));
            manifest_columns_unref(decode_bounds(decoder, &CASES[k], false));
        }
    }
    manifest_decoder_destroy(decoder);
}

/* --- items that are alike ------------------------------------------------------------------- */

#define ROWS 400
#define ITEMS 70 /* more than are remembered */

/* Mostly the row before, with now and then another key, number or size: also in the places where
 * numbers grow by a byte. */
static void items_append(struct chance *chance, struct buffer *out, size_t row, bool is_bytes)
{
    static const char TEXT[] =
        "0123456789012345678901234567890123456789012345678901234567890123456";
    static const int64_t NUMBERS[] = {0, 1, -1, 63, 64, -64, -65, 8191, 8192, 1048575, 1048576};
    avro_append_long(out, ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        bool is_odd = chance_once_in(chance, 9);
        size_t pick = is_odd ? chance_below(chance, 1000) : i + row / 100;
        avro_append_long(out, is_odd && pick % 3 == 0 ? (int64_t)pick % 90 : (int64_t)i);
        if (is_bytes)
            avro_append_bytes(out, slice_make(TEXT, pick % sizeof(TEXT)));
        else
            avro_append_long(out, NUMBERS[pick % (sizeof(NUMBERS) / sizeof(NUMBERS[0]))]);
    }
    avro_append_long(out, 0);
}

static void test_manifest_bounds__are_found_among_items_that_are_alike(void **state)
{
    (void)state;
    static const int32_t SOME[] = {0, 3, 40, 63, 64, 69, 88};
    struct chance chance = {4711};
    struct manifest_decoder *decoder = decoder_make();
    struct buffer entries;
    buffer_init(&entries, 16 * MIB);
    for (size_t row = 0; row < ROWS; row++) {
        file_append(&entries);
        items_append(&chance, &entries, row, false);
        items_append(&chance, &entries, row, true);
        items_append(&chance, &entries, row, true);
    }
    for (size_t count = 0; count <= sizeof(SOME) / sizeof(SOME[0]); count++) {
        const struct manifest_projection some = {SOME, count, false, STATS_PRUNING};
        const struct manifest_projection lower = {SOME, count, false, STATS_LOWER_BOUND};
        manifest_columns_unref(
            decode(decoder, ENTRY(COUNTS "," LOWER "," UPPER), ROWS, &entries, &some));
        manifest_columns_unref(
            decode(decoder, ENTRY(COUNTS "," LOWER "," UPPER), ROWS, &entries, &lower));
    }
    manifest_columns_unref(
        decode(decoder, ENTRY(COUNTS "," LOWER "," UPPER), ROWS, &entries, &ALL));
    manifest_decoder_destroy(decoder);
    buffer_finish(&entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_bounds__share_room_only_where_they_are_equal),
        cmocka_unit_test(test_manifest_bounds__may_come_in_either_order),
        cmocka_unit_test(test_manifest_bounds__of_one_manifest_are_none_of_the_next),
        cmocka_unit_test(test_manifest_bounds__are_found_among_items_that_are_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
