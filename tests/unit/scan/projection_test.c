#include "scan/projection.h"

#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/expression_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char schema_text[] = "{'type':'struct','fields':["
                                  "{'id':1,'name':'id','required':false,'type':'int'},"
                                  "{'id':2,'name':'name','required':false,'type':'string'},"
                                  "{'id':3,'name':'ts','required':false,'type':'timestamp'},"
                                  "{'id':4,'name':'d','required':false,'type':'date'},"
                                  "{'id':5,'name':'price','required':false,'type':'decimal(9,2)'},"
                                  "{'id':6,'name':'bin','required':false,'type':'binary'},"
                                  "{'id':7,'name':'ratio','required':false,'type':'double'},"
                                  "{'id':8,'name':'l','required':false,'type':'long'}]}";

struct projection_case {
    const char *transform;
    const char *op;
    const char *term;
    const char *value; /* NULL: none; a list for IN */
    const char *inclusive;
    const char *strict;
};

/* The partition field is called p. */
static const struct projection_case cases[] = {
    {"identity", "lt", "'id'", "5", "p < 5", "p < 5"},
    {"identity", "in", "'id'", "[5,6]", "p in (5, 6)", "p in (5, 6)"},
    {"identity", "is-nan", "'ratio'", NULL, "p is nan", "p is nan"},
    {"identity", "not-starts-with", "'name'", "'x'", "p not starts with \"x\"",
     "p not starts with \"x\""},
    {"void", "eq", "'id'", "5", "true", "false"},
    {"void", "is-null", "'id'", NULL, "true", "false"},
    {"zorder", "eq", "'id'", "5", "true", "false"},
    {"bucket[16]", "eq", "'id'", "34", "p = 3", "false"},
    {"bucket[16]", "not-eq", "'id'", "34", "true", "p != 3"},
    {"bucket[2]", "in", "'id'", "[1,2,3,4,5,6,7,8]", "p in (0, 1)", "false"},
    {"bucket[1]", "in", "'id'", "[1,2,3]", "p = 0", "false"},
    {"bucket[1]", "not-in", "'id'", "[1,2,3]", "true", "p != 0"},
    {"bucket[16]", "lt", "'id'", "34", "true", "false"},
    {"bucket[16]", "is-null", "'id'", NULL, "p is null", "p is null"},
    {"bucket[16]", "not-null", "'id'", NULL, "p is not null", "p is not null"},
    {"bucket[16]", "starts-with", "'name'", "'x'", "true", "false"},
    {"truncate[10]", "lt", "'id'", "100", "p <= 90", "p < 100"},
    {"truncate[10]", "lt-eq", "'id'", "99", "p <= 90", "p < 100"},
    {"truncate[10]", "lt-eq", "'id'", "100", "p <= 100", "p < 100"},
    {"truncate[10]", "gt", "'id'", "99", "p >= 100", "p > 90"},
    {"truncate[10]", "gt-eq", "'id'", "100", "p >= 100", "p > 90"},
    {"truncate[10]", "eq", "'id'", "-1", "p = -10", "false"},
    {"truncate[10]", "not-eq", "'id'", "-1", "true", "p != -10"},
    {"truncate[10]", "in", "'id'", "[1,2,11]", "p in (0, 10)", "false"},
    {"truncate[10]", "not-in", "'id'", "[1,2,11]", "true", "p not in (0, 10)"},
    {"truncate[10]", "lt", "'id'", "-2147483648", "true", "false"},
    {"truncate[10]", "gt", "'id'", "2147483647", "true", "p > 2147483640"},
    {"truncate[10]", "gt-eq", "'id'", "-2147483647", "true", "false"},
    {"truncate[10]", "lt", "'l'", "100", "p <= 90", "p < 100"},
    {"truncate[50]", "lt", "'price'", "'10.50'", "p <= \"10.00\"", "p < \"10.50\""},
    {"truncate[50]", "gt-eq", "'price'", "'10.50'", "p >= \"10.50\"", "p > \"10.00\""},
    {"truncate[3]", "lt", "'name'", "'abcdef'", "p <= \"abc\"", "p < \"abc\""},
    {"truncate[3]", "lt-eq", "'name'", "'abcdef'", "p <= \"abc\"", "p < \"abc\""},
    {"truncate[3]", "gt", "'name'", "'abcdef'", "p >= \"abc\"", "p > \"abc\""},
    {"truncate[3]", "eq", "'name'", "'abcdef'", "p = \"abc\"", "false"},
    {"truncate[3]", "not-eq", "'name'", "'abcdef'", "true", "p != \"abc\""},
    {"truncate[3]", "starts-with", "'name'", "'ab'", "p starts with \"ab\"",
     "p starts with \"ab\""},
    {"truncate[3]", "starts-with", "'name'", "'abc'", "p = \"abc\"", "p = \"abc\""},
    {"truncate[3]", "starts-with", "'name'", "'abcd'", "p starts with \"abc\"", "false"},
    {"truncate[3]", "starts-with", "'name'", "'\xc3\xa4\xc3\xb6'",
     "p starts with \"\xc3\xa4\xc3\xb6\"", "p starts with \"\xc3\xa4\xc3\xb6\""},
    {"truncate[3]", "not-starts-with", "'name'", "'ab'", "p not starts with \"ab\"",
     "p not starts with \"ab\""},
    {"truncate[3]", "not-starts-with", "'name'", "'abc'", "p != \"abc\"", "p != \"abc\""},
    {"truncate[3]", "not-starts-with", "'name'", "'abcd'", "true", "p not starts with \"abc\""},
    {"truncate[1]", "lt", "'bin'", "'0102'", "p <= \"01\"", "p < \"01\""},
    {"day", "lt", "'ts'", "'2017-11-16T00:00:00'", "p <= \"2017-11-15\"", "p < \"2017-11-16\""},
    {"day", "lt-eq", "'ts'", "'2017-11-16T00:00:00'", "p <= \"2017-11-16\"", "p < \"2017-11-16\""},
    {"day", "gt", "'ts'", "'2017-11-15T23:59:59.999999'", "p >= \"2017-11-16\"",
     "p > \"2017-11-15\""},
    {"day", "gt-eq", "'ts'", "'2017-11-16T00:00:00'", "p >= \"2017-11-16\"", "p > \"2017-11-15\""},
    {"day", "eq", "'ts'", "'2017-11-16T22:31:08'", "p = \"2017-11-16\"", "false"},
    /* before 1970: the unit above as well, which old writers may have stored */
    {"day", "lt", "'ts'", "'1969-12-31T10:00:00'", "p <= \"1970-01-01\"", "p < \"1969-12-31\""},
    {"day", "gt", "'ts'", "'1969-12-31T10:00:00'", "p >= \"1969-12-31\"", "p > \"1970-01-01\""},
    {"day", "gt", "'ts'", "'1970-01-01T10:00:00'", "p >= \"1970-01-01\"", "p > \"1970-01-02\""},
    {"day", "eq", "'ts'", "'1969-12-31T10:00:00'", "p in (\"1969-12-31\", \"1970-01-01\")",
     "false"},
    {"day", "not-eq", "'ts'", "'1969-12-31T10:00:00'", "true",
     "p not in (\"1969-12-31\", \"1970-01-01\")"},
    {"hour", "in", "'ts'", "['1969-12-31T23:00:00','1970-01-01T05:00:00']", "p in (-1, 0, 5)",
     "false"},
    {"year", "lt", "'d'", "'1969-06-01'", "p <= 0", "p < -1"},
    {"month", "eq", "'d'", "'1969-11-30'", "p in (-2, -1)", "false"},
    {"day", "lt", "'d'", "'1969-12-31'", "p <= \"1969-12-30\"", "p < \"1969-12-31\""},
    {"day", "eq", "'d'", "'1969-12-31'", "p = \"1969-12-31\"", "false"},
    {"day", "gt", "'d'", "2147483647", "true", "p > \"+5881580-07-11\""},
    {"day", "is-null", "'ts'", NULL, "p is null", "p is null"},
    /* terms with transforms: the partition field of the same transform knows them */
    {"day", "eq", "{'type':'transform','transform':'day','term':'ts'}", "'2017-11-16'",
     "p = \"2017-11-16\"", "p = \"2017-11-16\""},
    {"bucket[16]", "lt", "{'type':'transform','transform':'bucket[16]','term':'id'}", "3", "p < 3",
     "p < 3"},
    {"bucket[8]", "lt", "{'type':'transform','transform':'bucket[16]','term':'id'}", "3", "true",
     "false"},
    {"identity", "eq", "{'type':'transform','transform':'day','term':'ts'}", "'2017-11-16'", "true",
     "false"},
};

