#include "tests/unit/server/workers_fixture.h"

#include <time.h>

#include "tests/unit/cmocka_all.h"

struct workers *workers_make_with(const struct workers_options *options)
{
    struct workers *workers = NULL;
    struct error err = {0};
    assert_ok(workers_create(options, &workers, &err), &err);
    return workers;
}

struct workers *workers_make(size_t threads, size_t queue_limit)
{
    return workers_make_with(&(struct workers_options){.threads = threads,
                                                       .awake = 2,
                                                       .standby_ms = WORKERS_STANDBY_MS,
                                                       .queue_limit = queue_limit});
}

void wait_for_count(atomic_int *counter, int value)
{
    const struct timespec step = {.tv_nsec = 100000};
    while (atomic_load(counter) < value)
        nanosleep(&step, NULL);
}
