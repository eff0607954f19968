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

/* Rows that the connection has changed: those of foreign keys and triggers count, those of a
 * statement that has failed do not, since SQLite undoes it by itself. */
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
    return is_guarded ? undo(connection) : sqlite3_total_changes64(connection->db) == changes;
}
