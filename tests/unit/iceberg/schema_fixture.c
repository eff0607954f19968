#include "tests/unit/iceberg/schema_fixture.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "tests/unit/cmocka_all.h"

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (!fixture)
        return -1;
    arena_init(&fixture->arena, (size_t)64 * 1024 * 1024);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < fixture->tree_count; i++)
        json_decref(fixture->trees[i]);
    arena_finish(&fixture->arena);
    free(fixture);
    return 0;
}

json_t *fixture_json(struct fixture *fixture, const char *text)
{
    char *quoted = arena_string(&fixture->arena, slice_from_string(text));
    assert_non_null(quoted);
    for (char *at = quoted; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    assert_true(fixture->tree_count < FIXTURE_MAX_TREES);
    json_t *tree = NULL;
    if (!json_tree_parse(slice_from_string(quoted), "test", &tree, &fixture->err))
        fail_msg("%s", fixture->err.message);
    fixture->trees[fixture->tree_count++] = tree;
    return tree;
}

const struct type *fixture_type(struct fixture *fixture, const char *text)
{
    const struct type *type = NULL;
    if (!type_parse(fixture_json(fixture, text), &fixture->arena, &type, &fixture->err))
        fail_msg("%s", fixture->err.message);
    return type;
}

struct schema *fixture_schema(struct fixture *fixture, const char *text)
{
    struct schema *schema = NULL;
    if (!schema_parse(fixture_json(fixture, text), &fixture->arena, &schema, &fixture->err))
        fail_msg("%s", fixture->err.message);
    return schema;
}

struct partition_spec *fixture_spec(struct fixture *fixture, const char *text)
{
    struct partition_spec *spec = NULL;
    if (!partition_spec_parse(fixture_json(fixture, text), &fixture->arena, &spec, &fixture->err))
        fail_msg("%s", fixture->err.message);
    return spec;
}

struct sort_order *fixture_order(struct fixture *fixture, const char *text)
{
    struct sort_order *order = NULL;
    if (!sort_order_parse(fixture_json(fixture, text), &fixture->arena, &order, &fixture->err))
        fail_msg("%s", fixture->err.message);
    return order;
}

void fixture_assert_json(struct fixture *fixture, json_t *json, const char *text)
{
    assert_non_null(json);
    char *actual = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    char *expected = json_dumps(fixture_json(fixture, text), JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(json);
    assert_string_equal(actual, expected);
    free(actual);
    free(expected);
}

void fixture_assert_error(const struct fixture *fixture, enum error_kind kind, const char *message)
{
    assert_string_equal(fixture->err.message, message);
    assert_int_equal(fixture->err.kind, kind);
}
