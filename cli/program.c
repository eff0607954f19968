#include "cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static bool set_files(posix_spawn_file_actions_t *actions, int out)
{
    return posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
           posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO) == 0 &&
           posix_spawn_file_actions_adddup2(actions, out, STDERR_FILENO) == 0;
}

/* In a process group of its own, so that what it starts can be ended with it. */
static bool start(char *const *argv, int out, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    bool ok = posix_spawnattr_init(&attributes) == 0;
    if (ok) {
        ok = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP) == 0 &&
             set_files(&actions, out) &&
             posix_spawnp(ret_pid, argv[0], &actions, &attributes, argv, environ) == 0;
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return ok;
}

/* Until the other side closes it: false where it did not in time. */
static bool read_all(int in, int timeout_ms, struct buffer *out)
{
    int64_t end = clock_monotonic_ms(&clock_real) + timeout_ms;
    char chunk[4096];
    for (;;) {
        struct pollfd wait = {.fd = in, .events = POLLIN};
        int64_t left = end - clock_monotonic_ms(&clock_real);
        if (left <= 0)
            return false;
        if (poll(&wait, 1, (int)left) <= 0)
            continue; /* interrupted, or the time is over */
        ssize_t size = read(in, chunk, sizeof(chunk));
        if (size <= 0)
            return size == 0;
        buffer_append(out, chunk, (size_t)size);
    }
}

static bool end(pid_t pid, bool is_over)
{
    int status = 0;
    if (!is_over)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return is_over && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool program_run(char *const *argv, int timeout_ms, struct buffer *out)
{
    int pipes[2];
    pid_t pid = 0;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    bool ok = start(argv, pipes[1], &pid);
    close(pipes[1]);
    if (ok)
        ok = end(pid, read_all(pipes[0], timeout_ms, out));
    close(pipes[0]);
    return ok && buffer_ok(out);
}

struct slice program_find(const char *name, environment_fn environment, struct arena *arena)
{
    struct slice rest = slice_from_string(environment("PATH"));
    while (rest.len > 0) {
        size_t size = slice_find(rest, ':');
        struct slice path = arena_printf(arena, "%.*s/%s", (int)size, rest.ptr, name);
        if (path.ptr && size > 0 && access(path.ptr, X_OK) == 0)
            return path;
        rest = slice_from(rest, size + 1);
    }
    return (struct slice){NULL, 0};
}
