#include "base/text_set.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(item) ((item)->is_hashed = false)
#include <uthash.h>

struct text_set_item {
    UT_hash_handle hh; /* uthash keeps the order of adding */
    struct slice text;
    bool is_hashed;
};

void text_set_init(struct text_set *set, struct arena *arena)
{
    set->arena = arena;
    set->items = NULL;
}

void text_set_finish(struct text_set *set)
{
    HASH_CLEAR(hh, set->items);
    set->items = NULL;
}

bool text_set_add(struct text_set *set, struct slice text, bool *ret_added, struct error *err)
{
    struct text_set_item *item = NULL;
    HASH_FIND(hh, set->items, text.ptr, text.len, item);
    if (item) {
        *ret_added = false;
        return true;
    }
    item = ARENA_NEW(set->arena, struct text_set_item);
    if (item == NULL)
        return error_no_memory(err, "a set of paths");
    item->text = arena_slice(set->arena, text);
    if (item->text.ptr == NULL)
        return error_no_memory(err, "a set of paths");
    item->is_hashed = true;
    HASH_ADD_KEYPTR(hh, set->items, item->text.ptr, item->text.len, item);
    if (!item->is_hashed)
        return error_no_memory(err, "a set of paths");
    *ret_added = true;
    return true;
}

bool text_set_has(const struct text_set *set, struct slice text)
{
    struct text_set_item *item = NULL;
    HASH_FIND(hh, set->items, text.ptr, text.len, item);
    return item != NULL;
}

bool text_set_each(const struct text_set *set,
                   bool (*visit)(void *context, struct slice text, struct error *err),
                   void *context, struct error *err)
{
    for (const struct text_set_item *item = set->items; item; item = item->hh.next)
        if (!visit(context, item->text, err))
            return false;
    return true;
}
