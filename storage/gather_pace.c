#include "storage/gather_pace.h"

/* Where a commit takes less than this, neither waiting for others nor filling the next batch beside
 * it is worth anything: the wake-ups cost as much. */
#define SLOW_FROM_US 1000
/* However long the disk takes. */
#define MAX_GATHER_US 5000
/* A mean is over about so many. */
#define WEIGHT 8
/* What a commit takes is learnt so much more slowly where it took longer than expected: a thread
 * that has to wait for a processor says nothing of the disk. */
#define DOUBT 4

void gather_pace_arrival(struct gather_pace *pace, int64_t now_us)
{
    pace->arrived++;
    pace->arrived_us = now_us;
}

void gather_pace_commit(struct gather_pace *pace, int64_t took_us)
{
    int64_t more_us = took_us - pace->commit_us;
    pace->commit_us += more_us > 0 ? more_us / (WEIGHT * DOUBT) : more_us / WEIGHT;
}

void gather_pace_answered(struct gather_pace *pace, size_t count, size_t queued, int64_t now_us)
{
    if (pace->arrived > 0) {
        int64_t each_us = (pace->arrived_us - pace->answered_us) / (int64_t)pace->arrived;
        pace->caller_us += (each_us - pace->caller_us) / WEIGHT;
    }
    pace->arrived = 0;
    pace->answered_us = now_us;
    pace->callers = count + queued;
}

bool gather_pace_is_slow(const struct gather_pace *pace)
{
    return pace->commit_us >= SLOW_FROM_US;
}

bool gather_pace_is_together(const struct gather_pace *pace)
{
    int64_t all_us = (int64_t)pace->callers * pace->caller_us;
    return gather_pace_is_slow(pace) && all_us <= pace->commit_us;
}

int64_t gather_pace_wait_us(const struct gather_pace *pace, size_t count)
{
    int64_t wait_us = pace->commit_us / 2;
    if (count >= pace->callers || !gather_pace_is_together(pace))
        return 0;
    return wait_us < MAX_GATHER_US ? wait_us : MAX_GATHER_US;
}
