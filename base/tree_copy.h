/*
 * tree_copy.h — copies of JSON trees that are whole, or NULL.
 *
 * Rule:     jansson's json_copy and json_deep_copy skip a member for which memory is short and
 *           return the rest; metadata must never lose one that way, so nothing else copies trees
 * Owns:     the caller owns the copy; NULL where memory is short, or for NULL
 */
#ifndef BASE_TREE_COPY_H
#define BASE_TREE_COPY_H

#include <jansson.h>
#include <stdbool.h>

/* An object with the same members, which are shared. */
json_t *tree_copy_shallow(const json_t *object);
/* Shares nothing that can be changed. Depth is that of the parsed text (JSON_TEXT_MAX_DEPTH). */
json_t *tree_copy_deep(const json_t *value);

/* Adds to `canonical`, which was written from what we understood of `request`, what we did not:
 * members that only the request has, at any depth. Nulls and empty lists say nothing and are left
 * out: readers take a default that is there for one that has a value. False where memory is short.
 */
bool tree_merge_unknown(json_t *canonical, const json_t *request);

#endif
