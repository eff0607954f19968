#include <stdio.h>
#include <stdlib.h>

#include "base/cache.h"
#include "base/limits.h"
#include "scan/data_file_view.h"
#include "scan/manifest_decoder.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/metadata_fixture.h"
#include "tests/unit/scan/manifest_oracle.h"
#include "tests/unit/scan/manifest_random.h"

#define DATA "tests/unit/iceberg/data/"

static const char *const FILES[] = {
    DATA "v1-manifest.avro",        DATA "v2-manifest.avro",
    DATA "v3-manifest.avro",        DATA "v2-manifest-null.avro",
    DATA "v2-manifest-snappy.avro", DATA "v2-manifest-zstandard.avro",
    DATA "v2-manifest-no-ids.avro",
};
#define FILE_COUNT (sizeof(FILES) / sizeof(FILES[0]))

static const struct manifest_projection NO_STATS = {.stats_count = 0};
static const struct manifest_projection ALL_STATS = {.has_all_stats = true,
                                                     .stats_kinds = STATS_ALL};

static struct manifest_columns *decode_with(struct manifest_decoder *decoder, struct slice bytes,
                                            const struct manifest_projection *projection)
{
    struct manifest_columns *columns = NULL;
    struct error err = {.kind = ERROR_NONE};
    assert_ok(manifest_decode(decoder, bytes, projection, &columns, &err), &err);
    return columns;
}

static struct manifest_columns *decode(struct slice bytes,
                                       const struct manifest_projection *projection)
{
    struct manifest_decoder *decoder;
    struct error err;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    struct manifest_columns *columns = decode_with(decoder, bytes, projection);
    manifest_decoder_destroy(decoder);
    return columns;
}

static struct manifest_columns *decode_file(const char *file,
                                            const struct manifest_projection *projection)
{
    size_t size;
    char *bytes = fixture_file(file, &size);
    struct manifest_columns *columns = decode(slice_make(bytes, size), projection);
    free(bytes);
    return columns;
}

static void test_manifest_columns__equal_what_avro_c_reads_from_real_manifests(void **state)
{
    (void)state;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        size_t size;
        char *bytes = fixture_file(FILES[i], &size);
        struct manifest_columns *columns = decode(slice_make(bytes, size), &ALL_STATS);
        assert_true(columns->row_count > 0 && columns->stats_count > 0);
        manifest_oracle_compare(slice_make(bytes, size), columns);
        manifest_columns_unref(columns);
        free(bytes);
    }
}

/* A copy of just that size, so that a sanitizer sees a read past its end. */
static struct slice exact_copy(struct slice bytes)
{
    char *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    return slice_make(copy, bytes.len);
}

static void compare_random(struct manifest_decoder *decoder, struct chance *chance)
{
    static const int32_t SOME[] = {0, 2, 5, 63, 64, 512, 2147483546};
    struct manifest_projection projection = {
        .stats_ids = SOME,
        .stats_count = chance_below(chance, 8),
        .has_all_stats = chance_once_in(chance, 3),
        .stats_kinds = (unsigned)chance_below(chance, STATS_ALL + 1),
    };
    struct buffer file;
    buffer_init(&file, 64 * MIB);
    manifest_random_file(chance, &file);
    struct slice bytes = exact_copy(buffer_slice(&file));
    struct manifest_columns *columns = decode_with(decoder, bytes, &projection);
    manifest_oracle_compare(bytes, columns);
    assert_true(manifest_columns_cover(columns, &projection));
    manifest_columns_unref(columns);
    free((char *)bytes.ptr);
    buffer_finish(&file);
}

/* One decoder for all: whatever it keeps must not leak into the next manifest. */
static void test_manifest_columns__equal_what_avro_c_reads_under_random_schemas(void **state)
{
    (void)state;
    struct manifest_decoder *decoder;
    struct error err;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    for (uint64_t seed = 0; seed < 1500; seed++) {
        struct chance chance = {seed * 7919};
        compare_random(decoder, &chance);
    }
    manifest_decoder_destroy(decoder);
}

/* Every cut and every changed byte of random manifests: an error of the right kind, or columns. */
static void test_manifest_columns__survive_damage(void **state)
{
    (void)state;
    struct manifest_decoder *decoder;
    struct error err;
    size_t refused = 0;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct chance chance = {seed};
        struct buffer file;
        buffer_init(&file, 64 * MIB);
        manifest_random_file(&chance, &file);
        for (int i = 0; i < 60; i++) {
            struct manifest_columns *columns = NULL;
            struct slice bytes = buffer_slice(&file);
            bool is_cut = chance_once_in(&chance, 2);
            size_t at = chance_below(&chance, bytes.len);
            bytes = exact_copy(is_cut ? slice_make(bytes.ptr, at) : bytes);
            if (!is_cut)
                ((char *)bytes.ptr)[at] = (char)chance_next(&chance);
            err.kind = ERROR_NONE;
            if (manifest_decode(decoder, bytes, &ALL_STATS, &columns, &err)) {
                manifest_columns_unref(columns);
            } else {
                assert_null(columns);
                assert_true(err.kind == ERROR_CORRUPT || err.kind == ERROR_TOO_LARGE);
                refused++;
            }
            free((char *)bytes.ptr);
        }
        buffer_finish(&file);
    }
    assert_true(refused > 4000);
    manifest_decoder_destroy(decoder);
}

