#include "base/nearest.h"

static struct slice cut(struct slice text)
{
    return slice_make(text.ptr, text.len < NEAREST_MAX_SIZE ? text.len : NEAREST_MAX_SIZE);
}

size_t nearest_distance(struct slice a, struct slice b)
{
    size_t row[NEAREST_MAX_SIZE + 1];
    a = cut(a);
    b = cut(b);
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            size_t gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < gap ? change : gap;
        }
    }
    return row[b.len];
}

size_t nearest_cost(struct slice a, struct slice b)
{
    bool begins_alike = a.len > 0 && b.len > 0 && a.ptr[0] == b.ptr[0];
    return 2 * nearest_distance(a, b) + !begins_alike;
}

bool nearest_next(struct slice *rest, struct slice *ret_name)
{
    if (rest->len == 0)
        return false;
    size_t end = slice_find(*rest, '|');
    *ret_name = slice_make(rest->ptr, end);
    *rest = slice_from(*rest, end + 1);
    return true;
}

struct slice nearest_of(struct slice name, struct slice names)
{
    struct slice best = {NULL, 0}, one;
    while (nearest_next(&names, &one))
        if (best.ptr == NULL || nearest_cost(name, one) < nearest_cost(name, best))
            best = one;
    return best.ptr ? best : SLICE_EMPTY;
}
