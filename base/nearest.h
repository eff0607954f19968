/*
 * nearest.h — which of some names a mistyped one was meant to be.
 *
 * Owns:     nothing
 * Threads:  any
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/slice.h"

/* What follows is not looked at: names are short, and the work grows with the square. */
#define NEAREST_MAX_SIZE 64

/* How many characters must be changed, added or left out to make one of the other (Levenshtein),
 * of the first NEAREST_MAX_SIZE bytes of each. */
size_t nearest_distance(struct slice a, struct slice b);

/* For comparing: the distance, and among equals a name that begins alike is nearer. */
size_t nearest_cost(struct slice a, struct slice b);

/* The one of `names` ("a|b|c") that is nearest to `name`; the first of equals. */
struct slice nearest_of(struct slice name, struct slice names);

/* Takes the first of "a|b|c" off *rest: false where nothing is left. */
bool nearest_next(struct slice *rest, struct slice *ret_name);

#endif
