/*
 * processors.h — how many processors this process may use.
 *
 * Threads:  any
 */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

#include <stddef.h>

/* Those that its affinity allows; at least one. What a container's quota of time allows is not
 * counted: under one all processors can be had for a moment. */
size_t processors_count(void);

#endif
