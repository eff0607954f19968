/*
 * fault_vfs.h — a SQLite VFS over the real one, whose n-th change of the disk fails.
 *
 * Counted are xWrite, xSync, xTruncate and xShmMap (how the log's index grows), of every file.
 *
 * Owns:     one VFS named FAULT_VFS_NAME, registered once for the process
 * Threads:  any; a plan may be set while others write
 */
#ifndef TESTS_UNIT_STORAGE_FAULT_VFS_H
#define TESTS_UNIT_STORAGE_FAULT_VFS_H

#include <stdbool.h>

#define FAULT_VFS_NAME "firn-fault"

struct fault_plan {
    int fail_at;        /* 1: the next call; 0: none */
    int code;           /* SQLITE_FULL, SQLITE_IOERR; xSync always fails with SQLITE_IOERR_FSYNC */
    bool is_done;       /* the call does its work before it reports the failure */
    bool is_persistent; /* every later call fails as well */
};

void fault_vfs_register(void);

/* Each sync takes so much longer, until it is set to 0 again. */
void fault_vfs_slow(unsigned us);
/* From here on syncs wait to be released, then succeed or fail, whatever the plan says. */
void fault_vfs_hold(void);
/* Waits until a sync waits to be released. */
void fault_vfs_await_held(void);
/* The one that waits succeeds; those that come after it wait. */
void fault_vfs_pass_one(void);
void fault_vfs_release(bool succeeds);

void fault_vfs_plan(struct fault_plan plan);
/* No failures; true where the planned one has happened. */
bool fault_vfs_clear(void);

#endif
