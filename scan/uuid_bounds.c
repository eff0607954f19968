#include "scan/uuid_bounds.h"

#include <string.h>

#define UUID_SIZE ((size_t)16)
#define HALF_SIZE ((size_t)8)

typedef int (*compare_uuids)(struct slice a, struct slice b);

/* The sign bit counts the other way round. */
static int compare_half(const char *a, const char *b)
{
    bool a_is_negative = (unsigned char)a[0] >= 0x80, b_is_negative = (unsigned char)b[0] >= 0x80;
    if (a_is_negative != b_is_negative)
        return a_is_negative ? -1 : 1;
    return memcmp(a, b, HALF_SIZE);
}

int uuid_compare_signed(struct slice a, struct slice b)
{
    int order = compare_half(a.ptr, b.ptr);
    return order ? order : compare_half(a.ptr + HALF_SIZE, b.ptr + HALF_SIZE);
}

static bool is_there(struct slice bound)
{
    return bound.ptr && bound.len == UUID_SIZE;
}

static bool is_within(const struct uuid_bounds *bounds, struct slice uuid, compare_uuids compare)
{
    return !(is_there(bounds->lower) && compare(uuid, bounds->lower) < 0) &&
           !(is_there(bounds->upper) && compare(uuid, bounds->upper) > 0);
}

bool uuid_bounds_may_hold(const struct uuid_bounds *bounds, struct slice uuid)
{
    return is_within(bounds, uuid, slice_compare) || is_within(bounds, uuid, uuid_compare_signed);
}

/* Uuids between two that begin with the same bit all do, in either order, and among those that do
 * the first half decides alike in both; only where it is equal, the second may not. */
static bool may_compare(const struct uuid_bounds *bounds, enum expression_op op, struct slice uuid)
{
    if (!is_there(bounds->lower) || !is_there(bounds->upper))
        return true;
    unsigned char differs = (unsigned char)((bounds->lower.ptr[0] ^ uuid.ptr[0]) |
                                            (bounds->upper.ptr[0] ^ uuid.ptr[0]));
    if (differs & 0x80)
        return true;
    if (op == EXPR_LT || op == EXPR_LT_EQ)
        return memcmp(bounds->lower.ptr, uuid.ptr, HALF_SIZE) <= 0;
    return memcmp(bounds->upper.ptr, uuid.ptr, HALF_SIZE) >= 0;
}

bool uuid_bounds_may_match(const struct uuid_bounds *bounds, enum expression_op op,
                           const struct value *literals, size_t count)
{
    if (op != EXPR_EQ && op != EXPR_IN)
        return may_compare(bounds, op, literals->bytes);
    for (size_t i = 0; i < count; i++)
        if (uuid_bounds_may_hold(bounds, literals[i].bytes))
            return true;
    return false;
}

static bool is_one(const struct uuid_bounds *bounds)
{
    return slice_equals(bounds->lower, bounds->upper);
}

/* All four begin with the same bit, and one range ends before the other begins. */
static bool are_apart(const struct uuid_bounds *a, const struct uuid_bounds *b)
{
    unsigned char differs =
        (unsigned char)((a->lower.ptr[0] ^ a->upper.ptr[0]) | (a->lower.ptr[0] ^ b->lower.ptr[0]) |
                        (a->lower.ptr[0] ^ b->upper.ptr[0]));
    if (differs & 0x80)
        return false;
    return memcmp(a->upper.ptr, b->lower.ptr, HALF_SIZE) < 0 ||
           memcmp(b->upper.ptr, a->lower.ptr, HALF_SIZE) < 0;
}

bool uuid_bounds_meet(const struct uuid_bounds *a, const struct uuid_bounds *b)
{
    if (!is_there(a->lower) || !is_there(a->upper) || !is_there(b->lower) || !is_there(b->upper))
        return true;
    if (is_one(a))
        return uuid_bounds_may_hold(b, a->lower);
    if (is_one(b))
        return uuid_bounds_may_hold(a, b->lower);
    return !are_apart(a, b);
}
