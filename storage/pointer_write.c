/*
 * The changing half of pointer_store.h. Each function is a step of a job: what it refuses undoes
 * the job, and what it changes in a pointer is noted for the map in memory, which learns of it when
 * the transaction has committed.
 */
#include "storage/pointer_internal.h"

#include "base/limits.h"

/* One job's rows while they are on their way to the cache or into a sentence. */
#define TXN_ARENA_SIZE (4 * MIB)

/* --- help --------------------------------------------------------------------------------- */

/* A namespace (and a name in it) as people write it: levels joined by dots, cut where long. */
struct dotted {
    char text[ERROR_MESSAGE_SIZE];
};

static struct dotted dotted_name(struct slice path, struct slice name)
{
    struct dotted dotted;
    size_t size = 0;
    size_t room = sizeof dotted.text - 1;
    for (size_t i = 0; i < path.len && size < room; i++)
        dotted.text[size++] = path.ptr[i] == NAMESPACE_SEPARATOR ? '.' : path.ptr[i];
    if (path.len && name.len && size < room)
        dotted.text[size++] = '.';
    for (size_t i = 0; i < name.len && size < room; i++)
        dotted.text[size++] = name.ptr[i];
    dotted.text[size] = '\0';
    return dotted;
}

static bool is_taken(const struct statement *statement)
{
    return statement->code == SQLITE_CONSTRAINT_UNIQUE;
}

static bool breaks_reference(const struct statement *statement)
{
    return statement->code == SQLITE_CONSTRAINT_FOREIGNKEY ||
           statement->code == SQLITE_CONSTRAINT_TRIGGER; /* how SQLite reports RESTRICT */
}

/* The names that the namespace holds, or whether it is there, are not what they were. */
static bool note_listing(struct pointer_txn *txn, int64_t warehouse_id, struct slice path,
                         struct error *err)
{
    struct cache_entry *entry;
    TRY(cache_listing_create(warehouse_id, path, &entry, err));
    cache_entry_chain(&txn->changes, entry);
    return true;
}

static sqlite3 *txn_db(const struct pointer_txn *txn)
{
    return txn->view.connection->db;
}

static bool begin(struct pointer_txn *txn, enum statement_id id, struct statement *ret_statement,
                  struct error *err)
{
    return statement_begin(txn->view.connection, id, ret_statement, err);
}

/* --- warehouses --------------------------------------------------------------------------- */

static bool warehouse_run(struct statement *statement, const struct warehouse_row *row,
                          struct error *err)
{
    if (statement_run(statement, err))
        return true;
    if (is_taken(statement))
        return error_set(err, ERROR_ALREADY_EXISTS, "Warehouse already exists: %.*s",
                         SLICE_ARG(row->name));
    return false;
}

static bool warehouse_take_default(struct pointer_txn *txn, const struct warehouse_row *row,
                                   struct error *err)
{
    return !row->is_default ||
           connection_run(txn->view.connection, STATEMENT_WAREHOUSE_CLEAR_DEFAULT, err);
}

bool pointer_warehouse_insert(struct pointer_txn *txn, const struct warehouse_row *row,
                              int64_t *ret_id, struct error *err)
{
    TRY(warehouse_take_default(txn, row, err));
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_WAREHOUSE_INSERT, &statement, err));
    statement_bind_text(&statement, 1, row->name);
    statement_bind_text(&statement, 2, row->location);
    statement_bind_text(&statement, 3, row->properties);
    statement_bind_int64(&statement, 4, row->is_default);
    statement_bind_int64(&statement, 5, txn->now_ms);
    TRY(warehouse_run(&statement, row, err));
    *ret_id = sqlite3_last_insert_rowid(txn_db(txn));
    return true;
}

bool pointer_warehouse_update(struct pointer_txn *txn, const struct warehouse_row *row,
                              struct error *err)
{
    TRY(warehouse_take_default(txn, row, err));
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_WAREHOUSE_UPDATE, &statement, err));
    statement_bind_int64(&statement, 1, row->id);
    statement_bind_text(&statement, 2, row->name);
    statement_bind_text(&statement, 3, row->location);
    statement_bind_text(&statement, 4, row->properties);
    statement_bind_int64(&statement, 5, row->is_default);
    TRY(warehouse_run(&statement, row, err));
    if (sqlite3_changes(txn_db(txn)) == 0)
        return error_set(err, ERROR_NO_SUCH_WAREHOUSE, "Warehouse does not exist: %.*s",
                         SLICE_ARG(row->name));
    return true;
}

