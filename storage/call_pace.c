#include "storage/call_pace.h"

/* A small file in the page cache is read or written in 20 to 50 µs; in this time another thread
 * answers a request. */
#define SLOW_US 500
/* A slow call makes up for so many fast ones: a few that lost their processor in the middle, which
 * looks the same, are not enough. */
#define SLOW_STEP 4
#define SLOW_LEVEL 8
#define MAX_LEVEL 32

void call_pace_note(struct call_pace *pace, int64_t took_us)
{
    int level = atomic_load_explicit(&pace->level, memory_order_relaxed);
    int next = took_us >= SLOW_US ? level + SLOW_STEP : level - 1;
    if (next >= 0 && next <= MAX_LEVEL)
        atomic_store_explicit(&pace->level, next, memory_order_relaxed);
}

bool call_pace_is_slow(struct call_pace *pace)
{
    return atomic_load_explicit(&pace->level, memory_order_relaxed) >= SLOW_LEVEL;
}
