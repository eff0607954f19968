#include "iceberg/value.h"

#include <math.h>
#include <stdlib.h>

#include "iceberg/value_decimal.h"
#include "iceberg/value_json.h"
#include "iceberg/value_time.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/expression_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct form {
    const char *type;
    const char *json;
    const char *hex; /* the binary form */
};

/* One for each row of appendix D, with the signs and ends that codecs get wrong. */
static const struct form forms[] = {
    {"boolean", "true", "01"},
    {"boolean", "false", "00"},
    {"int", "34", "22000000"},
    {"int", "-2147483648", "00000080"},
    {"long", "34", "2200000000000000"},
    {"long", "-1", "ffffffffffffffff"},
    {"float", "1.5", "0000c03f"},
    {"float", "0.1", "cdcccc3d"},
    {"double", "-0.0", "0000000000000080"},
    {"double", "0.1", "9a9999999999b93f"},
    {"double", "1e+300", "9c7500883ce4377e"},
    {"decimal(9,2)", "'14.20'", "058c"},
    {"decimal(9,2)", "'-14.20'", "fa74"},
    {"decimal(9,2)", "'0.00'", "00"},
    {"decimal(9,2)", "'-0.01'", "ff"},
    {"decimal(9,0)", "'128'", "0080"},
    {"decimal(9,0)", "'-128'", "80"},
    {"decimal(38,0)", "'99999999999999999999999999999999999999'",
     "4b3b4ca85a86c47a098a223fffffffff"},
    {"decimal(38,38)", "'-0.99999999999999999999999999999999999999'",
     "b4c4b357a5793b85f675ddc000000001"},
    {"date", "'2017-11-16'", "4e440000"},
    {"date", "'1969-12-31'", "ffffffff"},
    {"date", "'-0001-03-01'", "2604f5ff"},
    {"time", "'22:31:08'", "008307e012000000"},
    {"time", "'22:31:08.000001'", "018307e012000000"},
    {"timestamp", "'2017-11-16T22:31:08'", "00c3262d215e0500"},
    {"timestamp", "'1969-12-31T23:59:59.999999'", "ffffffffffffffff"},
    {"timestamptz", "'2017-11-16T22:31:08.001+00:00'", "e8c6262d215e0500"},
    {"timestamp_ns", "'1970-01-01T00:00:00.000000001'", "0100000000000000"},
    {"timestamptz_ns", "'1969-12-31T23:59:59.999999999+00:00'", "ffffffffffffffff"},
    {"string", "'iceberg'", "69636562657267"},
    {"string", "''", ""},
    {"uuid", "'f79c3e09-677c-4bbd-a479-3f349cb785e7'", "f79c3e09677c4bbda4793f349cb785e7"},
    {"fixed[4]", "'000102FF'", "000102ff"},
    {"binary", "'000102FF'", "000102ff"},
};

static const struct type *type_of(struct fixture *fixture, const char *name)
{
    const struct type *type = NULL;
    json_t *json = json_string(name);
    assert_ok(type_parse(json, &fixture->arena, &type, &fixture->err), &fixture->err);
    json_decref(json);
    return type;
}

static struct slice from_hex(struct fixture *fixture, const char *hex)
{
    size_t len = strlen(hex) / 2;
    char *bytes = arena_alloc(&fixture->arena, len + 1);
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (char)strtol(pair, NULL, 16);
    }
    return slice_make(bytes, len);
}

static void assert_bytes(struct slice actual, struct slice expected, const struct form *form)
{
    if (!slice_equals(actual, expected))
        fail_msg("%s %s: %zu bytes, not %s", form->type, form->json, actual.len, form->hex);
}

static void test_value__binary_and_json_forms_are_those_of_appendix_d(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        char scratch[VALUE_SCRATCH_SIZE];
        struct buffer out;
        struct value value = fixture_value(fixture, forms[i].type, forms[i].json), again;
        struct slice bytes = from_hex(fixture, forms[i].hex);
        assert_bytes(value_to_bytes(&value, scratch), bytes, &forms[i]);
        assert_true(value_from_bytes(type_of(fixture, forms[i].type), bytes, &again));
        assert_int_equal(value_compare(&value, &again), 0);
        buffer_init(&out, 1024);
        value_write_json(&again, &out);
        buffer_append_byte(&out, '\0');
        for (char *at = out.ptr; *at; at++)
            *at = *at == '"' ? '\'' : *at;
        assert_string_equal(out.ptr, forms[i].json);
        buffer_finish(&out);
    }
}