bool pointer_warehouse_delete(struct pointer_txn *txn, int64_t id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_WAREHOUSE_DELETE, &statement, err));
    statement_bind_int64(&statement, 1, id);
    if (!statement_run(&statement, err)) {
        if (breaks_reference(&statement))
            return error_set(err, ERROR_CONFLICT,
                             "the warehouse still holds namespaces: drop them first");
        return false;
    }
    if (sqlite3_changes(txn_db(txn)) == 0)
        return error_set(err, ERROR_NO_SUCH_WAREHOUSE, "Warehouse does not exist");
    return true;
}

/* --- namespaces --------------------------------------------------------------------------- */

/* The last level of a path. */
static struct slice path_name(struct slice path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != NAMESPACE_SEPARATOR)
        at--;
    return slice_from(path, at);
}

/* All but the last level: empty at the top. */
static struct slice path_parent(struct slice path)
{
    size_t size = path.len - path_name(path).len;
    return (struct slice){path.ptr, size > 0 ? size - 1 : 0};
}

static bool note_namespace(struct pointer_txn *txn, int64_t warehouse_id, struct slice path,
                           struct error *err)
{
    return note_listing(txn, warehouse_id, path, err) &&
           note_listing(txn, warehouse_id, path_parent(path), err);
}

static bool namespace_insert_error(const struct statement *statement, struct slice path,
                                   struct error *err)
{
    struct dotted dotted = dotted_name(path, SLICE_EMPTY);
    if (is_taken(statement))
        return error_set(err, ERROR_ALREADY_EXISTS, "Namespace already exists: %s", dotted.text);
    if (breaks_reference(statement))
        return error_set(err, ERROR_NO_SUCH_NAMESPACE,
                         "the warehouse or the parent of namespace %s does not exist", dotted.text);
    return false;
}

bool pointer_namespace_insert(struct pointer_txn *txn, int64_t warehouse_id, int64_t parent_id,
                              struct slice path, struct slice properties, int64_t *ret_id,
                              struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_NAMESPACE_INSERT, &statement, err));
    statement_bind_int64(&statement, 1, warehouse_id);
    if (parent_id == 0)
        statement_bind_null(&statement, 2);
    else
        statement_bind_int64(&statement, 2, parent_id);
    statement_bind_text(&statement, 3, path);
    statement_bind_text(&statement, 4, path_name(path));
    statement_bind_text(&statement, 5, properties);
    if (!statement_run(&statement, err))
        return namespace_insert_error(&statement, path, err);
    TRY(note_namespace(txn, warehouse_id, path, err));
    *ret_id = sqlite3_last_insert_rowid(txn_db(txn));
    return true;
}

static bool namespace_absent(struct error *err)
{
    return error_set(err, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist");
}

bool pointer_namespace_set_properties(struct pointer_txn *txn, int64_t id, struct slice properties,
                                      struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_NAMESPACE_SET_PROPERTIES, &statement, err));
    statement_bind_int64(&statement, 1, id);
    statement_bind_text(&statement, 2, properties);
    TRY(statement_run(&statement, err));
    return sqlite3_changes(txn_db(txn)) > 0 || namespace_absent(err);
}

static bool namespace_not_empty(struct pointer_txn *txn, int64_t id,
                                const struct namespace_content *content, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_NAMESPACE_PATH, &statement, err));
    statement_bind_int64(&statement, 1, id);
    bool has_row = false;
    TRY(statement_step(&statement, &has_row, err));
    const char *path = has_row ? (const char *)sqlite3_column_text(statement.handle, 0) : "";
    struct dotted dotted = dotted_name(slice_from_string(path), SLICE_EMPTY);
    return error_set(err, ERROR_NAMESPACE_NOT_EMPTY,
                     "Namespace %s is not empty: it holds%s%s%s%s; drop them first", dotted.text,
                     content->has_tables ? " tables" : "", content->has_views ? " views" : "",
                     content->has_functions ? " functions" : "",
                     content->has_children ? " namespaces" : "");
}

static bool note_namespace_of_id(struct pointer_txn *txn, int64_t id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_NAMESPACE_PATH, &statement, err));
    statement_bind_int64(&statement, 1, id);
    bool has_row = false;
    TRY(statement_step(&statement, &has_row, err));
    if (!has_row)
        return namespace_absent(err);
    struct slice path = {(const char *)sqlite3_column_text(statement.handle, 0),
                         (size_t)sqlite3_column_bytes(statement.handle, 0)};
    return note_namespace(txn, statement_int64(&statement, 1), path, err);
}

