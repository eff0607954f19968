/*
 * Of pointer_store.h: what was dropped and can be brought back. A drop moves the row to a table of
 * its own, so that whatever looks for a name cannot meet it; the id moves with it.
 */
#include "storage/pointer_internal.h"

static bool dropped_read(struct statement *statement, struct arena *arena, void *row,
                         struct error *err)
{
    struct dropped_row *dropped = row;
    TRY(entity_row_read(statement, arena, &dropped->entity, err));
    dropped->dropped_ms = dropped->entity.updated_ms;
    dropped->until_ms = statement_int64(statement, 12);
    dropped->purge = statement_int64(statement, 13) != 0;
    return true;
}

static bool dropped_rows(struct statement *statement, struct arena *arena,
                         struct dropped_row **ret_rows, size_t *ret_count, struct error *err)
{
    struct row_list list;
    TRY(row_read_list(statement, arena, sizeof(struct dropped_row), dropped_read, &list, err));
    *ret_rows = (struct dropped_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

bool pointer_dropped_list(struct pointer_view *view, int64_t warehouse_id,
                          struct dropped_place after, int64_t limit, struct arena *arena,
                          struct dropped_row **ret_rows, size_t *ret_count, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_DROPPED_LIST, &statement, err));
    statement_bind_int64(&statement, 1, warehouse_id);
    statement_bind_int64(&statement, 2, after.dropped_ms);
    statement_bind_int64(&statement, 3, after.id);
    statement_bind_int64(&statement, 4, limit);
    return dropped_rows(&statement, arena, ret_rows, ret_count, err);
}

bool pointer_dropped_by_name(struct pointer_view *view, int64_t warehouse_id,
                             struct slice namespace_path, struct slice name, int64_t limit,
                             struct arena *arena, struct dropped_row **ret_rows, size_t *ret_count,
                             struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_DROPPED_BY_NAME, &statement, err));
    statement_bind_int64(&statement, 1, warehouse_id);
    statement_bind_text(&statement, 2, namespace_path);
    statement_bind_text(&statement, 3, name);
    statement_bind_int64(&statement, 4, limit);
    return dropped_rows(&statement, arena, ret_rows, ret_count, err);
}

bool pointer_dropped_by_uuid(struct pointer_view *view, struct slice uuid, int64_t limit,
                             struct arena *arena, struct dropped_row **ret_rows, size_t *ret_count,
                             struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_DROPPED_BY_UUID, &statement, err));
    statement_bind_text(&statement, 1, uuid);
    statement_bind_int64(&statement, 2, limit);
    return dropped_rows(&statement, arena, ret_rows, ret_count, err);
}

bool pointer_dropped_due(struct pointer_view *view, int64_t until_ms, int64_t limit,
                         struct arena *arena, struct dropped_row **ret_rows, size_t *ret_count,
                         struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_DROPPED_DUE, &statement, err));
    statement_bind_int64(&statement, 1, until_ms);
    statement_bind_int64(&statement, 2, limit);
    return dropped_rows(&statement, arena, ret_rows, ret_count, err);
}

bool dropped_in_namespace(struct pointer_view *view, int64_t namespace_id, struct arena *arena,
                          struct dropped_row *ret_row, bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_DROPPED_IN_NAMESPACE, &statement, err));
    statement_bind_int64(&statement, 1, namespace_id);
    return row_read_one(&statement, arena, dropped_read, ret_row, ret_found, err);
}

/* --- changing ----------------------------------------------------------------------------- */

bool pointer_entity_drop(struct pointer_txn *txn, int64_t id, int64_t keep_ms, bool purge,
                         struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_DROPPED_INSERT, &statement, err));
    statement_bind_int64(&statement, 1, id);
    statement_bind_int64(&statement, 2, txn->now_ms);
    statement_bind_int64(&statement, 3, txn->now_ms + keep_ms);
    statement_bind_int64(&statement, 4, purge);
    TRY(statement_run(&statement, err));
    return pointer_entity_delete(txn, id, err);
}

bool pointer_dropped_delete(struct pointer_txn *txn, int64_t id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_DROPPED_DELETE, &statement, err));
    statement_bind_int64(&statement, 1, id);
    return statement_run(&statement, err);
}

bool pointer_dropped_restore(struct pointer_txn *txn, const struct entity_row *row,
                             int64_t namespace_id, struct slice name, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    struct entity_place place = {namespace_id, name, row->kind};
    TRY(statement_begin(txn->view.connection, STATEMENT_DROPPED_RESTORE, &statement, err));
    statement_bind_int64(&statement, 1, row->id);
    statement_bind_int64(&statement, 2, namespace_id);
    statement_bind_text(&statement, 3, name);
    statement_bind_int64(&statement, 4, txn->now_ms);
    if (!statement_run(&statement, err))
        return entity_place_error(txn, &statement, &place, err);
    TRY(pointer_dropped_delete(txn, row->id, err));
    return entity_note(txn, row->id, NOTE_NAMED, err);
}
