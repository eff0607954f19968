/* Files that a transaction carries until they are durable (storage/pointer_store.h). */
#include "storage/pointer_store.h"

#include "storage/pointer_internal.h"

bool pointer_pending_add(struct pointer_txn *txn, struct slice location, struct slice bytes,
                         int64_t *ret_id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    struct sqlite_connection *connection = txn->view.connection;
    TRY(statement_begin(connection, STATEMENT_PENDING_INSERT, &statement, err));
    statement_bind_text(&statement, 1, location);
    statement_bind_blob(&statement, 2, bytes);
    TRY(statement_run(&statement, err));
    *ret_id = sqlite3_last_insert_rowid(connection->db);
    return true;
}

bool pointer_pending_done(struct pointer_txn *txn, int64_t id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_PENDING_DONE, &statement, err));
    statement_bind_int64(&statement, 1, id);
    return statement_run(&statement, err);
}

bool pointer_pending_list(struct pointer_view *view, int64_t after, struct arena *arena,
                          struct pending_row *rows, size_t capacity, size_t *ret_count,
                          struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    size_t count = 0;
    bool has_row = false;
    TRY(statement_begin(view->connection, STATEMENT_PENDING_LIST, &statement, err));
    statement_bind_int64(&statement, 1, after);
    statement_bind_int64(&statement, 2, (int64_t)capacity);
    TRY(statement_step(&statement, &has_row, err));
    for (; has_row && count < capacity; count++) {
        rows[count].id = statement_int64(&statement, 0);
        TRY(statement_text(&statement, 1, arena, &rows[count].location, err));
        TRY(statement_step(&statement, &has_row, err));
    }
    *ret_count = count;
    return true;
}

bool pointer_pending_get(struct pointer_view *view, int64_t id, struct buffer *out,
                         bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    bool has_row = false;
    TRY(statement_begin(view->connection, STATEMENT_PENDING_GET, &statement, err));
    statement_bind_int64(&statement, 1, id);
    TRY(statement_step(&statement, &has_row, err));
    if (has_row) {
        struct slice bytes;
        TRY(statement_blob(&statement, 0, &bytes, err));
        buffer_append_slice(out, bytes);
        TRY(buffer_check(out, "a file that waits to be durable", err));
    }
    *ret_found = has_row;
    return true;
}
