#include "iceberg/transform.h"

#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/schema_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct transform parse(const char *text)
{
    struct transform transform;
    struct error err = {0};
    if (!transform_parse(slice_from_string(text), &transform, &err))
        fail_msg("%s", err.message);
    return transform;
}

struct transform_case {
    const char *text;
    enum transform_kind kind;
    int32_t parameter;
    const char *name;
};

static const struct transform_case transform_cases[] = {
    {"identity", TRANSFORM_IDENTITY, 0, "identity"},
    {"Identity", TRANSFORM_IDENTITY, 0, "identity"},
    {"bucket[16]", TRANSFORM_BUCKET, 16, "bucket[16]"},
    {"BUCKET[016]", TRANSFORM_BUCKET, 16, "bucket[16]"},
    {"bucket[2147483647]", TRANSFORM_BUCKET, INT32_MAX, "bucket[2147483647]"},
    {"truncate[4]", TRANSFORM_TRUNCATE, 4, "truncate[4]"},
    {"year", TRANSFORM_YEAR, 0, "year"},
    {"month", TRANSFORM_MONTH, 0, "month"},
    {"DAY", TRANSFORM_DAY, 0, "day"},
    {"hour", TRANSFORM_HOUR, 0, "hour"},
    {"void", TRANSFORM_VOID, 0, "void"},
    {"zorder", TRANSFORM_UNKNOWN, 0, "zorder"},
    {"ZOrder[3]", TRANSFORM_UNKNOWN, 3, "ZOrder[3]"},
    {"year[3]", TRANSFORM_UNKNOWN, 3, "year[3]"},
    {"bucket", TRANSFORM_UNKNOWN, 0, "bucket"},
    {"bucket[]", TRANSFORM_UNKNOWN, 0, "bucket[]"},
    {"bucket[-1]", TRANSFORM_UNKNOWN, 0, "bucket[-1]"},
    {"bucket[1] ", TRANSFORM_UNKNOWN, 0, "bucket[1] "},
    {"bucket[", TRANSFORM_UNKNOWN, 0, "bucket["},
    {"", TRANSFORM_UNKNOWN, 0, ""},
};

/* "All v3 readers are required to read tables with unknown transforms" (table spec, appendix C). */
static void test_transform_parse__knows_names_in_any_case_and_keeps_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(transform_cases); i++) {
        const struct transform_case *item = &transform_cases[i];
        struct transform transform = parse(item->text);
        char scratch[TRANSFORM_NAME_SIZE];
        struct slice name = transform_name_in(&transform, scratch);
        assert_int_equal(transform.kind, item->kind);
        assert_int_equal(transform.parameter, item->parameter);
        assert_true(slice_equals_string(name, item->name));
    }
}

static void test_transform_parse__refuses_numbers_that_cannot_be(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[][2] = {
        {"bucket[0]", "Invalid number of buckets: 0 (must be > 0)"},
        {"truncate[0]", "Invalid truncate width: 0 (must be > 0)"},
        {"bucket[2147483648]",
         "Invalid transform: bucket[2147483648] (the number is too large)"},
        {"other[99999999999999999999]",
         "Invalid transform: other[99999999999999999999] (the number is too large)"},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct transform transform;
        assert_false(transform_parse(slice_from_string(texts[i][0]), &transform, &fixture->err));
        fixture_assert_error(fixture, ERROR_BAD_REQUEST, texts[i][1]);
    }
}

static bool equal(const char *a, const char *b)
{
    struct transform left = parse(a), right = parse(b);
    return transform_equals(&left, &right);
}

static void test_transform_equals__compares_what_is_meant(void **state)
{
    (void)state;
    assert_true(equal("DAY", "day"));
    assert_true(equal("bucket[16]", "Bucket[016]"));
    assert_false(equal("bucket[16]", "bucket[8]"));
    assert_false(equal("bucket[16]", "truncate[16]"));
    assert_true(equal("zorder", "zorder"));
    assert_false(equal("zorder", "ZORDER"));
}

/* Which of the types below each transform takes: one letter, x or -, for each. */
static const char *const types[] = {
    "'boolean'",      "'int'",     "'long'",     "'float'",     "'double'",
    "'decimal(9,2)'", "'date'",    "'time'",     "'timestamp'", "'timestamptz'",
    "'timestamp_ns'", "'string'",  "'uuid'",     "'fixed[3]'",  "'binary'",
    "'unknown'",      "'variant'", "'geometry'", "'geography'", "{'type':'struct','fields':[]}",
};

static const char *const acceptance[][2] = {
    {"identity", "xxxxxxxxxxxxxxxx----"},
    {"bucket[4]", "-xx--xxxxxxxxxx-----"},
    {"truncate[4]", "-xx--x-----x--x-----"},
    {"year", "------x-xxx---------"},
    {"month", "------x-xxx---------"},
    {"day", "------x-xxx---------"},
    {"hour", "--------xxx---------"},
    {"void", "xxxxxxxxxxxxxxxxxxxx"},
    {"zorder", "xxxxxxxxxxxxxxxxxxxx"},
};

static void test_transform_accepts__the_source_types_of_the_specification(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(types); i++) {
        const struct type *type = fixture_type(fixture, types[i]);
        for (size_t j = 0; j < COUNT(acceptance); j++) {
            struct transform transform = parse(acceptance[j][0]);
            if (transform_accepts(&transform, type) != (acceptance[j][1][i] == 'x'))
                fail_msg("%s of %s", acceptance[j][0], types[i]);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_transform_parse__knows_names_in_any_case_and_keeps_others),
        TEST(test_transform_parse__refuses_numbers_that_cannot_be),
        TEST(test_transform_equals__compares_what_is_meant),
        TEST(test_transform_accepts__the_source_types_of_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
