#include "iceberg/id_set.h"

#include <stdlib.h>

#include "base/limits.h"

/* Ids come out of metadata text, where each takes two bytes at the very least. */
#define ID_SET_CEILING (MAX_METADATA_SIZE / 2 * sizeof(int64_t))

void id_set_init(struct id_set *set)
{
    buffer_init(&set->ids, ID_SET_CEILING);
}

void id_set_finish(struct id_set *set)
{
    buffer_finish(&set->ids);
}

void id_set_add(struct id_set *set, int64_t id)
{
    buffer_append(&set->ids, &id, sizeof(id));
}

size_t id_set_count(const struct id_set *set)
{
    return set->ids.len / sizeof(int64_t);
}

static int id_compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t *set_items(const struct id_set *set)
{
    /* malloc'd bytes are aligned for any type. */
    return (int64_t *)(void *)set->ids.ptr;
}

bool id_set_seal(struct id_set *set, const char *what, struct error *err)
{
    TRY(buffer_check(&set->ids, what, err));
    if (set->ids.len > 0)
        qsort(set->ids.ptr, id_set_count(set), sizeof(int64_t), id_compare);
    return true;
}

bool id_set_has(const struct id_set *set, int64_t id)
{
    if (set->ids.len == 0)
        return false;
    return bsearch(&id, set->ids.ptr, id_set_count(set), sizeof(int64_t), id_compare) != NULL;
}

bool id_set_has_duplicate(const struct id_set *set, int64_t *ret_id)
{
    const int64_t *ids = set_items(set);
    for (size_t i = 1; i < id_set_count(set); i++) {
        if (ids[i] == ids[i - 1]) {
            *ret_id = ids[i];
            return true;
        }
    }
    return false;
}
