/* Secrets, and how object stores are reached (storage/pointer_store.h). */
#include "storage/pointer_store.h"

#include "storage/pointer_internal.h"

static bool storage_read(struct statement *statement, struct arena *arena, void *row,
                         struct error *err)
{
    struct storage_row *storage = row;
    storage->warehouse_id = statement_int64(statement, 0);
    return statement_text(statement, 1, arena, &storage->profile, err) &&
           statement_text(statement, 2, arena, &storage->secrets, err);
}

bool pointer_storage_list(struct pointer_view *view, struct arena *arena,
                          struct storage_row **ret_rows, size_t *ret_count, struct error *err)
{
    int64_t version = 0;
    struct row_list list = {.count = 0};
    TRY(connection_int64(view->connection, STATEMENT_USER_VERSION, &version, err));
    if (version >= SQL_SCHEMA_WITH_STORAGE) {
        STATEMENT_SCOPED struct statement statement;
        TRY(statement_begin(view->connection, STATEMENT_STORAGE_LIST, &statement, err));
        TRY(row_read_list(&statement, arena, sizeof(struct storage_row), storage_read, &list, err));
    }
    *ret_rows = (struct storage_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

bool pointer_storage_put(struct pointer_txn *txn, const struct storage_row *row, struct error *err)
{
    bool is_gone = row->profile.len == 0;
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection,
                        is_gone ? STATEMENT_STORAGE_DELETE : STATEMENT_STORAGE_PUT, &statement,
                        err));
    statement_bind_int64(&statement, 1, row->warehouse_id);
    if (!is_gone) {
        statement_bind_text(&statement, 2, row->profile);
        statement_bind_text(&statement, 3, row->secrets);
    }
    return statement_run(&statement, err);
}

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
