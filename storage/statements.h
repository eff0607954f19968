/*
 * statements.h — every line of SQL that Firn runs: one row each, its name, its text, its reason.
 *
 * Owns:     static text
 * Threads:  constants
 * Rule:     SQL stands nowhere else, and none is put together at run time; each query that runs per
 *           request finds its rows by an index (tests/unit/storage/statements_test.c asks SQLite)
 */
#ifndef STORAGE_STATEMENTS_H
#define STORAGE_STATEMENTS_H

#define ENTITY_COLUMNS                                                                   \
    "e.id, n.warehouse_id, e.namespace_id, e.kind, n.path, e.name, e.uuid, e.location, " \
    "e.metadata_location, e.version, e.updated_ms, 0 "
/* What was dropped and is kept has the same columns, and says so in the last one. */
#define DROPPED_AS_ENTITY                                                                \
    "d.id, n.warehouse_id, d.namespace_id, d.kind, n.path, d.name, d.uuid, d.location, " \
    "d.metadata_location, d.version, d.dropped_ms, 1 "
#define FROM_DROPPED "FROM dropped_entities d CROSS JOIN namespaces n ON n.id = d.namespace_id "
#define DROPPED_COLUMNS DROPPED_AS_ENTITY ", d.until_ms, d.purge "
#define CHANGE_COLUMNS                                                                     \
    "sequence, warehouse_id, operation, entity_uuid, namespace_path, name, old_location, " \
    "new_location, actor, request_id, time_ms "

/* The part of a metadata location behind its last '/': spellings of one place share it. */
#define METADATA_NAME(e)                                                              \
    "substr(" e "metadata_location, length(rtrim(" e "metadata_location, replace(" e \
    "metadata_location, '/', ''))) + 1)"
/* Whose metadata no location protects: views, functions, and tables that keep it outside of their
 * own place. All other tables stay out of the index, which so costs their commits nothing. */
#define METADATA_IS_APART(e)                                                       \
    "(" e "kind = 1 AND substr(" e "metadata_location, 1, length(" e "location) + 1) = " e \
    "location || '/') = 0"
#define PURGE_COLUMNS \
    "id, warehouse_id, kind, uuid, location, metadata_location, attempts, files_left, reason "