/* "To correctly decode the value, the original type at the time the file was written must be
 * inferred" (table spec, "Schema Evolution"). */
static void test_value_from_bytes__widens_bounds_from_before_a_promotion(void **state)
{
    struct fixture *fixture = *state;
    static const struct form promoted[] = {
        {"long", "-2", "feffffff"},
        {"double", "1.5", "0000c03f"},
        {"timestamp", "'2017-11-16T00:00:00'", "4e440000"},
        {"timestamp_ns", "'2017-11-16T00:00:00'", "4e440000"},
        {"decimal(38,2)", "'14.20'", "058c"},
        {"decimal(9,2)", "'14.20'", "0000058c"},
    };
    for (size_t i = 0; i < COUNT(promoted); i++) {
        struct value wide = fixture_value(fixture, promoted[i].type, promoted[i].json), value;
        assert_true(value_from_bytes(type_of(fixture, promoted[i].type),
                                     from_hex(fixture, promoted[i].hex), &value));
        assert_int_equal(value_compare(&wide, &value), 0);
    }
}

static void test_value_from_bytes__refuses_bytes_that_are_no_value(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[][2] = {
        {"int", "2200000000000000"},
        {"int", ""},
        {"boolean", ""},
        {"float", "000000"},
        {"double", "00"},
        {"uuid", "00"},
        {"decimal(9,2)", ""},
        {"date", "4144"},
        {"timestamptz", "4e440000"},
        {"time", "4e440000"},
        {"unknown", "00"},
        {"timestamp_ns", "ffffff7f"},
        {"geometry", "00"},
        {"long", "000000000000"},
        {"decimal(38,0)", "0000000000000000000000000000000000"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct value value = VALUE_NONE;
        if (value_from_bytes(type_of(fixture, wrong[i][0]), from_hex(fixture, wrong[i][1]), &value))
            fail_msg("%s takes %s", wrong[i][0], wrong[i][1]);
        assert_true(value_is_null(&value));
    }
}

struct order_case {
    const char *type;
    const char *less;
    const char *greater;
};

/* Expressions spec, "Comparisons". */
static void test_value_compare__has_the_order_of_the_specification(void **state)
{
    struct fixture *fixture = *state;
    static const struct order_case orders[] = {
        {"boolean", "false", "true"},
        {"int", "-1", "1"},
        {"long", "-9223372036854775808", "9223372036854775807"},
        {"double", "-1.5", "-0.5"},
        {"decimal(9,2)", "'-0.01'", "'0.01'"},
        {"decimal(38,0)", "'-99999999999999999999999999999999999999'", "'1'"},
        {"date", "'1969-12-31'", "'1970-01-01'"},
        {"string", "'ab'", "'abc'"},
        {"string", "'z'", "'\xc3\xa4'"},
        {"string", "'\xef\xbf\xbd'", "'\xf0\x9f\x98\x80'"}, /* UTF-16 units say otherwise */
        {"binary", "'7F'", "'80'"},
        {"fixed[1]", "'01'", "'FF'"},
        {"uuid", "'7fffffff-0000-0000-0000-000000000000'",
         "'80000000-0000-0000-0000-000000000000'"},
    };
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct value less = fixture_value(fixture, orders[i].type, orders[i].less);
        struct value greater = fixture_value(fixture, orders[i].type, orders[i].greater);
        if (value_compare(&less, &greater) != -1 || value_compare(&greater, &less) != 1 ||
            value_compare(&less, &less) != 0)
            fail_msg("%s: %s and %s", orders[i].type, orders[i].less, orders[i].greater);
    }
}

static struct value real(double number)
{
    return (struct value){.type = TYPE_DOUBLE, .real = number};
}

