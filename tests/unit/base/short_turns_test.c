#include "base/short_turns.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

/* As systemd does to what a unit's SystemCallFilter leaves out. */
static bool die_of_sched_setattr(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setattr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof code / sizeof *code, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void test_short_turns__nobody_is_killed_for_the_wish(void **state)
{
    (void)state;
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!die_of_sched_setattr())
            _exit(1);
        short_turns_ask();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_short_turns__all_else_stays(void **state)
{
    (void)state;
    int nice_before = getpriority(PRIO_PROCESS, 0), policy_before = sched_getscheduler(0);
    short_turns_ask();
    assert_int_equal(getpriority(PRIO_PROCESS, 0), nice_before);
    assert_int_equal(sched_getscheduler(0), policy_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_turns__nobody_is_killed_for_the_wish),
        cmocka_unit_test(test_short_turns__all_else_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
