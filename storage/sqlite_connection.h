/*
 * sqlite_connection.h — one SQLite connection, its prepared statements, and the only place where
 * SQLite's codes become errors of ours.
 *
 * Owns:     struct sqlite_connection its handle and statements; bound text stays the caller's until
 *           statement_finish
 * Errors:   FULL → ERROR_STORAGE_FULL; CORRUPT, NOTADB → ERROR_CORRUPT; IOERR, READONLY, CANTOPEN →
 *           ERROR_STORAGE; BUSY, LOCKED → ERROR_OVERLOADED; NOMEM → ERROR_NO_MEMORY;
 *           TOOBIG → ERROR_TOO_LARGE; anything else is a bug of ours: ERROR_INTERNAL
 * Threads:  one thread at a time (SQLITE_OPEN_NOMUTEX)
 */
#ifndef STORAGE_SQLITE_CONNECTION_H
#define STORAGE_SQLITE_CONNECTION_H

#include <sqlite3.h>

#include "base/arena.h"
#include "base/error.h"
#include "storage/statements.h"

struct connection_options {
    const char *path;
    const char *vfs; /* NULL: the default */
    int busy_timeout_ms;
    bool is_writer; /* may create the file; a reader is query_only */
    /* A reader of a database that is another process's: even as the last one to close it leaves the
     * log alone, which only the process that owns the database may copy back. */
    bool is_onlooker;
};

struct sqlite_connection {
    sqlite3 *db; /* NULL: closed */
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* Opens the file and sets what does not change it; a writer's journal mode comes with migration. */
bool connection_open(const struct connection_options *options, struct sqlite_connection *connection,
                     struct error *err);
void connection_close(struct sqlite_connection *connection); /* a closed one is fine */

/* An error for a code that SQLite gave: a sentence that says what to do. Clients read it, so it
 * names no statement. Always false. */
bool connection_error(int code, struct error *err);

/* Several statements of constant text, without results. */
bool connection_script(struct sqlite_connection *connection, const char *sql, struct error *err);

/* True where a transaction is open. */
bool connection_in_transaction(const struct sqlite_connection *connection);
/* Nothing of the transaction stays, if there is one. */
void connection_undo(struct sqlite_connection *connection);

/* One run of a prepared statement. A failed bind is remembered and reported by the step. */
struct statement {
    sqlite3_stmt *handle;
    enum statement_id id;
    int code; /* SQLite's extended code of the first call that failed, else SQLITE_OK */
};

/* Leaving the scope resets it: `STATEMENT_SCOPED struct statement statement;` after a begin that
 * failed is fine as well. */
#define STATEMENT_SCOPED __attribute__((cleanup(statement_finish)))

bool statement_begin(struct sqlite_connection *connection, enum statement_id id,
                     struct statement *ret_statement, struct error *err);
void statement_finish(struct statement *statement);

void statement_bind_int64(struct statement *statement, int index, int64_t value);
void statement_bind_null(struct statement *statement, int index);
void statement_bind_text(struct statement *statement, int index, struct slice text);
void statement_bind_blob(struct statement *statement, int index, struct slice bytes);

bool statement_step(struct statement *statement, bool *ret_row, struct error *err);
/* Steps to the end, for a statement without rows that matter. */
bool statement_run(struct statement *statement, struct error *err);

int64_t statement_int64(const struct statement *statement, int column);
/* A copy in the arena. */
bool statement_text(const struct statement *statement, int column, struct arena *arena,
                    struct slice *ret_text, struct error *err);
/* A view, valid until the next step. */
bool statement_blob(const struct statement *statement, int column, struct slice *ret_bytes,
                    struct error *err);

/* A statement without parameters, begun, run and finished. */
bool connection_run(struct sqlite_connection *connection, enum statement_id id, struct error *err);
/* The first column of the only row of a statement without parameters. */
bool connection_int64(struct sqlite_connection *connection, enum statement_id id,
                      int64_t *ret_value, struct error *err);

#endif
