#include "tests/unit/storage/fault_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* right behind this struct */
};

static struct fault_plan present;
static atomic_int calls;
static atomic_bool was_hit;

void fault_vfs_plan(struct fault_plan plan)
{
    present = plan;
    atomic_store(&calls, 0);
    atomic_store(&was_hit, false);
}

bool fault_vfs_clear(void)
{
    bool hit = atomic_load(&was_hit);
    fault_vfs_plan((struct fault_plan){0});
    return hit;
}

/* The one place that every injected failure passes: break here in a debugger. */
static bool must_fail(void)
{
    if (present.fail_at == 0)
        return false;
    int number = atomic_fetch_add(&calls, 1) + 1;
    bool fails = present.is_persistent ? number >= present.fail_at : number == present.fail_at;
    if (fails)
        atomic_store(&was_hit, true);
    return fails;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct fault_file *)file)->real;
}

/* --- counted ------------------------------------------------------------------------------ */

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(file);
    if (!must_fail())
        return real->pMethods->xWrite(real, bytes, size, offset);
    /* "Done" is all of it; otherwise half of it reaches the disk, as when it fills up. */
    int part = present.is_done ? size : size / 2;
    (void)real->pMethods->xWrite(real, bytes, part, offset);
    return present.code;
}

static int file_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *real = real_of(file);
    bool fails = must_fail();
    if (!fails || present.is_done) {
        int code = real->pMethods->xSync(real, flags);
        return fails ? SQLITE_IOERR_FSYNC : code;
    }
    return SQLITE_IOERR_FSYNC;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = real_of(file);
    if (must_fail())
        return SQLITE_IOERR_TRUNCATE;
    return real->pMethods->xTruncate(real, size);
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend,
                        void volatile **ret_memory)
{
    sqlite3_file *real = real_of(file);
    if (extend && must_fail()) {
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
