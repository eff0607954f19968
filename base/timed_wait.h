/*
 * timed_wait.h — condition variables that wait at most so long, whatever the wall clock does.
 *
 * Owns:     a condition is the caller's, as with pthread_cond_init
 * Threads:  any
 */
#ifndef BASE_TIMED_WAIT_H
#define BASE_TIMED_WAIT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* A condition whose deadlines are on the monotonic clock. With glibc it takes no resources and
 * cannot fail; pthread_cond_destroy ends it. */
void timed_wait_init(pthread_cond_t *condition);

/* The moment `ms` milliseconds from now, for pthread_cond_timedwait on such a condition. */
struct timespec timed_wait_deadline(int64_t ms);
struct timespec timed_wait_deadline_us(int64_t us);

#endif
