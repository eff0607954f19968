/*
 * expression_bind — an unbound filter to one over a schema's columns.
 *
 * Walks the tree once with the number of NOTs above modulo two, so that each predicate is bound as
 * it stands or negated and no NOT is left. What a column's type decides is folded as the reference
 * does it: a literal above all values of the type makes LT true, EQ false; a test of null on a
 * column that is required all the way up is a constant.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "iceberg/expression_build.h"
#include "iceberg/expression_term.h"
#include "iceberg/json_excerpt.h"
#include "iceberg/transform_apply.h"
#include "iceberg/type_primitive.h"
#include "iceberg/value_json.h"

struct binder {
    const struct expression *unbound;
    const struct schema *schema;
    struct expression_names *names;
    struct arena *arena;
    struct expression_builder builder;
};

static bool is_required(const struct schema *schema, const struct schema_field *field)
{
    for (; field; field = schema_find_parent(schema, field)) {
        if (!field->field->is_required)
            return false;
    }
    return true;
}

static bool bind_null_test(struct binder *binder, enum expression_op op,
                           const struct expression_term *term, const struct schema_field *field,
                           uint32_t *ret_node, struct error *err)
{
    uint32_t at = 0;
    bool is_never_null =
        transform_preserves_order(&term->transform) && is_required(binder->schema, field);
    if (is_never_null || term->type->id == TYPE_UNKNOWN)
        return expression_add_constant(&binder->builder, (op == EXPR_NOT_NULL) == is_never_null,
                                       ret_node, err);
    TRY(expression_add_term(&binder->builder, term, &at, err));
    return expression_add_predicate(&binder->builder, op, at, NULL, 0, ret_node, err);
}

static bool bind_nan_test(struct binder *binder, enum expression_op op,
                          const struct expression_term *term, uint32_t *ret_node, struct error *err)
{
    uint32_t at = 0;
    if (value_class_of(term->type->id) != VALUE_REAL) {
        char name[JSON_EXCERPT_SIZE];
        type_name_write(term->type, name, sizeof(name));
        return error_set(err, ERROR_BAD_REQUEST,
                         "%s cannot be used with column '%.*s': %s has no NaN",
                         expression_op_name(op), SLICE_ARG(term->name), name);
    }
    TRY(expression_add_term(&binder->builder, term, &at, err));
    return expression_add_predicate(&binder->builder, op, at, NULL, 0, ret_node, err);
}

static bool refuse_literal(const struct expression_term *term, const struct value *literal,
                           struct error *err)
{
    struct buffer text;
    char name[JSON_EXCERPT_SIZE];
    buffer_init(&text, KIB);
    value_write_json(literal, &text);
    type_name_write(term->type, name, sizeof(name));
    error_set(err, ERROR_BAD_REQUEST,
              "Invalid value for column '%.*s': cannot convert %.*s (%s) to type %s",
              SLICE_ARG(term->name), SLICE_ARG(buffer_slice(&text)),
              type_primitive_word(literal->type), name);
    buffer_finish(&text);
    return false;
}

static bool convert(struct binder *binder, const struct expression_term *term,
                    const struct value *literal, struct value *ret_value, enum value_fit *ret_fit,
                    struct error *err)
{
    TRY(value_convert(literal, term->type, binder->arena, ret_value, ret_fit, err));
    return *ret_fit != VALUE_UNFIT || refuse_literal(term, literal, err);
}

/* What is left of a comparison with a value that the type does not have. Between two values, less
 * means at most the lower one. */
static enum expression_op fold_comparison(enum expression_op op, enum value_fit fit)
{
    bool is_less = op == EXPR_LT || op == EXPR_LT_EQ;
    if (op == EXPR_EQ || op == EXPR_NOT_EQ)
        return op == EXPR_EQ ? EXPR_FALSE : EXPR_TRUE;
    if (fit == VALUE_BETWEEN)
        return is_less ? EXPR_LT_EQ : EXPR_GT;
    return is_less == (fit == VALUE_ABOVE) ? EXPR_TRUE : EXPR_FALSE;
}

static bool check_prefix(const struct expression_term *term, enum expression_op op,
                         struct error *err)
{
    char name[JSON_EXCERPT_SIZE];
    if ((op != EXPR_STARTS_WITH && op != EXPR_NOT_STARTS_WITH) || term->type->id == TYPE_STRING)
        return true;
    type_name_write(term->type, name, sizeof(name));
    return error_set(err, ERROR_BAD_REQUEST, "%s needs a string, but column '%.*s' is of type %s",
                     expression_op_name(op), SLICE_ARG(term->name), name);
}