/* X(name, SQL, why) */
#define STATEMENTS(X)                                                                              \
    X(VIEW_BEGIN, "BEGIN", "several reads of one view see one snapshot")                           \
    X(VIEW_FIX, "SELECT settled FROM writer_state WHERE id = 1",                                   \
      "the first read of a view is what fixes its snapshot")                                       \
    X(VIEW_END, "COMMIT", "gives the snapshot back")                                               \
    X(BATCH_BEGIN, "BEGIN IMMEDIATE", "the write lock first, so that no job meets SQLITE_BUSY")    \
    X(BATCH_COMMIT, "COMMIT", "one sync for all jobs of the batch")                                \
    X(BATCH_ROLLBACK, "ROLLBACK", "nothing of the batch stays")                                    \
    X(JOB_BEGIN, "SAVEPOINT job", "a job that fails half way is undone alone")                     \
    X(JOB_END, "RELEASE job", "the job's changes join the batch")                                  \
    X(JOB_UNDO, "ROLLBACK TO job", "the batch goes on as if the job had not run")                  \
    X(SETTLE, "UPDATE writer_state SET settled = random() >> 2 WHERE id = 1",                      \
      "a commit after one of unknown outcome makes that outcome final (see pointer_writer.c): its "\
      "frame is like none that was lost, so that none of those behind it can follow it")           \
    X(PROBE, "UPDATE writer_state SET settled = settled + 1 WHERE id = 1",                         \
      "can the database be written")                                                               \
    X(APPLICATION_ID, "PRAGMA application_id", "is this database ours")                            \
    X(USER_VERSION, "PRAGMA user_version", "which migrations have run")                            \
    X(SCHEMA_COUNT, "SELECT count(*) FROM sqlite_schema", "a file with no tables may be ours")     \
    X(JOURNAL_WAL, "PRAGMA journal_mode = WAL", "answers with the mode that is now in force")      \
    X(JOURNAL_DELETE, "PRAGMA journal_mode = DELETE", "a backup is one file, without a log")       \
    X(INTEGRITY_CHECK, "PRAGMA integrity_check(1)", "answers 'ok', or with the first fault")       \
    X(WAREHOUSE_LIST,                                                                              \
      "SELECT id, name, location, properties, is_default, created_ms FROM warehouses "             \
      "ORDER BY name",                                                                             \
      "there are few, and the caller picks by name or location")                                   \
    X(WAREHOUSE_INSERT,                                                                            \
      "INSERT INTO warehouses (name, location, properties, is_default, created_ms) "               \
      "VALUES (?1, ?2, ?3, ?4, ?5)",                                                               \
      "UNIQUE(name) refuses a second one")                                                         \
    X(WAREHOUSE_UPDATE,                                                                            \
      "UPDATE warehouses SET name = ?2, location = ?3, properties = ?4, is_default = ?5 "          \
      "WHERE id = ?1",                                                                             \
      "created_ms stays")                                                                          \
    X(WAREHOUSE_CLEAR_DEFAULT, "UPDATE warehouses SET is_default = 0 WHERE is_default = 1",        \
      "the flag moves: a partial unique index allows one holder")                                  \
    X(WAREHOUSE_DELETE, "DELETE FROM warehouses WHERE id = ?1", "RESTRICT keeps namespaces' one")  \
    X(NAMESPACE_GET,                                                                               \
      "SELECT id, warehouse_id, path, properties FROM namespaces "                                 \
      "WHERE warehouse_id = ?1 AND path = ?2",                                                     \
      "by its whole path")                                                                         \
    X(NAMESPACE_LIST,                                                                              \
      "SELECT id, warehouse_id, path, properties FROM namespaces "                                 \
      "WHERE parent_id IS ?2 AND warehouse_id = ?1 AND name > ?3 ORDER BY name LIMIT ?4",          \
      "a page of children; NULL is the parent of the top level")                                   \
    X(NAMESPACE_CONTENT,                                                                           \
      "SELECT EXISTS (SELECT 1 FROM entities WHERE namespace_id = ?1 AND kind = 1), "              \
      "EXISTS (SELECT 1 FROM entities WHERE namespace_id = ?1 AND kind = 2), "                     \
      "EXISTS (SELECT 1 FROM entities WHERE namespace_id = ?1 AND kind = 3), "                     \
      "EXISTS (SELECT 1 FROM namespaces WHERE parent_id = ?1)",                                    \
      "what keeps it from being dropped")                                                          \
    X(TOTALS,                                                                                      \
      "SELECT (SELECT count(*) FROM namespaces), "                                                 \
      "count(*) FILTER (WHERE kind = 1), count(*) FILTER (WHERE kind = 2), "                       \
      "count(*) FILTER (WHERE kind = 3), (SELECT count(*) FROM dropped_entities), "                \
      "(SELECT count(*) FROM purge_queue) FROM entities",                                          \
      "for who watches the server")                                                                \
    X(NAMESPACE_PATH, "SELECT path, warehouse_id FROM namespaces WHERE id = ?1",                   \
      "for the sentence of an error, and for the versions of listings")                            \
    X(NAMESPACE_INSERT,                                                                            \
      "INSERT INTO namespaces (warehouse_id, parent_id, path, name, properties) "                  \
      "VALUES (?1, ?2, ?3, ?4, ?5)",                                                               \
      "name is the last level, for paging")                                                        \
    X(NAMESPACE_SET_PROPERTIES, "UPDATE namespaces SET properties = ?2 WHERE id = ?1",             \
      "the caller has merged them in the same job")                                                \
    X(NAMESPACE_DELETE, "DELETE FROM namespaces WHERE id = ?1", "RESTRICT guards the content")     \
    X(ENTITY_GET,                                                                                  \
      "SELECT " ENTITY_COLUMNS "FROM namespaces n CROSS JOIN entities e "                          \
      "ON e.namespace_id = n.id WHERE n.warehouse_id = ?1 AND n.path = ?2 "                        \
      "AND e.name_space = 0 AND e.name = ?3",                                                      \
      "tables and views share one name space")                                                     \
    X(FUNCTION_GET,                                                                                \
      "SELECT " ENTITY_COLUMNS "FROM namespaces n CROSS JOIN entities e "                          \
      "ON e.namespace_id = n.id WHERE n.warehouse_id = ?1 AND n.path = ?2 "                        \
      "AND e.name_space = 1 AND e.name = ?3",                                                      \
      "functions have a name space of their own")                                                  \
    X(ENTITY_GET_BY_ID,                                                                            \
      "SELECT " ENTITY_COLUMNS "FROM entities e CROSS JOIN namespaces n "                          \
      "ON n.id = e.namespace_id WHERE e.id = ?1",                                                  \
      "what the memory map must learn after a change")                                             \
    X(ENTITY_LIST,                                                                                 \
      "SELECT " ENTITY_COLUMNS "FROM namespaces n CROSS JOIN entities e "                          \
      "ON e.namespace_id = n.id WHERE n.id = ?1 AND e.namespace_id = ?1 AND e.kind = ?2 "          \
      "AND e.name > ?3 ORDER BY e.name LIMIT ?4",                                                  \
      "a page of tables, of views or of functions")                                                \
    X(ENTITY_WALK,                                                                                 \
      "SELECT " ENTITY_COLUMNS "FROM entities e CROSS JOIN namespaces n "                          \
      "ON n.id = e.namespace_id WHERE e.id > ?1 "                                                  \
      "UNION ALL SELECT " DROPPED_AS_ENTITY FROM_DROPPED "WHERE d.id > ?1 ORDER BY 1 LIMIT ?2",    \
      "every pointer of every warehouse, in pages; ids stay, so a drop meanwhile hides none")      \
    X(ENTITY_AT_LOCATION,                                                                          \
      "SELECT " ENTITY_COLUMNS "FROM entities e CROSS JOIN namespaces n "                          \
      "ON n.id = e.namespace_id WHERE e.kind = 1 AND e.location = ?1 AND e.id <> ?2 "              \
      "UNION ALL SELECT " DROPPED_AS_ENTITY FROM_DROPPED                                           \
      "WHERE d.kind = 1 AND d.location = ?1 AND d.id <> ?2 LIMIT 1",                               \
      "the location itself or one of its ancestors")                                               \
    X(ENTITY_BELOW_LOCATION,                                                                       \
      "SELECT " ENTITY_COLUMNS "FROM entities e CROSS JOIN namespaces n "                          \
      "ON n.id = e.namespace_id WHERE e.kind = 1 AND e.location >= ?1 AND e.location < ?3 "        \
      "AND e.id <> ?2 UNION ALL SELECT " DROPPED_AS_ENTITY FROM_DROPPED                            \
      "WHERE d.kind = 1 AND d.location >= ?1 AND d.location < ?3 AND d.id <> ?2 "                  \
      "ORDER BY 8 LIMIT 1",                                                                        \
      "from 'location/' up to 'location0': '0' follows '/' in ASCII")                              \
    X(ENTITY_BY_METADATA_NAME,                                                                     \
      "SELECT " ENTITY_COLUMNS "FROM entities e CROSS JOIN namespaces n "                          \
      "ON n.id = e.namespace_id WHERE " METADATA_IS_APART("e.")                                    \
      " AND " METADATA_NAME("e.") " = ?1 UNION ALL SELECT " DROPPED_AS_ENTITY FROM_DROPPED         \
      "WHERE " METADATA_IS_APART("d.") " AND " METADATA_NAME("d.") " = ?1",                        \
      "whose current metadata a file may be; few share a name")                                    \
    X(ENTITY_BY_UUID,                                                                              \
      "SELECT " ENTITY_COLUMNS "FROM entities e CROSS JOIN namespaces n "                          \
      "ON n.id = e.namespace_id WHERE e.kind = 1 AND e.uuid = ?1 COLLATE NOCASE LIMIT 1",          \
      "a table, wherever it is now; writers spell uuids in both cases")                            \
    X(ENTITY_HOLDER,                                                                               \
      "SELECT e.kind, n.path FROM entities e CROSS JOIN namespaces n ON n.id = e.namespace_id "    \
      "WHERE e.namespace_id = ?1 AND e.name_space = (?3 = 3) AND e.name = ?2",                     \
      "for the sentence of a name that is taken")                                                  \
    X(ENTITY_KIND, "SELECT kind FROM entities WHERE id = ?1", "a table or a view")                 \
    X(ENTITY_INSERT,                                                                               \
      "INSERT INTO entities (namespace_id, kind, name_space, name, uuid, location, "               \
      "metadata_location, version, updated_ms) "                                                   \
      "VALUES (?1, ?2, ?2 = 3, ?3, ?4, ?5, ?6, 1, ?7)",                                            \
      "UNIQUE(namespace_id, name_space, name) and the foreign key decide")                         \
    X(ENTITY_SWAP,                                                                                 \
      "UPDATE entities SET metadata_location = ?3, version = version + 1, updated_ms = ?5 "        \
      "WHERE id = ?1 AND metadata_location = ?2 AND location = ?4",                                \
      "compare-and-swap: two writers may both have passed their requirements")                     \
    X(ENTITY_SWAP_AND_MOVE,                                                                        \
      "UPDATE entities SET metadata_location = ?3, location = ?4, version = version + 1, "         \
      "updated_ms = ?5 WHERE id = ?1 AND metadata_location = ?2",                                  \
      "a location that is set, even to itself, is written anew in its index")                      \
    X(ENTITY_RENAME,                                                                               \
      "UPDATE entities SET namespace_id = ?2, name = ?3, updated_ms = ?4 WHERE id = ?1",           \
      "uuid, location and pointer stay")                                                           \
    X(ENTITY_DELETE, "DELETE FROM entities WHERE id = ?1", "files are the purge queue's matter")   \
    X(DROPPED_INSERT,                                                                              \
      "INSERT INTO dropped_entities (id, warehouse_id, namespace_id, kind, name, uuid, location, " \
      "metadata_location, version, dropped_ms, until_ms, purge) "                                  \
      "SELECT e.id, n.warehouse_id, e.namespace_id, e.kind, e.name, e.uuid, e.location, "          \
      "e.metadata_location, e.version, ?2, ?3, ?4 FROM entities e CROSS JOIN namespaces n "        \
      "ON n.id = e.namespace_id WHERE e.id = ?1",                                                  \
      "a drop that can be undone; the name is free, the id and the location are not")              \
    X(DROPPED_RESTORE,                                                                             \
      "INSERT INTO entities (id, namespace_id, kind, name_space, name, uuid, location, "           \
      "metadata_location, version, updated_ms) "                                                   \
      "SELECT id, ?2, kind, kind = 3, ?3, uuid, location, metadata_location, version, ?4 "         \
      "FROM dropped_entities WHERE id = ?1",                                                       \
      "as it was, perhaps elsewhere")                                                              \
    X(DROPPED_DELETE, "DELETE FROM dropped_entities WHERE id = ?1", "brought back, or let go")     \
    X(DROPPED_LIST,                                                                                \
      "SELECT " DROPPED_COLUMNS FROM_DROPPED                                                       \
      "WHERE d.warehouse_id = ?1 AND (d.dropped_ms, d.id) < (?2, ?3) "                             \
      "ORDER BY d.dropped_ms DESC, d.id DESC LIMIT ?4",                                            \
      "a page, the last drop first")                                                               \
    X(DROPPED_BY_NAME,                                                                             \
      "SELECT " DROPPED_COLUMNS "FROM namespaces n CROSS JOIN dropped_entities d "                 \
      "ON d.namespace_id = n.id WHERE n.warehouse_id = ?1 AND n.path = ?2 AND d.name = ?3 "        \
      "LIMIT ?4",                                                                                  \
      "a name may have been dropped more than once")                                               \
    X(DROPPED_BY_UUID,                                                                             \
      "SELECT " DROPPED_COLUMNS FROM_DROPPED "WHERE d.uuid = ?1 COLLATE NOCASE LIMIT ?2",          \
      "of any warehouse; writers spell uuids in both cases")                                       \
    X(DROPPED_IN_NAMESPACE,                                                                        \
      "SELECT " DROPPED_COLUMNS FROM_DROPPED "WHERE d.namespace_id = ?1 LIMIT 1",                  \
      "what keeps an empty namespace from being dropped")                                          \
    X(DROPPED_DUE,                                                                                 \
      "SELECT " DROPPED_COLUMNS FROM_DROPPED                                                       \
      "WHERE d.until_ms <= ?1 ORDER BY d.until_ms LIMIT ?2",                                       \
      "whose time is over, or will be over next")                                                  \
    X(DROPPED_KEEP_ANEW,                                                                           \
      "UPDATE dropped_entities SET until_ms = ?1 + until_ms - dropped_ms "                         \
      "WHERE until_ms < ?1 + until_ms - dropped_ms",                                               \
      "once, on a backup that is restored: nothing of it is over yet")                             \
    X(CHANGE_INSERT,                                                                               \
      "INSERT INTO change_log (warehouse_id, operation, entity_uuid, namespace_path, name, "       \
      "old_location, new_location, actor, request_id, time_ms) "                                   \
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",                                          \
      "in the transaction of the change that it tells of")                                         \
    X(CHANGE_LIST_ALL,                                                                             \
      "SELECT " CHANGE_COLUMNS "FROM change_log WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",   \
      "of every warehouse")                                                                        \
    X(CHANGE_LIST_WAREHOUSE,                                                                       \
      "SELECT " CHANGE_COLUMNS "FROM change_log WHERE warehouse_id = ?3 AND sequence > ?1 "        \
      "ORDER BY sequence LIMIT ?2",                                                                \
      "of one warehouse")                                                                          \
    X(IDEMPOTENCY_GET,                                                                             \
      "SELECT key, request_digest, status, error_kind, error_message, metadata_location, body, "   \
      "created_ms FROM idempotency WHERE key = ?1",                                                \
      "has this request been answered before")                                                     \
    X(IDEMPOTENCY_PUT,                                                                             \
      "INSERT INTO idempotency (key, request_digest, status, error_kind, error_message, "          \
      "metadata_location, body, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "              \
      "ON CONFLICT (key) DO UPDATE SET request_digest = ?2, status = ?3, error_kind = ?4, "        \
      "error_message = ?5, metadata_location = ?6, body = ?7, created_ms = ?8 "                    \
      "WHERE created_ms < ?9",                                                                     \
      "an expired record makes room; any other stays, and no row is changed")                      \
    X(IDEMPOTENCY_EXPIRE, "DELETE FROM idempotency WHERE created_ms < ?1", "records die by age")   \
    X(PURGE_INSERT,                                                                                \
      "INSERT INTO purge_queue (warehouse_id, kind, uuid, location, metadata_location, attempts) " \
      "VALUES (?1, ?2, ?3, ?4, ?5, 0)",                                                            \
      "in the transaction of the drop, so that a restart finds it")                                \
    X(PURGE_LIST,                                                                                  \
      "SELECT " PURGE_COLUMNS "FROM purge_queue ORDER BY attempts, id LIMIT ?1",                   \
      "what failed goes behind what was not tried")                                                \
    X(PURGE_BY_UUID,                                                                               \
      "SELECT " PURGE_COLUMNS "FROM purge_queue WHERE uuid = ?1 COLLATE NOCASE "                   \
      "ORDER BY attempts LIMIT 1",                                                                 \
      "is the table that comes in one whose files are to go")                                      \
    X(PURGE_AT_LOCATION,                                                                           \
      "SELECT " PURGE_COLUMNS "FROM purge_queue WHERE location = ?1 AND id <> ?2 "                 \
      "ORDER BY attempts LIMIT 1",                                                                 \
      "the location itself or one of its ancestors")                                               \
    X(PURGE_BELOW_LOCATION,                                                                        \
      "SELECT " PURGE_COLUMNS "FROM purge_queue WHERE location >= ?1 AND location < ?3 "           \
      "AND id <> ?2 ORDER BY location LIMIT 1",                                                    \
      "as ENTITY_BELOW_LOCATION")                                                                  \
    X(PURGE_LAST,                                                                                  \
      "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'purge_queue'",              \
      "grows with each entry, also where that is gone again")                                      \
    X(PURGE_FAILED,                                                                                \
      "UPDATE purge_queue SET attempts = attempts + 1, files_left = ?2, reason = ?3 "              \
      "WHERE id = ?1",                                                                             \
      "it is tried again")                                                                         \
    X(PURGE_REVIVE,                                                                                \
      "UPDATE purge_queue SET attempts = 0 WHERE attempts >= ?1",                                  \
      "a start may come with what was missing: an allowed location, a file")                       \
    X(PURGE_DONE,                                                                                  \
      "DELETE FROM purge_queue WHERE id = ?1",                                                     \
      "its files are gone, or are to stay")                                                        \
    X(METRICS_INSERT,                                                                              \
      "INSERT INTO metrics_reports (entity_uuid, report, time_ms) VALUES (?1, ?2, ?3)",            \
      "then trimmed by the two below")                                                             \
    X(METRICS_TRIM_ENTITY,                                                                         \
      "DELETE FROM metrics_reports WHERE entity_uuid = ?1 AND id <= (SELECT id FROM "              \
      "metrics_reports WHERE entity_uuid = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",                \
      "the newest of one table")                                                                   \
    X(METRICS_TRIM_ALL,                                                                            \
      "DELETE FROM metrics_reports WHERE id <= (SELECT id FROM metrics_reports "                   \
      "INDEXED BY metrics_reports_by_id ORDER BY id DESC LIMIT 1 OFFSET ?1)",                      \
      "the newest of all; the index is narrow, so that its walk skips the reports' bytes")         \
    X(METRICS_LIST,                                                                                \
      "SELECT id, entity_uuid, report, time_ms FROM metrics_reports WHERE entity_uuid = ?1 "       \
      "ORDER BY id DESC LIMIT ?2",                                                                 \
      "newest first")                                                                              \
    X(PENDING_INSERT, "INSERT INTO pending_files (location, bytes, base) VALUES (?1, ?2, ?3)",     \
      "in the transaction of the commit whose metadata file it is")                                \
    X(PENDING_EXISTS, "SELECT 1 FROM pending_files WHERE id = ?1",                                 \
      "before another is packed like it; within the insertion it would take a table of its own")   \
    X(PENDING_BASES, "SELECT id, base FROM pending_files WHERE base IS NOT NULL",                  \
      "which rows others need; once for many that go, and there are few: an index would cost "     \
      "each commit more")                                                                          \
    X(PENDING_DONE, "DELETE FROM pending_files WHERE id = ?1", "the file itself is durable")       \
    X(PENDING_LIST,                                                                                \
      "SELECT id, location FROM pending_files WHERE id < ?1 ORDER BY id DESC LIMIT ?2",            \
      "what a start has to make good; without the bytes, which may be many. Where there are more " \
      "than go in one transaction, files go before those that they are packed like")               \
    X(PENDING_GET,                                                                                 \
      "SELECT p.bytes, b.bytes FROM pending_files p LEFT JOIN pending_files b ON b.id = p.base "   \
      "WHERE p.id = ?1",                                                                           \
      "one file's bytes, and of the one that it is packed like")                                   \
    X(STORAGE_LIST,                                                                                \
      "SELECT warehouse_id, profile, secrets FROM warehouse_storage ORDER BY warehouse_id",        \
      "there are few; apart from the warehouses, so that who lists those reads no secret")         \
    X(STORAGE_PUT,                                                                                 \
      "INSERT INTO warehouse_storage (warehouse_id, profile, secrets) VALUES (?1, ?2, ?3) "        \
      "ON CONFLICT (warehouse_id) DO UPDATE SET profile = ?2, secrets = ?3",                       \
      "goes with its warehouse (CASCADE)")                                                         \
    X(STORAGE_DELETE, "DELETE FROM warehouse_storage WHERE warehouse_id = ?1",                     \
      "of a warehouse that moves to local files")                                                  \
    X(SECRET_GET,                                                                                  \
      "SELECT version, value FROM secrets WHERE name = ?1 ORDER BY version DESC LIMIT 1",          \
      "the newest of a name")                                                                      \
    X(SECRET_INSERT, "INSERT INTO secrets (name, version, value) VALUES (?1, ?2, ?3)",             \
      "the primary key refuses a second one of a version")                                         \
    X(PLAN_INSERT,                                                                                 \
      "INSERT INTO submitted_plans (id, state, request, failure, expires_ms) "                     \
      "SELECT ?1, 0, ?2, '', ?3 WHERE NOT EXISTS "                                                 \
      "(SELECT 1 FROM submitted_plans INDEXED BY submitted_plans_by_expiry WHERE expires_ms > ?4 " \
      "LIMIT 1 OFFSET ?5)",                                                                        \
      "adds no row where there are too many already")                                              \
    X(PLAN_GET,                                                                                    \
      "SELECT state, request, failure FROM submitted_plans WHERE id = ?1 AND expires_ms > ?2",     \
      "an expired one is none, whether it was deleted yet or not")                                 \
    X(PLAN_SETTLE,                                                                                 \
      "UPDATE submitted_plans SET state = ?2, failure = ?3 WHERE id = ?1 AND state = 0",           \
      "one that was cancelled meanwhile stays so")                                                 \
    X(PLAN_CANCEL,                                                                                 \
      "UPDATE submitted_plans SET state = 3, request = '' WHERE id = ?1 AND state IN (0, 1)",      \
      "a failed one keeps its failure")                                                            \
    X(PLAN_EXPIRE, "DELETE FROM submitted_plans WHERE expires_ms <= ?1", "rows die by age")

#define STATEMENT_ENUM(name, sql, why) STATEMENT_##name,
enum statement_id { STATEMENTS(STATEMENT_ENUM) STATEMENT_COUNT };
#undef STATEMENT_ENUM

/* One statement's text, and what it is called where it fails. */
const char *statement_sql(enum statement_id id);
const char *statement_name(enum statement_id id);

/* Run once on each new connection: the writer's and a reader's. */
extern const char *const sql_writer_setup;
/* Of a writer's connection, between transactions: does a COMMIT sync the log, or its caller? */
extern const char *const sql_sync_within_commit;
extern const char *const sql_sync_after_commit;
extern const char *const sql_reader_setup;

/* "Firn" in ASCII, in the database's header: a file of another program is refused. */
#define SQL_APPLICATION_ID 0x4669726E

/* sql_migrations[i] leads from user_version i to i + 1. A migration that was released is never
 * edited: the next one corrects it. */
#define SQL_SCHEMA_VERSION 8
#define SQL_SCHEMA_WITH_DROPPED 5 /* the first that has dropped_entities */
#define SQL_SCHEMA_WITH_STORAGE 7 /* the first that has warehouse_storage */
extern const char *const sql_migrations[SQL_SCHEMA_VERSION];

#endif
