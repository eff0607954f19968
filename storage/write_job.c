#include "storage/write_job.h"

#include "storage/write_batch.h"

static bool call(struct pointer_write *job, struct sqlite_connection *connection, int64_t now_ms)
{
    struct pointer_txn txn = {.view = {.connection = connection}, .now_ms = now_ms};
    bool ok = job->run(&txn, job->context, &job->error);
    job->changes = txn.changes;
    if (!ok && job->error.kind == ERROR_NONE)
        return error_set(&job->error, ERROR_INTERNAL, "a write failed without saying why");
    if (ok && !connection_in_transaction(connection))
        return error_set(&job->error, ERROR_STORAGE, "the database undid the transaction");
    return ok;
}

static bool call_guarded(struct pointer_write *job, struct sqlite_connection *connection,
                         int64_t now_ms)
{
    return connection_run(connection, STATEMENT_JOB_BEGIN, &job->error) &&
           call(job, connection, now_ms) &&
           connection_run(connection, STATEMENT_JOB_END, &job->error);
}

/* True where nothing of a job that has failed is left in the transaction, which goes on. */
static bool undo(struct sqlite_connection *connection)
{
    if (connection_run(connection, STATEMENT_JOB_UNDO, NULL) &&
        connection_run(connection, STATEMENT_JOB_END, NULL))
        return true;
    connection_undo(connection);
    return false;
}

/* A database that fails, or is damaged, may have ended a statement in its middle. */
static bool is_refusal(enum error_kind kind)
{
    return kind != ERROR_CORRUPT && kind != ERROR_STORAGE && kind != ERROR_STORAGE_FULL &&
           kind != ERROR_NO_MEMORY && kind != ERROR_INTERNAL;
}

/* Counts the rows that the connection has changed: those of foreign keys and triggers as well,
 * those of a statement that was refused as a whole not. */
bool write_job_run(struct pointer_write *job, struct sqlite_connection *connection, int64_t now_ms,
                   bool is_guarded)
{
    sqlite3_int64 changes = sqlite3_total_changes64(connection->db);
    error_clear(&job->error);
    job->ok = is_guarded ? call_guarded(job, connection, now_ms) : call(job, connection, now_ms);
    if (job->ok)
        return true;
    (void)write_job_fail(job, &job->error);
    if (!connection_in_transaction(connection))
        return false;
    if (is_guarded)
        return undo(connection);
    return is_refusal(job->error.kind) && sqlite3_total_changes64(connection->db) == changes;
}