static void test_manifest_columns__hold_only_the_statistics_asked_for(void **state)
{
    (void)state;
    static const int32_t TWO[] = {1, 2};
    struct manifest_projection bounds = {.stats_ids = TWO,
                                         .stats_count = 2,
                                         .stats_kinds = STATS_BOUNDS};
    struct manifest_columns *none = decode_file(DATA "v2-manifest.avro", &NO_STATS);
    struct manifest_columns *some = decode_file(DATA "v2-manifest.avro", &bounds);
    struct slice lower;
    assert_int_equal(none->stats_count, 0);
    assert_null(manifest_columns_stats(none, 1));
    assert_int_equal(some->stats_count, 2);
    assert_null(manifest_columns_stats(some, 3));
    const struct stats_column *stats = manifest_columns_stats(some, 1);
    assert_non_null(stats);
    assert_null(stats->value_counts.values);
    assert_true(bytes_column_get(&stats->lower, 0, &lower));
    assert_int_equal(lower.len, 8);
    assert_true(some->size > none->size);
    manifest_columns_unref(none);
    manifest_columns_unref(some);
}

static void test_manifest_columns__say_when_more_must_be_decoded(void **state)
{
    (void)state;
    static const int32_t FIRST[] = {1, 3};
    static const int32_t MORE[] = {2, 3, 9};
    int32_t ids[5];
    struct manifest_projection have = {.stats_ids = FIRST,
                                       .stats_count = 2,
                                       .stats_kinds = STATS_BOUNDS};
    struct manifest_projection want = {.stats_ids = MORE,
                                       .stats_count = 3,
                                       .stats_kinds = STATS_NULL_COUNT};
    struct manifest_projection merged;
    struct manifest_columns *columns = decode_file(DATA "v2-manifest.avro", &have);
    assert_true(manifest_columns_cover(columns, &NO_STATS));
    assert_true(manifest_columns_cover(columns, &have));
    assert_false(manifest_columns_cover(columns, &want));
    assert_false(manifest_columns_cover(columns, &ALL_STATS));
    manifest_projection_merge(columns, &want, ids, &merged);
    assert_int_equal(merged.stats_count, 4);
    static const int32_t EXPECTED[] = {1, 2, 3, 9};
    assert_memory_equal(merged.stats_ids, EXPECTED, sizeof(EXPECTED));
    manifest_columns_unref(columns);
    columns = decode_file(DATA "v2-manifest.avro", &merged);
    assert_true(manifest_columns_cover(columns, &want));
    assert_true(manifest_columns_cover(columns, &have));
    manifest_projection_merge(columns, &ALL_STATS, ids, &merged);
    assert_true(merged.has_all_stats);
    manifest_columns_unref(columns);
    columns = decode_file(DATA "v2-manifest.avro", &ALL_STATS);
    assert_true(manifest_columns_cover(columns, &want));
    manifest_columns_unref(columns);
}

static void test_manifest_columns__are_shared_through_the_cache(void **state)
{
    (void)state;
    struct cache *cache;
    struct cache_stats stats;
    struct error err;
    assert_ok(cache_create(16 * MIB, &cache, &err), &err);
    struct manifest_columns *columns = decode_file(DATA "v2-manifest.avro", &NO_STATS);
    cache_put(cache, SLICE_LITERAL("manifest x"), columns, columns->size,
              &MANIFEST_COLUMNS_CACHE_KIND);
    manifest_columns_unref(columns);
    struct manifest_columns *again = cache_get(cache, SLICE_LITERAL("manifest x"));
    assert_ptr_equal(again, columns);
    cache_get_stats(cache, &stats);
    assert_true(stats.bytes >= again->size);
    cache_destroy(cache);
    assert_true(again->row_count > 0);
    manifest_columns_unref(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_columns__equal_what_avro_c_reads_from_real_manifests),
        cmocka_unit_test(test_manifest_columns__equal_what_avro_c_reads_under_random_schemas),
        cmocka_unit_test(test_manifest_columns__survive_damage),
        cmocka_unit_test(test_manifest_columns__hold_only_the_statistics_asked_for),
        cmocka_unit_test(test_manifest_columns__say_when_more_must_be_decoded),
        cmocka_unit_test(test_manifest_columns__are_shared_through_the_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
