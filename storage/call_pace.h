/*
 * call_pace.h — is a kind of call that mostly finds all in memory one that waits for a disk or a
 * network at the moment? To say so of each would cost more than most of them wait.
 *
 * Threads:  any; what two note at once may count as one
 */
#ifndef STORAGE_CALL_PACE_H
#define STORAGE_CALL_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero to begin with. */
struct call_pace {
    atomic_int level;
};

void call_pace_note(struct call_pace *pace, int64_t took_us);
/* More than a fifth of the last calls were slow, two in a row at least. */
bool call_pace_is_slow(struct call_pace *pace);

#endif
