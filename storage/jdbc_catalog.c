#include "storage/jdbc_catalog.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Its statements are not among those of statements.h: they are for another database. */
static const char HAS_TABLE[] = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
static const char HAS_TYPE[] =
    "SELECT 1 FROM pragma_table_info('iceberg_tables') WHERE name = 'iceberg_type' AND ?1 <> ''";
static const char NAMES[] =
    "SELECT DISTINCT catalog_name FROM iceberg_tables WHERE ?1 IS NULL OR catalog_name = ?1"
    " UNION "
    "SELECT DISTINCT catalog_name FROM iceberg_namespace_properties"
    " WHERE ?1 IS NULL OR catalog_name = ?1 ORDER BY 1";
/* The key "exists" stands for a namespace that has no other; JdbcCatalog shows it to nobody. */
static const char PROPERTIES[] =
    "SELECT namespace, iif(property_key = 'exists', '', property_key), property_value"
    " FROM iceberg_namespace_properties WHERE catalog_name = ?1 ORDER BY 1, 2";
static const char ENTITIES_V0[] = "SELECT table_namespace, table_name, 'TABLE', metadata_location"
                                  " FROM iceberg_tables WHERE catalog_name = ?1 ORDER BY 1, 2";
static const char ENTITIES_V1[] =
    "SELECT table_namespace, table_name, coalesce(iceberg_type, 'TABLE'), metadata_location"
    " FROM iceberg_tables WHERE catalog_name = ?1 ORDER BY 1, 2";

/* How long its own program may hold the file. */
#define BUSY_MS 5000
/* Names that an error lists. */
#define MAX_NAMES_TEXT 512

struct reading {
    sqlite3 *db;
    const char *path;
    struct slice catalog;
    const struct jdbc_visitor *visitor;
    char name[MAX_NAMES_TEXT]; /* of the only catalog */
};

/* Not connection_error: its advice is about our own database. */
static bool failed(const struct reading *reading, int code, struct error *err)
{
    if ((code & 0xff) == SQLITE_NOTADB)
        return error_set(err, ERROR_VALIDATION, "%s is no SQLite file", reading->path);
    return error_set(err, ERROR_STORAGE, "%s cannot be read: %s", reading->path,
                     sqlite3_errstr(code));
}

static struct slice column(sqlite3_stmt *row, int index)
{
    const char *text = (const char *)sqlite3_column_text(row, index);
    return text ? slice_make(text, (size_t)sqlite3_column_bytes(row, index)) : SLICE_EMPTY;
}

typedef bool (*row_fn)(struct reading *reading, sqlite3_stmt *row, void *context,
                       struct error *err);

/* `parameter` with ptr NULL is bound as NULL. */
static bool each_row(struct reading *reading, const char *sql, struct slice parameter, row_fn visit,
                     void *context, struct error *err)
{
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(reading->db, sql, -1, &row, NULL);
    if (code == SQLITE_OK && parameter.ptr)
        code = sqlite3_bind_text(row, 1, parameter.ptr, (int)parameter.len, SQLITE_STATIC);
    bool ok = true;
    while (ok && code == SQLITE_OK) {
        code = sqlite3_step(row);
        if (code != SQLITE_ROW)
            break;
        ok = visit(reading, row, context, err);
        code = SQLITE_OK;
    }
    if (ok && code != SQLITE_DONE)
        ok = failed(reading, code, err);
    sqlite3_finalize(row);
    return ok;
}

/* --- which catalog ---------------------------------------------------- */

static bool mark(struct reading *reading, sqlite3_stmt *row, void *context, struct error *err)
{
    (void)reading;
    (void)row;
    (void)err;
    *(bool *)context = true;
    return true;
}