static bool bind_comparison(struct binder *binder, enum expression_op op,
                            const struct expression_term *term, const struct value *literal,
                            uint32_t *ret_node, struct error *err)
{
    struct value value = VALUE_NONE;
    enum value_fit fit = VALUE_UNFIT;
    uint32_t at = 0;
    TRY(check_prefix(term, op, err));
    TRY(convert(binder, term, literal, &value, &fit, err));
    if (fit != VALUE_FITS)
        op = fold_comparison(op, fit);
    if (!expression_is_predicate(op))
        return expression_add_constant(&binder->builder, op == EXPR_TRUE, ret_node, err);
    TRY(expression_add_term(&binder->builder, term, &at, err));
    return expression_add_predicate(&binder->builder, op, at, &value, 1, ret_node, err);
}

/* Literals that the type does not have drop out of the list. */
static bool bind_set(struct binder *binder, enum expression_op op,
                     const struct expression_term *term, const struct value *literals, size_t count,
                     uint32_t *ret_node, struct error *err)
{
    struct value *values = NULL;
    size_t kept = 0;
    uint32_t at = 0;
    TRY(expression_add_literals(&binder->builder, count, &values, err));
    for (size_t i = 0; i < count; i++) {
        enum value_fit fit = VALUE_UNFIT;
        TRY(convert(binder, term, &literals[i], &values[kept], &fit, err));
        kept += fit == VALUE_FITS;
    }
    TRY(expression_add_term(&binder->builder, term, &at, err));
    return expression_add_set(&binder->builder, op, at, values, kept, ret_node, err);
}

static bool bind_predicate(struct binder *binder, const struct expression_node *node,
                           enum expression_op op, uint32_t *ret_node, struct error *err)
{
    struct expression_term term;
    const struct schema_field *field = NULL;
    const struct value *literals = binder->unbound->literals + node->literal;
    TRY(expression_term_bind(&binder->unbound->terms[node->term], binder->names, &term, &field,
                             err));
    switch (op) {
    case EXPR_IS_NULL:
    case EXPR_NOT_NULL:
        return bind_null_test(binder, op, &term, field, ret_node, err);
    case EXPR_IS_NAN:
    case EXPR_NOT_NAN:
        return bind_nan_test(binder, op, &term, ret_node, err);
    case EXPR_IN:
    case EXPR_NOT_IN:
        return bind_set(binder, op, &term, literals, node->literal_count, ret_node, err);
    default:
        return bind_comparison(binder, op, &term, literals, ret_node, err);
    }
}

static bool bind_node(struct binder *binder, uint32_t at, bool is_negated, uint32_t *ret_node,
                      struct error *err)
{
    const struct expression_node *node = &binder->unbound->nodes[at];
    enum expression_op op = is_negated ? expression_op_negate(node->op) : node->op;
    uint32_t left = 0, right = 0;
    switch (op) {
    case EXPR_TRUE:
    case EXPR_FALSE:
        return expression_add_constant(&binder->builder, op == EXPR_TRUE, ret_node, err);
    case EXPR_NOT:
        return bind_node(binder, node->left, !is_negated, ret_node, err);
    case EXPR_AND:
    case EXPR_OR:
        TRY(bind_node(binder, node->left, is_negated, &left, err));
        TRY(bind_node(binder, node->right, is_negated, &right, err));
        return expression_add_pair(&binder->builder, op, left, right, ret_node, err);
    default:
        return bind_predicate(binder, node, op, ret_node, err);
    }
}

static int compare_ids(const void *a, const void *b)
{
    const int32_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Numbers the columns that predicates still speak of, each once, ascending by id. */
static bool number_columns(struct binder *binder, struct expression *expression, struct error *err)
{
    size_t count = binder->builder.term_count, kept = 0;
    int32_t *ids = ARENA_ARRAY(binder->arena, int32_t, count + 1);
    if (!ids)
        return error_no_memory(err, "a filter");
    for (size_t i = 0; i < count; i++)
        ids[i] = binder->builder.terms[i].field_id;
    if (count > 1)
        qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    }
    for (size_t i = 0; i < count; i++) {
        struct expression_term *term = &binder->builder.terms[i];
        const int32_t *found = bsearch(&term->field_id, ids, kept, sizeof(*ids), compare_ids);
        term->column = (uint32_t)(found - ids);
    }
    expression->field_ids = ids;
    expression->field_count = (uint32_t)kept;
    return true;
}

bool expression_bind(const struct expression *unbound, const struct schema *schema,
                     bool is_case_sensitive, struct arena *arena, struct expression *ret_expression,
                     struct error *err)
{
    struct binder binder = {.unbound = unbound, .schema = schema, .arena = arena};
    struct expression bound;
    uint32_t root = 0;
    expression_builder_init(&binder.builder, arena);
    TRY(expression_names_create(schema, is_case_sensitive, arena, &binder.names, err));
    TRY(bind_node(&binder, unbound->root, false, &root, err));
    expression_builder_finish(&binder.builder, root, &bound);
    TRY(number_columns(&binder, &bound, err));
    *ret_expression = bound;
    return true;
}
