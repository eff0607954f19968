/*
 * blocking.h — how code says that its thread waits for something else than a processor: for
 * another thread, a disk, a network, a client. Whoever shares out the processors to threads
 * (server/workers.h) lets another one run meanwhile.
 *
 * Owns:     a hook is placed in what belongs to its thread, and outlives what that thread runs
 * Threads:  a hook is the thread's that has set it; without one all this does nothing
 * Rule:     begin and end are called on one thread, with no fiber set aside in between. They may be
 *           called with any mutex held: what a hook locks is below all others. Where they nest,
 *           the first end ends all
 */
#ifndef BASE_BLOCKING_H
#define BASE_BLOCKING_H

#include <pthread.h>
#include <time.h>

struct blocking_hook {
    void (*begin)(struct blocking_hook *hook);
    void (*end)(struct blocking_hook *hook);
};

void blocking_set_hook(struct blocking_hook *hook);

/* Around a call that may wait. They leave errno as it is. */
void blocking_begin(void);
void blocking_end(void);

/* As the calls of pthread are that have such names; a lock that is free costs nothing more. */
void blocking_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int blocking_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex,
                        const struct timespec *until);
void blocking_lock(pthread_mutex_t *mutex);
void blocking_read_lock(pthread_rwlock_t *lock);
void blocking_write_lock(pthread_rwlock_t *lock);
/* As nanosleep is, for less than a second. */
void blocking_sleep(long ns);

#endif
