/*
 * The reading half of pointer_store.h: one statement for each function, its rows copied into the
 * caller's arena. The same functions serve views of the pool and the view of a transaction.
 */
#include "storage/pointer_internal.h"

/* The first rows of a list; it doubles from there. */
#define FIRST_ROWS 16

/* --- rows into the arena ------------------------------------------------------------------ */

/* Room for one more. What was outgrown stays in the arena: less than the list itself. */
static bool list_grow(struct row_list *list, struct arena *arena, struct error *err)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity ? list->capacity * 2 : FIRST_ROWS;
    char *rows = arena_calloc(arena, capacity, list->row_size);
    if (!rows)
        return error_no_memory(err, "a list of rows");
    if (list->count)
        memcpy(rows, list->rows, list->count * list->row_size);
    list->rows = rows;
    list->capacity = capacity;
    return true;
}

bool row_read_list(struct statement *statement, struct arena *arena, size_t row_size,
                   row_read_fn read, struct row_list *ret_list, struct error *err)
{
    struct row_list list = {.row_size = row_size};
    for (;;) {
        bool has_row = false;
        TRY(list_grow(&list, arena, err));
        TRY(statement_step(statement, &has_row, err));
        if (!has_row)
            break;
        TRY(read(statement, arena, list.rows + list.count * row_size, err));
        list.count++;
    }
    *ret_list = list;
    return true;
}

bool row_read_one(struct statement *statement, struct arena *arena, row_read_fn read, void *row,
                  bool *ret_found, struct error *err)
{
    bool has_row = false;
    TRY(statement_step(statement, &has_row, err));
    if (has_row)
        TRY(read(statement, arena, row, err));
    *ret_found = has_row;
    return true;
}

/* --- warehouses and namespaces ------------------------------------------------------------ */

static bool warehouse_read(struct statement *statement, struct arena *arena, void *row,
                           struct error *err)
{
    struct warehouse_row *warehouse = row;
    warehouse->id = statement_int64(statement, 0);
    warehouse->is_default = statement_int64(statement, 4) != 0;
    warehouse->created_ms = statement_int64(statement, 5);
    return statement_text(statement, 1, arena, &warehouse->name, err) &&
           statement_text(statement, 2, arena, &warehouse->location, err) &&
           statement_text(statement, 3, arena, &warehouse->properties, err);
}

bool pointer_warehouse_list(struct pointer_view *view, struct arena *arena,
                            struct warehouse_row **ret_rows, size_t *ret_count, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_WAREHOUSE_LIST, &statement, err));
    struct row_list list;
    TRY(row_read_list(&statement, arena, sizeof(struct warehouse_row), warehouse_read, &list, err));
    *ret_rows = (struct warehouse_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

static bool namespace_read(struct statement *statement, struct arena *arena, void *row,
                           struct error *err)
{
    struct namespace_row *space = row;
    space->id = statement_int64(statement, 0);
    space->warehouse_id = statement_int64(statement, 1);
    return statement_text(statement, 2, arena, &space->path, err) &&
           statement_text(statement, 3, arena, &space->properties, err);
}

bool pointer_namespace_get(struct pointer_view *view, int64_t warehouse_id, struct slice path,
                           struct arena *arena, struct namespace_row *ret_row, bool *ret_found,
                           struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_NAMESPACE_GET, &statement, err));
    statement_bind_int64(&statement, 1, warehouse_id);
    statement_bind_text(&statement, 2, path);
    struct namespace_row row;
    bool found = false;
    TRY(row_read_one(&statement, arena, namespace_read, &row, &found, err));
    if (found)
        *ret_row = row;
    *ret_found = found;
    return true;
}