static bool check_schema(struct reading *reading, bool *ret_has_types, struct error *err)
{
    static const char *const TABLES[] = {"iceberg_tables", "iceberg_namespace_properties"};
    for (size_t i = 0; i < 2; i++) {
        bool is_there = false;
        TRY(each_row(reading, HAS_TABLE, slice_from_string(TABLES[i]), mark, &is_there, err));
        if (!is_there)
            return error_set(err, ERROR_VALIDATION,
                             "%s is no file of a JDBC catalog: it has no table %s", reading->path,
                             TABLES[i]);
    }
    return each_row(reading, HAS_TYPE, SLICE_LITERAL("?"), mark, ret_has_types, err);
}

struct names {
    size_t count;
    char text[MAX_NAMES_TEXT]; /* "a, b", cut where it is long */
};

static bool add_name(struct reading *reading, sqlite3_stmt *row, void *context, struct error *err)
{
    struct names *names = context;
    size_t used = strlen(names->text);
    struct slice name = column(row, 0);
    (void)reading;
    (void)err;
    snprintf(names->text + used, sizeof(names->text) - used, "%s%.*s", used > 0 ? ", " : "",
             SLICE_ARG(name));
    names->count++;
    return true;
}

/* An empty file has no catalog and nothing to read. */
static bool choose_catalog(struct reading *reading, struct error *err)
{
    struct names all = {0}, named = {0};
    TRY(each_row(reading, NAMES, slice_make(NULL, 0), add_name, &all, err));
    if (reading->catalog.len > 0)
        TRY(each_row(reading, NAMES, reading->catalog, add_name, &named, err));
    if (reading->catalog.len > 0 && named.count == 0)
        return error_set(err, ERROR_NOT_FOUND, "%s has no catalog %.*s: it has %s", reading->path,
                         SLICE_ARG(reading->catalog), all.count > 0 ? all.text : "none");
    if (reading->catalog.len == 0 && all.count > 1)
        return error_set(err, ERROR_VALIDATION,
                         "%s has several catalogs, and one has to be chosen: %s", reading->path,
                         all.text);
    if (reading->catalog.len == 0) {
        memcpy(reading->name, all.text, sizeof(reading->name));
        reading->catalog = slice_from_string(reading->name);
    }
    return true;
}

/* --- what is in it ---------------------------------------------------- */

static bool visit_property(struct reading *reading, sqlite3_stmt *row, void *context,
                           struct error *err)
{
    (void)context;
    return reading->visitor->property(reading->visitor->context, column(row, 0), column(row, 1),
                                      column(row, 2), err);
}

static bool visit_entity(struct reading *reading, sqlite3_stmt *row, void *context,
                         struct error *err)
{
    (void)context;
    return reading->visitor->entity(reading->visitor->context, column(row, 0), column(row, 1),
                                    slice_equals_string(column(row, 2), "VIEW"), column(row, 3),
                                    err);
}

static bool read_all(struct reading *reading, struct error *err)
{
    bool has_types = false;
    TRY(check_schema(reading, &has_types, err));
    TRY(choose_catalog(reading, err));
    TRY(each_row(reading, PROPERTIES, reading->catalog, visit_property, NULL, err));
    return each_row(reading, has_types ? ENTITIES_V1 : ENTITIES_V0, reading->catalog, visit_entity,
                    NULL, err);
}

static bool read_moment(struct reading *reading, struct error *err)
{
    int code = sqlite3_busy_timeout(reading->db, BUSY_MS);
    if (code == SQLITE_OK)
        code = sqlite3_exec(reading->db, "BEGIN", NULL, NULL, NULL);
    return code == SQLITE_OK ? read_all(reading, err) : failed(reading, code, err);
}

bool jdbc_catalog_read(const char *path, struct slice catalog, const struct jdbc_visitor *visitor,
                       struct error *err)
{
    struct reading reading = {.path = path, .catalog = catalog, .visitor = visitor};
    if (access(path, R_OK) != 0)
        return error_set(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_STORAGE,
                         "%s cannot be read: %s", path, strerror(errno));
    int code =
        sqlite3_open_v2(path, &reading.db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    bool ok = code == SQLITE_OK ? read_moment(&reading, err) : failed(&reading, code, err);
    sqlite3_close(reading.db);
    return ok;
}
