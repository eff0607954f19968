#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "iceberg/metadata_file.h"

static bool fill_with_ab(void *context, void *bytes, size_t size)
{
    (void)context;
    memset(bytes, 0xAB, size);
    return true;
}

static bool fill_never(void *context, void *bytes, size_t size)
{
    (void)context;
    (void)bytes;
    (void)size;
    return false;
}

static const struct random_source RANDOM = {fill_with_ab, NULL};

/* Rule 52. */
static void test_metadata_codec__parses_names_in_any_case(void **state)
{
    (void)state;
    enum metadata_codec codec = METADATA_CODEC_NONE;
    struct error err = {.kind = ERROR_NONE};
    assert_true(metadata_codec_parse(SLICE_LITERAL("GZip"), METADATA_CODEC_NONE, &codec, &err));
    assert_int_equal(codec, METADATA_CODEC_GZIP);
    assert_true(metadata_codec_parse(SLICE_LITERAL("NONE"), METADATA_CODEC_GZIP, &codec, &err));
    assert_int_equal(codec, METADATA_CODEC_NONE);
    assert_true(metadata_codec_parse(SLICE_EMPTY, METADATA_CODEC_GZIP, &codec, &err));
    assert_int_equal(codec, METADATA_CODEC_GZIP);
}

/* Rule 52. */
static void test_metadata_codec__refuses_unknown_names(void **state)
{
    (void)state;
    enum metadata_codec codec = METADATA_CODEC_GZIP;
    struct error err = {.kind = ERROR_NONE};
    assert_false(metadata_codec_parse(SLICE_LITERAL("zstd"), METADATA_CODEC_NONE, &codec, &err));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_int_equal(codec, METADATA_CODEC_GZIP);
}

/* Rule 10. */
static void test_metadata_file__counts_on_from_the_previous_name(void **state)
{
    (void)state;
    static const struct {
        const char *previous, *number;
    } CASES[] = {
        {"", "00000"},
        {"s3://b/00003-aa-bb.metadata.json", "00004"},
        {"00009-x.metadata.json", "00010"},
        {"s3://b/99999-x.gz.metadata.json", "100000"},
        {"s3://b/v3.metadata.json", "00000"},
        {"s3://12-b/v3.metadata.json", "00000"},
        {"s3://b/x1-y.metadata.json", "00000"},
        {"s3://b/-y.metadata.json", "00000"},
        {"s3://b/2147483646-y.metadata.json", "2147483647"},
        {"s3://b/2147483647-y.metadata.json", "00000"},
        {"s3://b/99999999999999999999-y.metadata.json", "00000"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct arena arena;
        struct slice name, wanted;
        struct error err;
        arena_init(&arena, MIB);
        assert_true(metadata_file_name(SLICE_LITERAL("s3://b/t/metadata"),
                                       slice_from_string(CASES[i].previous), METADATA_CODEC_NONE,
                                       &RANDOM, &arena, &name, &err));
        wanted = arena_printf(&arena,
                              "s3://b/t/metadata/%s-abababab-abab-4bab-abab-abababababab"
                              ".metadata.json",
                              CASES[i].number);
        assert_string_equal(name.ptr, wanted.ptr);
        assert_int_equal(name.len, wanted.len);
        arena_finish(&arena);
    }
}

/* Rule 52. */
static void test_metadata_file__names_gzip_in_the_new_style(void **state)
{
    (void)state;
    struct arena arena;
    struct slice name = SLICE_EMPTY;
    struct error err;
    arena_init(&arena, MIB);
    assert_true(metadata_file_name(SLICE_LITERAL("s3://b/m/"), SLICE_EMPTY, METADATA_CODEC_GZIP,
                                   &RANDOM, &arena, &name, &err));
    assert_string_equal(name.ptr,
                        "s3://b/m/00000-abababab-abab-4bab-abab-abababababab.gz.metadata.json");
    arena_finish(&arena);
}

static void test_metadata_file__has_no_name_without_randomness(void **state)
{
    (void)state;
    const struct random_source none = {fill_never, NULL};
    struct arena arena;
    struct slice name = {NULL, 0};
    struct error err = {.kind = ERROR_NONE};
    arena_init(&arena, MIB);
    assert_false(metadata_file_name(SLICE_LITERAL("s3://b"), SLICE_EMPTY, METADATA_CODEC_NONE,
                                    &none, &arena, &name, &err));
    assert_int_equal(err.kind, ERROR_INTERNAL);
    assert_null(name.ptr);
    arena_finish(&arena);
}

static const char TEXT[] =
    "{\"format-version\":2,\"properties\":{\"a\":\"aaaaaaaaaaaaaaaaaaaaa\"}}";

static void encode(struct slice text, enum metadata_codec codec, struct buffer *out)
{
    struct error err;
    assert_true(metadata_file_encode(text, codec, out, &err));
}

static void check_decodes(struct slice bytes, struct slice wanted)
{
    struct buffer out;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&out, MAX_METADATA_SIZE);
    if (!metadata_file_decode(bytes, &out, &err))
        fail_msg("%s", err.message);
    assert_int_equal(out.len, wanted.len);
    assert_memory_equal(buffer_slice(&out).ptr, wanted.ptr, wanted.len);
    buffer_finish(&out);
}

static void check_refused(struct slice bytes, size_t ceiling, enum error_kind kind)
{
    struct buffer out;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&out, ceiling);
    assert_false(metadata_file_decode(bytes, &out, &err));
    assert_int_equal(err.kind, kind);
    buffer_finish(&out);
}

