/*
 * file_list.h — the file store's walk over a directory.
 *
 * Errors:   as storage/file_store.h
 * Threads:  no state
 * Rule:     what is neither a file nor a directory, a link among them, is no object
 */
#ifndef STORAGE_FILE_LIST_H
#define STORAGE_FILE_LIST_H

#include "storage/object_store.h"

/* Visits every file below the directory `path`; their URIs begin with `prefix`, which names it. A
 * directory that is not there has none. */
bool file_list_walk(const char *path, struct slice prefix, object_visit_fn visit, void *context,
                    struct error *err);

#endif
