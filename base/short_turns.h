/*
 * short_turns.h — a thread that mostly waits, does little, and is waited for by many.
 *
 * Where more threads are ready than there are processors, Linux lets each run for some
 * milliseconds. A thread that asks for shorter turns is run sooner when it has something to do, and
 * gets no larger share (sched_setattr(2): sched_runtime of SCHED_OTHER, from Linux 6.12 on). That
 * needs no privilege; older kernels take no notice. Under a seccomp filter, as a systemd unit and
 * most containers have one, nothing is asked for.
 *
 * Threads:  any, each for itself
 */
#ifndef BASE_SHORT_TURNS_H
#define BASE_SHORT_TURNS_H

/* For the calling thread. */
void short_turns_ask(void);

#endif
