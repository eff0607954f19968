/*
 * load_appends.h — what a client that appends to a table has to do between two requests: a manifest
 * of one data file, a manifest list beside its parent's manifests, and the commit of both.
 *
 * Owns:     an appender its last view of the table; one for each client
 * Threads:  one thread each
 */
#ifndef BENCH_LOAD_APPENDS_H
#define BENCH_LOAD_APPENDS_H

#include "base/error.h"
#include "base/slice.h"

struct appender;

bool appender_create(struct appender **ret_appender, struct error *err);
void appender_destroy(struct appender *appender);

/* Takes over how the table is, from a LoadTableResult. */
bool appender_look(struct appender *appender, struct slice answer, struct error *err);
bool appender_has_looked(const struct appender *appender);

/* Writes the files of an append on what was seen last. *ret_body is the CommitTableRequest, with
 * `mark` in the summary of its snapshot; a view until the next call. */
bool appender_next(struct appender *appender, const char *mark, struct slice *ret_body,
                   struct error *err);

#endif