static void test_metadata_file__round_trips_both_codecs(void **state)
{
    (void)state;
    struct buffer plain, gzip;
    buffer_init(&plain, MIB);
    buffer_init(&gzip, MIB);
    encode(SLICE_LITERAL(TEXT), METADATA_CODEC_NONE, &plain);
    encode(SLICE_LITERAL(TEXT), METADATA_CODEC_GZIP, &gzip);
    assert_memory_equal(plain.ptr, TEXT, sizeof(TEXT) - 1);
    assert_memory_equal(gzip.ptr, "\x1f\x8b\x08", 3);
    check_decodes(buffer_slice(&plain), SLICE_LITERAL(TEXT));
    check_decodes(buffer_slice(&gzip), SLICE_LITERAL(TEXT));
    buffer_finish(&plain);
    buffer_finish(&gzip);
}

/* RFC 1952: MTIME 0 means that there is no time stamp. */
static void test_metadata_file__gzip_is_deterministic(void **state)
{
    (void)state;
    struct buffer gzip;
    buffer_init(&gzip, MIB);
    encode(SLICE_LITERAL(TEXT), METADATA_CODEC_GZIP, &gzip);
    size_t size = gzip.len;
    encode(SLICE_LITERAL(TEXT), METADATA_CODEC_GZIP, &gzip);
    assert_int_equal(gzip.len, 2 * size);
    assert_memory_equal(gzip.ptr, gzip.ptr + size, size);
    assert_memory_equal(gzip.ptr + 4, "\0\0\0\0", 4);
    buffer_finish(&gzip);
}

static void test_metadata_file__reads_gzip_of_several_members(void **state)
{
    (void)state;
    struct buffer gzip;
    buffer_init(&gzip, MIB);
    encode(SLICE_LITERAL("{\"a\":"), METADATA_CODEC_GZIP, &gzip);
    encode(SLICE_LITERAL(""), METADATA_CODEC_GZIP, &gzip);
    encode(SLICE_LITERAL("1}"), METADATA_CODEC_GZIP, &gzip);
    check_decodes(buffer_slice(&gzip), SLICE_LITERAL("{\"a\":1}"));
    buffer_finish(&gzip);
}

static void test_metadata_file__refuses_damaged_gzip(void **state)
{
    (void)state;
    struct buffer gzip;
    buffer_init(&gzip, MIB);
    encode(SLICE_LITERAL(TEXT), METADATA_CODEC_GZIP, &gzip);
    for (size_t size = 2; size < gzip.len; size++)
        check_refused(slice_make(gzip.ptr, size), MIB, ERROR_CORRUPT);
    gzip.ptr[gzip.len - 6] = (char)(gzip.ptr[gzip.len - 6] ^ 1); /* the CRC */
    check_refused(buffer_slice(&gzip), MIB, ERROR_CORRUPT);
    gzip.ptr[gzip.len - 6] = (char)(gzip.ptr[gzip.len - 6] ^ 1);
    buffer_append_string(&gzip, "garbage behind the last member");
    check_refused(buffer_slice(&gzip), MIB, ERROR_CORRUPT);
    buffer_finish(&gzip);
}

/* The last four bytes claim 4 GiB: no memory may be taken on their word. */
static void test_metadata_file__does_not_trust_the_claimed_size(void **state)
{
    (void)state;
    struct buffer gzip, out;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&gzip, MIB);
    buffer_init(&out, MAX_METADATA_SIZE);
    encode(SLICE_LITERAL(TEXT), METADATA_CODEC_GZIP, &gzip);
    memset(gzip.ptr + gzip.len - 4, 0xFF, 4);
    assert_false(metadata_file_decode(buffer_slice(&gzip), &out, &err));
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_true(out.capacity <= MIB);
    buffer_finish(&out);
    buffer_finish(&gzip);
}

static void test_metadata_file__stops_a_bomb_at_the_ceiling(void **state)
{
    (void)state;
    static char zeros[8 * 1024 * 1024];
    struct buffer gzip, out;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&gzip, MIB);
    encode(slice_make(zeros, sizeof(zeros)), METADATA_CODEC_GZIP, &gzip);
    assert_true(gzip.len < 16 * KIB);
    check_refused(buffer_slice(&gzip), MIB, ERROR_TOO_LARGE);
    check_decodes(buffer_slice(&gzip), slice_make(zeros, sizeof(zeros)));
    /* A trailer that claims little does not hide it. */
    memset(gzip.ptr + gzip.len - 4, 0, 4);
    buffer_init(&out, MIB);
    assert_false(metadata_file_decode(buffer_slice(&gzip), &out, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    assert_true(out.capacity <= MIB + 1);
    buffer_finish(&out);
    buffer_finish(&gzip);
}

static void test_metadata_file__encode_reports_a_full_buffer(void **state)
{
    (void)state;
    struct buffer out;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&out, 24);
    assert_false(metadata_file_encode(SLICE_LITERAL(TEXT), METADATA_CODEC_GZIP, &out, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    assert_int_equal(out.len, 0);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_codec__parses_names_in_any_case),
        cmocka_unit_test(test_metadata_codec__refuses_unknown_names),
        cmocka_unit_test(test_metadata_file__counts_on_from_the_previous_name),
        cmocka_unit_test(test_metadata_file__names_gzip_in_the_new_style),
        cmocka_unit_test(test_metadata_file__has_no_name_without_randomness),
        cmocka_unit_test(test_metadata_file__round_trips_both_codecs),
        cmocka_unit_test(test_metadata_file__gzip_is_deterministic),
        cmocka_unit_test(test_metadata_file__reads_gzip_of_several_members),
        cmocka_unit_test(test_metadata_file__refuses_damaged_gzip),
        cmocka_unit_test(test_metadata_file__does_not_trust_the_claimed_size),
        cmocka_unit_test(test_metadata_file__stops_a_bomb_at_the_ceiling),
        cmocka_unit_test(test_metadata_file__encode_reports_a_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
