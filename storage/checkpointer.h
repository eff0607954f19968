/*
 * checkpointer.h — copies the database's log back into the database, beside the commits.
 *
 * A checkpoint reads pages from the log, writes them into the database and syncs both: some ten
 * commits' time, which no commit should wait for. So a thread does it over a connection of its own,
 * in SQLite's passive mode, which takes no lock that the writer needs.
 *
 * What views may see and is not durable yet (log_gate.h) must not get into the database: a failed
 * sync takes it back. So the thread holds a snapshot of what is durable while it copies, and SQLite
 * copies nothing that is newer than the oldest snapshot.
 *
 * The log begins anew only when all of it was copied while nobody wrote. Under a load that never
 * pauses the writer has to help: above a ceiling it copies, between two batches, the little that
 * the thread has not.
 *
 * Owns:     one thread, and two connections once there is something to copy
 * Errors:   none: what could not be copied stays in the log, which is durable, and is copied again
 *           from there; the database's file is never taken for synced after a sync that failed
 * Threads:  note and help are the writer's alone
 */
#ifndef STORAGE_CHECKPOINTER_H
#define STORAGE_CHECKPOINTER_H

#include "storage/log_gate.h"

struct checkpointer;

/* `options` are the writer's, `gate` is that of its log: borrowed until checkpointer_destroy. */
bool checkpointer_create(const struct connection_options *options, struct log_gate *gate,
                         struct checkpointer **ret_checkpointer, struct error *err);
/* Ends the thread, after the checkpoint that it is at. NULL is fine. */
void checkpointer_destroy(struct checkpointer *checkpointer);

/* The log has so many pages now. */
void checkpointer_note(struct checkpointer *checkpointer, int log_pages);
/* True where the log has grown so far that the writer is to help. */
bool checkpointer_needs_help(const struct checkpointer *checkpointer);
/* Outside of a transaction, with the writer's connection, while all that is in the log is durable:
 * keeps the log below its ceiling. */
void checkpointer_help(struct checkpointer *checkpointer, struct sqlite_connection *connection);

#endif