bool pointer_namespace_list(struct pointer_view *view, int64_t warehouse_id, int64_t parent_id,
                            struct slice after, int64_t limit, struct arena *arena,
                            struct namespace_row **ret_rows, size_t *ret_count, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_NAMESPACE_LIST, &statement, err));
    statement_bind_int64(&statement, 1, warehouse_id);
    if (parent_id == 0)
        statement_bind_null(&statement, 2);
    else
        statement_bind_int64(&statement, 2, parent_id);
    statement_bind_text(&statement, 3, after);
    statement_bind_int64(&statement, 4, limit);
    struct row_list list;
    TRY(row_read_list(&statement, arena, sizeof(struct namespace_row), namespace_read, &list, err));
    *ret_rows = (struct namespace_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

bool pointer_namespace_content(struct pointer_view *view, int64_t namespace_id,
                               struct namespace_content *ret_content, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_NAMESPACE_CONTENT, &statement, err));
    statement_bind_int64(&statement, 1, namespace_id);
    bool has_row = false;
    TRY(statement_step(&statement, &has_row, err));
    ret_content->has_tables = statement_int64(&statement, 0) != 0;
    ret_content->has_views = statement_int64(&statement, 1) != 0;
    ret_content->has_functions = statement_int64(&statement, 2) != 0;
    ret_content->has_children = statement_int64(&statement, 3) != 0;
    return true;
}

bool pointer_totals(struct pointer_view *view, struct pointer_totals *ret_totals,
                    struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    bool has_row = false;
    TRY(statement_begin(view->connection, STATEMENT_TOTALS, &statement, err));
    TRY(statement_step(&statement, &has_row, err));
    *ret_totals = (struct pointer_totals){
        .namespaces = statement_int64(&statement, 0),
        .tables = statement_int64(&statement, 1),
        .views = statement_int64(&statement, 2),
        .functions = statement_int64(&statement, 3),
        .dropped = statement_int64(&statement, 4),
        .purges = statement_int64(&statement, 5),
    };
    return true;
}

/* --- entities ----------------------------------------------------------------------------- */

enum entity_kind entity_kind_of(int64_t column)
{
    return column == ENTITY_VIEW       ? ENTITY_VIEW
           : column == ENTITY_FUNCTION ? ENTITY_FUNCTION
                                       : ENTITY_TABLE;
}

bool entity_row_read(struct statement *statement, struct arena *arena, void *row,
                        struct error *err)
{
    struct entity_row *entity = row;
    entity->id = statement_int64(statement, 0);
    entity->warehouse_id = statement_int64(statement, 1);
    entity->namespace_id = statement_int64(statement, 2);
    entity->kind = entity_kind_of(statement_int64(statement, 3));
    entity->version = statement_int64(statement, 9);
    entity->updated_ms = statement_int64(statement, 10);
    entity->is_dropped = statement_int64(statement, 11) != 0;
    return statement_text(statement, 4, arena, &entity->namespace_path, err) &&
           statement_text(statement, 5, arena, &entity->name, err) &&
           statement_text(statement, 6, arena, &entity->uuid, err) &&
           statement_text(statement, 7, arena, &entity->location, err) &&
           statement_text(statement, 8, arena, &entity->metadata_location, err);
}

static bool entity_read_one(struct statement *statement, struct arena *arena,
                            struct entity_row *ret_row, bool *ret_found, struct error *err)
{
    struct entity_row row;
    bool found = false;
    TRY(row_read_one(statement, arena, entity_row_read, &row, &found, err));
    if (found)
        *ret_row = row;
    *ret_found = found;
    return true;
}

bool pointer_entity_get(struct pointer_view *view, int64_t warehouse_id,
                        struct slice namespace_path, struct slice name, struct arena *arena,
                        struct entity_row *ret_row, bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_ENTITY_GET, &statement, err));
    statement_bind_int64(&statement, 1, warehouse_id);
    statement_bind_text(&statement, 2, namespace_path);
    statement_bind_text(&statement, 3, name);
    TRY(entity_read_one(&statement, arena, ret_row, ret_found, err));
    if (*ret_found && view->cache)
        pointer_cache_offer(view->cache, ret_row, view->sequence);
    return true;
}

bool pointer_function_get(struct pointer_view *view, int64_t warehouse_id,
                          struct slice namespace_path, struct slice name, struct arena *arena,
                          struct entity_row *ret_row, bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_FUNCTION_GET, &statement, err));
    statement_bind_int64(&statement, 1, warehouse_id);
    statement_bind_text(&statement, 2, namespace_path);
    statement_bind_text(&statement, 3, name);
    return entity_read_one(&statement, arena, ret_row, ret_found, err);
}

