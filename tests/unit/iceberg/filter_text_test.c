#include "iceberg/filter_text.h"

#include <stdio.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/expression_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct text_case {
    const char *text;
    const char *json;
};

static const struct text_case reads[] = {
    {"id = 7", "{'type':'eq','term':'id','value':7}"},
    {"id == -7", "{'type':'eq','term':'id','value':-7}"},
    {"id != 7", "{'type':'not-eq','term':'id','value':7}"},
    {"id<>+7", "{'type':'not-eq','term':'id','value':7}"},
    {"x < 1.5", "{'type':'lt','term':'x','value':1.5}"},
    {"x <= .5", "{'type':'lt-eq','term':'x','value':0.5}"},
    {"x > -2e3", "{'type':'gt','term':'x','value':-2000.0}"},
    {"x >= 1E-1", "{'type':'gt-eq','term':'x','value':0.1}"},
    {"5 < id", "{'type':'gt','term':'id','value':5}"},
    {"'a' >= name", "{'type':'lt-eq','term':'name','value':'a'}"},
    {"ts >= \"2024-01-01\" and id = 7",
     "{'type':'and','left':{'type':'gt-eq','term':'ts','value':'2024-01-01'},'right':"
     "{'type':'eq','term':'id','value':7}}"},
    {"d = DATE '2024-01-01'", "{'type':'eq','term':'d','value':'2024-01-01'}"},
    {"date = timestamp '2024-01-01T00:00:00'",
     "{'type':'eq','term':'date','value':'2024-01-01T00:00:00'}"},
    {"ok = true", "{'type':'eq','term':'ok','value':true}"},
    {"ok != FALSE", "{'type':'not-eq','term':'ok','value':false}"},
    {"name = 'it''s'", "{'type':'eq','term':'name','value':'it\\u0027s'}"},
    {"name = \"\\u0041\\n\"", "{'type':'eq','term':'name','value':'A\\n'}"},
    {"name = ''", "{'type':'eq','term':'name','value':''}"},
    {"größe = 'ä'", "{'type':'eq','term':'größe','value':'ä'}"},
    {"a.b.c is null", "{'type':'is-null','term':'a.b.c'}"},
    {"`two words`.`and` IS NOT NULL", "{'type':'not-null','term':'two words.and'}"},
    {"`a``b` is nan", "{'type':'is-nan','term':'a`b'}"},
    {"x is not nan", "{'type':'not-nan','term':'x'}"},
    {"id in (1, 2,3)", "{'type':'in','term':'id','values':[1,2,3]}"},
    {"id in ()", "{'type':'in','term':'id','values':[]}"},
    {"name not in ('a')", "{'type':'not-in','term':'name','values':['a']}"},
    {"name like 'ap%'", "{'type':'starts-with','term':'name','value':'ap'}"},
    {"name not like 'ap%'", "{'type':'not-starts-with','term':'name','value':'ap'}"},
    {"name like 'apple'", "{'type':'eq','term':'name','value':'apple'}"},
    {"name not like 'a\\%\\_\\\\'", "{'type':'not-eq','term':'name','value':'a%_\\\\'}"},
    {"name starts with 'a%'", "{'type':'starts-with','term':'name','value':'a%'}"},
    {"name not starts with \"\"", "{'type':'not-starts-with','term':'name','value':''}"},
    {"id between 1 and 5", "{'type':'and','left':{'type':'gt-eq','term':'id','value':1},'right':"
                           "{'type':'lt-eq','term':'id','value':5}}"},
    {"id not between 1 and 5", "{'type':'or','left':{'type':'lt','term':'id','value':1},'right':"
                               "{'type':'gt','term':'id','value':5}}"},
    {"bucket(16, id) = 3",
     "{'type':'eq','term':{'type':'transform','transform':'bucket[16]','term':'id'},'value':3}"},
    {"bucket[16](id) = 3",
     "{'type':'eq','term':{'type':'transform','transform':'bucket[16]','term':'id'},'value':3}"},
    {"DAYS(ts) in ('2024-01-01')",
     "{'type':'in','term':{'type':'transform','transform':'day','term':'ts'},'values':"
     "['2024-01-01']}"},
    {"day = 3", "{'type':'eq','term':'day','value':3}"},
    {"TRUE", "true"},
    {" false ", "false"},
    {"not a is null", "{'type':'not','child':{'type':'is-null','term':'a'}}"},
    {"NOT (a is null)", "{'type':'not','child':{'type':'is-null','term':'a'}}"},
    {"not not a is null",
     "{'type':'not','child':{'type':'not','child':{'type':'is-null','term':'a'}}}"},
    {"a is null or b is null and c is null",
     "{'type':'or','left':{'type':'is-null','term':'a'},'right':{'type':'and','left':"
     "{'type':'is-null','term':'b'},'right':{'type':'is-null','term':'c'}}}"},
    {"(a is null OR b is null) AND not c is null",
     "{'type':'and','left':{'type':'or','left':{'type':'is-null','term':'a'},'right':"
     "{'type':'is-null','term':'b'}},'right':{'type':'not','child':"
     "{'type':'is-null','term':'c'}}}"},
    {"a = 1\n\tand\r\nb = 2", "{'type':'and','left':{'type':'eq','term':'a','value':1},'right':"
                              "{'type':'eq','term':'b','value':2}}"},
};

