/*
 * disk_shim.h — what the shim, loaded into a server with LD_PRELOAD, shares with the test that
 * drives it: a page of memory in which faults are armed, and the log of what was done to the disk.
 *
 * FAULT_ROOT     directory (absolute, without links) whose files are watched
 * FAULT_CONTROL  file of CONTROL_SIZE bytes, mapped by both: struct disk_control
 * FAULT_LOG      file that records are appended to; unset: nothing is recorded
 *
 * Each record is a struct disk_record, the bytes of `text` (a path, or two with a NUL between
 * them), and the bytes of `data`. The order of the log is the order of what happened: a call and
 * its record are made under one mutex. tests/fault/disk_log.py reads it.
 */
#ifndef TESTS_FAULT_DISK_SHIM_H
#define TESTS_FAULT_DISK_SHIM_H

#include <stdint.h>

#define CONTROL_SIZE 4096

/* Classes of calls that a fault is armed for: bits. */
enum disk_class {
    DISK_OPEN = 1, /* of a file that is not there yet */
    DISK_WRITE = 2,
    DISK_SYNC = 4,
    DISK_TRUNCATE = 8,
    DISK_RENAME = 16,
    DISK_UNLINK = 32,
    DISK_MKDIR = 64,
    DISK_READ = 128
};

/* All are eight bytes, so that a script can write them one by one. */
struct disk_control {
    uint64_t classes;       /* which calls count; 0: none fails */
    uint64_t at;            /* the at-th counted call fails */
    uint64_t is_persistent; /* and all counted calls after it */
    uint64_t code;          /* the errno; 0: a write is short, other calls do not fail */
    uint64_t calls;         /* counted so far */
    uint64_t hits;          /* that failed */
    int64_t clock_ns;       /* added to the time of day */
    uint64_t sync_us;       /* what a sync takes: nothing is really synced */
    uint64_t is_frozen;     /* no call begins any more: before a kill, which must not come between a
                               call and its record */
};

enum disk_record_type {
    RECORD_OPEN = 1,   /* handle; number: flags; text: path */
    RECORD_CLOSE,      /* handle */
    RECORD_WRITE,      /* handle; number: offset; data */
    RECORD_TRUNCATE,   /* handle; number: size */
    RECORD_MKDIR,      /* text */
    RECORD_RMDIR,      /* text */
    RECORD_UNLINK,     /* text */
    RECORD_RENAME,     /* text: from NUL to */
    RECORD_SYNC_BEGIN, /* handle; number: a number of its own */
    RECORD_SYNC_END,   /* number: as at its begin; data: empty, or "x" where it failed */
    RECORD_SYNCFS,     /* handle; a begin of everything, ended like the others */
    RECORD_ANSWER,     /* number: the client's address; text: the status line. Before it is sent */
    RECORD_LINK        /* text: from NUL to */
};

struct disk_record {
    uint32_t type;
    uint32_t handle; /* of one open, never used again; 0: none */
    uint64_t number;
    uint32_t text_size;
    uint32_t data_size;
};

#endif
