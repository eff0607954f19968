#include "base/processors.h"

#include <sched.h>
#include <unistd.h>

/* The call fails on machines with more processors than the set has room for. */
size_t processors_count(void)
{
    cpu_set_t allowed;
    long count = sched_getaffinity(0, sizeof allowed, &allowed) == 0
                     ? CPU_COUNT(&allowed)
                     : sysconf(_SC_NPROCESSORS_ONLN);
    return count > 1 ? (size_t)count : 1;
}
