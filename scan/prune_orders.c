#include "scan/prune_orders.h"

#include <math.h>

#include "iceberg/transform_apply.h"
#include "scan/uuid_bounds.h"

enum order settled_order(const struct value *a, const struct value *b)
{
    int order = value_compare(a, b);
    if (order == 0 && value_class_of(a->type) == VALUE_REAL &&
        !signbit(a->real) != !signbit(b->real))
        return signbit(a->real) ? ORDER_AT_MOST : ORDER_AT_LEAST;
    if (a->type == TYPE_UUID && (order < 0) != (uuid_compare_signed(a->bytes, b->bytes) < 0))
        return ORDER_UNEQUAL;
    return (enum order)order;
}

bool bound_value(const struct expression_term *term, enum bound_side side, struct slice bytes,
                 struct value *ret_value)
{
    struct value value;
    if (!value_from_bytes(term->source, bytes, &value) || value_is_nan(&value))
        return false;
    if (term->transform.kind != TRANSFORM_IDENTITY &&
        (!transform_preserves_order(&term->transform) ||
         !transform_apply(&term->transform, &value, &value)))
        return false;
    if (value_class_of(value.type) == VALUE_REAL && value.real == 0)
        value.real = side == BOUND_LOWER ? -0.0 : 0.0;
    *ret_value = value;
    return true;
}

enum order bound_order(const struct expression_term *term, enum bound_side side, struct slice bytes,
                       const struct value *literal)
{
    struct value value;
    if (!bound_value(term, side, bytes, &value))
        return ORDER_UNKNOWN;
    enum order order = settled_order(&value, literal);
    return order >= ORDER_UNEQUAL ? ORDER_UNKNOWN : order;
}

enum order prefix_order(struct slice text, struct slice prefix)
{
    size_t len = text.len < prefix.len ? text.len : prefix.len;
    int order = slice_compare(slice_make(text.ptr, len), prefix);
    return order < 0 ? ORDER_LESS : order > 0 ? ORDER_GREATER : ORDER_EQUAL;
}

enum order bound_prefix_order(const struct expression_term *term, struct slice bytes,
                              const struct value *prefix)
{
    struct value value;
    if (!bound_value(term, BOUND_LOWER, bytes, &value)) /* text: either side is the same */
        return ORDER_UNKNOWN;
    return prefix_order(value.bytes, prefix->bytes);
}

/* Bytes of a number's single-value form; 0 for what is no number of four or eight bytes. */
static size_t number_size(enum type_id type)
{
    if (value_class_of(type) != VALUE_NUMBER || type == TYPE_BOOLEAN)
        return 0;
    return type == TYPE_INT || type == TYPE_DATE ? sizeof(int32_t) : sizeof(int64_t);
}

static int64_t load_number(const char *bytes, size_t size)
{
    int64_t wide;
    int32_t narrow;
    if (size == sizeof(wide)) {
        memcpy(&wide, bytes, sizeof(wide));
        return wide;
    }
    memcpy(&narrow, bytes, sizeof(narrow));
    return narrow;
}

/* Whole numbers, which most filters are about, without a detour through struct value. */
static void number_orders(const struct bytes_column *bounds, const struct expression_term *term,
                          int64_t literal, size_t first, size_t count, int8_t *ret_orders)
{
    size_t size = number_size(term->source->id);
    for (size_t i = 0; i < count; i++) {
        struct slice bytes = SLICE_EMPTY;
        struct value value;
        ret_orders[i] = ORDER_UNKNOWN;
        if (!bytes_column_get(bounds, first + i, &bytes))
            continue;
        if (bytes.len == size)
            value.number = load_number(bytes.ptr, size);
        else if (!value_from_bytes(term->source, bytes, &value))
            continue;
        ret_orders[i] = (int8_t)((value.number > literal) - (value.number < literal));
    }
}

void bound_orders(const struct bytes_column *bounds, enum bound_side side,
                  const struct expression_term *term, const struct value *literal, size_t first,
                  size_t count, int8_t *ret_orders)
{
    if (!bounds->offsets) {
        memset(ret_orders, ORDER_UNKNOWN, count);
        return;
    }
    if (term->transform.kind == TRANSFORM_IDENTITY && number_size(term->source->id) > 0) {
        number_orders(bounds, term, literal->number, first, count, ret_orders);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct slice bytes = SLICE_EMPTY;
        bool is_there = bytes_column_get(bounds, first + i, &bytes);
        ret_orders[i] =
            (int8_t)(is_there ? bound_order(term, side, bytes, literal) : ORDER_UNKNOWN);
    }
}

void bound_prefix_orders(const struct bytes_column *bounds, const struct expression_term *term,
                         const struct value *prefix, size_t first, size_t count, int8_t *ret_orders)
{
    bool is_plain = term->transform.kind == TRANSFORM_IDENTITY;
    for (size_t i = 0; i < count; i++) {
        struct slice bytes = SLICE_EMPTY;
        enum order order = ORDER_UNKNOWN;
        if (bytes_column_get(bounds, first + i, &bytes))
            order = is_plain ? prefix_order(bytes, prefix->bytes)
                             : bound_prefix_order(term, bytes, prefix);
        ret_orders[i] = (int8_t)order;
    }
}

size_t literal_at_least(const struct value *literals, size_t count, const struct value *value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (value_compare(&literals[middle], value) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