bool pointer_entity_get_by_id(struct pointer_view *view, int64_t id, struct arena *arena,
                              struct entity_row *ret_row, bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_ENTITY_GET_BY_ID, &statement, err));
    statement_bind_int64(&statement, 1, id);
    return entity_read_one(&statement, arena, ret_row, ret_found, err);
}

bool pointer_entity_list(struct pointer_view *view, int64_t namespace_id, enum entity_kind kind,
                         struct slice after, int64_t limit, struct arena *arena,
                         struct entity_row **ret_rows, size_t *ret_count, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_ENTITY_LIST, &statement, err));
    statement_bind_int64(&statement, 1, namespace_id);
    statement_bind_int64(&statement, 2, (int64_t)kind);
    statement_bind_text(&statement, 3, after);
    statement_bind_int64(&statement, 4, limit);
    struct row_list list;
    TRY(row_read_list(&statement, arena, sizeof(struct entity_row), entity_row_read, &list, err));
    *ret_rows = (struct entity_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

bool pointer_entity_walk(struct pointer_view *view, int64_t after, int64_t limit,
                         struct arena *arena, struct entity_row **ret_rows, size_t *ret_count,
                         struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_ENTITY_WALK, &statement, err));
    statement_bind_int64(&statement, 1, after);
    statement_bind_int64(&statement, 2, limit);
    struct row_list list;
    TRY(row_read_list(&statement, arena, sizeof(struct entity_row), entity_row_read, &list, err));
    *ret_rows = (struct entity_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

bool pointer_entity_by_metadata_name(struct pointer_view *view, struct slice name,
                                     struct arena *arena, struct entity_row **ret_rows,
                                     size_t *ret_count, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_ENTITY_BY_METADATA_NAME, &statement, err));
    statement_bind_text(&statement, 1, name);
    struct row_list list;
    TRY(row_read_list(&statement, arena, sizeof(struct entity_row), entity_row_read, &list, err));
    *ret_rows = (struct entity_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

bool pointer_entity_by_uuid(struct pointer_view *view, struct slice uuid, struct arena *arena,
                            struct entity_row *ret_row, bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_ENTITY_BY_UUID, &statement, err));
    statement_bind_text(&statement, 1, uuid);
    return entity_read_one(&statement, arena, ret_row, ret_found, err);
}

/* --- records ------------------------------------------------------------------------------ */

static bool idempotency_read(struct statement *statement, struct arena *arena, void *row,
                             struct error *err)
{
    struct idempotency_row *record = row;
    record->status = statement_int64(statement, 2);
    record->created_ms = statement_int64(statement, 7);
    return statement_text(statement, 0, arena, &record->key, err) &&
           statement_text(statement, 1, arena, &record->request_digest, err) &&
           statement_text(statement, 3, arena, &record->error_kind, err) &&
           statement_text(statement, 4, arena, &record->error_message, err) &&
           statement_text(statement, 5, arena, &record->metadata_location, err) &&
           statement_text(statement, 6, arena, &record->body, err);
}

bool pointer_idempotency_get(struct pointer_view *view, struct slice key, struct arena *arena,
                             struct idempotency_row *ret_row, bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_IDEMPOTENCY_GET, &statement, err));
    statement_bind_text(&statement, 1, key);
    struct idempotency_row row;
    bool found = false;
    TRY(row_read_one(&statement, arena, idempotency_read, &row, &found, err));
    if (found)
        *ret_row = row;
    *ret_found = found;
    return true;
}

bool purge_row_read(struct statement *statement, struct arena *arena, void *row,
                       struct error *err)
{
    struct purge_row *purge = row;
    purge->id = statement_int64(statement, 0);
    purge->warehouse_id = statement_int64(statement, 1);
    purge->kind = entity_kind_of(statement_int64(statement, 2));
    purge->attempts = statement_int64(statement, 6);
    purge->files_left = statement_int64(statement, 7);
    return statement_text(statement, 3, arena, &purge->uuid, err) &&
           statement_text(statement, 4, arena, &purge->location, err) &&
           statement_text(statement, 5, arena, &purge->metadata_location, err) &&
           statement_text(statement, 8, arena, &purge->reason, err);
}

