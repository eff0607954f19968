/*
 * gather_pace.h — how long a batch of changes is worth holding open for callers that are about to
 * come again.
 *
 * The callers of a batch that has just ended are not among those of the next, so two halves of the
 * callers take turns at the sync. Where all callers together need less time to come again than a
 * sync takes, the processors would idle then, and waiting for all is cheaper: one sync serves them
 * all. Where they need more, the halves keep the processors busy, one coming while the other is
 * synced, and nobody is waited for.
 *
 * Owns:     numbers, in the caller's memory; all times are clock_measure_us
 * Threads:  one at a time, whoever holds the lock that guards it
 */
#ifndef STORAGE_GATHER_PACE_H
#define STORAGE_GATHER_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at first: then nobody is waited for. */
struct gather_pace {
    int64_t commit_us;   /* what a commit takes on a free machine: between its mean and its least */
    int64_t caller_us;   /* what each caller adds to the time in which all come again: likewise */
    int64_t answered_us; /* when the last batch was answered */
    int64_t arrived_us;  /* the last arrival since then */
    size_t arrived;
    size_t callers; /* that there were when the last batch was answered, waiting ones included */
};

void gather_pace_arrival(struct gather_pace *pace, int64_t now_us);
void gather_pace_commit(struct gather_pace *pace, int64_t took_us);
/* A batch of `count` is answered, and `queued` others wait, for a batch or for their answer. */
void gather_pace_answered(struct gather_pace *pace, size_t count, size_t queued, int64_t now_us);

/* Do commits take so long that it pays to fill the next batch beside them? */
bool gather_pace_is_slow(const struct gather_pace *pace);
/* And do all callers come again so soon that one commit had better serve them all? */
bool gather_pace_is_together(const struct gather_pace *pace);

/* How long a batch that has `count` is to be held open at most, from the moment when all of those
 * have run and no other is being synced. 0: not at all. */
int64_t gather_pace_wait_us(const struct gather_pace *pace, size_t count);

#endif
