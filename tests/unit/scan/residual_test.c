#include "scan/residual.h"

#include "scan/prune_walk.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/prune_fixture.h"

static const char schema_text[] = "{'type':'struct','fields':["
                                  "{'id':1,'name':'id','required':false,'type':'int'},"
                                  "{'id':2,'name':'name','required':false,'type':'string'},"
                                  "{'id':3,'name':'ts','required':false,'type':'timestamp'}]}";
static const char by_day[] = "{'fields':[{'source-id':3,'field-id':1000,'name':'day','transform':"
                             "'day'}]}";
static const char by_id[] = "{'fields':[{'source-id':1,'field-id':1000,'name':'id','transform':"
                            "'identity'}]}";
static const char range[] =
    "{'type':'and','left':{'type':'gt-eq','term':'ts','value':'2017-11-16T10:00:00'},'right':"
    "{'type':'lt','term':'ts','value':'2017-11-18T10:00:00'}}";

/* JSON with ' for " of the residual of each value of the one partition field. */
static void assert_residuals(struct fixture *fixture, const char *filter_text,
                             const char *spec_text, const struct value *values, size_t count,
                             const char *const *expected)
{
    struct residual_plan *plan = NULL;
    struct residual_cache cache;
    const struct residual *residuals[8];
    const struct schema *schema = fixture_schema(fixture, schema_text);
    const struct partition_spec *spec = fixture_spec(fixture, spec_text);
    const struct expression *filter = fixture_bound(fixture, schema, filter_text);
    enum type_id type = spec->fields[0].transform.kind == TRANSFORM_DAY ? TYPE_DATE : TYPE_INT;
    struct partition_column column = prune_partition(&fixture->arena, type, values, count);
    const struct partition_column *columns[] = {&column};
    struct tuple_rows rows = {columns};
    assert_ok(residual_plan_create(filter, spec, &fixture->arena, &plan, &fixture->err),
              &fixture->err);
    assert_ok(residual_cache_init(&cache, plan, &fixture->err), &fixture->err);
    residual_cache_get(&cache, &rows, 0, count, residuals);
    for (size_t i = 0; i < count; i++) {
        char *text = arena_string(&fixture->arena, residuals[i]->json);
        assert_non_null(text);
        for (char *at = text; *at; at++)
            *at = *at == '"' ? '\'' : *at;
        assert_string_equal(text, expected[i]);
        assert_string_equal(fixture_filter_json(fixture, &residuals[i]->expression), expected[i]);
    }
    residual_cache_finish(&cache);
}

static struct value day(int64_t number)
{
    return (struct value){.type = TYPE_DATE, .number = number};
}

/* 17486 is 2017-11-16. */
static void test_residual__a_day_proves_rules_out_or_leaves(void **state)
{
    const struct value days[] = {day(17485), day(17486), day(17487),
                                 day(17488), day(17489), VALUE_NONE};
    static const char *const expected[] = {
        "false", "{'type':'gt-eq','term':'ts','value':'2017-11-16T10:00:00'}",
        "true",  "{'type':'lt','term':'ts','value':'2017-11-18T10:00:00'}",
        "false", "false", /* null is in no range from below */
    };
    assert_residuals(*state, range, by_day, days, 6, expected);
}

static struct value id(int64_t number)
{
    return (struct value){.type = TYPE_INT, .number = number};
}

static void test_residual__an_identity_decides_all_but_the_order_of_null(void **state)
{
    const struct value ids[] = {id(4), id(5), id(6), VALUE_NONE};
    static const char *const less[] = {"true", "false", "false",
                                       "{'type':'lt','term':'id','value':5}"};
    static const char *const equal[] = {"false", "true", "false", "false"};
    static const char *const other[] = {"true", "false", "true", "true"};
    assert_residuals(*state, "{'type':'lt','term':'id','value':5}", by_id, ids, 4, less);
    assert_residuals(*state, "{'type':'eq','term':'id','value':5}", by_id, ids, 4, equal);
    assert_residuals(*state, "{'type':'not-in','term':'id','values':[5,9]}", by_id, ids, 4, other);
}