static void test_filter_text__reads_what_people_write(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(reads); i++) {
        json_t *json = NULL;
        assert_ok(filter_text_parse(slice_from_string(reads[i].text), &fixture->arena, &json, NULL,
                                    &fixture->err),
                  &fixture->err);
        json_t *wanted = fixture_json(fixture, reads[i].json);
        assert_true(json_equal(json, wanted));
        json_decref(json);
    }
}

struct error_case {
    const char *text;
    size_t at;
    const char *message; /* behind "Cannot parse filter at " */
};

static const struct error_case errors[] = {
    {"", 0, "position 1: a column is expected, but the filter ends here"},
    {"id", 2,
     "position 3: a comparison, is, in, between, like or starts with is expected, but the filter "
     "ends here"},
    {"id = ", 5, "position 6: a value is expected, but the filter ends here"},
    {"id = 7 and", 10, "position 11: a column is expected, but the filter ends here"},
    {"id = 7 8", 7, "position 8: and, or, or the end is expected, not 8"},
    {"id = 7)", 6, "position 7: and, or, or the end is expected, not )"},
    {"(id = 7", 7, "position 8: ')' is expected, but the filter ends here"},
    {"and id = 7", 0, "position 1: a column is expected, not and"},
    {"\"id\" = 7", 7, "position 8: a column is expected, not 7"},
    {"carrier = UA", 10,
     "position 11: a value (a text in quotes: columns are compared with values only) is expected, "
     "not UA"},
    {"id = null", 5, "position 6: nothing equals null: say 'is null' or 'is not null'"},
    {"x != NaN", 5, "position 6: nothing equals nan: say 'is nan' or 'is not nan'"},
    {"x is 7", 5, "position 6: null or nan is expected, not 7"},
    {"x not = 7", 6, "position 7: in, between, like or starts with is expected, not ="},
    {"x in 7", 5, "position 6: '(' and a list of values is expected, not 7"},
    {"x in (7 8)", 8, "position 9: ',' or ')' is expected, not 8"},
    {"x between 1 or 2", 12, "position 13: 'and' and a second value is expected, not or"},
    {"x like 7", 7, "position 8: a text in quotes is expected, not 7"},
    {"x like '%a'", 7,
     "position 8: only patterns of the form 'x%' can be planned: one % at the end"},
    {"x like 'a_%'", 7,
     "position 8: only patterns of the form 'x%' can be planned: one % at the end"},
    {"x starts 'a'", 9, "position 10: with is expected, not 'a'"},
    {"name = 'abc", 7, "position 8: the quote ' is not closed"},
    {"name = \"abc", 7, "position 8: the quote \" is not closed"},
    {"name = \"a\\", 7, "position 8: the quote \" is not closed"},
    {"name = \"\\x\"", 7,
     "position 8: the text in double quotes has a \\ or a control character that JSON does not "
     "allow"},
    {"`a = 1", 0, "position 1: the quote ` is not closed"},
    {"`` = 1", 0, "position 1: the name of a column is empty"},
    {"a. = 1", 2, "position 3: a name is expected after '.'"},
    {"ä = 1 & b = 2", 7, "position 7: this character is not understood"},
    {"x = 99999999999999999999", 4, "position 5: the number is outside the range of 64 bits"},
    {"x = 1e999", 4, "position 5: this is no number, or one out of range"},
    {"x = 1.2.3", 4, "position 5: this is no number, or one out of range"},
    {"x = 0x10", 4, "position 5: this is no number, or one out of range"},
    {"x = 7days", 4, "position 5: this is no number, or one out of range"},
    {"x = date 7", 9, "position 10: a text in quotes is expected, not 7"},
    {"lower(x) = 'a'", 0,
     "position 1: lower is no function of a filter: there are year, month, day, hour, bucket and "
     "truncate"},
    {"bucket(x) = 1 or bucket(1.5, x) = 1", 24, "position 25: a whole number is expected, not 1.5"},
    {"truncate(4 x) = 'a'", 11, "position 12: ',' is expected, not x"},
    {"\xFF", 0, "position 1: the text is not UTF-8"},
};

