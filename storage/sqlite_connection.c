#include "storage/sqlite_connection.h"

#include <assert.h>
#include <pthread.h>

static enum error_kind kind_of(int code)
{
    /* Extended codes whose primary code says too little. */
    if (code == SQLITE_IOERR_NOMEM)
        return ERROR_NO_MEMORY;
    if (code == SQLITE_IOERR_CORRUPTFS)
        return ERROR_CORRUPT;
    switch (code & 0xFF) {
    case SQLITE_FULL:
        return ERROR_STORAGE_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERROR_CORRUPT;
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
        return ERROR_STORAGE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERROR_OVERLOADED;
    case SQLITE_NOMEM:
        return ERROR_NO_MEMORY;
    case SQLITE_TOOBIG:
        return ERROR_TOO_LARGE;
    default:
        return ERROR_INTERNAL;
    }
}

/* What failed, and what to do about it; NULL where SQLite's own words are all there is to say. */
static const char *sentence_of(int code)
{
    if (code == SQLITE_IOERR_NOMEM || code == SQLITE_NOMEM)
        return "there is no memory for the catalog database: give the server more, or lower "
               "--cache-size";
    if (code == SQLITE_IOERR_CORRUPTFS)
        code = SQLITE_CORRUPT;
    switch (code & 0xFF) {
    case SQLITE_FULL:
        return "the disk of the catalog database is full: free some space, and ask again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "the catalog database cannot be read: its disk fails, or it is damaged: look at the "
               "machine's log; if the disk is sound, stop the server, keep a copy of the data "
               "directory, and put a backup in its place with firn restore";
    case SQLITE_IOERR:
        return "the disk of the catalog database fails: look at the machine's log, and make a "
               "backup";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return "the catalog database cannot be opened for writing: its directory must exist, be "
               "mounted for writing, and belong to the server's user";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another program holds the lock of the catalog database: ask again, and end what "
               "else has firn.db open";
    default:
        return NULL;
    }
}

bool connection_error(int code, struct error *err)
{
    const char *sentence = sentence_of(code);
    if (sentence)
        return error_set(err, kind_of(code), "%s (SQLite code %d)", sentence, code);
    return error_set(err, kind_of(code), "the catalog database failed: %s (SQLite code %d)",
                     sqlite3_errstr(code), code);
}

/* Nobody asks SQLite how much memory it holds, and counting that takes a lock for each piece. Where
 * SQLite is in use already, by a test, it goes on counting. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool open_handle(const struct connection_options *options,
                        struct sqlite_connection *connection, struct error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (options->is_writer)
        flags |= SQLITE_OPEN_CREATE;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, configure);
    int code = sqlite3_open_v2(options->path, &connection->db, flags, options->vfs);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(connection->db, options->busy_timeout_ms);
    if (code == SQLITE_OK && options->is_onlooker)
        code = sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return code == SQLITE_OK || connection_error(code, err);
}

bool connection_open(const struct connection_options *options, struct sqlite_connection *connection,
                     struct error *err)
{
    *connection = (struct sqlite_connection){0};
    if (open_handle(options, connection, err) &&
        connection_script(connection, options->is_writer ? sql_writer_setup : sql_reader_setup,
                          err))
        return true;
    connection_close(connection);
    return false;
}

void connection_close(struct sqlite_connection *connection)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(connection->statements[i]);
    int code = sqlite3_close(connection->db);
    assert(code == SQLITE_OK); /* every statement is ours and was finalised */
    (void)code;
    *connection = (struct sqlite_connection){0};
}

bool connection_script(struct sqlite_connection *connection, const char *sql, struct error *err)
{
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || connection_error(code, err);
}

bool connection_in_transaction(const struct sqlite_connection *connection)
{
    return connection->db && !sqlite3_get_autocommit(connection->db);
}

