#include "storage/file_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/blocking.h"
#include "base/write_whole.h"

/* Kernels before 5.6 and some containers' filters have no openat2: there O_NOFOLLOW guards the last
 * segment alone. */
static int real_open(const char *path, int flags, mode_t mode)
{
    if (flags & O_NOFOLLOW) {
        struct open_how how = {.flags = (uint64_t)(unsigned)flags,
                               .mode = flags & O_CREAT ? mode : 0,
                               .resolve = RESOLVE_NO_SYMLINKS};
        long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
            return (int)fd;
    }
    return open(path, flags, mode);
}

const struct file_calls file_calls_real = {
    .open = real_open,
    .write = write,
    .fsync = fsync,
    .syncfs = syncfs,
    .close = close,
    .unlink = unlink,
    .rename = rename,
    .mkdir = mkdir,
    .rmdir = rmdir,
};

/* What the reader of an error can do about it; "" where the reason says enough. */
static const char *cure_of(int code)
{
    switch (code) {
    case EROFS:
        return ": mount the file system for writing, or move the warehouse to another";
    case EACCES:
    case EPERM:
        return ": the server's user must be allowed to read and write there";
    case ENOSPC:
    case EDQUOT:
        return ": free some space, and ask again";
    case ENAMETOOLONG:
        return ": a segment of a path may have 255 bytes, and all of it 4095";
    case EMFILE:
    case ENFILE:
        return ": raise the limit of open files, or lower --connections";
    case EIO:
        return ": the disk fails; look at the machine's log";
    default:
        return "";
    }
}

bool file_error(struct error *err, int code, const char *verb, struct slice uri)
{
    char reason_buffer[128];
    const char *reason = strerror_r(code, reason_buffer, sizeof reason_buffer);
    enum error_kind kind = ERROR_STORAGE;
    if (code == ENOSPC || code == EDQUOT)
        kind = ERROR_STORAGE_FULL;
    else if (code == ENAMETOOLONG)
        kind = ERROR_BAD_REQUEST;
    else if (code == ENOMEM)
        kind = ERROR_NO_MEMORY;
    return error_set(err, kind, "cannot %s '%.*s': %s%s", verb, SLICE_ARG(uri), reason,
                     cure_of(code));
}

bool file_is_absent(int code)
{
    return code == ENOENT || code == ENOTDIR || code == ENAMETOOLONG;
}

int file_open(const struct file_calls *calls, const char *path, int flags, mode_t mode)
{
    int fd;
    do {
        fd = calls->open(path, flags, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int file_sync(const struct file_calls *calls, int fd)
{
    int result;
    blocking_begin();
    do {
        result = calls->fsync(fd);
    } while (result != 0 && errno == EINTR);
    blocking_end();
    return result == 0 ? 0 : errno;
}

int file_sync_system(const struct file_calls *calls, int fd)
{
    blocking_begin();
    int result = calls->syncfs(fd);
    blocking_end();
    return result == 0 ? 0 : errno;
}

int file_close(const struct file_calls *calls, int fd)
{
    int result = calls->close(fd);
    return result == 0 || errno == EINTR ? 0 : errno;
}

int file_write_all(const struct file_calls *calls, int fd, struct slice bytes)
{
    return write_whole(calls->write, fd, bytes) == bytes.len ? 0 : errno;
}

int file_fill(const struct file_calls *calls, int fd, const struct slice *parts, size_t count,
              bool is_synced)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++)
        code = file_write_all(calls, fd, parts[i]);
    if (code == 0 && is_synced)
        code = file_sync(calls, fd);
    int close_code = file_close(calls, fd);
    return code ? code : close_code;
}

int file_sync_path(const struct file_calls *calls, const char *path, int flags)
{
    int fd = file_open(calls, path, O_RDONLY | O_CLOEXEC | flags, 0);
    if (fd < 0)
        return errno;
    int code = file_sync(calls, fd);
    int close_code = file_close(calls, fd);
    return code ? code : close_code;
}

int file_sync_directory(const struct file_calls *calls, const char *path)
{
    return file_sync_path(calls, path, O_DIRECTORY);
}

const char *file_parent(const char *path, struct arena *arena)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    while (size > 1 && path[size - 1] == '/')
        size--;
    return arena_string(arena, slice_make(path, size ? size : 1));
}
