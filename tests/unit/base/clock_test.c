#include "base/clock.h"
#include "base/slice.h"
#include "tests/unit/cmocka_all.h"

static bool fill_constant(void *context, void *bytes, size_t size)
{
    memset(bytes, *(const int *)context, size);
    return true;
}

static bool fill_fails(void *context, void *bytes, size_t size)
{
    (void)context, (void)bytes, (void)size;
    return false;
}

static void test_uuid_make__sets_version_4_and_the_variant(void **state)
{
    (void)state;
    struct error err = {0};
    char text[UUID_TEXT_SIZE];
    int byte = 0x00;
    struct random_source random = {.fill = fill_constant, .context = &byte};
    assert_ok(uuid_make(&random, text, &err), &err);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
    byte = 0xFF;
    assert_ok(uuid_make(&random, text, &err), &err);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

/* More than one reading of the kernel's bytes is good for. */
static void test_uuid_make__real_ones_are_valid_and_differ(void **state)
{
    (void)state;
    struct error err = {0};
    char texts[100][UUID_TEXT_SIZE];
    for (size_t i = 0; i < 100; i++) {
        assert_ok(uuid_make(&random_source_real, texts[i], &err), &err);
        assert_true(uuid_is_valid(texts[i], strlen(texts[i])));
        assert_int_equal(texts[i][14], '4');
        assert_non_null(strchr("89ab", texts[i][19]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(texts[i], texts[j]);
    }
}

static void test_uuid_make__fails_without_random_bytes(void **state)
{
    (void)state;
    struct error err = {0};
    char text[UUID_TEXT_SIZE] = "untouched";
    struct random_source random = {.fill = fill_fails};
    assert_fails(uuid_make(&random, text, &err), &err, ERROR_INTERNAL);
    assert_string_equal(text, "untouched");
}

static void test_uuid_is_valid__wants_8_4_4_4_12_hexadecimal(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "9c12d441-03fe-4693-9a96-a0705ddf69c",
        "9c12d441-03fe-4693-9a96-a0705ddf69c11",
        "9c12d44103fe46939a96a0705ddf69c1",
        "9c12d441-03fe-4693-9a96-a0705ddf69cg",
        "9c12d441_03fe-4693-9a96-a0705ddf69c1",
        "9c12d4410-3fe-4693-9a96-a0705ddf69c1",
        "{9c12d441-03fe-4693-9a96-a0705ddf69}",
    };
    static const char good[] = "9C12d441-03fe-1693-0a96-a0705ddF69c1"; /* any version and case */
    assert_true(uuid_is_valid(good, strlen(good)));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(uuid_is_valid(bad[i], strlen(bad[i])));
}

static void test_time_format_iso__vectors(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } vectors[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1769860800000, "2026-01-31T12:00:00.000Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
    };
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        char text[25];
        time_format_iso(vectors[i].ms, text, sizeof(text));
        assert_string_equal(text, vectors[i].text);
    }
}

static void test_time_format_iso__survives_the_ends_of_time(void **state)
{
    (void)state;
    char text[25];
    time_format_iso(INT64_MAX, text, sizeof(text));
    assert_true(strlen(text) < sizeof(text));
    time_format_iso(INT64_MIN + 1, text, sizeof(text));
    assert_true(strlen(text) > 0);
    time_format_iso(INT64_MIN, text, sizeof(text));
    assert_true(strlen(text) > 0);
}

static void test_clock_real__is_of_this_century_and_never_goes_back(void **state)
{
    (void)state;
    assert_true(clock_now_ms(&clock_real) > INT64_C(1700000000000));
    int64_t before = clock_monotonic_ms(&clock_real);
    assert_true(clock_monotonic_ms(&clock_real) >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid_make__sets_version_4_and_the_variant),
        cmocka_unit_test(test_uuid_make__real_ones_are_valid_and_differ),
        cmocka_unit_test(test_uuid_make__fails_without_random_bytes),
        cmocka_unit_test(test_uuid_is_valid__wants_8_4_4_4_12_hexadecimal),
        cmocka_unit_test(test_time_format_iso__vectors),
        cmocka_unit_test(test_time_format_iso__survives_the_ends_of_time),
        cmocka_unit_test(test_clock_real__is_of_this_century_and_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
