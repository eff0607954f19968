/*
 * data_directory.h — the directory that holds the catalog's database, made where it is missing.
 *
 * Errors:   ERROR_BAD_REQUEST: it cannot be made or used; the sentence names it
 * Threads:  none; at a start
 * Rule:     its name is durable before anything in it is: a power cut must not lose them together
 */
#ifndef STORAGE_DATA_DIRECTORY_H
#define STORAGE_DATA_DIRECTORY_H

#include "base/arena.h"
#include "base/error.h"

/* *ret_absolute lies in the arena: locations must not depend on where a program was started. */
bool data_directory_open(const char *path, struct arena *arena, struct slice *ret_absolute,
                         struct error *err);

#endif
