#include "base/short_turns.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The shortest that the kernel gives. */
#define TURN_NS 100000

/* As in linux/sched/types.h, which Debian's C library does not go together with; its first version,
 * that every kernel knows. */
struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns;
    uint64_t deadline_ns;
    uint64_t period_ns;
};

/* Whoever filters system calls may end the process for one that is not expected of it: a unit of
 * systemd does that for all that alter resources, and the filter cannot be asked. */
static bool is_filtered(void)
{
    return prctl(PR_GET_SECCOMP) != 0;
}

/* What else the thread has stays as it is. It is a wish: nothing depends on it. */
void short_turns_ask(void)
{
    struct scheduling scheduling;
    if (is_filtered() || syscall(SYS_sched_getattr, 0, &scheduling, sizeof scheduling, 0) != 0)
        return;
    scheduling.runtime_ns = TURN_NS;
    (void)syscall(SYS_sched_setattr, 0, &scheduling, 0);
}
