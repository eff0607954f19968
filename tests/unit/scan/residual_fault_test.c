#include "base/json_tree.h"
#include "scan/projection.h"
#include "scan/residual.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"

#define ARENA_CEILING ((size_t)1024 * 1024)

static const char schema_text[] =
    "{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"id\",\"required\":false,\"type\":"
    "\"int\"},{\"id\":2,\"name\":\"name\",\"required\":false,\"type\":\"string\"}]}";
static const char spec_text[] =
    "{\"fields\":[{\"source-id\":1,\"field-id\":1000,\"name\":\"p\",\"transform\":\"identity\"},"
    "{\"source-id\":1,\"field-id\":1001,\"name\":\"b\",\"transform\":\"bucket[7]\"}]}";
static const char filter_text[] =
    "{\"type\":\"and\",\"left\":{\"type\":\"in\",\"term\":\"id\",\"values\":[1,2,3,4,5,6,7,8,9]},"
    "\"right\":{\"type\":\"is-null\",\"term\":\"name\"}}";

struct input {
    json_t *trees[3];
    struct arena arena;
    struct schema *schema;
    struct partition_spec *spec;
    struct expression filter;
};

static void make_input(struct input *input)
{
    struct expression unbound;
    static const char *const texts[] = {schema_text, spec_text, filter_text};
    arena_init(&input->arena, ARENA_CEILING);
    for (int i = 0; i < 3; i++)
        assert_true(json_tree_parse(slice_from_string(texts[i]), "t", &input->trees[i], NULL));
    assert_true(schema_parse(input->trees[0], &input->arena, &input->schema, NULL));
    assert_true(partition_spec_parse(input->trees[1], &input->arena, &input->spec, NULL));
    assert_true(expression_parse(input->trees[2], &input->arena, &unbound, NULL));
    assert_true(
        expression_bind(&unbound, input->schema, true, &input->arena, &input->filter, NULL));
}

static bool run(const struct input *input, struct arena *arena, struct error *err)
{
    struct expression inclusive, strict;
    struct residual_plan *plan = NULL;
    struct residual_cache cache;
    const struct residual *residuals[2];
    static const int64_t ids[] = {3, 30}, buckets[] = {0, 1};
    struct partition_column id = {.kind = PARTITION_LONG, .longs = {ids, NULL}};
    struct partition_column bucket = {.kind = PARTITION_LONG, .longs = {buckets, NULL}};
    const struct partition_column *columns[] = {&id, &bucket};
    struct tuple_rows rows = {columns};
    TRY(projection_inclusive(&input->filter, input->spec, arena, &inclusive, err));
    TRY(projection_strict(&input->filter, input->spec, arena, &strict, err));
    TRY(residual_plan_create(&input->filter, input->spec, arena, &plan, err));
    TRY(residual_cache_init(&cache, plan, err));
    /* Never fails: where memory is short the residual is the filter, which is right as well. */
    residual_cache_get(&cache, &rows, 0, 2, residuals);
    assert_true(residuals[0]->json.len > 0 && residuals[1]->json.len > 0);
    residual_cache_finish(&cache);
    return true;
}

static size_t sweep(const struct input *input, size_t fill)
{
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct arena arena;
        struct error err = {0};
        arena_init(&arena, ARENA_CEILING);
        assert_true(fill == 0 || arena_alloc(&arena, fill));
        fault_alloc_fail_at(n);
        bool is_done = run(input, &arena, &err);
        bool is_hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        assert_true(is_done || is_hit);
        assert_int_equal(err.kind, is_done ? ERROR_NONE : ERROR_NO_MEMORY);
        failures += !is_done;
        arena_finish(&arena);
        if (!is_hit)
            return failures;
    }
}

static void test_residual__every_allocation_may_fail(void **state)
{
    (void)state;
    struct input input = {0};
    size_t failures = 0;
    fault_alloc_reset();
    long live = fault_alloc_live();
    make_input(&input);
    for (size_t fill = 0; fill < 4096; fill += 16)
        failures += sweep(&input, fill);
    assert_true(failures > 500);
    for (int i = 0; i < 3; i++)
        json_decref(input.trees[i]);
    arena_finish(&input.arena);
    assert_int_equal(fault_alloc_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_residual__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