static void test_filter_text__points_at_what_is_wrong(void **state)
{
    struct fixture *fixture = *state;
    char message[ERROR_MESSAGE_SIZE];
    for (size_t i = 0; i < COUNT(errors); i++) {
        json_t *json = NULL;
        size_t at = 999;
        assert_fails(filter_text_parse(slice_from_string(errors[i].text), &fixture->arena, &json,
                                       &at, &fixture->err),
                     &fixture->err, ERROR_BAD_REQUEST);
        (void)snprintf(message, sizeof(message), "Cannot parse filter at %s", errors[i].message);
        assert_string_equal(fixture->err.message, message);
        assert_int_equal(at, errors[i].at);
        assert_null(json);
        error_clear(&fixture->err);
    }
}

static json_t *parse_printed(struct fixture *fixture, json_t *owned)
{
    struct expression filter;
    json_t *again = NULL;
    assert_ok(expression_parse(owned, &fixture->arena, &filter, &fixture->err), &fixture->err);
    json_decref(owned);
    const char *text = fixture_filter_text(fixture, &filter);
    assert_ok(filter_text_parse(slice_from_string(text), &fixture->arena, &again, NULL,
                                &fixture->err),
              &fixture->err);
    return again;
}

/* But for names in quotes, which are printed bare. */
static void test_filter_text__reads_what_filters_print(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(reads); i++) {
        json_t *json = NULL;
        if (strchr(reads[i].text, '`'))
            continue;
        assert_ok(filter_text_parse(slice_from_string(reads[i].text), &fixture->arena, &json, NULL,
                                    &fixture->err),
                  &fixture->err);
        json_t *once = parse_printed(fixture, json_incref(json));
        json_t *twice = parse_printed(fixture, json_incref(once));
        assert_true(json_equal(once, twice));
        json_decref(json);
        json_decref(once);
        json_decref(twice);
    }
}

static size_t depth_of(const json_t *json)
{
    const json_t *left = json_object_get(json, "left"), *right = json_object_get(json, "right");
    size_t a = left ? depth_of(left) : 0, b = right ? depth_of(right) : 0;
    return 1 + (a > b ? a : b);
}

static void test_filter_text__keeps_long_chains_flat_and_bounds_brackets(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text;
    json_t *json = NULL;
    buffer_init(&text, MIB);
    buffer_append_string(&text, "a = 0");
    for (int i = 1; i < 1000; i++)
        buffer_printf(&text, " and a = %d", i);
    assert_ok(filter_text_parse(buffer_slice(&text), &fixture->arena, &json, NULL, &fixture->err),
              &fixture->err);
    assert_int_equal(depth_of(json), 11);
    json_decref(json);
    buffer_truncate(&text, 0);
    for (int i = 0; i < 101; i++)
        buffer_append_string(&text, "(");
    assert_fails(filter_text_parse(buffer_slice(&text), &fixture->arena, &json, NULL,
                                   &fixture->err),
                 &fixture->err, ERROR_BAD_REQUEST);
    assert_string_equal(fixture->err.message, "Cannot parse filter at position 101: too many "
                                              "brackets and nots within each other");
    buffer_finish(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_filter_text__reads_what_people_write),
        TEST(test_filter_text__points_at_what_is_wrong),
        TEST(test_filter_text__reads_what_filters_print),
        TEST(test_filter_text__keeps_long_chains_flat_and_bounds_brackets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
