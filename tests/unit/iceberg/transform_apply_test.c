#include "iceberg/transform_apply.h"

#include "iceberg/value_json.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/expression_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct hash_case {
    const char *type;
    const char *json;
    int32_t hash;
};

/* The test values of appendix B. */
static const struct hash_case hashes[] = {
    {"int", "34", 2017239379},
    {"long", "34", 2017239379},
    {"decimal(9,2)", "'14.20'", -500754589},
    {"date", "'2017-11-16'", -653330422},
    {"time", "'22:31:08'", -662762989},
    {"timestamp", "'2017-11-16T22:31:08'", -2047944441},
    {"timestamp", "'2017-11-16T22:31:08.000001'", -1207196810},
    {"timestamptz", "'2017-11-16T14:31:08-08:00'", -2047944441},
    {"timestamptz", "'2017-11-16T14:31:08.000001-08:00'", -1207196810},
    {"timestamp_ns", "'2017-11-16T22:31:08'", -2047944441},
    {"timestamp_ns", "'2017-11-16T22:31:08.000001001'", -1207196810},
    {"timestamptz_ns", "'2017-11-16T14:31:08-08:00'", -2047944441},
    {"timestamptz_ns", "'2017-11-16T14:31:08.000001001-08:00'", -1207196810},
    {"string", "'iceberg'", 1210000089},
    {"uuid", "'f79c3e09-677c-4bbd-a479-3f349cb785e7'", 1488055340},
    {"fixed[4]", "'00010203'", -188683207},
    {"binary", "'00010203'", -188683207},
    {"boolean", "true", 1392991556},
    {"float", "1.0", -142385009},
    {"float", "0.0", 1669671676},
    {"float", "-0.0", 1669671676},
    {"double", "1.0", -142385009},
    {"double", "0.0", 1669671676},
    {"double", "-0.0", 1669671676},
};

static void test_transform_hash__matches_the_vectors_of_appendix_b(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(hashes); i++) {
        struct value value = fixture_value(fixture, hashes[i].type, hashes[i].json);
        if (transform_hash(&value) != hashes[i].hash)
            fail_msg("%s %s: %d", hashes[i].type, hashes[i].json, transform_hash(&value));
    }
}

struct apply_case {
    const char *transform;
    const char *type;
    const char *source;
    const char *result; /* JSON with ' for "; NULL: not applicable */
};

static const struct apply_case applications[] = {
    {"identity", "string", "'x'", "'x'"},
    {"void", "string", "'x'", "null"},
    {"zorder", "string", "'x'", NULL},
    {"bucket[16]", "int", "34", "3"},
    {"bucket[100]", "string", "'iceberg'", "89"},
    {"bucket[100]", "decimal(9,2)", "'14.20'", "59"},
    {"bucket[4]", "boolean", "true", NULL},
    {"bucket[4]", "double", "1.0", NULL},
    {"truncate[10]", "int", "1", "0"},
    {"truncate[10]", "int", "-1", "-10"},
    {"truncate[10]", "int", "-10", "-10"},
    {"truncate[10]", "int", "-2147483648", "2147483646"}, /* wraps, as its writers do */
    {"truncate[2147483647]", "int", "2147483647", "2147483647"},
    {"truncate[2147483647]", "int", "-1", "-2147483647"},
    {"truncate[10]", "long", "-1", "-10"},
    {"truncate[10]", "long", "-9223372036854775808", "9223372036854775806"},
    {"truncate[50]", "decimal(9,2)", "'10.65'", "'10.50'"},
    {"truncate[50]", "decimal(9,2)", "'-0.05'", "'-0.50'"},
    {"truncate[10]", "decimal(9,2)", "'12.34'", "'12.30'"},
    {"truncate[3]", "string", "'iceberg'", "'ice'"},
    {"truncate[3]", "string", "'ic'", "'ic'"},
    {"truncate[2]", "string", "'\xf0\x9f\x98\x80\xc3\xa4x'", "'\xf0\x9f\x98\x80\xc3\xa4'"},
    {"truncate[3]", "binary", "'0102030405'", "'010203'"},
    {"truncate[3]", "date", "'2017-11-16'", NULL},
    {"truncate[3]", "fixed[4]", "'00010203'", NULL},
    {"year", "date", "'2017-11-16'", "47"},
    {"year", "date", "'1969-12-31'", "-1"},
    {"month", "date", "'2017-11-16'", "574"},
    {"month", "date", "'1969-12-31'", "-1"},
    {"month", "date", "'1969-01-01'", "-12"},
    {"day", "date", "'2017-11-16'", "'2017-11-16'"},
    {"hour", "date", "'2017-11-16'", NULL},
    {"year", "timestamp", "'1970-01-01T00:00:00'", "0"},
    {"year", "timestamp", "'1969-12-31T23:59:59.999999'", "-1"},
    {"month", "timestamptz", "'1969-11-30T00:00:00+00:00'", "-2"},
    {"day", "timestamp", "'1969-12-31T23:59:59.999999'", "'1969-12-31'"},
    {"day", "timestamp_ns", "'1969-12-31T23:59:59.999999999'", "'1969-12-31'"},
    {"hour", "timestamp", "'2017-11-16T22:31:08'", "419686"},
    {"hour", "timestamp", "'1969-12-31T23:00:00'", "-1"},
    {"hour", "timestamp", "'1969-12-31T22:59:59'", "-2"},
    {"hour", "timestamptz_ns", "'1969-12-31T23:59:59.999999999+00:00'", "-1"},
    {"day", "time", "'22:31:08'", NULL},
    {"day", "string", "'x'", NULL},
};