static void test_value_compare__zeros_are_equal_and_nan_comes_last(void **state)
{
    (void)state;
    struct value minus = real(-0.0), plus = real(0.0), nan = real((double)NAN);
    struct value infinite = real((double)INFINITY);
    assert_int_equal(value_compare(&minus, &plus), 0);
    assert_int_equal(value_compare(&infinite, &nan), -1);
    assert_int_equal(value_compare(&nan, &infinite), 1);
    assert_int_equal(value_compare(&nan, &nan), 0);
    assert_true(value_is_nan(&nan));
    assert_false(value_is_nan(&infinite));
}

static const char *json_of(struct fixture *fixture, const struct value *value)
{
    struct buffer out;
    buffer_init(&out, 1024);
    value_write_json(value, &out);
    assert_true(buffer_ok(&out));
    const char *text = arena_string(&fixture->arena, buffer_slice(&out));
    buffer_finish(&out);
    return text;
}

static void test_value_write_json__writes_what_json_lacks_as_texts(void **state)
{
    struct fixture *fixture = *state;
    struct value nan = real((double)NAN), infinite = real(-(double)INFINITY), none = VALUE_NONE;
    struct value whole = real(3.0), tiny = real(5e-324);
    assert_string_equal(json_of(fixture, &nan), "\"NaN\"");
    assert_string_equal(json_of(fixture, &infinite), "\"-Infinity\"");
    assert_string_equal(json_of(fixture, &none), "null");
    assert_string_equal(json_of(fixture, &whole), "3.0");
    assert_string_equal(json_of(fixture, &tiny), "4.94065645841247e-324");
}

