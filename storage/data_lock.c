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

struct lock_names {
    const char *path;
    char *file;
    char *directory;
};

/* "." for a name without a directory, "/" for one in the root. */
static void directory_name(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        path = ".";
    int length = !slash || slash == path ? 1 : (int)(slash - path);
    (void)snprintf(out, size, "%.*s", length, path);
}

static bool names_make(const char *path, struct lock_names *names, struct error *err)
{
    size_t size = strlen(path) + sizeof ".lock";
    *names = (struct lock_names){path, malloc(size), malloc(size)};
    if (!names->file || !names->directory)
        return error_no_memory(err, "the name of the lock file");
    (void)snprintf(names->file, size, "%s.lock", path);
    directory_name(path, names->directory, size);
    return true;
}

static void names_finish(struct lock_names *names)
{
    free(names->file);
    free(names->directory);
}

static long pid_read(const char *file)
{
    char text[PID_TEXT_SIZE] = {0};
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : 0;
    if (fd >= 0)
        close(fd);
    return size > 0 ? strtol(text, NULL, 10) : 0;
}

static bool lock_held(const struct lock_names *names, struct error *err)
{
    long pid = pid_read(names->file);
    if (pid > 0)
        return error_set(err, ERROR_CONFLICT,
                         "another server (pid %ld) uses '%s': stop it, or choose another data "
                         "directory",
                         pid, names->path);
    return error_set(err, ERROR_CONFLICT,
                     "another server uses '%s': stop it, or choose another data directory",
                     names->path);
}

/* The process id is for people; a lock without it is still a lock. */
static void pid_write(int fd)
{
    char text[PID_TEXT_SIZE];
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
        return;
}

/* flock rather than fcntl: it takes directories, and refuses a second open by the same process. */
static bool lock_fd(int fd, const char *name, const struct lock_names *names, struct error *err)
{
    int result;
    do {
        result = flock(fd, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return lock_held(names, err);
    char reason[128];
    return error_set(err, ERROR_STORAGE, "cannot lock '%s' for '%s': %s", name, names->path,
                     strerror_r(errno, reason, sizeof reason));
}

static bool lock_open(const char *name, int flags, const struct lock_names *names, int *ret_fd,
                      struct error *err)
{
    char reason[128];
    int fd = open(name, flags | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(err, ERROR_STORAGE,
                         "cannot open '%s' for '%s': %s: the data directory must exist and be "
                         "writable",
                         name, names->path, strerror_r(errno, reason, sizeof reason));
    if (!lock_fd(fd, name, names, err)) {
        close(fd);
        return false;
    }
    *ret_fd = fd;
    return true;
}

static bool lock_both(const struct lock_names *names, struct data_lock *lock, struct error *err)
{
    TRY(lock_open(names->directory, O_RDONLY | O_DIRECTORY, names, &lock->directory, err));
    TRY(lock_open(names->file, O_RDWR | O_CREAT, names, &lock->file, err));
    pid_write(lock->file);
    return true;
}

bool data_lock_take(const char *path, struct data_lock *ret_lock, struct error *err)
{
    struct lock_names names;
    struct data_lock lock = DATA_LOCK_NONE;
    bool ok = names_make(path, &names, err) && lock_both(&names, &lock, err);
    names_finish(&names);
    if (ok)
        *ret_lock = lock;
    else
        data_lock_release(lock);
    return ok;
}

/* A shared lock, so that two who ask do not see each other. */
bool data_lock_is_held(const char *path)
{
    struct lock_names names;
    bool is_held = false;
    if (!names_make(path, &names, NULL)) {
        names_finish(&names);
        return false;
    }
    int fd = open(names.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        close(fd);
    }
    names_finish(&names);
    return is_held;
}

void data_lock_release(struct data_lock lock)
{
    if (lock.file >= 0)
        close(lock.file);
    if (lock.directory >= 0)
        close(lock.directory);
}
