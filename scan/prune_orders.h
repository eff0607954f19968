/*
 * prune_orders.h — how bounds and partition values lie to a literal, a byte for each row.
 */
#ifndef SCAN_PRUNE_ORDERS_H
#define SCAN_PRUNE_ORDERS_H

#include "iceberg/expression.h"
#include "scan/manifest_columns.h"

enum order {
    ORDER_LESS = -1,
    ORDER_EQUAL = 0,
    ORDER_GREATER = 1,
    ORDER_UNKNOWN = 2, /* none, not readable, or a bound that is NaN */
    ORDER_NULL = 3,    /* partition values only */
    ORDER_NAN = 4,     /* partition values only */
    /* What the specification and the reference agree on where they do not agree on more. */
    ORDER_UNEQUAL = 5, /* two uuids */
    ORDER_AT_MOST = 6, /* -0.0 to 0.0: equal to the one, less to the other */
    ORDER_AT_LEAST = 7,
    ORDER_COUNT = 9 /* with LESS, which is below 0 */
};

/* Never UNKNOWN, NULL or NAN: both are values. */
enum order settled_order(const struct value *a, const struct value *b);

/* Whoever takes the two zeros for one may have written either for a file that has the other: a
 * lower bound of 0.0 counts as -0.0, an upper one of -0.0 as 0.0. */
enum bound_side { BOUND_LOWER, BOUND_UPPER };

/* The value of a bound as the predicate's term has it. False where it is not known. */
bool bound_value(const struct expression_term *term, enum bound_side side, struct slice bytes,
                 struct value *ret_value);

/* One of the first four: what is not agreed on is UNKNOWN here. */
enum order bound_order(const struct expression_term *term, enum bound_side side, struct slice bytes,
                       const struct value *literal);
/* Of the bound's beginning to a prefix of that length; EQUAL means that it starts with it. */
enum order bound_prefix_order(const struct expression_term *term, struct slice bytes,
                              const struct value *prefix);

void bound_orders(const struct bytes_column *bounds, enum bound_side side,
                  const struct expression_term *term, const struct value *literal, size_t first,
                  size_t count, int8_t *ret_orders);
void bound_prefix_orders(const struct bytes_column *bounds, const struct expression_term *term,
                         const struct value *prefix, size_t first, size_t count,
                         int8_t *ret_orders);

/* Of text to a prefix; the shorter of equal beginnings is less. */
enum order prefix_order(struct slice text, struct slice prefix);

/* Index of the first of ascending literals that is not less; `count` where all are. */
size_t literal_at_least(const struct value *literals, size_t count, const struct value *value);

#endif
