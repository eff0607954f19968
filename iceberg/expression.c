#include "iceberg/expression.h"

static const char *const op_names[] = {
    [EXPR_FALSE] = "false",
    [EXPR_TRUE] = "true",
    [EXPR_AND] = "and",
    [EXPR_OR] = "or",
    [EXPR_NOT] = "not",
    [EXPR_IS_NULL] = "is-null",
    [EXPR_NOT_NULL] = "not-null",
    [EXPR_IS_NAN] = "is-nan",
    [EXPR_NOT_NAN] = "not-nan",
    [EXPR_LT] = "lt",
    [EXPR_LT_EQ] = "lt-eq",
    [EXPR_GT] = "gt",
    [EXPR_GT_EQ] = "gt-eq",
    [EXPR_EQ] = "eq",
    [EXPR_NOT_EQ] = "not-eq",
    [EXPR_STARTS_WITH] = "starts-with",
    [EXPR_NOT_STARTS_WITH] = "not-starts-with",
    [EXPR_IN] = "in",
    [EXPR_NOT_IN] = "not-in",
};

const char *expression_op_name(enum expression_op op)
{
    return op_names[op];
}

static const enum expression_op negations[] = {
    [EXPR_FALSE] = EXPR_TRUE,
    [EXPR_TRUE] = EXPR_FALSE,
    [EXPR_AND] = EXPR_OR,
    [EXPR_OR] = EXPR_AND,
    [EXPR_NOT] = EXPR_NOT, /* a NOT is taken away, not negated */
    [EXPR_IS_NULL] = EXPR_NOT_NULL,
    [EXPR_NOT_NULL] = EXPR_IS_NULL,
    [EXPR_IS_NAN] = EXPR_NOT_NAN,
    [EXPR_NOT_NAN] = EXPR_IS_NAN,
    [EXPR_LT] = EXPR_GT_EQ,
    [EXPR_LT_EQ] = EXPR_GT,
    [EXPR_GT] = EXPR_LT_EQ,
    [EXPR_GT_EQ] = EXPR_LT,
    [EXPR_EQ] = EXPR_NOT_EQ,
    [EXPR_NOT_EQ] = EXPR_EQ,
    [EXPR_STARTS_WITH] = EXPR_NOT_STARTS_WITH,
    [EXPR_NOT_STARTS_WITH] = EXPR_STARTS_WITH,
    [EXPR_IN] = EXPR_NOT_IN,
    [EXPR_NOT_IN] = EXPR_IN,
};

enum expression_op expression_op_negate(enum expression_op op)
{
    return negations[op];
}
