/*
 * expression_build.h — puts a filter together, for those who read, bind, project or reduce one.
 *
 * Owns:     what it grows lies in the arena
 * Rule:     true and false never stay below AND, OR or NOT
 */
#ifndef ICEBERG_EXPRESSION_BUILD_H
#define ICEBERG_EXPRESSION_BUILD_H

#include "iceberg/expression.h"

struct expression_builder {
    struct arena *arena;
    struct expression_node *nodes;
    struct expression_term *terms;
    struct value *literals;
    size_t node_count, node_capacity;
    size_t term_count, term_capacity;
    size_t literal_count, literal_capacity;
};

void expression_builder_init(struct expression_builder *builder, struct arena *arena);

bool expression_add_constant(struct expression_builder *builder, bool value, uint32_t *ret_node,
                             struct error *err);
bool expression_add_not(struct expression_builder *builder, uint32_t child, uint32_t *ret_node,
                        struct error *err);
/* AND or OR. */
bool expression_add_pair(struct expression_builder *builder, enum expression_op op, uint32_t left,
                         uint32_t right, uint32_t *ret_node, struct error *err);
bool expression_add_term(struct expression_builder *builder, const struct expression_term *term,
                         uint32_t *ret_term, struct error *err);
/* Literals are copied (the array, not their bytes). */
bool expression_add_predicate(struct expression_builder *builder, enum expression_op op,
                              uint32_t term, const struct value *literals, size_t count,
                              uint32_t *ret_node, struct error *err);
/* As above for IN and NOT_IN of bound values: sorts `literals` in place, drops repeated ones, and
 * makes EQ, NOT_EQ or a constant of a list of one or none. */
bool expression_add_set(struct expression_builder *builder, enum expression_op op, uint32_t term,
                        struct value *literals, size_t count, uint32_t *ret_node,
                        struct error *err);

/* Room for `count` literals that the caller fills in; valid until the next call. */
bool expression_add_literals(struct expression_builder *builder, size_t count,
                             struct value **ret_literals, struct error *err);

/* Builds over the terms and literals of a filter, which outlives what is built: its predicates are
 * then copied with expression_add_copy. */
void expression_builder_share(struct expression_builder *builder,
                              const struct expression *expression);
bool expression_add_copy(struct expression_builder *builder,
                         const struct expression_node *predicate, uint32_t *ret_node,
                         struct error *err);

void expression_builder_finish(const struct expression_builder *builder, uint32_t root,
                               struct expression *ret_expression);

#endif
