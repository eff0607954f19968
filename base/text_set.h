/*
 * text_set.h — a set of texts, kept in an arena.
 *
 * Owns:     the texts are copied into the arena given at creation; text_set_finish frees the table
 * Threads:  one thread at a time
 */
#ifndef BASE_TEXT_SET_H
#define BASE_TEXT_SET_H

#include "base/arena.h"
#include "base/error.h"

struct text_set_item;

struct text_set {
    struct arena *arena;
    struct text_set_item *items;
};

void text_set_init(struct text_set *set, struct arena *arena);
void text_set_finish(struct text_set *set);

/* *ret_added is false where the text was there already. */
bool text_set_add(struct text_set *set, struct slice text, bool *ret_added, struct error *err);

static inline bool text_set_is_empty(const struct text_set *set)
{
    return set->items == NULL;
}

bool text_set_has(const struct text_set *set, struct slice text);

/* Calls `visit` for each text in the order of adding; stops where it returns false. */
bool text_set_each(const struct text_set *set,
                   bool (*visit)(void *context, struct slice text, struct error *err),
                   void *context, struct error *err);

#endif
