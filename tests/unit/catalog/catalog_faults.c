#include "tests/unit/catalog/catalog_faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fault_alloc.h"

/* Opening everything again costs more than the rest of a trial. */
#define TRIALS_PER_REOPEN 16

/* --- file calls that fail by count -------------------------------------------------------- */

static atomic_int file_calls_made;
static int file_fails_at; /* 0: none; set while nothing runs */
static int file_errno;
static bool file_fails_on; /* every later call as well */
static atomic_bool file_was_hit;

static bool file_must_fail(void)
{
    if (file_fails_at == 0)
        return false;
    int number = atomic_fetch_add(&file_calls_made, 1) + 1;
    if (file_fails_on ? number < file_fails_at : number != file_fails_at)
        return false;
    atomic_store(&file_was_hit, true);
    errno = file_errno;
    return true;
}

static int fault_open(const char *path, int flags, mode_t mode)
{
    return file_must_fail() ? -1 : open(path, flags, mode);
}

/* A disk that fills up takes a part. */
static ssize_t fault_write(int fd, const void *bytes, size_t size)
{
    if (!file_must_fail())
        return write(fd, bytes, size);
    ssize_t part = write(fd, bytes, size / 2);
    errno = file_errno;
    return part < 0 ? part : -1;
}

static int fault_fsync(int fd)
{
    return file_must_fail() ? -1 : fsync(fd);
}

/* As Linux does it: closed, whatever it reports. */
static int fault_close(int fd)
{
    int result = close(fd);
    return file_must_fail() ? -1 : result;
}

static int fault_unlink(const char *path)
{
    return file_must_fail() ? -1 : unlink(path);
}

static int fault_syncfs(int fd)
{
    return file_must_fail() ? -1 : syncfs(fd);
}

static int fault_rename(const char *from, const char *to)
{
    return file_must_fail() ? -1 : rename(from, to);
}

static int fault_mkdir(const char *path, mode_t mode)
{
    return file_must_fail() ? -1 : mkdir(path, mode);
}

static int fault_rmdir(const char *path)
{
    return file_must_fail() ? -1 : rmdir(path);
}

static const struct file_calls fault_calls = {
    .open = fault_open,
    .write = fault_write,
    .fsync = fault_fsync,
    .syncfs = fault_syncfs,
    .rename = fault_rename,
    .close = fault_close,
    .unlink = fault_unlink,
    .mkdir = fault_mkdir,
    .rmdir = fault_rmdir,
};

/* --- memory ------------------------------------------------------------------------------- */

void faults_run_memory(const struct scenario *scenario)
{
    struct world world;
    struct trial trial;
    bool hit = true;
    fault_alloc_reset();
    trial_world_start(&world, &file_calls_real, NULL);
    for (int n = 1; hit; n++) {
        assert_true(n < MAX_TRIALS);
        trial_prepare(&trial, scenario, &world, n);
        fault_alloc_fail_at((size_t)n);
        trial_act(&trial, scenario);
        hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        trial_check(&trial, scenario, false);
        if (n % TRIALS_PER_REOPEN == 0 || !hit) {
            world_reopen(&world);
            trial_check(&trial, scenario, false);
        }
        trial_finish(&trial);
    }
    assert_true(trial.ok);
    trial_world_end(&world);
}

/* --- files -------------------------------------------------------------------------------- */

void faults_run_files(const struct scenario *scenario, int code, bool is_persistent)
{
    struct world world;
    struct trial trial;
    bool hit = true;
    trial_world_start(&world, &fault_calls, NULL);
    for (int n = 1; hit; n++) {
        assert_true(n < MAX_TRIALS);
        trial_prepare(&trial, scenario, &world, n);
        atomic_store(&file_calls_made, 0);
        atomic_store(&file_was_hit, false);
        file_errno = code;
        file_fails_on = is_persistent;
        file_fails_at = n;
        trial_act(&trial, scenario);
        /* Closed first: the purge worker may be at work. */
        world_close(&world);
        hit = atomic_load(&file_was_hit);
        file_fails_at = 0;
        world_open(&world);
        trial_check(&trial, scenario, is_persistent);
        trial_finish(&trial);
    }
    assert_true(trial.ok);
    trial_world_end(&world);
}
