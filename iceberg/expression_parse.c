/*
 * expression_parse — JSON to an unbound filter.
 *
 * A predicate comes in two forms: {"type", "child"} or {"type", "left", "right"} of value
 * expressions, and the older {"type", "term", "value" or "values"}. One of the sides of a
 * comparison must be a literal; where it is the left one, the comparison is turned around.
 */
#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/expression_build.h"
#include "iceberg/expression_term.h"
#include "iceberg/json_excerpt.h"
#include "iceberg/value_json.h"

/* Longest word of an op, with room: longer ones are no op. */
#define OP_NAME_SIZE 24

struct parser {
    struct arena *arena;
    struct expression_builder builder;
    size_t predicate_count;
    unsigned depth;
};

static bool parse_node(struct parser *parser, const json_t *json, uint32_t *ret_node,
                       struct error *err);

/* Words are matched as the reference does: in any case, with - or _. */
static bool find_op(struct slice word, enum expression_op *ret_op)
{
    char name[OP_NAME_SIZE];
    if (word.len >= sizeof(name))
        return false;
    for (size_t i = 0; i < word.len; i++)
        name[i] = word.ptr[i] == '_' ? '-' : word.ptr[i];
    for (int op = 0; op <= EXPR_NOT_IN; op++) {
        const char *known = expression_op_name((enum expression_op)op);
        if (slice_equals_ignore_case(slice_make(name, word.len), slice_from_string(known))) {
            *ret_op = (enum expression_op)op;
            return true;
        }
    }
    return false;
}

static bool refuse(const char *why, const json_t *json, struct error *err)
{
    struct json_excerpt excerpt = json_excerpt(json);
    return error_set(err, ERROR_BAD_REQUEST, "Cannot parse filter: %s: %s", why, excerpt.text);
}

static bool parse_data_type(const json_t *json, struct arena *arena, const struct type **ret_type,
                            struct error *err)
{
    TRY(type_parse(json, arena, ret_type, err));
    if (value_class_of((*ret_type)->id) == VALUE_NESTED || (*ret_type)->id == TYPE_UNKNOWN)
        return refuse("data-type must be a primitive type", json, err);
    return true;
}

/* A bare value, or {"type": "literal", "value": …, "data-type": …?}. */
static bool parse_literal(struct parser *parser, const json_t *json, struct value *ret_value,
                          struct error *err)
{
    const struct type *type = NULL;
    struct slice word = SLICE_EMPTY;
    if (!json_is_object(json))
        return value_literal_from_json(json, parser->arena, ret_value, err);
    TRY(json_get_string(json, "type", &word, err));
    if (!slice_equals_ignore_case(word, SLICE_LITERAL("literal")))
        return refuse("not a literal", json, err);
    const json_t *value = json_object_get(json, "value");
    const json_t *data_type = json_object_get(json, "data-type");
    if (!data_type || json_is_null(data_type))
        return value_literal_from_json(value, parser->arena, ret_value, err);
    TRY(parse_data_type(data_type, parser->arena, &type, err));
    return value_from_json(type, value, parser->arena, ret_value, err);
}

static bool check_counts(struct parser *parser, size_t literals, struct error *err)
{
    if (++parser->predicate_count > MAX_FILTER_PREDICATES)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot parse filter: it has more than %d predicates",
                         MAX_FILTER_PREDICATES);
    if (literals > MAX_FILTER_LITERALS - parser->builder.literal_count)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot parse filter: it has more than %d literals; join with a table "
                         "instead, or scan without this predicate",
                         MAX_FILTER_LITERALS);
    return true;
}

/* An array of literals, or {"type": "literals", "values": […], "data-type": T}. */
static bool parse_literals(struct parser *parser, const json_t *json, struct value *ret_values,
                           struct error *err)
{
    const struct type *type = NULL;
    const json_t *values = json;
    if (json_is_object(json)) {
        values = json_object_get(json, "values");
        TRY(parse_data_type(json_object_get(json, "data-type"), parser->arena, &type, err));
    }
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *item = json_array_get(values, i);
        if (type)
            TRY(value_from_json(type, item, parser->arena, &ret_values[i], err));
        else
            TRY(parse_literal(parser, item, &ret_values[i], err));
    }
    return true;
}