static void test_residual__predicates_on_other_columns_stay(void **state)
{
    const struct value ids[] = {id(4), id(5)};
    static const char *const expected[] = {"{'type':'is-null','term':'name'}", "true"};
    assert_residuals(*state,
                     "{'type':'or','left':{'type':'eq','term':'id','value':5},'right':{'type':"
                     "'is-null','term':'name'}}",
                     by_id, ids, 2, expected);
}

static void test_residual__without_partition_fields_is_the_filter(void **state)
{
    struct fixture *fixture = *state;
    struct residual_plan *plan = NULL;
    struct residual_cache cache;
    const struct residual *residuals[3];
    struct tuple_rows rows = {NULL};
    const struct expression *filter =
        fixture_bound(fixture, fixture_schema(fixture, schema_text), range);
    assert_ok(residual_plan_create(filter, fixture_spec(fixture, "{'fields':[]}"), &fixture->arena,
                                   &plan, &fixture->err),
              &fixture->err);
    assert_ok(residual_cache_init(&cache, plan, &fixture->err), &fixture->err);
    residual_cache_get(&cache, &rows, 0, 3, residuals);
    assert_string_equal(fixture_filter_json(fixture, &residuals[2]->expression), range);
    assert_ptr_equal(residuals[0], residuals[2]);
    residual_cache_finish(&cache);
}

/* One residual for all tuples that say the same of each predicate. */
static void test_residual__equal_residuals_are_one(void **state)
{
    struct fixture *fixture = *state;
    enum { ROWS = 2 * PRUNE_BATCH + 1 };
    struct value days[ROWS];
    struct residual_plan *plan = NULL;
    struct residual_cache cache;
    const struct residual *residuals[ROWS];
    for (int i = 0; i < ROWS; i++)
        days[i] = day(17480 + i % 20);
    struct partition_column column = prune_partition(&fixture->arena, TYPE_DATE, days, ROWS);
    const struct partition_column *columns[] = {&column};
    struct tuple_rows rows = {columns};
    const struct expression *filter =
        fixture_bound(fixture, fixture_schema(fixture, schema_text), range);
    assert_ok(residual_plan_create(filter, fixture_spec(fixture, by_day), &fixture->arena, &plan,
                                   &fixture->err),
              &fixture->err);
    assert_ok(residual_cache_init(&cache, plan, &fixture->err), &fixture->err);
    residual_cache_get(&cache, &rows, 0, ROWS, residuals);
    for (int i = 20; i < ROWS; i++)
        assert_ptr_equal(residuals[i], residuals[i % 20]);
    assert_ptr_not_equal(residuals[6], residuals[7]);
    residual_cache_finish(&cache);
}

/* A filter so long that one residual does not fit: then it is its own residual. */
static void test_residual__a_full_cache_gives_the_whole_filter(void **state)
{
    struct fixture *fixture = *state;
    const struct value ids[] = {id(4), id(5)};
    struct residual_plan *plan = NULL;
    struct residual_cache cache;
    const struct residual *residuals[2];
    struct partition_column column = prune_partition(&fixture->arena, TYPE_INT, ids, 2);
    const struct partition_column *columns[] = {&column};
    struct tuple_rows rows = {columns};
    const struct expression *filter = fixture_bound(
        fixture, fixture_schema(fixture, schema_text),
        "{'type':'and','left':{'type':'gt','term':'id','value':4},'right':{'type':'is-null',"
        "'term':'name'}}");
    assert_ok(residual_plan_create(filter, fixture_spec(fixture, by_id), &fixture->arena, &plan,
                                   &fixture->err),
              &fixture->err);
    assert_ok(residual_cache_init(&cache, plan, &fixture->err), &fixture->err);
    cache.arena.ceiling = cache.arena.total;
    while (arena_alloc(&cache.arena, 16))
        continue;
    residual_cache_get(&cache, &rows, 0, 2, residuals);
    assert_string_equal(fixture_filter_text(fixture, &residuals[0]->expression),
                        "id > 4 and name is null");
    assert_ptr_equal(residuals[0], residuals[1]);
    residual_cache_finish(&cache);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_residual__a_day_proves_rules_out_or_leaves),
        TEST(test_residual__an_identity_decides_all_but_the_order_of_null),
        TEST(test_residual__predicates_on_other_columns_stay),
        TEST(test_residual__without_partition_fields_is_the_filter),
        TEST(test_residual__equal_residuals_are_one),
        TEST(test_residual__a_full_cache_gives_the_whole_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
