/*
 * expression_print — a filter as JSON for clients and as text for people. Both recurse as deep as
 * the filter, which parsing has bounded.
 */
#include "base/json_write.h"
#include "iceberg/expression.h"
#include "iceberg/value_json.h"

/* Literals of a list that people get to see. */
#define TEXT_LIST_LENGTH 10

static void write_term_json(const struct expression_term *term, struct buffer *out)
{
    char scratch[TRANSFORM_NAME_SIZE];
    bool is_transform = term->transform.kind != TRANSFORM_IDENTITY;
    if (is_transform) {
        buffer_append_string(out, "{\"type\":\"transform\",\"transform\":");
        json_append_string(out, transform_name_in(&term->transform, scratch));
        buffer_append_string(out, ",\"term\":");
    }
    if (term->has_id)
        buffer_printf(out, "{\"type\":\"reference\",\"id\":%d}", term->field_id);
    else
        json_append_string(out, term->name);
    if (is_transform)
        buffer_append_byte(out, '}');
}

static void write_list_json(const struct value *literals, size_t count, struct buffer *out)
{
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        value_write_json(&literals[i], out);
    }
    buffer_append_byte(out, ']');
}

static void write_predicate_json(const struct expression *expression,
                                 const struct expression_node *node, struct buffer *out)
{
    const struct value *literals = expression->literals + node->literal;
    buffer_append_string(out, "{\"type\":\"");
    buffer_append_string(out, expression_op_name(node->op));
    buffer_append_string(out, "\",\"term\":");
    write_term_json(&expression->terms[node->term], out);
    if (node->op == EXPR_IN || node->op == EXPR_NOT_IN) {
        buffer_append_string(out, ",\"values\":");
        write_list_json(literals, node->literal_count, out);
    } else if (node->op >= EXPR_LT) {
        buffer_append_string(out, ",\"value\":");
        value_write_json(literals, out);
    }
    buffer_append_byte(out, '}');
}

static void write_node_json(const struct expression *expression, uint32_t at, struct buffer *out)
{
    const struct expression_node *node = &expression->nodes[at];
    switch (node->op) {
    case EXPR_TRUE:
    case EXPR_FALSE:
        buffer_append_string(out, expression_op_name(node->op));
        break;
    case EXPR_NOT:
        buffer_append_string(out, "{\"type\":\"not\",\"child\":");
        write_node_json(expression, node->left, out);
        buffer_append_byte(out, '}');
        break;
    case EXPR_AND:
    case EXPR_OR:
        buffer_append_string(out, node->op == EXPR_AND ? "{\"type\":\"and\",\"left\":"
                                                       : "{\"type\":\"or\",\"left\":");
        write_node_json(expression, node->left, out);
        buffer_append_string(out, ",\"right\":");
        write_node_json(expression, node->right, out);
        buffer_append_byte(out, '}');
        break;
    default:
        write_predicate_json(expression, node, out);
    }
}

void expression_write_json(const struct expression *expression, struct buffer *out)
{
    write_node_json(expression, expression->root, out);
}

static const char *const text_words[] = {
    [EXPR_IS_NULL] = " is null",
    [EXPR_NOT_NULL] = " is not null",
    [EXPR_IS_NAN] = " is nan",
    [EXPR_NOT_NAN] = " is not nan",
    [EXPR_LT] = " < ",
    [EXPR_LT_EQ] = " <= ",
    [EXPR_GT] = " > ",
    [EXPR_GT_EQ] = " >= ",
    [EXPR_EQ] = " = ",
    [EXPR_NOT_EQ] = " != ",
    [EXPR_STARTS_WITH] = " starts with ",
    [EXPR_NOT_STARTS_WITH] = " not starts with ",
    [EXPR_IN] = " in ",
    [EXPR_NOT_IN] = " not in ",
};

static void write_term_text(const struct expression_term *term, struct buffer *out)
{
    char scratch[TRANSFORM_NAME_SIZE];
    bool is_transform = term->transform.kind != TRANSFORM_IDENTITY;
    if (is_transform) {
        buffer_append_slice(out, transform_name_in(&term->transform, scratch));
        buffer_append_byte(out, '(');
    }
    if (term->has_id)
        buffer_printf(out, "#%d", term->field_id);
    else
        buffer_append_slice(out, term->name);
    if (is_transform)
        buffer_append_byte(out, ')');
}

static void write_list_text(const struct value *literals, size_t count, struct buffer *out)
{
    size_t shown = count < TEXT_LIST_LENGTH ? count : TEXT_LIST_LENGTH;
    buffer_append_byte(out, '(');
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            buffer_append_string(out, ", ");
        value_write_json(&literals[i], out);
    }
    if (shown < count)
        buffer_printf(out, ", … %zu in all", count);
    buffer_append_byte(out, ')');
}

static void write_predicate_text(const struct expression *expression,
                                 const struct expression_node *node, struct buffer *out)
{
    const struct value *literals = expression->literals + node->literal;
    write_term_text(&expression->terms[node->term], out);
    buffer_append_string(out, text_words[node->op]);
    if (node->op == EXPR_IN || node->op == EXPR_NOT_IN)
        write_list_text(literals, node->literal_count, out);
    else if (node->op >= EXPR_LT)
        value_write_json(literals, out);
}

static void write_node_text(const struct expression *expression, uint32_t at,
                            enum expression_op parent, struct buffer *out)
{
    const struct expression_node *node = &expression->nodes[at];
    /* AND within OR reads well without brackets, OR within AND does not. */
    bool has_brackets = node->op == EXPR_OR && parent != EXPR_OR;
    switch (node->op) {
    case EXPR_TRUE:
    case EXPR_FALSE:
        buffer_append_string(out, expression_op_name(node->op));
        break;
    case EXPR_NOT:
        buffer_append_string(out, "not (");
        write_node_text(expression, node->left, EXPR_OR, out);
        buffer_append_byte(out, ')');
        break;
    case EXPR_AND:
    case EXPR_OR:
        buffer_append_string(out, has_brackets ? "(" : "");
        write_node_text(expression, node->left, node->op, out);
        buffer_append_string(out, node->op == EXPR_AND ? " and " : " or ");
        write_node_text(expression, node->right, node->op, out);
        buffer_append_string(out, has_brackets ? ")" : "");
        break;
    default:
        write_predicate_text(expression, node, out);
    }
}

void expression_write_text(const struct expression *expression, struct buffer *out)
{
    write_node_text(expression, expression->root, EXPR_OR, out);
}
