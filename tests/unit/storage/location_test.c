#include "storage/location.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"

static void expect_canonical(const char *given, const char *wanted)
{
    struct arena arena;
    arena_init(&arena, MIB);
    struct slice canonical = SLICE_EMPTY;
    struct error err = {0};
    if (!location_canonical(slice_from_string(given), &arena, &canonical, &err))
        fail_msg("%s: %s", given, err.message);
    assert_string_equal(canonical.ptr, wanted);
    assert_int_equal(canonical.len, strlen(wanted));
    arena_finish(&arena);
}

static void expect_refused(struct slice given)
{
    struct arena arena;
    arena_init(&arena, MIB);
    struct slice canonical = SLICE_EMPTY;
    struct error err = {0};
    if (location_canonical(given, &arena, &canonical, &err))
        fail_msg("accepted: %.*s", SLICE_ARG(given));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    arena_finish(&arena);
}

/* Rule 50. */
static void test_canonical__gives_one_form_to_every_spelling_of_a_file(void **state)
{
    (void)state;
    static const char *const spellings[] = {"/w/t",       "file:/w/t",      "file:///w/t",
                                            "FILE:/w/t/", "file:///w//t//", "/w/./t/."};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        expect_canonical(spellings[i], "file:///w/t");
    expect_canonical("/", "file:///");
    expect_canonical("file:/", "file:///");
    expect_canonical("file:///", "file:///");
}

/* Rule 50. */
static void test_canonical__folds_the_aliases_of_s3(void **state)
{
    (void)state;
    expect_canonical("s3a://Bucket/A/b/", "s3://Bucket/A/b");
    expect_canonical("S3N://b//k", "s3://b/k");
    expect_canonical("s3://b/", "s3://b");
    expect_canonical("gs://b/k", "gs://b/k");
    expect_canonical("hdfs:///k", "hdfs:///k");
}

/* Rule 50. */
static void test_canonical__folds_the_spellings_of_azure(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "abfss://lake@acct.dfs.core.windows.net/w/t",
        "abfs://lake@acct.dfs.core.windows.net//w/t/",
        "ABFSS://lake@ACCT.Dfs.Core.Windows.NET/w/./t",
        "wasb://lake@acct.blob.core.windows.net/w/t",
        "WASBS://lake@acct.BLOB.core.windows.net/w/t",
        "abfss://lake@acct.blob.core.windows.net/w/t",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        expect_canonical(spellings[i], "abfss://lake@acct.dfs.core.windows.net/w/t");
    expect_canonical("abfs://$root@a.dfs.x/", "abfss://$root@a.dfs.x");
    expect_canonical("wasb://c@a.b/A%20b", "abfss://c@a.b/A%20b");
    expect_canonical("wasb://c@a.blob.b", "abfss://c@a.dfs.b");
    expect_canonical("abfss://c@blob.core/x", "abfss://c@blob.core/x");
}

static void test_canonical__refuses_what_names_no_container_of_azure(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "abfss://lake/w",
        "abfss://acct.dfs.core.windows.net/w",
        "abfss://@acct.dfs.core.windows.net/w",
        "abfss://lake@/w",
        "abfss://lake@acct/w",
        "abfss://lake@acct./w",
        "abfss://lake@.dfs.core.windows.net/w",
        "abfss://lake@acct.dfs.core.windows.net:443/w",
        "abfss://lake@me@acct.dfs.core.windows.net/w",
        "abfss://la%6be@acct.dfs.core.windows.net/w",
        "abfss://lake@ac%63t.dfs.core.windows.net/w",
        "wasbs://..@acct.blob.core.windows.net/w",
        "abfss://lake@acct.dfs.core.windows.net/../w",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(slice_from_string(bad[i]));
}

static void test_canonical__keeps_percent_signs_of_honest_names(void **state)
{
    (void)state;
    expect_canonical("/w/a%20b/c%3Fd%25", "file:///w/a%20b/c%3Fd%25");
    expect_canonical("/w/...", "file:///w/...");
    expect_canonical("/w/.hidden/a..b", "file:///w/.hidden/a..b");
    expect_canonical("/w/100%", "file:///w/100%");
}

