#include "bench/load_chance.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

uint64_t now_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static uint64_t chance(void)
{
    uint64_t bits;
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        abort();
    return bits;
}

void uuid7_make(char ret_uuid[UUID_SIZE])
{
    uint64_t ms = now_ns(CLOCK_REALTIME) / 1000000u, middle = chance(), end = chance();
    snprintf(ret_uuid, UUID_SIZE,
             "%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
             ms >> 16 & 0xFFFFFFFFu, ms & 0xFFFFu, middle & 0xFFFu,
             (middle >> 16 & 0x3FFFu) | 0x8000u, end & 0xFFFFFFFFFFFFu);
}

uint64_t turn_wait(uint64_t start_ns, uint64_t length_ns)
{
    uint64_t at_ns = start_ns + chance() % length_ns;
    struct timespec at = {.tv_sec = (time_t)(at_ns / NS_PER_S),
                          .tv_nsec = (long)(at_ns % NS_PER_S)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
    return now_ns(CLOCK_MONOTONIC);
}
