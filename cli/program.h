/*
 * program.h — runs another program and takes what it prints, for at most some seconds.
 *
 * Owns:     the child: it has ended, or was killed, when program_run returns
 * Threads:  one
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include "base/arena.h"
#include "base/buffer.h"
#include "server/options.h"

/* argv[0] is looked up in PATH; argv ends with NULL. stdout and stderr both go into *out, up to
 * its ceiling; stdin is empty. False where it cannot be started, does not end in time, or ends with
 * another code than 0. */
bool program_run(char *const *argv, int timeout_ms, struct buffer *out);

/* The whole path of `name` in PATH; ptr NULL where it is not there. */
struct slice program_find(const char *name, environment_fn environment, struct arena *arena);

#endif
