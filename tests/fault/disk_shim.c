/*
 * disk_shim — records what a process does to the files below one directory, and makes calls fail.
 *
 * For LD_PRELOAD; the server beneath is the one that is shipped. Files whose names end in "-shm"
 * are not recorded: SQLite makes its index of the log anew. Syncs do not reach the disk, whose
 * state after a power cut is worked out from the record instead: they take `sync_us`.
 *
 * A call that this shim does not know would be missing in the record. The test finds that out: it
 * compares the state that the whole record gives with the directory itself.
 */
#include "tests/fault/disk_shim.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_FILES 65536
#define MAX_PATH 4096

static struct disk_control *control;
static int log_fd = -1;
static char root[MAX_PATH];
static size_t root_size;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* By descriptor; under the lock. */
static uint32_t handles[MAX_FILES];
static uint64_t positions[MAX_FILES];
/* The next sync by this descriptor fails, because one by another of the same file has. */
static bool must_hear[MAX_FILES];
static uint32_t last_handle;
static uint64_t last_sync;

/* The function that this one stands before. */
#define REAL(name) (*(__typeof__(&name))real_of(#name))
/* Past this shim. */
#define KERNEL REAL(syscall)

static void *real_of(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

static void enter(void)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    pthread_mutex_lock(&lock);
    while (control && control->is_frozen)
        nanosleep(&pause, NULL);
}

static void leave(void)
{
    pthread_mutex_unlock(&lock);
}

/* --- start -------------------------------------------------------------------------------- */

