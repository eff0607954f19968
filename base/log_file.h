/*
 * log_file.h — a file of lines that is put aside when it is large or old enough.
 *
 * What is put aside is called PATH.20260131T120000.123Z, gets compressed (.gz) in the background,
 * and goes when there are more of its kind than are kept. A line is never split, and
 * none is lost between two files.
 *
 * Owns:     the open file and the thread that compresses
 * Errors:   opening can fail; writing cannot, so that a full disk stops nobody: lines that could
 *           not be written are counted
 * Threads:  any; one mutex, a leaf in the lock order, held for one write
 */
#ifndef BASE_LOG_FILE_H
#define BASE_LOG_FILE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

struct log_file;

struct log_file_options {
    const char *path;
    uint64_t max_size;  /* bytes; 0: any size. A longer line has a file of its own */
    int64_t max_age_ms; /* since its first line; 0: any age */
    size_t keep;        /* files that were put aside and stay */
    const struct clock *clock;
};

/* Opens or continues the file. Files that an earlier run has put aside are compressed and counted
 * as well. */
bool log_file_open(const struct log_file_options *options, struct log_file **ret_file,
                   struct error *err);
/* `line` with its newline. */
void log_file_write(struct log_file *file, struct slice line);
/* Closes the file and opens the path anew: another program has moved it away. Where that fails the
 * old file goes on. */
bool log_file_reopen(struct log_file *file, struct error *err);
/* Lines that could not be written. */
uint64_t log_file_lost(const struct log_file *file);
/* Waits for the compressing thread. NULL is fine. */
void log_file_close(struct log_file *file);

#endif