static struct transform transform_of(const char *text)
{
    struct transform transform;
    assert_true(transform_parse(slice_from_string(text), &transform, NULL));
    return transform;
}

static const char *quoted_json(struct fixture *fixture, const struct value *value)
{
    struct buffer out;
    buffer_init(&out, 1024);
    value_write_json(value, &out);
    char *text = arena_string(&fixture->arena, buffer_slice(&out));
    buffer_finish(&out);
    assert_non_null(text);
    for (char *at = text; *at; at++)
        *at = *at == '"' ? '\'' : *at;
    return text;
}

static void test_transform_apply__gives_the_values_of_the_specification(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(applications); i++) {
        const struct apply_case *item = &applications[i];
        struct transform transform = transform_of(item->transform);
        struct value source = fixture_value(fixture, item->type, item->source), result;
        bool is_applied = transform_apply(&transform, &source, &result);
        const char *text = is_applied ? quoted_json(fixture, &result) : "nothing";
        if (strcmp(text, item->result ? item->result : "nothing") != 0)
            fail_msg("%s of %s %s: %s", item->transform, item->type, item->source, text);
    }
}

/* "All transforms must return null for a null input value." */
static void test_transform_apply__null_stays_null(void **state)
{
    (void)state;
    static const char *const names[] = {"identity", "bucket[4]", "truncate[4]", "year",
                                        "month",    "day",       "hour",        "void"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct transform transform = transform_of(names[i]);
        struct value none = VALUE_NONE, result = {.type = TYPE_INT};
        assert_true(transform_apply(&transform, &none, &result));
        assert_true(value_is_null(&result));
    }
}

static void test_transform_result_type__is_that_of_the_specification(void **state)
{
    (void)state;
    static const struct type timestamp = {.id = TYPE_TIMESTAMP};
    static const struct {
        const char *name;
        enum type_id type;
        bool keeps_order;
    } types[] = {
        {"identity", TYPE_TIMESTAMP, true},
        {"bucket[4]", TYPE_INT, false},
        {"truncate[4]", TYPE_TIMESTAMP, true},
        {"year", TYPE_INT, true},
        {"month", TYPE_INT, true},
        {"day", TYPE_DATE, true},
        {"hour", TYPE_INT, true},
        {"void", TYPE_TIMESTAMP, false},
        {"zorder", TYPE_UNKNOWN, false},
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        struct transform transform = transform_of(types[i].name);
        assert_int_equal(transform_result_type(&transform, &timestamp)->id, types[i].type);
        assert_int_equal(transform_preserves_order(&transform), types[i].keeps_order);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_transform_hash__matches_the_vectors_of_appendix_b),
        TEST(test_transform_apply__gives_the_values_of_the_specification),
        TEST(test_transform_apply__null_stays_null),
        TEST(test_transform_result_type__is_that_of_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