static bool keeps_error(const struct dropped_row *row, struct error *err)
{
    char until[32];
    struct dotted space = dotted_name(row->entity.namespace_path, SLICE_EMPTY);
    struct dotted name = dotted_name(row->entity.namespace_path, row->entity.name);
    time_format_iso(row->until_ms, until, sizeof until);
    return error_set(err, ERROR_NAMESPACE_NOT_EMPTY,
                     "Namespace %.200s is not empty: the %s %.200s was dropped and can be brought "
                     "back until %s; bring it back elsewhere, or forget it (firn undrop)",
                     space.text, row->entity.kind == ENTITY_VIEW ? "view" : "table", name.text,
                     until);
}

static bool namespace_keeps_nothing(struct pointer_txn *txn, int64_t id, struct error *err)
{
    struct arena arena;
    struct dropped_row row;
    bool found = false;
    arena_init(&arena, TXN_ARENA_SIZE);
    bool ok = dropped_in_namespace(&txn->view, id, &arena, &row, &found, err) &&
              (!found || keeps_error(&row, err));
    arena_finish(&arena);
    return ok;
}

bool pointer_namespace_delete(struct pointer_txn *txn, int64_t id, struct error *err)
{
    struct namespace_content content;
    TRY(pointer_namespace_content(&txn->view, id, &content, err));
    if (content.has_tables || content.has_views || content.has_functions || content.has_children)
        return namespace_not_empty(txn, id, &content, err);
    TRY(namespace_keeps_nothing(txn, id, err));
    TRY(note_namespace_of_id(txn, id, err));
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_NAMESPACE_DELETE, &statement, err));
    statement_bind_int64(&statement, 1, id);
    TRY(statement_run(&statement, err));
    return sqlite3_changes(txn_db(txn)) > 0 || namespace_absent(err);
}

/* --- entities ----------------------------------------------------------------------------- */

static bool entity_absent(struct error *err)
{
    return error_set(err, ERROR_NO_SUCH_TABLE, "Table or view does not exist");
}

static bool note_row(struct pointer_txn *txn, int64_t id, enum note note, struct arena *arena,
                     struct error *err)
{
    struct entity_row row;
    bool found = false;
    TRY(pointer_entity_get_by_id(&txn->view, id, arena, &row, &found, err));
    if (!found)
        return entity_absent(err);
    if (note != NOTE_SWAPPED)
        TRY(note_listing(txn, row.warehouse_id, row.namespace_path, err));
    if (row.kind == ENTITY_FUNCTION)
        return true; /* The cache has the name space of tables and views only. */
    struct cache_entry *entry;
    TRY(cache_entry_create(&row, note == NOTE_GONE, &entry, err));
    cache_entry_chain(&txn->changes, entry);
    return true;
}

bool entity_note(struct pointer_txn *txn, int64_t id, enum note note, struct error *err)
{
    struct arena arena;
    arena_init(&arena, TXN_ARENA_SIZE);
    bool ok = note_row(txn, id, note, &arena, err);
    arena_finish(&arena);
    return ok;
}

/* The clients' words for a name that is taken, by the same kind or by the other. */
static bool name_taken(enum entity_kind wanted, enum entity_kind holder, const char *name,
                       struct error *err)
{
    const char *kind = holder == ENTITY_VIEW       ? "View"
                       : holder == ENTITY_FUNCTION ? "Function"
                                                   : "Table";
    const char *how = holder == wanted ? "already exists" : "with same name already exists";
    return error_set(err, ERROR_ALREADY_EXISTS, "%s %s: %s", kind, how, name);
}

/* Who holds the name that was to be taken. */
static bool holder_error(struct pointer_txn *txn, const struct entity_place *place,
                         struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_ENTITY_HOLDER, &statement, err));
    statement_bind_int64(&statement, 1, place->namespace_id);
    statement_bind_text(&statement, 2, place->name);
    statement_bind_int64(&statement, 3, (int64_t)place->kind);
    bool has_row = false;
    TRY(statement_step(&statement, &has_row, err));
    const char *path = has_row ? (const char *)sqlite3_column_text(statement.handle, 1) : "";
    struct dotted dotted = dotted_name(slice_from_string(path), place->name);
    enum entity_kind holder =
        has_row ? entity_kind_of(statement_int64(&statement, 0)) : place->kind;
    return name_taken(place->kind, holder, dotted.text, err);
}

