/* Files that a transaction carries until they are durable (storage/pointer_store.h). */
#include "storage/pointer_store.h"

#include <stdlib.h>

#include "storage/pointer_internal.h"

/* base 0: none. */
static bool insert(struct pointer_txn *txn, struct slice location, struct slice bytes, int64_t base,
                   int64_t *ret_id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    struct sqlite_connection *connection = txn->view.connection;
    TRY(statement_begin(connection, STATEMENT_PENDING_INSERT, &statement, err));
    statement_bind_text(&statement, 1, location);
    statement_bind_blob(&statement, 2, bytes);
    if (base != 0)
        statement_bind_int64(&statement, 3, base);
    TRY(statement_run(&statement, err));
    *ret_id = sqlite3_last_insert_rowid(connection->db);
    return true;
}

bool pointer_pending_add(struct pointer_txn *txn, struct slice location, struct slice bytes,
                         int64_t *ret_id, struct error *err)
{
    return insert(txn, location, bytes, 0, ret_id, err);
}

static bool exists(struct pointer_txn *txn, int64_t id, bool *ret_exists, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_PENDING_EXISTS, &statement, err));
    statement_bind_int64(&statement, 1, id);
    return statement_step(&statement, ret_exists, err);
}

bool pointer_pending_add_like(struct pointer_txn *txn, struct slice location, struct slice bytes,
                              int64_t base, int64_t *ret_id, bool *ret_has_base, struct error *err)
{
    TRY(exists(txn, base, ret_has_base, err));
    return !*ret_has_base || insert(txn, location, bytes, base, ret_id, err);
}

int pending_id_compare(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Its place in `ids`, or NULL. */
static const int64_t *find_id(const int64_t *ids, size_t count, int64_t id)
{
    return bsearch(&id, ids, count, sizeof *ids, pending_id_compare);
}

/* Rows that stay need theirs. */
static bool find_needed(struct pointer_txn *txn, const int64_t *ids, size_t count, bool *needed,
                        struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    bool has_row = false;
    TRY(statement_begin(txn->view.connection, STATEMENT_PENDING_BASES, &statement, err));
    TRY(statement_step(&statement, &has_row, err));
    while (has_row) {
        const int64_t *base = find_id(ids, count, statement_int64(&statement, 1));
        if (base && !find_id(ids, count, statement_int64(&statement, 0)))
            needed[base - ids] = true;
        TRY(statement_step(&statement, &has_row, err));
    }
    return true;
}

static bool delete_row(struct pointer_txn *txn, int64_t id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_PENDING_DONE, &statement, err));
    statement_bind_int64(&statement, 1, id);
    return statement_run(&statement, err);
}

bool pointer_pending_done(struct pointer_txn *txn, const int64_t *ids, size_t count, bool *ret_gone,
                          struct error *err)
{
    memset(ret_gone, 0, count * sizeof *ret_gone);
    TRY(find_needed(txn, ids, count, ret_gone, err));
    for (size_t i = 0; i < count; i++) {
        ret_gone[i] = !ret_gone[i];
        if (ret_gone[i])
            TRY(delete_row(txn, ids[i], err));
    }
    return true;
}

bool pointer_pending_list(struct pointer_view *view, int64_t before, struct arena *arena,
                          struct pending_row *rows, size_t capacity, size_t *ret_count,
                          struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    size_t count = 0;
    bool has_row = false;
    TRY(statement_begin(view->connection, STATEMENT_PENDING_LIST, &statement, err));
    statement_bind_int64(&statement, 1, before);
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

bool pointer_pending_get(struct pointer_view *view, int64_t id, struct arena *arena,
                         struct slice *ret_bytes, struct slice *ret_base, bool *ret_found,
                         struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_PENDING_GET, &statement, err));
    statement_bind_int64(&statement, 1, id);
    TRY(statement_step(&statement, ret_found, err));
    if (!*ret_found)
        return true;
    struct slice bytes, base;
    TRY(statement_blob(&statement, 0, &bytes, err));
    TRY(statement_blob(&statement, 1, &base, err));
    *ret_bytes = arena_slice(arena, bytes);
    *ret_base = arena_slice(arena, base);
    return (ret_bytes->ptr && ret_base->ptr) ||
           error_no_memory(err, "a file that waits to be durable");
}