bool pointer_purge_list(struct pointer_view *view, int64_t limit, struct arena *arena,
                        struct purge_row **ret_rows, size_t *ret_count, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_PURGE_LIST, &statement, err));
    statement_bind_int64(&statement, 1, limit);
    struct row_list list;
    TRY(row_read_list(&statement, arena, sizeof(struct purge_row), purge_row_read, &list, err));
    *ret_rows = (struct purge_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

bool pointer_purge_by_uuid(struct pointer_view *view, struct slice uuid, struct arena *arena,
                           struct purge_row *ret_row, bool *ret_found, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_PURGE_BY_UUID, &statement, err));
    statement_bind_text(&statement, 1, uuid);
    return row_read_one(&statement, arena, purge_row_read, ret_row, ret_found, err);
}

bool pointer_purge_last(struct pointer_view *view, int64_t *ret_id, struct error *err)
{
    return connection_int64(view->connection, STATEMENT_PURGE_LAST, ret_id, err);
}

static bool metrics_read(struct statement *statement, struct arena *arena, void *row,
                         struct error *err)
{
    struct metrics_row *metrics = row;
    metrics->id = statement_int64(statement, 0);
    metrics->time_ms = statement_int64(statement, 3);
    return statement_text(statement, 1, arena, &metrics->entity_uuid, err) &&
           statement_text(statement, 2, arena, &metrics->report, err);
}

bool pointer_metrics_list(struct pointer_view *view, struct slice entity_uuid, int64_t limit,
                          struct arena *arena, struct metrics_row **ret_rows, size_t *ret_count,
                          struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection, STATEMENT_METRICS_LIST, &statement, err));
    statement_bind_text(&statement, 1, entity_uuid);
    statement_bind_int64(&statement, 2, limit);
    struct row_list list;
    TRY(row_read_list(&statement, arena, sizeof(struct metrics_row), metrics_read, &list, err));
    *ret_rows = (struct metrics_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}

static bool change_read(struct statement *statement, struct arena *arena, void *row,
                        struct error *err)
{
    struct change_row *change = row;
    change->sequence = statement_int64(statement, 0);
    change->warehouse_id = statement_int64(statement, 1);
    change->time_ms = statement_int64(statement, 10);
    struct slice operation; /* its copy ends with a NUL */
    TRY(statement_text(statement, 2, arena, &operation, err));
    change->operation = operation.ptr;
    return statement_text(statement, 3, arena, &change->entity_uuid, err) &&
           statement_text(statement, 4, arena, &change->namespace_path, err) &&
           statement_text(statement, 5, arena, &change->name, err) &&
           statement_text(statement, 6, arena, &change->old_location, err) &&
           statement_text(statement, 7, arena, &change->new_location, err) &&
           statement_text(statement, 8, arena, &change->actor, err) &&
           statement_text(statement, 9, arena, &change->request_id, err);
}

bool pointer_change_list(struct pointer_view *view, int64_t warehouse_id, int64_t after,
                         int64_t limit, struct arena *arena, struct change_row **ret_rows,
                         size_t *ret_count, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(view->connection,
                        warehouse_id == 0 ? STATEMENT_CHANGE_LIST_ALL
                                          : STATEMENT_CHANGE_LIST_WAREHOUSE,
                        &statement, err));
    statement_bind_int64(&statement, 1, after);
    statement_bind_int64(&statement, 2, limit);
    if (warehouse_id != 0)
        statement_bind_int64(&statement, 3, warehouse_id);
    struct row_list list;
    TRY(row_read_list(&statement, arena, sizeof(struct change_row), change_read, &list, err));
    *ret_rows = (struct change_row *)(void *)list.rows;
    *ret_count = list.count;
    return true;
}