bool entity_place_error(struct pointer_txn *txn, const struct statement *failed,
                        const struct entity_place *place, struct error *err)
{
    if (breaks_reference(failed))
        return namespace_absent(err);
    if (is_taken(failed))
        return holder_error(txn, place, err);
    return false;
}

bool pointer_entity_insert(struct pointer_txn *txn, const struct entity_row *row, int64_t *ret_id,
                           struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_ENTITY_INSERT, &statement, err));
    statement_bind_int64(&statement, 1, row->namespace_id);
    statement_bind_int64(&statement, 2, (int64_t)row->kind);
    statement_bind_text(&statement, 3, row->name);
    statement_bind_text(&statement, 4, row->uuid);
    statement_bind_text(&statement, 5, row->location);
    statement_bind_text(&statement, 6, row->metadata_location);
    statement_bind_int64(&statement, 7, txn->now_ms);
    struct entity_place place = {row->namespace_id, row->name, row->kind};
    if (!statement_run(&statement, err))
        return entity_place_error(txn, &statement, &place, err);
    int64_t id = sqlite3_last_insert_rowid(txn_db(txn));
    TRY(entity_note(txn, id, NOTE_NAMED, err));
    *ret_id = id;
    return true;
}

static bool swap(struct pointer_txn *txn, enum statement_id how, int64_t id, struct slice expected,
                 struct slice metadata_location, struct slice location, bool *ret_swapped,
                 struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, how, &statement, err));
    statement_bind_int64(&statement, 1, id);
    statement_bind_text(&statement, 2, expected);
    statement_bind_text(&statement, 3, metadata_location);
    statement_bind_text(&statement, 4, location);
    statement_bind_int64(&statement, 5, txn->now_ms);
    TRY(statement_run(&statement, err));
    *ret_swapped = sqlite3_changes(txn_db(txn)) > 0;
    return true;
}

/* First as if the location stayed, which it does as a rule. */
bool pointer_entity_swap(struct pointer_txn *txn, int64_t id, struct slice expected,
                         struct slice metadata_location, struct slice location, bool *ret_swapped,
                         struct error *err)
{
    bool swapped = false;
    TRY(swap(txn, STATEMENT_ENTITY_SWAP, id, expected, metadata_location, location, &swapped, err));
    if (!swapped)
        TRY(swap(txn, STATEMENT_ENTITY_SWAP_AND_MOVE, id, expected, metadata_location, location,
                 &swapped, err));
    if (swapped)
        TRY(entity_note(txn, id, NOTE_SWAPPED, err));
    *ret_swapped = swapped;
    return true;
}

/* The kind of an entity, for the sentence about a name that is taken. */
static bool entity_kind_get(struct pointer_txn *txn, int64_t id, enum entity_kind *ret_kind,
                            struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_ENTITY_KIND, &statement, err));
    statement_bind_int64(&statement, 1, id);
    bool has_row = false;
    TRY(statement_step(&statement, &has_row, err));
    if (!has_row)
        return entity_absent(err);
    *ret_kind = entity_kind_of(statement_int64(&statement, 0));
    return true;
}

bool pointer_entity_rename(struct pointer_txn *txn, int64_t id, int64_t namespace_id,
                           struct slice name, struct error *err)
{
    struct entity_place place = {.namespace_id = namespace_id, .name = name};
    TRY(entity_kind_get(txn, id, &place.kind, err));
    TRY(entity_note(txn, id, NOTE_GONE, err));
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_ENTITY_RENAME, &statement, err));
    statement_bind_int64(&statement, 1, id);
    statement_bind_int64(&statement, 2, namespace_id);
    statement_bind_text(&statement, 3, name);
    statement_bind_int64(&statement, 4, txn->now_ms);
    if (!statement_run(&statement, err))
        return entity_place_error(txn, &statement, &place, err);
    return entity_note(txn, id, NOTE_NAMED, err);
}

bool pointer_entity_delete(struct pointer_txn *txn, int64_t id, struct error *err)
{
    TRY(entity_note(txn, id, NOTE_GONE, err));
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_ENTITY_DELETE, &statement, err));
    statement_bind_int64(&statement, 1, id);
    return statement_run(&statement, err);
}

/* --- records ------------------------------------------------------------------------------ */

