/*
 * log_shelf.h — log files that were put aside: their names, their compression, their end.
 *
 * Owns:     nothing; it works on the directory that the path is in
 * Errors:   none are reported: what could not be done is tried again with the next file put aside
 * Threads:  one at a time for each path
 * Rule:     a file is removed only once its compressed copy is whole and durable, or there are
 *           newer ones enough
 */
#ifndef BASE_LOG_SHELF_H
#define BASE_LOG_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Renames PATH to PATH.<time>, "PATH.20260131T120000.123Z": false where it cannot. The time is *ms
 * or a little later, and *ms becomes what was taken: the next call is given a later one, so that a
 * name is never used again while its file is being compressed. */
bool log_shelf_put(const char *path, int64_t *ms);

/* Compresses what is not compressed yet, and removes the oldest above `keep`. */
void log_shelf_tidy(const char *path, size_t keep);

#endif