static const char *bare_name(const char *term)
{
    static const char *const names[] = {"id", "name", "ts", "d", "price", "bin", "ratio", "l"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char quoted[16];
        snprintf(quoted, sizeof(quoted), "'%s'", names[i]);
        const char *at = strstr(term, quoted);
        if (at && at[strlen(quoted)] != ':')
            return names[i];
    }
    return "";
}

static const char *project(struct fixture *fixture, const struct expression *filter,
                           const struct partition_spec *spec, bool is_strict)
{
    struct expression projected;
    bool is_done =
        is_strict ? projection_strict(filter, spec, &fixture->arena, &projected, &fixture->err)
                  : projection_inclusive(filter, spec, &fixture->arena, &projected, &fixture->err);
    assert_ok(is_done, &fixture->err);
    return fixture_filter_text(fixture, &projected);
}

static const struct expression *bind_case(struct fixture *fixture, const struct schema *schema,
                                          const struct projection_case *item)
{
    const char *key = item->value && item->value[0] == '[' ? "values" : "value";
    struct slice text =
        item->value
            ? arena_printf(&fixture->arena, "{'type':'%s','term':%s,'%s':%s}", item->op, item->term,
                           key, item->value)
            : arena_printf(&fixture->arena, "{'type':'%s','term':%s}", item->op, item->term);
    return fixture_bound(fixture, schema, text.ptr);
}

