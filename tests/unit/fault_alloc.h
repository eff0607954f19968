/*
 * fault_alloc.h — makes the n-th allocation of a test fail, and counts what is not freed.
 *
 * Linked into tests named *_fault_test.c, with malloc, calloc, realloc and free wrapped by the
 * linker. jansson is a shared library, which the linker does not wrap: fault_alloc_reset also hands
 * it our functions.
 *
 * Threads:  counters are atomic; fail_at and reset belong to the test's own thread
 */
#ifndef TESTS_UNIT_FAULT_ALLOC_H
#define TESTS_UNIT_FAULT_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the n-th allocation (1 is the next one) fails, once; 0 lets all succeed. The count
 * starts anew. */
void fault_alloc_fail_at(size_t n);

/* Allocations (malloc, calloc, realloc) since fail_at or reset, the failed one included. */
size_t fault_alloc_count(void);

/* True where the failure that was asked for has happened: a loop over n ends when it has not. */
bool fault_alloc_hit(void);

/* Blocks that were allocated and not freed, in the whole process: compare before and after. */
long fault_alloc_live(void);

/* No failures, count 0; jansson uses the wrapped functions. Call it first in every test. */
void fault_alloc_reset(void);

#endif