static void *map_control(const char *path)
{
    int fd = (int)KERNEL(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *page = mmap(NULL, CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return fd < 0 || page == MAP_FAILED ? NULL : page;
}

__attribute__((constructor)) static void shim_start(void)
{
    const char *place = getenv("FAULT_ROOT"), *page = getenv("FAULT_CONTROL");
    const char *record = getenv("FAULT_LOG");
    if (!place || !page)
        return;
    root_size = (size_t)snprintf(root, sizeof root, "%s", place);
    control = map_control(page);
    if (record)
        log_fd = (int)KERNEL(SYS_openat, AT_FDCWD, record, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (!control || (record && log_fd < 0))
        abort();
}

/* --- the record --------------------------------------------------------------------------- */

/* Under the lock. */
static void append(struct disk_record record, const void *text, const void *data)
{
    struct iovec parts[] = {{&record, sizeof record},
                            {(void *)(uintptr_t)text, record.text_size},
                            {(void *)(uintptr_t)data, record.data_size}};
    size_t size = sizeof record + record.text_size + record.data_size;
    if (log_fd >= 0 && KERNEL(SYS_writev, log_fd, parts, 3) != (long)size)
        abort(); /* a record with holes proves nothing */
}

static void append_path(enum disk_record_type type, uint32_t handle, uint64_t number,
                        const char *path)
{
    append((struct disk_record){type, handle, number, (uint32_t)strlen(path), 0}, path, NULL);
}

static bool is_shared_memory(const char *path)
{
    size_t size = strlen(path);
    return size > 4 && strcmp(path + size - 4, "-shm") == 0;
}

/* The absolute path in `out`; false where it is neither the root nor below it. */
static bool is_watched(int directory, const char *path, char out[MAX_PATH])
{
    char link[64], base[MAX_PATH / 2];
    if (!control)
        return false;
    if (path[0] == '/') {
        snprintf(out, MAX_PATH, "%s", path);
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        ssize_t size = directory == AT_FDCWD ? -1 : readlink(link, base, sizeof base - 1);
        if (size < 0)
            return false;
        base[size] = '\0';
        snprintf(out, MAX_PATH, "%s/%s", base, path);
    }
    return strncmp(out, root, root_size) == 0 && (out[root_size] == '/' || out[root_size] == '\0');
}

static uint32_t handle_of(int fd)
{
    return control && fd >= 0 && fd < MAX_FILES ? handles[fd] : 0;
}

/* --- faults ------------------------------------------------------------------------------- */

/* The one place that every injected failure passes: break here in a debugger. */
static bool must_fail(enum disk_class class)
{
    if (!control || !(control->classes & class))
        return false;
    uint64_t call = __atomic_add_fetch(&control->calls, 1, __ATOMIC_SEQ_CST);
    if (call < control->at || (call > control->at && !control->is_persistent))
        return false;
    __atomic_add_fetch(&control->hits, 1, __ATOMIC_SEQ_CST);
    return true;
}

static bool fails(enum disk_class class)
{
    if (!must_fail(class) || control->code == 0)
        return false;
    errno = (int)control->code;
    return true;
}

/* --- open and close ----------------------------------------------------------------------- */

static int open_real(int directory, const char *path, int flags, mode_t mode)
{
    if (!(flags & O_NOFOLLOW))
        return (int)KERNEL(SYS_openat, directory, path, flags, mode);
    struct open_how how = {.flags = (uint64_t)(unsigned)flags,
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_NO_SYMLINKS};
    return (int)KERNEL(SYS_openat2, directory, path, &how, sizeof how);
}

static int open_watched(int directory, const char *path, int flags, mode_t mode)
{
    char whole[MAX_PATH];
    if (!is_watched(directory, path, whole))
        return (int)KERNEL(SYS_openat, directory, path, flags, mode);
    bool is_new = (flags & O_CREAT) && faccessat(AT_FDCWD, whole, F_OK, 0) != 0;
    if (is_new && fails(DISK_OPEN))
        return -1;
    enter();
    int fd = open_real(directory, path, flags, mode);
    if (fd >= 0 && fd < MAX_FILES && !is_shared_memory(whole)) {
        handles[fd] = ++last_handle;
        positions[fd] = 0;
        must_hear[fd] = false;
        append_path(RECORD_OPEN, last_handle, (uint64_t)(unsigned)flags, whole);
    }
    leave();
    return fd;
}

static mode_t mode_of(int flags, va_list more)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPEN_BODY(directory, path, flags) \
    va_list more;                         \
    va_start(more, flags);                \
    mode_t mode = mode_of(flags, more);   \
    va_end(more);                         \
    return open_watched(directory, path, flags, mode)

int open(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD, path, flags);
}

int open64(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD, path, flags);
}

int openat(int directory, const char *path, int flags, ...)
{
    OPEN_BODY(directory, path, flags);
}

int openat64(int directory, const char *path, int flags, ...)
{
    OPEN_BODY(directory, path, flags);
}

/* The server calls openat2 this way: the C library has no function for it. */
long syscall(long number, ...)
{
    va_list more;
    long a[6];
    va_start(more, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(more, long);
    va_end(more);
    if (number != SYS_openat2)
        return KERNEL(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    const struct open_how *how = (const struct open_how *)a[2];
    return open_watched((int)a[0], (const char *)a[1], (int)how->flags, (mode_t)how->mode);
}

int close(int fd)
{
    enter();
    uint32_t handle = handle_of(fd);
    if (handle) {
        append((struct disk_record){.type = RECORD_CLOSE, .handle = handle}, NULL, NULL);
        handles[fd] = 0;
    }
    int result = REAL(close)(fd);
    leave();
    return result;
}

/* --- bytes -------------------------------------------------------------------------------- */

/* At `offset`, or where the descriptor stands (-1). */
static ssize_t write_watched(int fd, const void *bytes, size_t size, off_t offset)
{
    bool hit = must_fail(DISK_WRITE);
    if (hit && control->code != 0) {
        errno = (int)control->code;
        return -1;
    }
    if (hit && size > 1)
        size /= 2;
    enter();
    ssize_t done =
        offset < 0 ? REAL(write)(fd, bytes, size) : REAL(pwrite)(fd, bytes, size, offset);
    if (done > 0) {
        uint64_t at = offset < 0 ? positions[fd] : (uint64_t)offset;
        positions[fd] += offset < 0 ? (uint64_t)done : 0;
        append((struct disk_record){RECORD_WRITE, handles[fd], at, 0, (uint32_t)done}, NULL, bytes);
    }
    leave();
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return handle_of(fd) ? write_watched(fd, bytes, size, -1) : REAL(write)(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return handle_of(fd) ? write_watched(fd, bytes, size, offset)
                         : REAL(pwrite)(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    return handle_of(fd) && fails(DISK_READ) ? -1 : REAL(read)(fd, bytes, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    return handle_of(fd) && fails(DISK_READ) ? -1 : REAL(pread)(fd, bytes, size, offset);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset)
{
    return pread(fd, bytes, size, offset);
}

int ftruncate(int fd, off_t size)
{
    if (!handle_of(fd))
        return REAL(ftruncate)(fd, size);
    if (fails(DISK_TRUNCATE))
        return -1;
    enter();
    int result = REAL(ftruncate)(fd, size);
    if (result == 0)
        append((struct disk_record){RECORD_TRUNCATE, handles[fd], (uint64_t)size, 0, 0}, NULL,
               NULL);
    leave();
    return result;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

/* --- names -------------------------------------------------------------------------------- */

/* Carries `call` out, and records it where it succeeds and is not about shared memory. */
#define NAME_BODY(class, type, path, call)       \
    char whole[MAX_PATH];                        \
    if (!is_watched(AT_FDCWD, path, whole))      \
        return call;                             \
    if (fails(class))                            \
        return -1;                               \
    enter();                                     \
    int result = call;                           \
    if (result == 0 && !is_shared_memory(whole)) \
        append_path(type, 0, 0, whole);          \
    leave();                                     \
    return result

int mkdir(const char *path, mode_t mode)
{
    NAME_BODY(DISK_MKDIR, RECORD_MKDIR, path, REAL(mkdir)(path, mode));
}

int rmdir(const char *path)
{
    NAME_BODY(DISK_UNLINK, RECORD_RMDIR, path, REAL(rmdir)(path));
}

int unlink(const char *path)
{
    NAME_BODY(DISK_UNLINK, RECORD_UNLINK, path, REAL(unlink)(path));
}

/* rename and link: two names in one record. */
static int two_names(enum disk_record_type type, const char *from, const char *to,
                     int (*call)(const char *from, const char *to))
{
    char old[MAX_PATH], both[2 * MAX_PATH];
    if (!is_watched(AT_FDCWD, from, old))
        return call(from, to);
    if (fails(DISK_RENAME))
        return -1;
    size_t size = strlen(from) + strlen(to) + 1;
    snprintf(both, sizeof both, "%s%c%s", from, 0, to);
    enter();
    int result = call(from, to);
    if (result == 0)
        append((struct disk_record){type, 0, 0, (uint32_t)size, 0}, both, NULL);
    leave();
    return result;
}

int rename(const char *from, const char *to)
{
    return two_names(RECORD_RENAME, from, to, REAL(rename));
}

int link(const char *from, const char *to)
{
    return two_names(RECORD_LINK, from, to, REAL(link));
}

/* --- syncs -------------------------------------------------------------------------------- */

static uint64_t sync_begin(enum disk_record_type type, uint32_t handle)
{
    enter();
    uint64_t number = ++last_sync;
    append((struct disk_record){type, handle, number, 0, 0}, NULL, NULL);
    leave();
    return number;
}

static void sync_end(uint64_t number, bool is_failed)
{
    enter();
    append((struct disk_record){RECORD_SYNC_END, 0, number, 0, is_failed}, NULL, "x");
    leave();
}

static bool is_same_file(int fd, const struct stat *other)
{
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_dev == other->st_dev &&
           status.st_ino == other->st_ino;
}

/* As Linux does: a failed write-back is told once to everyone who had the file open. */
static void tell_others(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return;
    enter();
    for (int other = 0; other < MAX_FILES; other++)
        if (handles[other] && other != fd && is_same_file(other, &status))
            must_hear[other] = true;
    leave();
}

/* Has another descriptor's sync failed? Then the error is this one's, too. */
static bool has_heard(int fd)
{
    enter();
    bool heard = must_hear[fd];
    must_hear[fd] = false;
    leave();
    if (heard)
        errno = EIO;
    return heard;
}

static int sync_watched(enum disk_record_type type, int fd)
{
    uint64_t number = sync_begin(type, handle_of(fd));
    struct timespec time = {0, (long)control->sync_us * 1000};
    nanosleep(&time, NULL);
    bool is_injected = fails(DISK_SYNC);
    bool is_failed = is_injected || (type == RECORD_SYNC_BEGIN && has_heard(fd));
    int code = errno;
    if (is_injected && type == RECORD_SYNC_BEGIN)
        tell_others(fd);
    sync_end(number, is_failed);
    errno = code;
    return is_failed ? -1 : 0;
}

int fsync(int fd)
{
    return handle_of(fd) ? sync_watched(RECORD_SYNC_BEGIN, fd) : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return handle_of(fd) ? sync_watched(RECORD_SYNC_BEGIN, fd) : REAL(fdatasync)(fd);
}

int syncfs(int fd)
{
    return handle_of(fd) ? sync_watched(RECORD_SYNCFS, fd) : REAL(syncfs)(fd);
}

/* --- answers ------------------------------------------------------------------------------ */

static void note_answer(int fd, const void *bytes, size_t size)
{
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof peer;
    if (log_fd < 0 || size < 12 || memcmp(bytes, "HTTP/1.", 7) != 0 ||
        getpeername(fd, (struct sockaddr *)&peer, &peer_size) != 0 || peer.ss_family != AF_INET)
        return;
    uint64_t address = ntohl(((struct sockaddr_in *)&peer)->sin_addr.s_addr);
    enter();
    append((struct disk_record){RECORD_ANSWER, 0, address, 12, 0}, bytes, NULL);
    leave();
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    note_answer(fd, bytes, size);
    return REAL(send)(fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (message->msg_iovlen > 0)
        note_answer(fd, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    return REAL(sendmsg)(fd, message, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (count > 0)
        note_answer(fd, parts[0].iov_base, parts[0].iov_len);
    return REAL(writev)(fd, parts, count);
}

/* --- the clock ---------------------------------------------------------------------------- */

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)KERNEL(SYS_clock_gettime, clock, time);
    if (result == 0 && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t jumped = time->tv_sec * INT64_C(1000000000) + time->tv_nsec + control->clock_ns;
        time->tv_sec = jumped / 1000000000;
        time->tv_nsec = jumped % 1000000000;
    }
    return result;
}

time_t time(time_t *ret_time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *ret_time, void *zone)
{
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    (void)zone;
    *ret_time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return result;
}
