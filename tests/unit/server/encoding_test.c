#include "server/encoding.h"

#include <libdeflate.h>
#include <zstd.h>

#include "tests/unit/cmocka_all.h"

#define SIZE 100000

static void must_choose(const char *accepted, enum encoding encoding, bool is_demanded)
{
    struct encoding_wish wish = encoding_choose(slice_from_string(accepted));
    if (wish.encoding != encoding || wish.is_demanded != is_demanded)
        fail_msg("'%s': %d %d", accepted, (int)wish.encoding, wish.is_demanded);
}

static void test_choice__is_identity_where_nothing_is_asked(void **state)
{
    (void)state;
    assert_int_equal(encoding_choose((struct slice){NULL, 0}).encoding, ENCODING_IDENTITY);
    const char *const without[] = {"",
                                   " ",
                                   ",",
                                   "deflate, br",
                                   "identity",
                                   "gzip;q=0",
                                   "gzip;q=0.000",
                                   "*;q=0.0, identity",
                                   "gzipp",
                                   "gzip zstd"};
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
        must_choose(without[i], ENCODING_IDENTITY, false);
}

/* What Java's, Python's, Go's and curl's clients send. */
static void test_choice__suits_real_clients(void **state)
{
    (void)state;
    must_choose("gzip, x-gzip, deflate", ENCODING_GZIP, false);
    must_choose("gzip, deflate", ENCODING_GZIP, false);
    must_choose("gzip, deflate, br, zstd", ENCODING_ZSTD, false);
    must_choose("gzip", ENCODING_GZIP, false);
    must_choose("x-gzip", ENCODING_GZIP, false);
    must_choose("deflate, gzip, br, zstd", ENCODING_ZSTD, false);
}

/* RFC 9110, 12.5.3: "the higher weight is preferred". */
static void test_choice__follows_the_weights(void **state)
{
    (void)state;
    must_choose("gzip;q=1.0, zstd;q=0.9", ENCODING_GZIP, false);
    must_choose("zstd ; q=0.5 , GZIP\t;\tQ=0.501", ENCODING_GZIP, false);
    must_choose("identity;q=1, gzip;q=0.5", ENCODING_IDENTITY, false);
    must_choose("identity;q=0.5, gzip;q=0.5", ENCODING_GZIP, false);
    must_choose("gzip;q=0.001", ENCODING_GZIP, false);
    must_choose("gzip;q=0, x-gzip", ENCODING_GZIP, false);
}

/* RFC 9110, 12.5.3: "identity;q=0" or "*;q=0" refuses identity. */
static void test_choice__knows_who_refuses_identity(void **state)
{
    (void)state;
    must_choose("identity;q=0, gzip", ENCODING_GZIP, true);
    must_choose("gzip, *;q=0", ENCODING_GZIP, true);
    must_choose("gzip, *;q=0, identity;q=0.1", ENCODING_GZIP, false);
    must_choose("identity;q=0, zstd;q=0.1", ENCODING_ZSTD, true);
    must_choose("*;q=0", ENCODING_IDENTITY, true);
    must_choose("identity;q=0", ENCODING_IDENTITY, true);
}

static void test_choice__takes_gzip_for_anything(void **state)
{
    (void)state;
    must_choose("*", ENCODING_GZIP, false);
    must_choose("gzip;q=0, *", ENCODING_IDENTITY, false);
    must_choose("deflate, *;q=0.1", ENCODING_GZIP, false);
    must_choose("zstd;q=0.2, *;q=0.1", ENCODING_ZSTD, false);
}

static void test_choice__leaves_out_what_it_cannot_read(void **state)
{
    (void)state;
    const char *const broken[] = {"gzip;q=",    "gzip;q=2",    "gzip;q=1.001", "gzip;q=0.1234",
                                  "gzip;q=x",   "gzip;x=1",    "gzip;",        "gzip;q",
                                  "gzip;q=0,5", "gzip;q=-0.1", "gzip;q=.5",    "gzip;q=1x"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        must_choose(broken[i], ENCODING_IDENTITY, false);
    must_choose("gzip;q=x, zstd;q=0.1", ENCODING_ZSTD, false);
}

/* --- coding --------------------------------------------------------------------------------- */

static void fill(char bytes[SIZE])
{
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)("0123456789abcdef"[(i * i / 7) % 16]);
}

static void must_be(const char *out, size_t size, const char *bytes)
{
    assert_int_equal(size, SIZE);
    assert_memory_equal(out, bytes, SIZE);
}

static void test_coding__is_undone_by_the_usual_libraries(void **state)
{
    (void)state;
    static char bytes[SIZE], out[SIZE + 1];
    struct error err = {0};
    struct blob *blob = NULL;
    fill(bytes);
    assert_ok(encoding_apply(ENCODING_GZIP, (struct slice){bytes, SIZE}, &blob, &err), &err);
    size_t size = 0;
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    assert_int_equal(libdeflate_gzip_decompress(inflater, blob->bytes, blob->size, out, sizeof(out),
                                                &size),
                     LIBDEFLATE_SUCCESS);
    libdeflate_free_decompressor(inflater);
    must_be(out, size, bytes);
    blob_unref(blob);
    memset(out, 0, sizeof(out));
    assert_ok(encoding_apply(ENCODING_ZSTD, (struct slice){bytes, SIZE}, &blob, &err), &err);
    must_be(out, ZSTD_decompress(out, sizeof(out), blob->bytes, blob->size), bytes);
    blob_unref(blob);
}

static void test_names__are_those_of_the_header(void **state)
{
    (void)state;
    assert_null(encoding_name(ENCODING_IDENTITY));
    assert_string_equal(encoding_name(ENCODING_GZIP), "gzip");
    assert_string_equal(encoding_name(ENCODING_ZSTD), "zstd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice__is_identity_where_nothing_is_asked),
        cmocka_unit_test(test_choice__suits_real_clients),
        cmocka_unit_test(test_choice__follows_the_weights),
        cmocka_unit_test(test_choice__knows_who_refuses_identity),
        cmocka_unit_test(test_choice__takes_gzip_for_anything),
        cmocka_unit_test(test_choice__leaves_out_what_it_cannot_read),
        cmocka_unit_test(test_coding__is_undone_by_the_usual_libraries),
        cmocka_unit_test(test_names__are_those_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
