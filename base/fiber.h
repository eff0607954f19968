/*
 * fiber.h — a stack that a thread runs a function on, and that can be set aside in the middle of it
 * and taken up again, by the same thread or another.
 *
 * Owns:     the fiber its stack; what runs on it lives there until it returns
 * Errors:   ERROR_NO_MEMORY
 * Threads:  one thread at a time runs a fiber; handing it to another needs the caller's own
 *           synchronization
 * Rule:     a function that is set aside holds no mutex, and nothing else that belongs to a thread
 */
#ifndef BASE_FIBER_H
#define BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct fiber;

/* A stack of at least `stack_size` bytes, with a page below it that ends the process when it is
 * touched. Only what is used becomes resident, and stays so. */
bool fiber_create(size_t stack_size, struct fiber **ret_fiber, struct error *err);
void fiber_destroy(struct fiber *fiber); /* one that runs nothing; NULL is fine */

/* Runs the function on the fiber until it returns or sets itself aside. True: it has returned, and
 * the fiber may be started again. */
bool fiber_start(struct fiber *fiber, void (*function)(void *context), void *context);
/* Goes on where it was set aside; returns as fiber_start does. */
bool fiber_resume(struct fiber *fiber);
/* On the fiber: sets it aside. Returns when it is resumed, maybe on another thread. */
void fiber_pause(struct fiber *fiber);

#endif
