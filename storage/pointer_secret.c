/* Secrets of the pointer store (storage/pointer_store.h). */
#include "storage/pointer_store.h"

#include "storage/pointer_internal.h"

bool pointer_secret_get(struct pointer_view *view, struct slice name, struct arena *arena,
                        struct secret_row *ret_row, bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    struct secret_row row = {.name = name};
    bool has_row = false;
    TRY(statement_begin(view->connection, STATEMENT_SECRET_GET, &statement, err));
    statement_bind_text(&statement, 1, name);
    TRY(statement_step(&statement, &has_row, err));
    if (has_row) {
        row.version = statement_int64(&statement, 0);
        TRY(statement_text(&statement, 1, arena, &row.value, err));
        *ret_row = row;
    }
    *ret_found = has_row;
    return true;
}

bool pointer_secret_insert(struct pointer_txn *txn, const struct secret_row *row, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_SECRET_INSERT, &statement, err));
    statement_bind_text(&statement, 1, row->name);
    statement_bind_int64(&statement, 2, row->version);
    statement_bind_text(&statement, 3, row->value);
    return statement_run(&statement, err);
}
