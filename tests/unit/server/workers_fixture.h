/*
 * workers_fixture.h — workers for tests, and counters that their items raise.
 *
 * Owns:     workers are the caller's, who ends them with workers_destroy
 * Threads:  any
 */
#ifndef TESTS_UNIT_SERVER_WORKERS_FIXTURE_H
#define TESTS_UNIT_SERVER_WORKERS_FIXTURE_H

#include <stdatomic.h>

#include "server/workers.h"

struct workers *workers_make_with(const struct workers_options *options);
/* All threads may be blocked at once: whoever stands by has to notice. */
struct workers *workers_make(size_t threads, size_t queue_limit);

void wait_for_count(atomic_int *counter, int value);

#endif
