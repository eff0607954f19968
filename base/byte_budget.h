/*
 * byte_budget.h — bytes that several threads may hold together, and no more.
 *
 * Owns:     the budget must outlive what was taken from it
 * Threads:  any; its mutex is a leaf
 * Errors:   ERROR_OVERLOADED where there is no room within the time (429: ask again)
 */
#ifndef BASE_BYTE_BUDGET_H
#define BASE_BYTE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct byte_budget;

/* `wait_limit`: how many may wait for room at a time; who comes then finds none. */
bool byte_budget_create(size_t limit, size_t wait_limit, struct byte_budget **ret_budget,
                        struct error *err);
/* Everything that was taken has been given back. NULL is fine. */
void byte_budget_destroy(struct byte_budget *budget);

/* Waits at most `wait_ms` for room. More than the whole budget is given where nothing else is
 * held, so that nothing is too large for ever. `what` is for the message. */
bool byte_budget_take(struct byte_budget *budget, size_t size, int64_t wait_ms, const char *what,
                      struct error *err);
void byte_budget_give(struct byte_budget *budget, size_t size);
/* How many wait now. */
size_t byte_budget_waiting(struct byte_budget *budget);

#endif
