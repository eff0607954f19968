/*
 * process_figures.h — what the kernel says of this process: memory, processor time, files, threads.
 *
 * Errors:   none: a figure that cannot be read is left out (its member is negative)
 * Threads:  any
 */
#ifndef SERVER_PROCESS_FIGURES_H
#define SERVER_PROCESS_FIGURES_H

#include <stdint.h>

struct process_figures {
    double cpu_s; /* user and system */
    int64_t resident_bytes;
    int64_t virtual_bytes;
    int64_t open_files;
    int64_t max_files;
    int64_t threads;
};

void process_figures_read(struct process_figures *ret_figures);

#endif
