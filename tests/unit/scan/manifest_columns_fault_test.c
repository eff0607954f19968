#include <stdlib.h>

#include "base/limits.h"
#include "scan/delete_matcher.h"
#include "scan/manifest_decoder.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"
#include "tests/unit/iceberg/metadata_fixture.h"
#include "tests/unit/scan/manifest_random.h"

static const struct manifest_projection ALL_STATS = {.has_all_stats = true,
                                                     .stats_kinds = STATS_ALL};

static bool decode(struct slice bytes, size_t *ret_rows, struct error *err)
{
    struct manifest_decoder *decoder;
    struct manifest_columns *columns = NULL;
    if (!manifest_decoder_create(&decoder, err))
        return false;
    bool ok = manifest_decode(decoder, bytes, &ALL_STATS, &columns, err);
    if (ok)
        *ret_rows = columns->row_count;
    manifest_columns_unref(columns);
    /* A decoder that failed once is as good as new. */
    fault_alloc_fail_at(0);
    columns = NULL;
    struct error later;
    assert_ok(manifest_decode(decoder, bytes, &ALL_STATS, &columns, &later), &later);
    manifest_columns_unref(columns);
    manifest_decoder_destroy(decoder);
    return ok;
}

/* Every allocation fails in turn: an error that says so, nothing leaks, and then it works. */
static void sweep(struct slice bytes)
{
    size_t failures = 0, rows = 0;
    for (bool ok = false; !ok;) {
        struct error err = {.kind = ERROR_NONE};
        long before = fault_alloc_live();
        fault_alloc_fail_at(failures + 1);
        ok = decode(bytes, &rows, &err);
        fault_alloc_fail_at(0);
        if (!ok)
            assert_int_equal(err.kind, ERROR_NO_MEMORY);
        failures += !ok;
        assert_int_equal(fault_alloc_live(), before);
    }
    assert_true(failures > 20 && rows > 0);
}

static void test_manifest_columns__survive_every_failed_allocation(void **state)
{
    (void)state;
    static const char *const FILES[] = {"tests/unit/iceberg/data/v2-manifest.avro",
                                        "tests/unit/iceberg/data/v3-manifest.avro"};
    fault_alloc_reset();
    for (size_t i = 0; i < 2; i++) {
        size_t size;
        char *bytes = fixture_file(FILES[i], &size);
        sweep(slice_make(bytes, size));
        free(bytes);
    }
}

static bool index_use(struct manifest_columns *columns, size_t *ret_matches, struct error *err)
{
    static const struct type LONG = {.id = TYPE_LONG};
    static const struct delete_field FIELDS[] = {{1, &LONG, false}};
    static const struct partition_spec SPEC = {.spec_id = 0};
    struct delete_index *index;
    struct delete_matcher *matcher = NULL;
    const uint32_t *files;
    TRY(delete_index_create(FIELDS, 1, &index, err));
    bool ok = delete_index_open(index, columns, &SPEC, err);
    for (size_t row = 0; row < columns->row_count && ok; row++) {
        if (columns->content[row] != CONTENT_DATA)
            ok = delete_index_add(index, row, 1, err);
    }
    ok = ok && delete_index_seal(index, err) && delete_matcher_create(index, NULL, &matcher, err) &&
         delete_matcher_open(matcher, columns, &SPEC, err) &&
         delete_matcher_match(matcher, 0, 1, &files, ret_matches, err);
    delete_matcher_destroy(matcher);
    delete_index_unref(index);
    return ok;
}

/* Two of each kind of delete file, in the encoding of one small schema. */
static const char SCHEMA[] =
    "{\"type\":\"record\",\"name\":\"e\",\"fields\":["
    "{\"name\":\"status\",\"field-id\":0,\"type\":\"int\"},"
    "{\"name\":\"data_file\",\"field-id\":2,\"type\":{\"type\":\"record\",\"name\":\"d\","
    "\"fields\":["
    "{\"name\":\"content\",\"field-id\":134,\"type\":\"int\"},"
    "{\"name\":\"file_path\",\"field-id\":100,\"type\":\"string\"},"
    "{\"name\":\"file_format\",\"field-id\":101,\"type\":\"string\"},"
    "{\"name\":\"record_count\",\"field-id\":103,\"type\":\"long\"},"
    "{\"name\":\"file_size_in_bytes\",\"field-id\":104,\"type\":\"long\"},"
    "{\"name\":\"equality_ids\",\"field-id\":135,\"type\":{\"type\":\"array\",\"items\":\"int\"}},"
    "{\"name\":\"referenced_data_file\",\"field-id\":143,\"type\":[\"null\",\"string\"]}]}}]}";
#define ROW(content, path, format, ids, referenced) \
    "\x02" content "\x02" path format "\x02\x02" ids referenced
#define PARQUET "\x0ePARQUET"
static const char ROWS[] = ROW("\x00", "a", PARQUET, "\x00", "\x00")
    ROW("\x02", "b", PARQUET, "\x00", "\x00") ROW("\x02", "c", PARQUET, "\x00",
                                                  "\x02\x02"
                                                  "a")
        ROW("\x04", "d", PARQUET, "\x02\x02\x00", "\x00") ROW("\x02", "e", "\x0cPUFFIN", "\x00",
                                                              "\x02\x02"
                                                              "x");

static void test_delete_index__survives_every_failed_allocation(void **state)
{
    (void)state;
    struct manifest_decoder *decoder;
    struct manifest_columns *columns = NULL;
    struct buffer file;
    struct error err = {.kind = ERROR_NONE};
    bool was_hit = true;
    size_t failures = 0, matches = 0;
    fault_alloc_reset();
    buffer_init(&file, MIB);
    manifest_file_make(&file, slice_from_string(SCHEMA), 5, slice_make(ROWS, sizeof(ROWS) - 1));
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    assert_ok(manifest_decode(decoder, buffer_slice(&file), &ALL_STATS, &columns, &err), &err);
    for (size_t n = 1; was_hit; n++) {
        long before = fault_alloc_live();
        fault_alloc_fail_at(n);
        bool ok = index_use(columns, &matches, &err);
        was_hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        if (!ok)
            assert_int_equal(err.kind, ERROR_NO_MEMORY);
        failures += !ok;
        assert_int_equal(fault_alloc_live(), before);
    }
    /* Equality deletes are not newer than the file; the vector is another file's. */
    assert_int_equal(matches, 2);
    assert_true(failures > 10);
    manifest_columns_unref(columns);
    manifest_decoder_destroy(decoder);
    buffer_finish(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_columns__survive_every_failed_allocation),
        cmocka_unit_test(test_delete_index__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