bool statement_begin(struct sqlite_connection *connection, enum statement_id id,
                     struct statement *ret_statement, struct error *err)
{
    *ret_statement = (struct statement){.id = id, .code = SQLITE_OK};
    sqlite3_stmt **handle = &connection->statements[id];
    if (!*handle) {
        int code = sqlite3_prepare_v3(connection->db, statement_sql(id), -1,
                                      SQLITE_PREPARE_PERSISTENT, handle, NULL);
        if (code != SQLITE_OK)
            return connection_error(code, err);
    }
    ret_statement->handle = *handle;
    return true;
}

/* Bindings are cleared: they point into memory that dies with the caller. */
void statement_finish(struct statement *statement)
{
    if (!statement->handle)
        return;
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
    statement->handle = NULL;
}

static void remember(struct statement *statement, int code)
{
    if (statement->code == SQLITE_OK)
        statement->code = code;
}

void statement_bind_int64(struct statement *statement, int index, int64_t value)
{
    remember(statement, sqlite3_bind_int64(statement->handle, index, value));
}

void statement_bind_null(struct statement *statement, int index)
{
    remember(statement, sqlite3_bind_null(statement->handle, index));
}

/* A NULL pointer would bind NULL: an empty slice is the empty text. */
void statement_bind_text(struct statement *statement, int index, struct slice text)
{
    remember(statement, sqlite3_bind_text64(statement->handle, index, text.len ? text.ptr : "",
                                            text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void statement_bind_blob(struct statement *statement, int index, struct slice bytes)
{
    remember(statement, sqlite3_bind_blob64(statement->handle, index, bytes.len ? bytes.ptr : "",
                                            bytes.len, SQLITE_STATIC));
}

bool statement_step(struct statement *statement, bool *ret_row, struct error *err)
{
    if (statement->code != SQLITE_OK)
        return connection_error(statement->code, err);
    int code = sqlite3_step(statement->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        statement->code = code;
        return connection_error(code, err);
    }
    *ret_row = code == SQLITE_ROW;
    return true;
}

bool statement_run(struct statement *statement, struct error *err)
{
    bool has_row = true;
    while (has_row)
        TRY(statement_step(statement, &has_row, err));
    return true;
}

int64_t statement_int64(const struct statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

/* Every text column is NOT NULL, so NULL here means that SQLite had no memory to show it. */
bool statement_text(const struct statement *statement, int column, struct arena *arena,
                    struct slice *ret_text, struct error *err)
{
    const char *bytes = (const char *)sqlite3_column_text(statement->handle, column);
    if (!bytes)
        return error_no_memory(err, "a row of the catalog database");
    int size = sqlite3_column_bytes(statement->handle, column);
    struct slice text = arena_slice(arena, slice_make(bytes, (size_t)size));
    if (!text.ptr)
        return error_no_memory(err, "a row of the catalog database");
    *ret_text = text;
    return true;
}

/* SQLite gives NULL for an empty blob too: then only its code tells a lack of memory. */
bool statement_blob(const struct statement *statement, int column, struct slice *ret_bytes,
                    struct error *err)
{
    const char *bytes = sqlite3_column_blob(statement->handle, column);
    int size = sqlite3_column_bytes(statement->handle, column);
    if (!bytes && sqlite3_errcode(sqlite3_db_handle(statement->handle)) == SQLITE_NOMEM)
        return error_no_memory(err, "a row of the catalog database");
    *ret_bytes = slice_make(bytes ? bytes : "", (size_t)size);
    return true;
}

bool connection_run(struct sqlite_connection *connection, enum statement_id id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(connection, id, &statement, err));
    return statement_run(&statement, err);
}

void connection_undo(struct sqlite_connection *connection)
{
    if (connection_in_transaction(connection))
        (void)connection_run(connection, STATEMENT_BATCH_ROLLBACK, NULL);
}

bool connection_int64(struct sqlite_connection *connection, enum statement_id id,
                      int64_t *ret_value, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(connection, id, &statement, err));
    bool has_row = false;
    TRY(statement_step(&statement, &has_row, err));
    if (!has_row)
        return error_set(err, ERROR_INTERNAL, "%s gave no row", statement_name(id));
    *ret_value = statement_int64(&statement, 0);
    return true;
}
