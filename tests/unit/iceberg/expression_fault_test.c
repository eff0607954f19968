#include "base/json_tree.h"
#include "iceberg/expression.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"

#define ARENA_CEILING ((size_t)1024 * 1024)

static const char schema_text[] =
    "{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"id\",\"required\":false,\"type\":"
    "\"int\"},{\"id\":2,\"name\":\"u\",\"required\":false,\"type\":\"uuid\"},{\"id\":3,\"name\":"
    "\"ts\",\"required\":false,\"type\":\"timestamp\"}]}";
static const char filter_text[] =
    "{\"type\":\"and\",\"left\":{\"type\":\"not\",\"child\":{\"type\":\"in\",\"term\":\"ID\","
    "\"values\":[1,2,3,4,5,6,7,8,9,10]}},\"right\":{\"type\":\"or\",\"left\":{\"type\":\"eq\","
    "\"term\":\"U\",\"value\":\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"},\"right\":{\"type\":"
    "\"eq\",\"left\":{\"type\":\"apply\",\"function\":\"truncate\",\"arguments\":[4,{\"type\":"
    "\"reference\",\"name\":\"iD\"}]},\"right\":{\"type\":\"literal\",\"value\":4,\"data-type\":"
    "\"long\"}}}}";

static bool run(const json_t *filter_json, const struct schema *schema, struct arena *arena,
                struct error *err)
{
    struct expression filter, bound;
    struct buffer out;
    TRY(expression_parse(filter_json, arena, &filter, err));
    TRY(expression_bind(&filter, schema, false, arena, &bound, err));
    buffer_init(&out, ARENA_CEILING);
    expression_write_json(&bound, &out);
    expression_write_text(&filter, &out);
    bool is_written = buffer_check(&out, "a filter", err);
    buffer_finish(&out);
    return is_written;
}

/* Each allocation fails in turn; `fill` bytes taken first move the places where blocks end. */
static size_t sweep(const json_t *json, const struct schema *schema, size_t fill)
{
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct arena arena;
        struct error err = {0};
        arena_init(&arena, ARENA_CEILING);
        assert_true(fill == 0 || arena_alloc(&arena, fill));
        fault_alloc_fail_at(n);
        bool is_done = run(json, schema, &arena, &err);
        bool is_hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        assert_true(is_done == !is_hit);
        assert_int_equal(err.kind, is_hit ? ERROR_NO_MEMORY : ERROR_NONE);
        failures += is_hit;
        arena_finish(&arena);
        if (!is_hit)
            return failures;
    }
}

static void test_expression__every_allocation_may_fail(void **state)
{
    (void)state;
    struct arena arena;
    json_t *schema_json = NULL, *filter_json = NULL;
    struct schema *schema = NULL;
    size_t failures = 0;
    fault_alloc_reset();
    long live = fault_alloc_live();
    arena_init(&arena, ARENA_CEILING);
    assert_true(json_tree_parse(slice_from_string(schema_text), "s", &schema_json, NULL));
    assert_true(json_tree_parse(slice_from_string(filter_text), "f", &filter_json, NULL));
    assert_true(schema_parse(schema_json, &arena, &schema, NULL));
    for (size_t fill = 0; fill < 4096; fill += 16)
        failures += sweep(filter_json, schema, fill);
    assert_true(failures > 500);
    json_decref(filter_json);
    json_decref(schema_json);
    arena_finish(&arena);
    assert_int_equal(fault_alloc_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expression__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
