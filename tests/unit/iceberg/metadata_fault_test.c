/* Every allocation fails in turn: the result is "no memory" and nothing stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "iceberg/manifest.h"
#include "iceberg/metadata_file.h"
#include "iceberg/table_metadata.h"
#include "iceberg/view_metadata.h"
#include "tests/unit/fault_alloc.h"
#include "tests/unit/iceberg/metadata_fixture.h"

#define DATA "tests/unit/iceberg/data/"

/* Runs `work` with its first, second, … allocation failing until none is left to fail. */
static void sweep(bool (*work)(void *context, struct error *err), void *context)
{
    fault_alloc_reset();
    for (size_t n = 1;; n++) {
        struct error err = {.kind = ERROR_NONE};
        long live = fault_alloc_live();
        fault_alloc_fail_at(n);
        bool ok = work(context, &err);
        bool hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        assert_int_equal(fault_alloc_live(), live);
        if (!hit) {
            assert_true(ok);
            assert_true(n > 1);
            return;
        }
        assert_false(ok);
        assert_int_equal(err.kind, ERROR_NO_MEMORY);
    }
}

static bool table_work(void *context, struct error *err)
{
    struct table_metadata *metadata = NULL;
    struct buffer out;
    TRY(table_metadata_parse(context, &metadata, err));
    buffer_init(&out, MIB);
    bool ok = table_metadata_refs_text(metadata, &out, err);
    buffer_finish(&out);
    table_metadata_unref(metadata);
    return ok;
}

static void test_table_metadata__survives_every_failing_allocation(void **state)
{
    (void)state;
    const char *const texts[] = {METADATA_V1, METADATA_V2, METADATA_V3};
    for (size_t i = 0; i < 3; i++) {
        struct blob *blob = fixture_blob(texts[i]);
        sweep(table_work, blob);
        blob_unref(blob);
    }
}

static bool view_work(void *context, struct error *err)
{
    struct view_metadata *metadata = NULL;
    TRY(view_metadata_parse(context, &metadata, err));
    view_metadata_unref(metadata);
    return true;
}

static void test_view_metadata__survives_every_failing_allocation(void **state)
{
    (void)state;
    struct blob *blob = fixture_blob(VIEW_METADATA);
    sweep(view_work, blob);
    blob_unref(blob);
}

static bool file_work(void *context, struct error *err)
{
    struct blob *blob = context;
    struct buffer gzip, text;
    buffer_init(&gzip, MIB);
    buffer_init(&text, MIB);
    bool ok = metadata_file_encode(blob_slice(blob), METADATA_CODEC_GZIP, &gzip, err) &&
              metadata_file_decode(buffer_slice(&gzip), &text, err) &&
              slice_equals(buffer_slice(&text), blob_slice(blob));
    buffer_finish(&gzip);
    buffer_finish(&text);
    return ok;
}

static void test_metadata_file__survives_every_failing_allocation(void **state)
{
    (void)state;
    struct blob *blob = fixture_blob(METADATA_V2);
    sweep(file_work, blob);
    blob_unref(blob);
}

static bool name_work(void *context, struct error *err)
{
    struct arena arena;
    struct slice name;
    (void)context;
    arena_init(&arena, MIB);
    bool ok = metadata_file_name(SLICE_LITERAL("s3://b"), SLICE_EMPTY, METADATA_CODEC_NONE,
                                 &random_source_real, &arena, &name, err);
    arena_finish(&arena);
    return ok;
}

static void test_metadata_file_name__survives_every_failing_allocation(void **state)
{
    (void)state;
    sweep(name_work, NULL);
}

static bool visit_any(void *context, struct slice path, struct error *err)
{
    (void)context;
    (void)err;
    return path.len > 0;
}

static bool manifest_work(void *context, struct error *err)
{
    const struct slice *bytes = context;
    return manifest_each_file(*bytes, visit_any, NULL, err);
}

static void test_manifest__survives_every_failing_allocation(void **state)
{
    (void)state;
    size_t size;
    char *bytes = fixture_file(DATA "v2-manifest-snappy.avro", &size);
    struct slice file = slice_make(bytes, size);
    sweep(manifest_work, &file);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_metadata__survives_every_failing_allocation),
        cmocka_unit_test(test_view_metadata__survives_every_failing_allocation),
        cmocka_unit_test(test_metadata_file__survives_every_failing_allocation),
        cmocka_unit_test(test_metadata_file_name__survives_every_failing_allocation),
        cmocka_unit_test(test_manifest__survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
