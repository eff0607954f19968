#include "base/json_tree.h"
#include "iceberg/json_excerpt.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/sort_order.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"

static const char schema_text[] =
    "{\"type\":\"struct\",\"schema-id\":1,\"identifier-field-ids\":[1],\"fields\":["
    "{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":\"long\",\"doc\":\"d\","
    "\"initial-default\":1,\"write-default\":2},"
    "{\"id\":2,\"name\":\"l\",\"required\":false,\"type\":{\"type\":\"list\",\"element-id\":3,"
    "\"element\":{\"type\":\"struct\",\"fields\":[{\"id\":4,\"name\":\"lat\",\"required\":true,"
    "\"type\":\"geometry(a-coordinate-reference-system-whose-name-is-so-long-that-it-does-not-fit-"
    "into-the-text-which-short-names-are-written-to-and-needs-memory)\"}]},"
    "\"element-required\":true}},"
    "{\"id\":5,\"name\":\"m\",\"required\":false,\"type\":{\"type\":\"map\",\"key-id\":6,"
    "\"key\":\"string\",\"value-id\":7,\"value\":\"decimal(9,2)\",\"value-required\":false}}]}";
static const char spec_text[] =
    "{\"spec-id\":1,\"fields\":[{\"name\":\"b\",\"transform\":\"bucket[4]\",\"source-id\":1,"
    "\"field-id\":1000},{\"name\":\"z\",\"transform\":\"zorder\",\"source-ids\":[1,6],"
    "\"field-id\":1001}]}";
static const char order_text[] =
    "{\"order-id\":1,\"fields\":[{\"transform\":\"bucket[4]\",\"source-id\":1,"
    "\"direction\":\"asc\",\"null-order\":\"nulls-first\"}]}";

/* Far more than any run here takes. */
#define ARENA_CEILING ((size_t)256 * 1024)

typedef bool (*run_fn)(const json_t *json, struct arena *arena, struct error *err);

static json_t *parse(const char *text)
{
    json_t *tree = NULL;
    assert_true(json_tree_parse(slice_from_string(text), "test", &tree, NULL));
    return tree;
}

static bool write_json(json_t *json, struct error *err)
{
    json_decref(json);
    return json != NULL || error_no_memory(err, "JSON");
}

static bool run_schema(const json_t *json, struct arena *arena, struct error *err)
{
    struct schema *schema = NULL, *fresh = NULL;
    TRY(schema_parse(json, arena, &schema, err));
    TRY(schema_assign_fresh_ids(schema, arena, &fresh, err));
    if (!type_name(schema->root, arena).ptr)
        return error_no_memory(err, "a name");
    return write_json(schema_to_json(fresh, 1), err);
}

static bool run_spec(const json_t *json, struct arena *arena, struct error *err)
{
    struct partition_spec *spec = NULL, *v1 = NULL;
    TRY(partition_spec_parse(json, arena, &spec, err));
    TRY(partition_spec_parse_v1(json_object_get(json, "fields"), arena, &v1, err));
    return write_json(partition_spec_to_json(spec), err);
}

static bool run_order(const json_t *json, struct arena *arena, struct error *err)
{
    struct sort_order *order = NULL;
    TRY(sort_order_parse(json, arena, &order, err));
    return write_json(sort_order_to_json(order), err);
}

/* Lets each allocation fail in turn until the run needs no more of them. `fill` bytes are taken
 * from the arena first, so that its first block ends at another place of the run each time. */
static size_t sweep(run_fn run, const char *text, size_t fill)
{
    json_t *json = parse(text);
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct arena arena;
        struct error err = {0};
        arena_init(&arena, ARENA_CEILING);
        assert_true(fill == 0 || arena_alloc(&arena, fill));
        long live = fault_alloc_live();
        size_t blocks_before = arena.total;
        fault_alloc_fail_at(n);
        bool is_done = run(json, &arena, &err);
        bool is_hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        if (is_hit)
            assert_int_equal(err.kind, ERROR_NO_MEMORY);
        assert_true(is_done == !is_hit);
        failures += is_hit;
        bool has_grown = arena.total != blocks_before;
        assert_true(has_grown || fault_alloc_live() == live);
        arena_finish(&arena);
        if (!is_hit)
            break;
    }
    json_decref(json);
    return failures;
}

static void sweep_all(run_fn run, const char *text)
{
    fault_alloc_reset();
    long live = fault_alloc_live();
    size_t failures = 0;
    for (size_t fill = 0; fill < 4096; fill += 48)
        failures += sweep(run, text, fill);
    assert_true(failures > 100);
    assert_int_equal(fault_alloc_live(), live);
}

static void test_schema__short_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    sweep_all(run_schema, schema_text);
}

static void test_partition_spec__short_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    sweep_all(run_spec, spec_text);
}

static void test_sort_order__short_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    sweep_all(run_order, order_text);
}

/* The arena's ceiling is hit at every size instead of malloc failing: every allocation is tried. */
static void test_schema__an_arena_that_is_full_is_an_error(void **state)
{
    (void)state;
    fault_alloc_reset();
    json_t *json = parse(schema_text);
    bool is_done = false;
    size_t ceiling = 0;
    for (; !is_done && ceiling < ARENA_CEILING; ceiling += 16) {
        struct arena arena;
        struct error err = {0};
        arena_init(&arena, ceiling);
        is_done = run_schema(json, &arena, &err);
        assert_true(is_done || err.kind == ERROR_NO_MEMORY);
        arena_finish(&arena);
    }
    assert_true(is_done);
    assert_true(ceiling > 1024);
    json_decref(json);
}

static void test_json_excerpt__is_shorter_where_memory_is_short(void **state)
{
    (void)state;
    fault_alloc_reset();
    json_t *json = parse("{\"a\":[1,2]}");
    for (size_t n = 1; n < 20; n++) {
        fault_alloc_fail_at(n);
        struct json_excerpt excerpt = json_excerpt(json);
        bool is_hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        assert_int_equal(strncmp(excerpt.text, "{\"a\":[1,2]}", strlen(excerpt.text)), 0);
        assert_true(is_hit || strlen(excerpt.text) == 11);
    }
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema__short_memory_is_an_error_and_leaks_nothing),
        cmocka_unit_test(test_partition_spec__short_memory_is_an_error_and_leaks_nothing),
        cmocka_unit_test(test_sort_order__short_memory_is_an_error_and_leaks_nothing),
        cmocka_unit_test(test_schema__an_arena_that_is_full_is_an_error),
        cmocka_unit_test(test_json_excerpt__is_shorter_where_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