static bool is_typed_list(const json_t *json)
{
    const json_t *word = json_object_get(json, "type");
    return json_is_string(word) &&
           slice_equals_ignore_case(json_slice(word), SLICE_LITERAL("literals")) &&
           json_is_array(json_object_get(json, "values"));
}

static bool parse_set(struct parser *parser, enum expression_op op, const json_t *json,
                      uint32_t term, uint32_t *ret_node, struct error *err)
{
    const json_t *values = json_object_get(json, "values");
    struct value *literals = NULL;
    if (json_object_get(json, "value"))
        return refuse("IN has no value, but values", json, err);
    if (!json_is_array(values) && !is_typed_list(values))
        return refuse("values must be a list of literals", json, err);
    size_t count =
        json_array_size(json_is_array(values) ? values : json_object_get(values, "values"));
    TRY(check_counts(parser, count, err));
    TRY(expression_add_literals(&parser->builder, count, &literals, err));
    TRY(parse_literals(parser, values, literals, err));
    return expression_add_predicate(&parser->builder, op, term, literals, count, ret_node, err);
}

static bool is_literal(const json_t *json)
{
    const json_t *word = json_object_get(json, "type");
    if (!json_is_object(json))
        return true;
    return json_is_string(word) &&
           slice_equals_ignore_case(json_slice(word), SLICE_LITERAL("literal"));
}

static enum expression_op turn_around(enum expression_op op)
{
    switch (op) {
    case EXPR_LT:
        return EXPR_GT;
    case EXPR_LT_EQ:
        return EXPR_GT_EQ;
    case EXPR_GT:
        return EXPR_LT;
    case EXPR_GT_EQ:
        return EXPR_LT_EQ;
    default:
        return op;
    }
}

/* Finds the two sides of a comparison in either form. */
static bool find_sides(const json_t *json, enum expression_op *op, const json_t **ret_term,
                       const json_t **ret_value, struct error *err)
{
    const json_t *left = json_object_get(json, "left"), *right = json_object_get(json, "right");
    if (json_object_get(json, "values"))
        return refuse("a comparison has no values, but one value", json, err);
    *ret_term = json_object_get(json, "term");
    *ret_value = json_object_get(json, "value");
    if (left && right) {
        bool is_turned = is_literal(left) && !is_literal(right);
        bool is_prefix = *op == EXPR_STARTS_WITH || *op == EXPR_NOT_STARTS_WITH;
        *ret_term = is_turned ? right : left;
        *ret_value = is_turned ? left : right;
        if (is_literal(left) == is_literal(right) || (is_turned && is_prefix))
            return refuse("a comparison needs a column on one side and a literal on the other",
                          json, err);
        *op = is_turned ? turn_around(*op) : *op;
    }
    if (!*ret_term || !*ret_value)
        return refuse("a comparison needs a term and a value, or left and right", json, err);
    return true;
}

static bool parse_comparison(struct parser *parser, enum expression_op op, const json_t *json,
                             uint32_t *ret_node, struct error *err)
{
    const json_t *side = NULL, *value = NULL;
    struct expression_term term;
    struct value literal;
    uint32_t at = 0;
    TRY(find_sides(json, &op, &side, &value, err));
    TRY(check_counts(parser, 1, err));
    TRY(expression_term_parse(side, parser->arena, &term, err));
    TRY(parse_literal(parser, value, &literal, err));
    TRY(expression_add_term(&parser->builder, &term, &at, err));
    return expression_add_predicate(&parser->builder, op, at, &literal, 1, ret_node, err);
}

