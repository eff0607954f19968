#include "storage/statements.h"

#include <assert.h>
#include <stddef.h>

static const struct {
    const char *name;
    const char *sql;
} statements[STATEMENT_COUNT] = {
#define STATEMENT_ROW(id, text, why) [STATEMENT_##id] = {.name = #id, .sql = (text)},
    STATEMENTS(STATEMENT_ROW)
#undef STATEMENT_ROW
};

const char *statement_sql(enum statement_id id)
{
    assert(id < STATEMENT_COUNT);
    return statements[id].sql;
}

const char *statement_name(enum statement_id id)
{
    assert(id < STATEMENT_COUNT);
    return statements[id].name;
}

/* synchronous = FULL syncs the log at each commit, and log and database at a checkpoint. The log is
 * copied back by storage/checkpointer.h, and cut to at most 64 MiB after a burst. temp_store =
 * MEMORY: what a savepoint keeps to undo a job would go to a file otherwise, above 64 KiB.
 * trusted_schema = OFF: a database that someone handed us cannot call functions from its schema. */
const char *const sql_writer_setup = "PRAGMA synchronous = FULL;"
                                     "PRAGMA foreign_keys = ON;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA wal_autocheckpoint = 0;"
                                     "PRAGMA journal_size_limit = 67108864;";

const char *const sql_sync_within_commit = "PRAGMA synchronous = FULL;";
const char *const sql_sync_after_commit = "PRAGMA synchronous = NORMAL;";

const char *const sql_reader_setup = "PRAGMA query_only = ON;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON;";

/* AUTOINCREMENT: an id is never given twice, so an id that a client, a log line or a queue still
 * holds cannot come to mean something else. Names compare byte by byte (BINARY, the default).
 *
 * Each foreign key's column leads an index, or deleting a parent would read the whole table. */
static const char migration_1[] =
    "CREATE TABLE warehouses ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL UNIQUE,"
    "  location TEXT NOT NULL,"
    "  properties TEXT NOT NULL,"
    "  is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),"
    "  created_ms INTEGER NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX warehouses_one_default ON warehouses (is_default) WHERE is_default = 1;"

    "CREATE TABLE namespaces ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  warehouse_id INTEGER NOT NULL REFERENCES warehouses (id) ON DELETE RESTRICT,"
    "  parent_id INTEGER REFERENCES namespaces (id) ON DELETE RESTRICT,"
    "  path TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  properties TEXT NOT NULL,"
    "  UNIQUE (warehouse_id, path)"
    ") STRICT;"
    "CREATE INDEX namespaces_by_parent ON namespaces (parent_id, warehouse_id, name);"

    "CREATE TABLE entities ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  namespace_id INTEGER NOT NULL REFERENCES namespaces (id) ON DELETE RESTRICT,"
    "  kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),"
    "  name_space INTEGER NOT NULL CHECK (name_space = (kind = 3)),"
    "  name TEXT NOT NULL,"
    "  uuid TEXT NOT NULL,"
    "  location TEXT NOT NULL,"
    "  metadata_location TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  updated_ms INTEGER NOT NULL,"
    "  UNIQUE (namespace_id, name_space, name)"
    ") STRICT;"
    "CREATE INDEX entities_by_kind ON entities (namespace_id, kind, name);"
    "CREATE INDEX entities_by_location ON entities (location) WHERE kind = 1;"

    "CREATE TABLE change_log ("
    "  sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  warehouse_id INTEGER NOT NULL,"
    "  operation TEXT NOT NULL,"
    "  entity_uuid TEXT NOT NULL,"
    "  namespace_path TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  old_location TEXT NOT NULL,"
    "  new_location TEXT NOT NULL,"
    "  actor TEXT NOT NULL,"
    "  request_id TEXT NOT NULL,"
    "  time_ms INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX change_log_by_warehouse ON change_log (warehouse_id, sequence);"

    "CREATE TABLE idempotency ("
    "  key TEXT PRIMARY KEY,"
    "  request_digest TEXT NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  error_kind TEXT NOT NULL,"
    "  error_message TEXT NOT NULL,"
    "  metadata_location TEXT NOT NULL,"
    "  body TEXT NOT NULL,"
    "  created_ms INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX idempotency_by_age ON idempotency (created_ms);"

    "CREATE TABLE purge_queue ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  warehouse_id INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL CHECK (kind IN (1, 2)),"
    "  location TEXT NOT NULL,"
    "  metadata_location TEXT NOT NULL,"
    "  attempts INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX purge_queue_by_attempts ON purge_queue (attempts, id);"

    "CREATE TABLE metrics_reports ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  entity_uuid TEXT NOT NULL,"
    "  report TEXT NOT NULL,"
    "  time_ms INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX metrics_reports_by_entity ON metrics_reports (entity_uuid, id);"
    "CREATE INDEX metrics_reports_by_id ON metrics_reports (id);"

    "CREATE TABLE writer_state ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1),"
    "  settled INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO writer_state (id, settled) VALUES (1, 0);"

    "PRAGMA application_id = 0x4669726E;"
    "PRAGMA user_version = 1;";

