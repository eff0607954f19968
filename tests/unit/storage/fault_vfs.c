#include "tests/unit/storage/fault_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <unistd.h>

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* right behind this struct */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the rest */
static pthread_cond_t held_changed = PTHREAD_COND_INITIALIZER;
static unsigned slow_us;
static bool is_holding;
static bool release_succeeds;
static int held;
static int to_pass;
static struct fault_plan present;
static int calls;
static bool was_hit;

static bool set_plan(struct fault_plan plan)
{
    pthread_mutex_lock(&lock);
    bool hit = was_hit;
    present = plan;
    calls = 0;
    was_hit = false;
    pthread_mutex_unlock(&lock);
    return hit;
}

void fault_vfs_plan(struct fault_plan plan)
{
    (void)set_plan(plan);
}

bool fault_vfs_clear(void)
{
    return set_plan((struct fault_plan){0});
}

/* The one place that every injected failure passes: break here in a debugger. Where the call is to
 * fail, *ret_plan says how. */
static bool must_fail(struct fault_plan *ret_plan)
{
    pthread_mutex_lock(&lock);
    calls += present.fail_at != 0;
    bool fails = present.fail_at != 0 &&
                 (present.is_persistent ? calls >= present.fail_at : calls == present.fail_at);
    was_hit = was_hit || fails;
    *ret_plan = present;
    pthread_mutex_unlock(&lock);
    return fails;
}

void fault_vfs_slow(unsigned us)
{
    pthread_mutex_lock(&lock);
    slow_us = us;
    pthread_mutex_unlock(&lock);
}

void fault_vfs_hold(void)
{
    pthread_mutex_lock(&lock);
    is_holding = true;
    pthread_mutex_unlock(&lock);
}

void fault_vfs_await_held(void)
{
    pthread_mutex_lock(&lock);
    while (held == 0)
        pthread_cond_wait(&held_changed, &lock);
    pthread_mutex_unlock(&lock);
}

void fault_vfs_pass_one(void)
{
    pthread_mutex_lock(&lock);
    to_pass = 1;
    pthread_cond_broadcast(&held_changed);
    while (to_pass > 0)
        pthread_cond_wait(&held_changed, &lock);
    pthread_mutex_unlock(&lock);
}

void fault_vfs_release(bool succeeds)
{
    pthread_mutex_lock(&lock);
    is_holding = false;
    release_succeeds = succeeds;
    pthread_cond_broadcast(&held_changed);
    pthread_mutex_unlock(&lock);
}

/* What a sync does before it begins. False: it is to fail. */
static bool sync_waits(void)
{
    bool succeeds = true;
    pthread_mutex_lock(&lock);
    unsigned us = slow_us;
    if (is_holding) {
        held++;
        pthread_cond_broadcast(&held_changed);
        while (is_holding && to_pass == 0)
            pthread_cond_wait(&held_changed, &lock);
        held--;
        succeeds = to_pass > 0 || release_succeeds;
        to_pass = 0;
        pthread_cond_broadcast(&held_changed);
    }
    pthread_mutex_unlock(&lock);
    (void)usleep(us);
    return succeeds;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct fault_file *)file)->real;
}

/* --- counted ------------------------------------------------------------------------------ */

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(file);
    struct fault_plan plan;
    if (!must_fail(&plan))
        return real->pMethods->xWrite(real, bytes, size, offset);
    /* "Done" is all of it; otherwise half of it reaches the disk, as when it fills up. */
    int part = plan.is_done ? size : size / 2;
    (void)real->pMethods->xWrite(real, bytes, part, offset);
    return plan.code;
}

static int file_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *real = real_of(file);
    struct fault_plan plan;
    if (!sync_waits())
        return SQLITE_IOERR_FSYNC;
    bool fails = must_fail(&plan);
    if (!fails || plan.is_done) {
        int code = real->pMethods->xSync(real, flags);
        return fails ? SQLITE_IOERR_FSYNC : code;
    }
    return SQLITE_IOERR_FSYNC;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = real_of(file);
    struct fault_plan plan;
    if (must_fail(&plan))
        return SQLITE_IOERR_TRUNCATE;
    return real->pMethods->xTruncate(real, size);
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend,
                        void volatile **ret_memory)
{
    sqlite3_file *real = real_of(file);
    struct fault_plan plan;
    if (extend && must_fail(&plan)) {
        *ret_memory = NULL;
        return SQLITE_IOERR_SHMSIZE;
    }
    return real->pMethods->xShmMap(real, region, size, extend, ret_memory);
}

/* --- passed on ---------------------------------------------------------------------------- */

static int file_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xRead(real, bytes, size, offset);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xFileSize(real, ret_size);
}

static int file_lock(sqlite3_file *file, int level)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xLock(real, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xUnlock(real, level);
}

static int file_check_lock(sqlite3_file *file, int *ret_locked)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xCheckReservedLock(real, ret_locked);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xFileControl(real, operation, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xSectorSize(real);
}

static int file_characteristics(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xDeviceCharacteristics(real);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xShmLock(real, offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    real->pMethods->xShmBarrier(real);
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xShmUnmap(real, remove);
}

/* Version 2: shared memory, but no mapped pages of the database. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    struct fault_file *fault = (struct fault_file *)file;
    fault->real = (sqlite3_file *)(void *)(fault + 1);
    fault->real->pMethods = NULL;
    int code = real->xOpen(real, name, fault->real, flags, ret_flags);
    fault->base.pMethods = fault->real->pMethods ? &file_methods : NULL;
    return code;
}

void fault_vfs_register(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (vfs.pAppData)
        return;
    vfs = *real;
    vfs.zName = FAULT_VFS_NAME;
    vfs.szOsFile = (int)sizeof(struct fault_file) + real->szOsFile;
    vfs.pNext = NULL;
    vfs.pAppData = real;
    vfs.xOpen = vfs_open;
    sqlite3_vfs_register(&vfs, 0);
}