static bool parse_predicate(struct parser *parser, enum expression_op op, const json_t *json,
                            uint32_t *ret_node, struct error *err)
{
    struct expression_term term;
    uint32_t at = 0;
    if (op >= EXPR_LT && op <= EXPR_NOT_STARTS_WITH)
        return parse_comparison(parser, op, json, ret_node, err);
    const json_t *child = json_object_get(json, "child");
    child = child ? child : json_object_get(json, "term");
    if (!child)
        return refuse("a predicate needs a term or child", json, err);
    TRY(expression_term_parse(child, parser->arena, &term, err));
    TRY(expression_add_term(&parser->builder, &term, &at, err));
    if (op == EXPR_IN || op == EXPR_NOT_IN)
        return parse_set(parser, op, json, at, ret_node, err);
    if (json_object_get(json, "value") || json_object_get(json, "values"))
        return refuse("a test of null or NaN has no value", json, err);
    TRY(check_counts(parser, 0, err));
    return expression_add_predicate(&parser->builder, op, at, NULL, 0, ret_node, err);
}

static bool parse_pair(struct parser *parser, enum expression_op op, const json_t *json,
                       uint32_t *ret_node, struct error *err)
{
    uint32_t left = 0, right = 0;
    const json_t *left_json = json_object_get(json, "left");
    const json_t *right_json = json_object_get(json, "right");
    if (!left_json || !right_json)
        return refuse("and, or need left and right", json, err);
    TRY(parse_node(parser, left_json, &left, err));
    TRY(parse_node(parser, right_json, &right, err));
    return expression_add_pair(&parser->builder, op, left, right, ret_node, err);
}

static bool parse_not(struct parser *parser, const json_t *json, uint32_t *ret_node,
                      struct error *err)
{
    uint32_t child = 0;
    const json_t *child_json = json_object_get(json, "child");
    if (!child_json)
        return refuse("not needs a child", json, err);
    TRY(parse_node(parser, child_json, &child, err));
    return expression_add_not(&parser->builder, child, ret_node, err);
}

static bool parse_object(struct parser *parser, const json_t *json, uint32_t *ret_node,
                         struct error *err)
{
    struct slice word = SLICE_EMPTY;
    enum expression_op op = EXPR_FALSE;
    TRY(json_get_string(json, "type", &word, err));
    if (slice_equals_ignore_case(word, SLICE_LITERAL("literal"))) {
        const json_t *value = json_object_get(json, "value");
        if (!json_is_boolean(value))
            return refuse("only a boolean literal is a predicate", json, err);
        return expression_add_constant(&parser->builder, json_is_true(value), ret_node, err);
    }
    if (!find_op(word, &op))
        return refuse("unknown operation", json, err);
    switch (op) {
    case EXPR_TRUE:
    case EXPR_FALSE:
        return expression_add_constant(&parser->builder, op == EXPR_TRUE, ret_node, err);
    case EXPR_AND:
    case EXPR_OR:
        return parse_pair(parser, op, json, ret_node, err);
    case EXPR_NOT:
        return parse_not(parser, json, ret_node, err);
    default:
        return parse_predicate(parser, op, json, ret_node, err);
    }
}

static bool parse_node(struct parser *parser, const json_t *json, uint32_t *ret_node,
                       struct error *err)
{
    if (json_is_boolean(json))
        return expression_add_constant(&parser->builder, json_is_true(json), ret_node, err);
    if (!json_is_object(json))
        return refuse("an expression must be an object or a boolean", json, err);
    if (parser->depth == MAX_FILTER_DEPTH)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Cannot parse filter: it is nested deeper than %d levels",
                         MAX_FILTER_DEPTH);
    parser->depth++;
    TRY(parse_object(parser, json, ret_node, err));
    parser->depth--;
    return true;
}

bool expression_parse(const json_t *json, struct arena *arena, struct expression *ret_expression,
                      struct error *err)
{
    struct parser parser = {.arena = arena};
    uint32_t root = 0;
    expression_builder_init(&parser.builder, arena);
    TRY(parse_node(&parser, json, &root, err));
    expression_builder_finish(&parser.builder, root, ret_expression);
    return true;
}
