#include "iceberg/expression_build.h"

#include <math.h>
#include <stdlib.h>

void expression_builder_init(struct expression_builder *builder, struct arena *arena)
{
    *builder = (struct expression_builder){.arena = arena};
}

/* Makes room for `extra` items; the old array stays behind in the arena. */
static bool grow(struct arena *arena, void **items, size_t item_size, size_t count, size_t extra,
                 size_t *capacity, struct error *err)
{
    if (*items && count + extra <= *capacity)
        return true;
    size_t wanted = *capacity * 2 > count + extra ? *capacity * 2 : count + extra;
    void *grown = arena_calloc(arena, wanted < 8 ? 8 : wanted, item_size);
    if (!grown)
        return error_no_memory(err, "a filter");
    if (count > 0)
        memcpy(grown, *items, count * item_size);
    *items = grown;
    *capacity = wanted < 8 ? 8 : wanted;
    return true;
}

static bool add_node(struct expression_builder *builder, const struct expression_node *node,
                     uint32_t *ret_node, struct error *err)
{
    void *nodes = builder->nodes;
    TRY(grow(builder->arena, &nodes, sizeof(*node), builder->node_count, 1, &builder->node_capacity,
             err));
    builder->nodes = nodes;
    builder->nodes[builder->node_count] = *node;
    *ret_node = (uint32_t)builder->node_count++;
    return true;
}

bool expression_add_constant(struct expression_builder *builder, bool value, uint32_t *ret_node,
                             struct error *err)
{
    struct expression_node node = {.op = value ? EXPR_TRUE : EXPR_FALSE};
    return add_node(builder, &node, ret_node, err);
}

bool expression_add_not(struct expression_builder *builder, uint32_t child, uint32_t *ret_node,
                        struct error *err)
{
    enum expression_op op = builder->nodes[child].op;
    struct expression_node node = {.op = EXPR_NOT, .left = child};
    if (op == EXPR_TRUE || op == EXPR_FALSE)
        return expression_add_constant(builder, op == EXPR_FALSE, ret_node, err);
    return add_node(builder, &node, ret_node, err);
}

bool expression_add_pair(struct expression_builder *builder, enum expression_op op, uint32_t left,
                         uint32_t right, uint32_t *ret_node, struct error *err)
{
    /* What decides the pair, whatever the other side is; its opposite leaves the other side. */
    enum expression_op deciding = op == EXPR_AND ? EXPR_FALSE : EXPR_TRUE;
    enum expression_op neutral = op == EXPR_AND ? EXPR_TRUE : EXPR_FALSE;
    enum expression_op left_op = builder->nodes[left].op, right_op = builder->nodes[right].op;
    struct expression_node node = {.op = op, .left = left, .right = right};
    if (left_op == deciding || right_op == neutral)
        *ret_node = left;
    else if (right_op == deciding || left_op == neutral)
        *ret_node = right;
    else
        return add_node(builder, &node, ret_node, err);
    return true;
}

bool expression_add_term(struct expression_builder *builder, const struct expression_term *term,
                         uint32_t *ret_term, struct error *err)
{
    void *terms = builder->terms;
    TRY(grow(builder->arena, &terms, sizeof(*term), builder->term_count, 1, &builder->term_capacity,
             err));
    builder->terms = terms;
    builder->terms[builder->term_count] = *term;
    *ret_term = (uint32_t)builder->term_count++;
    return true;
}

bool expression_add_literals(struct expression_builder *builder, size_t count,
                             struct value **ret_literals, struct error *err)
{
    void *literals = builder->literals;
    TRY(grow(builder->arena, &literals, sizeof(**ret_literals), builder->literal_count, count,
             &builder->literal_capacity, err));
    builder->literals = literals;
    *ret_literals = builder->literals + builder->literal_count;
    return true;
}

bool expression_add_predicate(struct expression_builder *builder, enum expression_op op,
                              uint32_t term, const struct value *literals, size_t count,
                              uint32_t *ret_node, struct error *err)
{
    struct value *room = NULL;
    struct expression_node node = {
        .op = op,
        .term = term,
        .literal = (uint32_t)builder->literal_count,
        .literal_count = (uint32_t)count,
    };
    TRY(expression_add_literals(builder, count, &room, err));
    if (count > 0 && room != literals)
        memcpy(room, literals, count * sizeof(*room));
    builder->literal_count += count;
    return add_node(builder, &node, ret_node, err);
}

/* -0.0 before 0.0: they are one value to some readers only, and to others both count. */
static int compare_literals(const void *a, const void *b)
{
    const struct value *left = a, *right = b;
    int order = value_compare(left, right);
    if (order != 0 || value_class_of(left->type) != VALUE_REAL)
        return order;
    return !signbit(left->real) - !signbit(right->real);
}

static size_t sort_unique(struct value *literals, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(literals, count, sizeof(*literals), compare_literals);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_literals(&literals[kept - 1], &literals[i]) != 0)
            literals[kept++] = literals[i];
    }
    return kept;
}

bool expression_add_set(struct expression_builder *builder, enum expression_op op, uint32_t term,
                        struct value *literals, size_t count, uint32_t *ret_node, struct error *err)
{
    size_t kept = sort_unique(literals, count);
    if (kept == 0)
        return expression_add_constant(builder, op == EXPR_NOT_IN, ret_node, err);
    if (kept == 1)
        op = op == EXPR_IN ? EXPR_EQ : EXPR_NOT_EQ;
    return expression_add_predicate(builder, op, term, literals, kept, ret_node, err);
}

/* Both arrays are full, so that nothing is ever written to them. */
void expression_builder_share(struct expression_builder *builder,
                              const struct expression *expression)
{
    builder->terms = (struct expression_term *)(uintptr_t)expression->terms;
    builder->literals = (struct value *)(uintptr_t)expression->literals;
    builder->term_count = builder->term_capacity = expression->term_count;
}

bool expression_add_copy(struct expression_builder *builder,
                         const struct expression_node *predicate, uint32_t *ret_node,
                         struct error *err)
{
    return add_node(builder, predicate, ret_node, err);
}

void expression_builder_finish(const struct expression_builder *builder, uint32_t root,
                               struct expression *ret_expression)
{
    /* What a predicate without literals points at, so that no one adds to a null pointer. */
    static const struct value nothing = {.type = TYPE_UNKNOWN};
    *ret_expression = (struct expression){
        .nodes = builder->nodes,
        .terms = builder->terms,
        .literals = builder->literals ? builder->literals : &nothing,
        .root = root,
        .node_count = (uint32_t)builder->node_count,
        .term_count = (uint32_t)builder->term_count,
    };
}