static void test_projection__each_transform_by_its_rules(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct projection_case *item = &cases[i];
        const struct expression *filter = bind_case(fixture, schema, item);
        const struct schema_field *source =
            schema_find_name(schema, slice_from_string(bare_name(item->term)));
        assert_non_null(source);
        struct partition_field field = {.source_id = source->field->id,
                                        .field_id = 1000,
                                        .name = SLICE_LITERAL("p")};
        struct partition_spec spec = {0, &field, 1};
        assert_true(transform_parse(slice_from_string(item->transform), &field.transform, NULL));
        assert_string_equal(project(fixture, filter, &spec, false), item->inclusive);
        assert_string_equal(project(fixture, filter, &spec, true), item->strict);
    }
}

static void test_projection__every_field_of_a_column_counts(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    const struct partition_spec *spec =
        fixture_spec(fixture,
                     "{'fields':[{'source-id':3,'field-id':1000,'name':'d','transform':'day'},"
                     "{'source-id':1,'field-id':1001,'name':'b','transform':'bucket[16]'},"
                     "{'source-id':3,'field-id':1002,'name':'h','transform':'hour'}]}");
    const struct expression *filter = fixture_bound(
        fixture, schema,
        "{'type':'and','left':{'type':'gt','term':'ts','value':'2017-11-16T05:59:59.999999'},"
        "'right':{'type':'or','left':{'type':'eq','term':'id','value':34},'right':{'type':"
        "'is-null','term':'name'}}}");
    assert_string_equal(project(fixture, filter, spec, false),
                        "d >= \"2017-11-16\" and h >= 419670");
    assert_string_equal(project(fixture, filter, spec, true), "false");
    filter = fixture_bound(fixture, schema,
                           "{'type':'gt','term':'ts','value':"
                           "'2017-11-16T05:59:59.999999'}");
    assert_string_equal(project(fixture, filter, spec, true), "d > \"2017-11-16\" or h > 419669");
}

static void test_projection__terms_know_their_place_in_the_tuple(void **state)
{
    struct fixture *fixture = *state;
    struct expression projected;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    const struct partition_spec *spec =
        fixture_spec(fixture,
                     "{'fields':[{'source-id':3,'field-id':1000,'name':'d','transform':'day'},"
                     "{'source-id':1,'field-id':1001,'name':'b','transform':'bucket[16]'}]}");
    const struct expression *filter =
        fixture_bound(fixture, schema, "{'type':'eq','term':'id','value':34}");
    assert_ok(projection_inclusive(filter, spec, &fixture->arena, &projected, &fixture->err),
              &fixture->err);
    assert_int_equal(projected.terms[0].column, 1);
    assert_int_equal(projected.terms[0].field_id, 1001);
    assert_int_equal(projected.field_count, 2);
    assert_int_equal(projected.field_ids[1], 1001);
}

static void test_projection__a_transform_of_several_columns_is_unknown(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    const struct partition_spec *spec =
        fixture_spec(fixture,
                     "{'fields':[{'source-ids':[1,3],'field-id':1000,'name':'b','transform':"
                     "'bucket[16]'}]}");
    const struct expression *filter =
        fixture_bound(fixture, schema, "{'type':'eq','term':'id','value':34}");
    assert_string_equal(project(fixture, filter, spec, false), "true");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_projection__each_transform_by_its_rules),
        TEST(test_projection__every_field_of_a_column_counts),
        TEST(test_projection__terms_know_their_place_in_the_tuple),
        TEST(test_projection__a_transform_of_several_columns_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
