/*
 * crew.h — threads that lend a hand to whoever has work that can be shared.
 *
 * Who shares work does it itself as well, and is helped by the threads that happen to be free: so
 * it is done where nobody is free, too, and nobody ever waits for a thread that has not begun.
 *
 * Owns:     its threads; work belongs to whoever shares it, and is over when crew_share returns
 * Errors:   ERROR_NO_MEMORY where a thread cannot be started
 * Threads:  any; one mutex inside, a leaf in the lock order
 */
#ifndef BASE_CREW_H
#define BASE_CREW_H

#include <stddef.h>

#include "base/error.h"

struct crew;

/* No threads at all are fine: then everybody works alone. */
bool crew_create(size_t thread_count, struct crew **ret_crew, struct error *err);
/* When no work is shared any more. NULL is fine. */
void crew_destroy(struct crew *crew);

/* Calls run(context, 0) on this thread, and meanwhile run(context, hand) on threads that are free,
 * each with a number of its own below `hands`; returns when all calls have returned. `crew` may be
 * NULL: then there is the one call. */
void crew_share(struct crew *crew, size_t hands, void (*run)(void *context, size_t hand),
                void *context);

#endif
