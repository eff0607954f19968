/*
 * environment.h — environment variables as a parameter, so that a test has its own.
 *
 * Threads:  as getenv: any, while nothing changes them
 */
#ifndef BASE_ENVIRONMENT_H
#define BASE_ENVIRONMENT_H

#include "base/slice.h"

/* getenv in the program, a table in tests; NULL: there are none. */
typedef const char *(*environment_fn)(const char *name);

/* A view; empty where it is not set. */
static inline struct slice environment_get(environment_fn environment, const char *name)
{
    return slice_from_string(environment ? environment(name) : NULL);
}

#endif
