#include "tests/unit/iceberg/expression_fixture.h"

#include "base/json_tree.h"
#include "iceberg/value_json.h"
#include "tests/unit/cmocka_all.h"

static json_t *parse_quoted(struct fixture *fixture, const char *text)
{
    json_t *tree = NULL;
    char *quoted = arena_string(&fixture->arena, slice_from_string(text));
    assert_non_null(quoted);
    for (char *at = quoted; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    assert_ok(json_tree_parse(slice_from_string(quoted), "test", &tree, &fixture->err),
              &fixture->err);
    return tree;
}

struct expression *fixture_filter(struct fixture *fixture, const char *text)
{
    struct expression *expression = ARENA_NEW(&fixture->arena, struct expression);
    json_t *tree = parse_quoted(fixture, text);
    assert_non_null(expression);
    assert_ok(expression_parse(tree, &fixture->arena, expression, &fixture->err), &fixture->err);
    json_decref(tree);
    return expression;
}

struct expression *fixture_bound(struct fixture *fixture, const struct schema *schema,
                                 const char *text)
{
    struct expression *bound = ARENA_NEW(&fixture->arena, struct expression);
    assert_non_null(bound);
    assert_ok(expression_bind(fixture_filter(fixture, text), schema, true, &fixture->arena, bound,
                              &fixture->err),
              &fixture->err);
    return bound;
}

typedef void (*write_fn)(const struct expression *expression, struct buffer *out);

static char *write(struct fixture *fixture, const struct expression *expression, write_fn writer)
{
    struct buffer out;
    buffer_init(&out, (size_t)1024 * 1024);
    writer(expression, &out);
    assert_true(buffer_ok(&out));
    char *text = arena_string(&fixture->arena, buffer_slice(&out));
    buffer_finish(&out);
    assert_non_null(text);
    return text;
}

const char *fixture_filter_text(struct fixture *fixture, const struct expression *expression)
{
    return write(fixture, expression, expression_write_text);
}

const char *fixture_filter_json(struct fixture *fixture, const struct expression *expression)
{
    char *text = write(fixture, expression, expression_write_json);
    for (char *at = text; *at; at++)
        *at = *at == '"' ? '\'' : *at;
    return text;
}

struct value fixture_value(struct fixture *fixture, const char *type, const char *json)
{
    struct value value = VALUE_NONE;
    json_t *type_json = json_string(type);
    json_t *tree = parse_quoted(fixture, json);
    const struct type *parsed = NULL;
    assert_ok(type_parse(type_json, &fixture->arena, &parsed, &fixture->err), &fixture->err);
    assert_ok(value_from_json(parsed, tree, &fixture->arena, &value, &fixture->err), &fixture->err);
    json_decref(type_json);
    json_decref(tree);
    return value;
}
