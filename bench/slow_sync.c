/*
 * slow_sync — fsync, fdatasync and syncfs that take SLOW_SYNC_MS milliseconds more, for LD_PRELOAD.
 *
 * Machines for tests hide what a disk costs; with this, what decides is how many changes share a
 * sync. The caller alone waits, as it would for a disk that serves several syncs at once.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_before_sync(void)
{
    const char *text = getenv("SLOW_SYNC_MS");
    long ms = text ? strtol(text, NULL, 10) : 0;
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    if (ms > 0)
        nanosleep(&time, NULL);
}

static int sync_really(const char *name, int fd)
{
    int (*call)(int) = __extension__(int (*)(int)) dlsym(RTLD_NEXT, name);
    return call ? call(fd) : -1;
}

int fsync(int fd)
{
    wait_before_sync();
    return sync_really("fsync", fd);
}

int syncfs(int fd)
{
    wait_before_sync();
    return sync_really("syncfs", fd);
}

int fdatasync(int fd)
{
    wait_before_sync();
    return sync_really("fdatasync", fd);
}