static void test_canonical__refuses_ways_out_in_any_encoding(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "/w/../x",
        "/w/..",
        "s3://b/%2e%2e/x",
        "s3://b/%2E./x",
        "s3://b/.%2e",
        "s3://b/%2e/x",
        "/w/a%2fb",
        "/w/a%2Fb",
        "/w/a%00",
        "/w/a?b",
        "/w/a#b",
        "s3://b/k?v=1",
        "file://host/w",
        "file://../w",
        "w/t",
        "",
        "s3:/b/k",
        "s3:b",
        "s3:///k",
        "s3://",
        "s3://../b",
        "://b",
        "1s://b/k",
        "file:w",
        "file:",
        "s3://%2e%2e/b",
        "/w/a\nb",
        "/w/a\x7f",
        "/w/\x01",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(slice_from_string(bad[i]));
    expect_refused(slice_make("/w/a\0b", 6));
}

/* Rule 50. */
static void test_within__needs_a_slash_boundary(void **state)
{
    (void)state;
    struct slice orders = SLICE_LITERAL("s3://b/orders");
    assert_true(location_is_within(orders, orders));
    assert_true(location_is_within(SLICE_LITERAL("s3://b/orders/data"), orders));
    assert_false(location_is_within(SLICE_LITERAL("s3://b/orders2"), orders));
    assert_false(location_is_within(SLICE_LITERAL("s3://b"), orders));
    assert_true(location_is_within(SLICE_LITERAL("s3://b/orders"), SLICE_LITERAL("s3://b")));
    assert_false(location_is_within(SLICE_LITERAL("s3://bb/o"), SLICE_LITERAL("s3://b")));
    assert_true(location_is_within(SLICE_LITERAL("file:///w"), SLICE_LITERAL("file:///")));
}

static void expect_stripped(const char *given, const char *wanted)
{
    assert_true(slice_equals_string(location_strip_slash(slice_from_string(given)), wanted));
}

static void test_strip_slash__keeps_roots(void **state)
{
    (void)state;
    expect_stripped("s3://b/", "s3://b");
    expect_stripped("s3://b/k//", "s3://b/k");
    expect_stripped("file:///", "file:///");
    expect_stripped("file:///w/", "file:///w");
    expect_stripped("file:/w/", "file:/w");
    expect_stripped("file:/", "file:/");
    expect_stripped("/", "/");
    expect_stripped("//", "/");
    expect_stripped("/w/", "/w");
    expect_stripped("", "");
}

static void test_scheme__is_file_for_plain_paths(void **state)
{
    (void)state;
    assert_true(slice_equals_string(location_scheme(SLICE_LITERAL("/w")), "file"));
    assert_true(slice_equals_string(location_scheme(SLICE_LITERAL("/w/a:b")), "file"));
    assert_true(slice_equals_string(location_scheme(SLICE_LITERAL("s3a://b")), "s3a"));
    assert_int_equal(location_scheme(SLICE_LITERAL("w/t")).len, 0);
    assert_int_equal(location_scheme(SLICE_EMPTY).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical__gives_one_form_to_every_spelling_of_a_file),
        cmocka_unit_test(test_canonical__folds_the_aliases_of_s3),
        cmocka_unit_test(test_canonical__folds_the_spellings_of_azure),
        cmocka_unit_test(test_canonical__refuses_what_names_no_container_of_azure),
        cmocka_unit_test(test_canonical__keeps_percent_signs_of_honest_names),
        cmocka_unit_test(test_canonical__refuses_ways_out_in_any_encoding),
        cmocka_unit_test(test_within__needs_a_slash_boundary),
        cmocka_unit_test(test_strip_slash__keeps_roots),
        cmocka_unit_test(test_scheme__is_file_for_plain_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
