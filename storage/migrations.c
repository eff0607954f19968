#include "storage/migrations.h"

struct identity {
    int64_t application_id;
    int64_t version;
    int64_t tables;
};

static bool identity_read(struct sqlite_connection *connection, struct identity *ret_identity,
                          struct error *err)
{
    struct identity identity;
    TRY(connection_int64(connection, STATEMENT_APPLICATION_ID, &identity.application_id, err));
    TRY(connection_int64(connection, STATEMENT_USER_VERSION, &identity.version, err));
    TRY(connection_int64(connection, STATEMENT_SCHEMA_COUNT, &identity.tables, err));
    *ret_identity = identity;
    return true;
}

/* A file in which nothing was ever made: ours to begin. */
static bool is_blank(const struct identity *identity)
{
    return identity->application_id == 0 && identity->version == 0 && identity->tables == 0;
}

static bool identity_check(const struct identity *identity, const char *path, struct error *err)
{
    if (is_blank(identity))
        return true;
    if (identity->application_id != SQL_APPLICATION_ID)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' is a SQLite database of another program: choose another data "
                         "directory",
                         path);
    if (identity->version > SQL_SCHEMA_VERSION)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' was written by a newer version of Firn (schema %lld, this one knows "
                         "%d): start that version, or restore a backup",
                         path, (long long)identity->version, SQL_SCHEMA_VERSION);
    if (identity->version < 1)
        return error_set(err, ERROR_CORRUPT, "'%s' is damaged: its schema number is %lld", path,
                         (long long)identity->version);
    return true;
}

bool migrations_check(struct sqlite_connection *connection, const char *path, struct error *err)
{
    struct identity identity;
    TRY(identity_read(connection, &identity, err));
    if (is_blank(&identity))
        return error_set(err, ERROR_CORRUPT, "'%s' is empty: there is no catalog in it", path);
    return identity_check(&identity, path, err);
}

/* WAL is refused by some file systems (no shared memory): better a sentence now than a slow or
 * unsafe journal later. */
static bool journal_set(struct sqlite_connection *connection, const char *path, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(connection, STATEMENT_JOURNAL_WAL, &statement, err));
    bool has_row = false;
    TRY(statement_step(&statement, &has_row, err));
    const char *mode = (const char *)sqlite3_column_text(statement.handle, 0);
    if (!has_row || !mode || sqlite3_stricmp(mode, "wal") != 0)
        return error_set(err, ERROR_STORAGE,
                         "'%s' cannot use a write-ahead log: put the data directory on a local "
                         "file system",
                         path);
    return true;
}

static bool migrate_from(struct sqlite_connection *connection, int64_t version, struct error *err)
{
    for (; version < SQL_SCHEMA_VERSION; version++)
        TRY(connection_script(connection, sql_migrations[version], err));
    return connection_run(connection, STATEMENT_BATCH_COMMIT, err);
}

/* The version is read again under the write lock: what counts is what is there now. */
static bool migrate(struct sqlite_connection *connection, const char *path, struct error *err)
{
    TRY(connection_run(connection, STATEMENT_BATCH_BEGIN, err));
    struct identity identity;
    if (identity_read(connection, &identity, err) && identity_check(&identity, path, err) &&
        migrate_from(connection, identity.version, err))
        return true;
    if (connection_in_transaction(connection))
        (void)connection_run(connection, STATEMENT_BATCH_ROLLBACK, NULL);
    return false;
}

bool migrations_run(struct sqlite_connection *connection, const char *path, struct error *err)
{
    struct identity identity;
    TRY(identity_read(connection, &identity, err));
    TRY(identity_check(&identity, path, err));
    TRY(journal_set(connection, path, err));
    if (identity.version == SQL_SCHEMA_VERSION)
        return true;
    return migrate(connection, path, err);
}
