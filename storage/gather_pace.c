#include "storage/gather_pace.h"

/* A commit that takes less than this is not worth waiting for others: the wake-ups cost as much. */
#define GATHER_FROM_US 1000
/* However long the disk takes. */
#define MAX_GATHER_US 5000
/* A mean is over about so many. */
#define WEIGHT 8

void gather_pace_arrival(struct gather_pace *pace, int64_t now_us)
{
    pace->arrived++;
    pace->arrived_us = now_us;
}

void gather_pace_commit(struct gather_pace *pace, int64_t took_us)
{
    pace->commit_us += (took_us - pace->commit_us) / WEIGHT;
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

int64_t gather_pace_wait_us(const struct gather_pace *pace, size_t count)
{
    int64_t wait_us = pace->commit_us / 2;
    if (count >= pace->callers || pace->commit_us < GATHER_FROM_US ||
        (int64_t)pace->callers * pace->caller_us > pace->commit_us)
        return 0;
    return wait_us < MAX_GATHER_US ? wait_us : MAX_GATHER_US;
}
