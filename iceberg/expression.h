/*
 * expression.h — filters: read from JSON, bound to a schema, written as JSON and for people.
 *
 * Nodes, terms and literals rest in three arrays and refer to each other by index, so that a filter
 * can be walked for 100,000 files without chasing pointers.
 *
 * Spec:     expressions spec, "Predicates" and appendix B (its newer forms and the deprecated ones,
 *           those of the REST protocol); the reference's Literals, Binder and BoundPredicate
 * Owns:     arrays and texts live in the arena given to the function that made them
 * Errors:   ERROR_BAD_REQUEST naming the column and the types; ceilings are in base/limits.h
 * Threads:  immutable once made
 * Rule:     a bound filter has no NOT: it is pushed down to the predicates, which have negations
 */
#ifndef ICEBERG_EXPRESSION_H
#define ICEBERG_EXPRESSION_H

#include "base/buffer.h"
#include "iceberg/schema.h"
#include "iceberg/transform.h"
#include "iceberg/value.h"

enum expression_op {
    EXPR_FALSE,
    EXPR_TRUE,
    EXPR_AND,
    EXPR_OR,
    EXPR_NOT,
    EXPR_IS_NULL,
    EXPR_NOT_NULL,
    EXPR_IS_NAN,
    EXPR_NOT_NAN,
    EXPR_LT,
    EXPR_LT_EQ,
    EXPR_GT,
    EXPR_GT_EQ,
    EXPR_EQ,
    EXPR_NOT_EQ,
    EXPR_STARTS_WITH,
    EXPR_NOT_STARTS_WITH,
    EXPR_IN,
    EXPR_NOT_IN
};

/* What a predicate is about: a column, or a transform of one. */
struct expression_term {
    struct slice name;          /* as the client wrote it; empty where it gave an id */
    struct transform transform; /* identity for the column itself */
    int32_t field_id;           /* bound, or has_id */
    bool has_id;
    /* Bound only: */
    bool is_nested;            /* not a column at the top */
    const struct type *source; /* of the column; NULL where unbound */
    const struct type *type;   /* of the term's values */
    uint32_t column;           /* its place in field_ids */
};

struct expression_node {
    enum expression_op op;
    uint32_t left, right; /* and, or: nodes; not: left */
    uint32_t term;        /* predicates */
    uint32_t literal;     /* the first; comparisons have one, IN lists many (ascending if bound) */
    uint32_t literal_count;
};

struct expression {
    const struct expression_node *nodes; /* children before parents */
    const struct expression_term *terms;
    const struct value *literals;
    uint32_t root;
    uint32_t node_count;
    uint32_t term_count;
    const int32_t *field_ids; /* bound: of the columns that it needs, ascending */
    uint32_t field_count;
};

static inline enum expression_op expression_root_op(const struct expression *expression)
{
    return expression->nodes[expression->root].op;
}

static inline bool expression_is_predicate(enum expression_op op)
{
    return op >= EXPR_IS_NULL;
}

/* The tree may be freed afterwards. */
bool expression_parse(const json_t *json, struct arena *arena, struct expression *ret_expression,
                      struct error *err);

/* Names become columns, literals values of the columns' types; what the types decide becomes true
 * or false. The schema must outlive the bound filter. */
bool expression_bind(const struct expression *unbound, const struct schema *schema,
                     bool is_case_sensitive, struct arena *arena, struct expression *ret_expression,
                     struct error *err);

/* Bound or not, in the deprecated term form that every client reads. */
void expression_write_json(const struct expression *expression, struct buffer *out);

/* `ts >= "2024-01-01" and (id in (1, 2) or name is null)`; long lists are cut. */
void expression_write_text(const struct expression *expression, struct buffer *out);

/* "lt-eq"; the protocol's word. */
const char *expression_op_name(enum expression_op op);

/* The op of the negated predicate: LT of GT_EQ … */
enum expression_op expression_op_negate(enum expression_op op);

#endif
