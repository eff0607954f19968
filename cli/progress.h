/*
 * progress.h — a line that shows how far long work is, for people who look at a terminal.
 *
 * It stands on stderr, is written anew a few times a second, and is wiped before anything else is
 * printed. Where stdout or stderr is no terminal there is none.
 *
 * Threads:  one
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool is_on;
    int64_t shown_ms; /* when it was written last */
    int width;        /* of what stands there now */
};

void progress_init(struct progress *progress, bool is_wanted);
/* "12 of 400 tables": at most a few times a second. total 0: nobody knows it. */
void progress_show(struct progress *progress, const char *what, int64_t done, int64_t total);
void progress_wipe(struct progress *progress);

/* "[=====     ] 12 of 25 files", or "12 files": what progress_show writes. */
void progress_text(const char *what, int64_t done, int64_t total, char *ret_text, size_t size);

#endif
