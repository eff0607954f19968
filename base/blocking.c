/*
 * What is called from a fiber finds the hook of the thread that it is on now. A function that is
 * set aside must not keep the address of a thread's variable across that: so these stand alone, and
 * none of them is made part of its caller.
 */
#include "base/blocking.h"

#include <errno.h>

#define OUT_OF_LINE __attribute__((noinline))

static _Thread_local struct blocking_hook *thread_hook;

OUT_OF_LINE void blocking_set_hook(struct blocking_hook *hook)
{
    thread_hook = hook;
}

OUT_OF_LINE void blocking_begin(void)
{
    struct blocking_hook *hook = thread_hook;
    int kept = errno;
    if (hook)
        hook->begin(hook);
    errno = kept;
}

OUT_OF_LINE void blocking_end(void)
{
    struct blocking_hook *hook = thread_hook;
    int kept = errno;
    if (hook)
        hook->end(hook);
    errno = kept;
}

void blocking_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    blocking_begin();
    pthread_cond_wait(condition, mutex);
    blocking_end();
}

int blocking_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex,
                        const struct timespec *until)
{
    blocking_begin();
    int code = pthread_cond_timedwait(condition, mutex, until);
    blocking_end();
    return code;
}

void blocking_lock(pthread_mutex_t *mutex)
{
    if (pthread_mutex_trylock(mutex) == 0)
        return;
    blocking_begin();
    pthread_mutex_lock(mutex);
    blocking_end();
}

void blocking_read_lock(pthread_rwlock_t *lock)
{
    if (pthread_rwlock_tryrdlock(lock) == 0)
        return;
    blocking_begin();
    pthread_rwlock_rdlock(lock);
    blocking_end();
}

void blocking_write_lock(pthread_rwlock_t *lock)
{
    if (pthread_rwlock_trywrlock(lock) == 0)
        return;
    blocking_begin();
    pthread_rwlock_wrlock(lock);
    blocking_end();
}

void blocking_sleep(long ns)
{
    const struct timespec pause = {.tv_nsec = ns};
    blocking_begin();
    (void)nanosleep(&pause, NULL);
    blocking_end();
}