bool pointer_change_append(struct pointer_txn *txn, const struct change_row *row, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_CHANGE_INSERT, &statement, err));
    statement_bind_int64(&statement, 1, row->warehouse_id);
    statement_bind_text(&statement, 2, slice_from_string(row->operation));
    statement_bind_text(&statement, 3, row->entity_uuid);
    statement_bind_text(&statement, 4, row->namespace_path);
    statement_bind_text(&statement, 5, row->name);
    statement_bind_text(&statement, 6, row->old_location);
    statement_bind_text(&statement, 7, row->new_location);
    statement_bind_text(&statement, 8, row->actor);
    statement_bind_text(&statement, 9, row->request_id);
    statement_bind_int64(&statement, 10, row->time_ms);
    return statement_run(&statement, err);
}

bool pointer_idempotency_put(struct pointer_txn *txn, const struct idempotency_row *row,
                             int64_t oldest_ms, bool *ret_is_new, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_IDEMPOTENCY_PUT, &statement, err));
    statement_bind_text(&statement, 1, row->key);
    statement_bind_text(&statement, 2, row->request_digest);
    statement_bind_int64(&statement, 3, row->status);
    statement_bind_text(&statement, 4, row->error_kind);
    statement_bind_text(&statement, 5, row->error_message);
    statement_bind_text(&statement, 6, row->metadata_location);
    statement_bind_text(&statement, 7, row->body);
    statement_bind_int64(&statement, 8, row->created_ms);
    statement_bind_int64(&statement, 9, oldest_ms);
    TRY(statement_run(&statement, err));
    *ret_is_new = sqlite3_changes(txn_db(txn)) > 0;
    return true;
}

/* A statement whose only parameter is a number. */
static bool run_with_int64(struct pointer_txn *txn, enum statement_id id, int64_t value,
                           struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, id, &statement, err));
    statement_bind_int64(&statement, 1, value);
    return statement_run(&statement, err);
}

bool pointer_idempotency_expire(struct pointer_txn *txn, int64_t created_before_ms,
                                struct error *err)
{
    return run_with_int64(txn, STATEMENT_IDEMPOTENCY_EXPIRE, created_before_ms, err);
}

bool pointer_purge_add(struct pointer_txn *txn, const struct purge_row *row, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_PURGE_INSERT, &statement, err));
    statement_bind_int64(&statement, 1, row->warehouse_id);
    statement_bind_int64(&statement, 2, (int64_t)row->kind);
    statement_bind_text(&statement, 3, row->uuid);
    statement_bind_text(&statement, 4, row->location);
    statement_bind_text(&statement, 5, row->metadata_location);
    return statement_run(&statement, err);
}

bool pointer_purge_failed(struct pointer_txn *txn, const struct purge_row *row, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_PURGE_FAILED, &statement, err));
    statement_bind_int64(&statement, 1, row->id);
    statement_bind_int64(&statement, 2, row->files_left);
    statement_bind_text(&statement, 3, row->reason);
    return statement_run(&statement, err);
}

bool pointer_purge_revive(struct pointer_txn *txn, int64_t attempts, struct error *err)
{
    return run_with_int64(txn, STATEMENT_PURGE_REVIVE, attempts, err);
}

bool pointer_purge_done(struct pointer_txn *txn, int64_t id, struct error *err)
{
    return run_with_int64(txn, STATEMENT_PURGE_DONE, id, err);
}

static bool metrics_insert(struct pointer_txn *txn, const struct metrics_row *row,
                           struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_METRICS_INSERT, &statement, err));
    statement_bind_text(&statement, 1, row->entity_uuid);
    statement_bind_text(&statement, 2, row->report);
    statement_bind_int64(&statement, 3, row->time_ms);
    return statement_run(&statement, err);
}

static bool metrics_trim_entity(struct pointer_txn *txn, struct slice entity_uuid, int64_t keep,
                                struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(begin(txn, STATEMENT_METRICS_TRIM_ENTITY, &statement, err));
    statement_bind_text(&statement, 1, entity_uuid);
    statement_bind_int64(&statement, 2, keep);
    return statement_run(&statement, err);
}

bool pointer_metrics_add(struct pointer_txn *txn, const struct metrics_row *row, int64_t per_entity,
                         int64_t in_all, struct error *err)
{
    TRY(metrics_insert(txn, row, err));
    TRY(metrics_trim_entity(txn, row->entity_uuid, per_entity, err));
    return run_with_int64(txn, STATEMENT_METRICS_TRIM_ALL, in_all, err);
}
