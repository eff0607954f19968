/*
 * log_gate.h — keeps views from a commit that is in the database's log and not yet durable.
 *
 * SQLite shows a commit to other connections as soon as it is in the log. Where the sync comes
 * after that (storage/pointer_writer.c), a view that has begun meanwhile waits for its end: then it
 * shows what is durable. Where the sync fails, the view begins again, and what is not durable is
 * taken back: the header of the log's index in shared memory, which says how far the log counts,
 * becomes what it was before (https://sqlite.org/walformat.html#the_wal_index_header). What was
 * written behind that is overwritten by the next commit, as where SQLite's own sync fails.
 *
 * Owns:     struct log_gate, in its owner's memory
 * Threads:  snapshots are begun by any thread; log_gate_open is for the one that syncs, the rest
 *           for the one that writes
 */
#ifndef STORAGE_LOG_GATE_H
#define STORAGE_LOG_GATE_H

#include <pthread.h>

#include "storage/sqlite_connection.h"

/* How far the log counts: both copies of the header of its index. */
struct log_mark {
    unsigned char header[96];
};

struct log_gate {
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    uint64_t shown;   /* commits that views may see */
    uint64_t durable; /* of those */
    bool is_lost;     /* those that are not durable are about to be taken back */
    size_t entering;  /* views that may show something which is not durable */
};

void log_gate_init(struct log_gate *gate);
void log_gate_destroy(struct log_gate *gate);

/* A snapshot of what is durable, on a connection outside of a transaction: waits for a sync where
 * that is needed. Any thread. */
bool log_snapshot_begin(struct log_gate *gate, struct sqlite_connection *connection,
                        struct error *err);
void log_snapshot_end(struct sqlite_connection *connection);

/* In a transaction that has the write lock and has changed nothing yet, and whose commit is to be
 * synced later. False: that commit could not be taken back. */
bool log_mark_take(struct log_mark *mark, const struct sqlite_connection *connection);
/* Before its COMMIT: gives a number. */
uint64_t log_gate_show(struct log_gate *gate);
/* Where that COMMIT has failed: the number counts no more. */
void log_gate_hide(struct log_gate *gate);
/* All commits up to this number are durable. */
void log_gate_open(struct log_gate *gate, uint64_t shown);
/* A sync has failed: takes back all commits that are not durable, the first of which came after
 * `mark`. Nobody else may use the connection. */
void log_gate_take_back(struct log_gate *gate, const struct log_mark *mark,
                        const struct sqlite_connection *connection);

/* The log, for log_sync: valid until the connection is closed. */
sqlite3_file *log_of(const struct sqlite_connection *connection);
/* ERROR_STORAGE. Beside whatever else the connection does. */
bool log_sync(sqlite3_file *log, struct error *err);

#endif