static void test_value_from_json__refuses_what_is_no_such_value(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[][2] = {
        {"int", "2147483648"},
        {"int", "1.0"},
        {"int", "'1'"},
        {"boolean", "1"},
        {"string", "1"},
        {"decimal(9,2)", "'1.234'"},
        {"decimal(9,2)", "14"},
        {"date", "'2017-13-01'"},
        {"date", "17000"},
        {"timestamp", "'2017-11-16'"},
        {"timestamp", "'2017-11-16T00:00:00Z'"},
        {"timestamptz", "'2017-11-16T00:00:00'"},
        {"uuid", "'f79c3e09'"},
        {"fixed[4]", "'0001'"},
        {"binary", "'0'"},
        {"binary", "'0g'"},
        {"float", "1e39"},
        {"long", "null"},
        {"unknown", "'x'"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct value value = VALUE_NONE;
        if (value_from_json(type_of(fixture, wrong[i][0]), fixture_json(fixture, wrong[i][1]),
                            &fixture->arena, &value, &fixture->err))
            fail_msg("%s takes %s", wrong[i][0], wrong[i][1]);
        assert_int_equal(fixture->err.kind, ERROR_BAD_REQUEST);
    }
}

struct conversion {
    const char *from;
    const char *literal;
    const char *to;
    enum value_fit fit;
    const char *result; /* JSON with ' for " */
};

static const struct conversion conversions[] = {
    {"int", "34", "long", VALUE_FITS, "34"},
    {"int", "34", "double", VALUE_FITS, "34.0"},
    {"int", "34", "date", VALUE_FITS, "'1970-02-04'"},
    {"int", "34", "decimal(9,2)", VALUE_FITS, "'34.00'"},
    {"int", "34", "timestamp", VALUE_UNFIT, NULL},
    {"int", "34", "string", VALUE_UNFIT, NULL},
    {"long", "34", "int", VALUE_FITS, "34"},
    {"long", "2147483648", "int", VALUE_ABOVE, NULL},
    {"long", "-2147483649", "int", VALUE_BELOW, NULL},
    {"long", "2147483648", "date", VALUE_ABOVE, NULL},
    {"long", "34", "time", VALUE_FITS, "'00:00:00.000034'"},
    {"long", "-1", "timestamp", VALUE_FITS, "'1969-12-31T23:59:59.999999'"},
    {"long", "1", "timestamptz", VALUE_FITS, "'1970-01-01T00:00:00.000001+00:00'"},
    {"long", "1", "timestamp_ns", VALUE_FITS, "'1970-01-01T00:00:00.000001'"},
    {"long", "9223372036854775807", "timestamp_ns", VALUE_ABOVE, NULL},
    {"long", "-9223372036854775807", "timestamptz_ns", VALUE_BELOW, NULL},
    {"long", "16777217", "float", VALUE_FITS, "16777216.0"},
    {"long", "-9223372036854775808", "decimal(38,19)", VALUE_FITS,
     "'-9223372036854775808.0000000000000000000'"},
    {"long", "9223372036854775807", "decimal(38,20)", VALUE_ABOVE, NULL},
    {"string", "'-9e37'", "decimal(9,2)", VALUE_BELOW, NULL},
    {"long", "1", "boolean", VALUE_UNFIT, NULL},
    {"double", "1e39", "float", VALUE_ABOVE, NULL},
    {"double", "-1e39", "float", VALUE_BELOW, NULL},
    {"double", "0.1", "float", VALUE_FITS, "0.1"},
    {"double", "5.0", "int", VALUE_UNFIT, NULL},
    {"double", "14.205", "decimal(9,2)", VALUE_FITS, "'14.21'"},
    {"double", "-14.205", "decimal(9,2)", VALUE_FITS, "'-14.21'"},
    {"double", "1e-300", "decimal(9,2)", VALUE_FITS, "'0.00'"},
    {"float", "1.5", "double", VALUE_FITS, "1.5"},
    {"boolean", "true", "boolean", VALUE_FITS, "true"},
    {"boolean", "true", "int", VALUE_UNFIT, NULL},
    {"string", "'2017-11-16'", "date", VALUE_FITS, "'2017-11-16'"},
    {"string", "'+9999999-01-01'", "date", VALUE_ABOVE, NULL},
    {"string", "'2017-11-16T00:00:00'", "date", VALUE_UNFIT, NULL},
    {"string", "'22:31'", "time", VALUE_FITS, "'22:31:00'"},
    {"string", "'2017-11-16T14:31:08-08:00'", "timestamptz", VALUE_FITS,
     "'2017-11-16T22:31:08+00:00'"},
    {"string", "'2017-11-16T14:31:08'", "timestamptz", VALUE_UNFIT, NULL},
    {"string", "'2017-11-16T14:31:08-08:00'", "timestamp", VALUE_UNFIT, NULL},
    {"string", "'1969-12-31T23:59:59.9999999'", "timestamp", VALUE_FITS,
     "'1969-12-31T23:59:59.999999'"},
    {"string", "'9999-12-31T00:00:00'", "timestamp_ns", VALUE_ABOVE, NULL},
    {"string", "'F79C3E09-677C-4bbd-a479-3f349cb785e7'", "uuid", VALUE_FITS,
     "'f79c3e09-677c-4bbd-a479-3f349cb785e7'"},
    {"string", "'xyz'", "uuid", VALUE_UNFIT, NULL},
    {"string", "'00ff'", "binary", VALUE_FITS, "'00FF'"},
    {"string", "'00ff'", "fixed[2]", VALUE_FITS, "'00FF'"},
    {"string", "'00ff'", "fixed[3]", VALUE_UNFIT, NULL},
    {"string", "'14.2'", "decimal(9,2)", VALUE_FITS, "'14.20'"},
    {"string", "'14.200'", "decimal(9,2)", VALUE_FITS, "'14.20'"},
    {"string", "'14.205'", "decimal(9,2)", VALUE_BETWEEN, "'14.20'"},
    {"string", "'-14.205'", "decimal(9,2)", VALUE_BETWEEN, "'-14.21'"},
    {"string", "'1e-60'", "decimal(9,2)", VALUE_BETWEEN, "'0.00'"},
    {"string", "'-1e-60'", "decimal(9,2)", VALUE_BETWEEN, "'-0.01'"},
    {"string", "'abc'", "decimal(9,2)", VALUE_UNFIT, NULL},
    {"string", "'5'", "int", VALUE_UNFIT, NULL},
    {"date", "'2017-11-16'", "date", VALUE_FITS, "'2017-11-16'"},
    {"date", "'2017-11-16'", "timestamp", VALUE_UNFIT, NULL},
    {"timestamp", "'1969-12-31T23:59:59'", "date", VALUE_FITS, "'1969-12-31'"},
    {"timestamp", "'2017-11-16T22:31:08'", "timestamp_ns", VALUE_FITS, "'2017-11-16T22:31:08'"},
    {"timestamp_ns", "'1969-12-31T23:59:59.999999999'", "timestamp", VALUE_FITS,
     "'1969-12-31T23:59:59.999999'"},
    {"decimal(9,3)", "'14.200'", "decimal(9,2)", VALUE_FITS, "'14.20'"},
    {"decimal(9,2)", "'14.20'", "double", VALUE_UNFIT, NULL},
    {"fixed[2]", "'00ff'", "binary", VALUE_FITS, "'00FF'"},
    {"binary", "'00ff'", "fixed[2]", VALUE_FITS, "'00FF'"},
    {"binary", "'00ff'", "fixed[1]", VALUE_UNFIT, NULL},
    {"uuid", "'f79c3e09-677c-4bbd-a479-3f349cb785e7'", "string", VALUE_UNFIT, NULL},
};

static void test_value_convert__follows_the_literals_of_the_reference(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(conversions); i++) {
        const struct conversion *item = &conversions[i];
        struct value from = fixture_value(fixture, item->from, item->literal), to = VALUE_NONE;
        enum value_fit fit = VALUE_UNFIT;
        assert_ok(value_convert(&from, type_of(fixture, item->to), &fixture->arena, &to, &fit,
                                &fixture->err),
                  &fixture->err);
        if (fit != item->fit)
            fail_msg("%s %s to %s: fit %d", item->from, item->literal, item->to, fit);
        char *text = (char *)(uintptr_t)json_of(fixture, &to);
        for (char *at = text; *at; at++)
            *at = *at == '"' ? '\'' : *at;
        assert_string_equal(text, item->result ? item->result : "null");
    }
}

