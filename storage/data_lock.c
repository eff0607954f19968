#include "storage/data_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* A process id in decimal, with a line end. */
#define PID_TEXT_SIZE 32

static bool lock_held(int fd, const char *path, struct error *err)
{
    char text[PID_TEXT_SIZE] = {0};
    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    long pid = size > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0)
        return error_set(err, ERROR_CONFLICT,
                         "another server (pid %ld) uses '%s': stop it, or choose another data "
                         "directory",
                         pid, path);
    return error_set(err, ERROR_CONFLICT,
                     "another server uses '%s': stop it, or choose another data directory", path);
}

/* The process id is for people; a lock without it is still a lock. */
static void pid_write(int fd)
{
    char text[PID_TEXT_SIZE];
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
        return;
}

static bool lock_take(int fd, const char *path, struct error *err)
{
    int result;
    do {
        result = flock(fd, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return lock_held(fd, path, err);
    char reason[128];
    return error_set(err, ERROR_STORAGE, "cannot lock '%s.lock': %s", path,
                     strerror_r(errno, reason, sizeof reason));
}

/* flock rather than fcntl: it also refuses a second open by the same process. */
bool data_lock_take(const char *path, int *ret_fd, struct error *err)
{
    size_t size = strlen(path) + sizeof ".lock";
    char *name = malloc(size);
    if (!name)
        return error_no_memory(err, "the name of the lock file");
    (void)snprintf(name, size, "%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    int code = errno;
    free(name);
    char reason[128];
    if (fd < 0)
        return error_set(err, ERROR_STORAGE,
                         "cannot open '%s.lock': %s: the data directory must exist and be writable",
                         path, strerror_r(code, reason, sizeof reason));
    if (!lock_take(fd, path, err)) {
        close(fd);
        return false;
    }
    pid_write(fd);
    *ret_fd = fd;
    return true;
}

void data_lock_release(int fd)
{
    if (fd >= 0)
        close(fd);
}