static const char migration_2[] =
    "CREATE TABLE secrets ("
    "  name TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  value TEXT NOT NULL,"
    "  PRIMARY KEY (name, version)"
    ") STRICT, WITHOUT ROWID;"
    "PRAGMA user_version = 2;";

/* Files whose bytes are durable here and not yet by themselves. */
static const char migration_3[] =
    "CREATE TABLE pending_files ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  location TEXT NOT NULL,"
    "  bytes BLOB NOT NULL"
    ") STRICT;"
    "PRAGMA user_version = 3;";

/* Which table an entry is of, and what was left of it and why: until its files are gone the table
 * must not come back unseen. Entries from before have an empty uuid and are met by their location.
 */
static const char migration_4[] =
    "ALTER TABLE purge_queue ADD COLUMN uuid TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE purge_queue ADD COLUMN files_left INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE purge_queue ADD COLUMN reason TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX purge_queue_by_uuid ON purge_queue (uuid COLLATE NOCASE, attempts);"
    "CREATE INDEX purge_queue_by_location ON purge_queue (location, attempts);"
    "CREATE INDEX entities_by_uuid ON entities (uuid COLLATE NOCASE) WHERE kind = 1;"
    "CREATE INDEX entities_by_metadata_name ON entities (" METADATA_NAME("") ") "
    "WHERE " METADATA_IS_APART("") ";"
    "PRAGMA user_version = 4;";

/* What was dropped and can be brought back, under the id that it had. */
static const char migration_5[] =
    "CREATE TABLE dropped_entities ("
    "  id INTEGER PRIMARY KEY,"
    "  warehouse_id INTEGER NOT NULL,"
    "  namespace_id INTEGER NOT NULL REFERENCES namespaces (id) ON DELETE RESTRICT,"
    "  kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),"
    "  name TEXT NOT NULL,"
    "  uuid TEXT NOT NULL,"
    "  location TEXT NOT NULL,"
    "  metadata_location TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  dropped_ms INTEGER NOT NULL,"
    "  until_ms INTEGER NOT NULL,"
    "  purge INTEGER NOT NULL CHECK (purge IN (0, 1))"
    ") STRICT;"
    "CREATE INDEX dropped_entities_by_name ON dropped_entities (namespace_id, name);"
    "CREATE INDEX dropped_entities_by_time ON dropped_entities (warehouse_id, dropped_ms, id);"
    "CREATE INDEX dropped_entities_by_end ON dropped_entities (until_ms);"
    "CREATE INDEX dropped_entities_by_uuid ON dropped_entities (uuid COLLATE NOCASE);"
    "CREATE INDEX dropped_entities_by_location ON dropped_entities (location) WHERE kind = 1;"
    "CREATE INDEX dropped_entities_by_metadata_name ON dropped_entities (" METADATA_NAME("") ") "
    "WHERE " METADATA_IS_APART("") ";"
    "PRAGMA user_version = 5;";

/* Scans that clients poll for. `state` is enum plan_state of storage/pointer_plan.h. */
static const char migration_6[] =
    "CREATE TABLE submitted_plans ("
    "  id TEXT PRIMARY KEY,"
    "  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),"
    "  request TEXT NOT NULL,"
    "  failure TEXT NOT NULL,"
    "  expires_ms INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX submitted_plans_by_expiry ON submitted_plans (expires_ms);"
    "PRAGMA user_version = 6;";

/* Of warehouses that are not on local files: how the store is reached (storage/storage_profile.h),
 * and its secrets in their box (storage/secret_box.h), empty where there are none. */
static const char migration_7[] =
    "CREATE TABLE warehouse_storage ("
    "  warehouse_id INTEGER PRIMARY KEY REFERENCES warehouses (id) ON DELETE CASCADE,"
    "  profile TEXT NOT NULL,"
    "  secrets TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "PRAGMA user_version = 7;";

/* The row of the file that a file's bytes are packed like; NULL: they are packed by themselves. */
static const char migration_8[] =
    "ALTER TABLE pending_files ADD COLUMN base INTEGER;"
    "PRAGMA user_version = 8;";

const char *const sql_migrations[SQL_SCHEMA_VERSION] = {migration_1, migration_2, migration_3,
                                                        migration_4, migration_5, migration_6,
                                                        migration_7, migration_8};