static void test_decimal__more_than_38_digits_are_no_value(void **state)
{
    (void)state;
    struct decimal decimal;
    value_wide unscaled = 0;
    assert_true(decimal_parse(SLICE_LITERAL("-1e30"), &decimal));
    assert_int_equal(decimal_rescale(&decimal, 10, &unscaled), DECIMAL_HUGE);
    assert_true(decimal_parse(SLICE_LITERAL("0e2000000000"), &decimal));
    assert_int_equal(decimal_rescale(&decimal, 10, &unscaled), DECIMAL_EXACT);
    assert_true(unscaled == 0);
    assert_false(decimal_parse(SLICE_LITERAL("1e3000000000"), &decimal));
    assert_false(decimal_parse(SLICE_LITERAL("123456789012345678901234567890123456789"), &decimal));
    assert_false(decimal_parse(SLICE_LITERAL("1.2.3"), &decimal));
    assert_false(decimal_parse(SLICE_LITERAL("-"), &decimal));
    assert_false(decimal_parse(SLICE_LITERAL(""), &decimal));
}

static void test_civil_from_days__agrees_with_itself_over_the_range_of_dates(void **state)
{
    (void)state;
    struct civil_date leap = civil_from_days(11016), before = civil_from_days(-1);
    assert_int_equal(leap.year * 10000 + leap.month * 100 + leap.day, 20000229);
    assert_int_equal(before.year * 10000 + before.month * 100 + before.day, 19691231);
    assert_int_equal(civil_from_days(INT32_MIN).year, -5877641);
    assert_int_equal(civil_from_days(INT32_MAX).year, 5881580);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_value__binary_and_json_forms_are_those_of_appendix_d),
        TEST(test_value_from_bytes__widens_bounds_from_before_a_promotion),
        TEST(test_value_from_bytes__refuses_bytes_that_are_no_value),
        TEST(test_value_compare__has_the_order_of_the_specification),
        TEST(test_value_compare__zeros_are_equal_and_nan_comes_last),
        TEST(test_value_write_json__writes_what_json_lacks_as_texts),
        TEST(test_value_from_json__refuses_what_is_no_such_value),
        TEST(test_value_convert__follows_the_literals_of_the_reference),
        TEST(test_decimal__more_than_38_digits_are_no_value),
        TEST(test_civil_from_days__agrees_with_itself_over_the_range_of_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
