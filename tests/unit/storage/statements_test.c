#include "storage/statements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/migrations.h"
#include "tests/unit/storage/store_fixture.h"

/* Statements that read a whole table or index on purpose, each with its bound. */
static bool may_scan(enum statement_id id)
{
    return id == STATEMENT_SCHEMA_COUNT ||   /* once, at start */
           id == STATEMENT_WAREHOUSE_LIST || id == STATEMENT_STORAGE_LIST || /* a few rows */
           id == STATEMENT_PURGE_LIST ||     /* in index order, up to its limit */
           id == STATEMENT_PURGE_LAST ||     /* a row for each table of the schema */
           id == STATEMENT_TOTALS ||           /* an index of a few bytes a row, when scraped */
           id == STATEMENT_METRICS_TRIM_ALL || /* in index order, up to its offset */
           id == STATEMENT_PENDING_BASES ||    /* what was committed in the last 200 ms */
           id == STATEMENT_DROPPED_KEEP_ANEW;  /* once, at a restore */
}

static int setup(void **state)
{
    static struct sqlite_connection connection;
    struct connection_options options = {.path = ":memory:", .is_writer = true};
    struct error err = {0};
    if (!connection_open(&options, &connection, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < SQL_SCHEMA_VERSION; i++)
        assert_true(connection_script(&connection, sql_migrations[i], &err));
    *state = &connection;
    return 0;
}

static int teardown(void **state)
{
    connection_close(*state);
    return 0;
}

static void check_plan(struct sqlite_connection *connection, enum statement_id id)
{
    char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", statement_sql(id));
    assert_non_null(sql);
    sqlite3_stmt *handle = NULL;
    if (sqlite3_prepare_v2(connection->db, sql, -1, &handle, NULL) != SQLITE_OK)
        fail_msg("%s: %s", statement_name(id), sqlite3_errmsg(connection->db));
    while (sqlite3_step(handle) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(handle, 3);
        bool is_scan = strncmp(detail, "SCAN ", 5) == 0 && !strstr(detail, "CONSTANT ROW");
        bool sorts = strstr(detail, "TEMP B-TREE") != NULL;
        if ((is_scan && !may_scan(id)) || sorts)
            fail_msg("%s: %s", statement_name(id), detail);
    }
    sqlite3_finalize(handle);
    sqlite3_free(sql);
}

static bool is_query(enum statement_id id)
{
    static const char *const verbs[] = {"SELECT", "UPDATE", "DELETE", "INSERT"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strncmp(statement_sql(id), verbs[i], strlen(verbs[i])) == 0)
            return true;
    }
    return false;
}

static void test_statements__each_finds_its_rows_by_an_index(void **state)
{
    for (enum statement_id id = 0; id < STATEMENT_COUNT; id++) {
        if (is_query(id))
            check_plan(*state, id);
    }
}

static void test_statements__each_can_be_prepared(void **state)
{
    struct error err = {0};
    for (enum statement_id id = 0; id < STATEMENT_COUNT; id++) {
        struct statement statement;
        if (!statement_begin(*state, id, &statement, &err))
            fail_msg("%s: %s", statement_name(id), err.message);
        statement_finish(&statement);
    }
}

/* Deleting a parent looks for children: without an index that is a scan that no plan shows. */
static void test_schema__each_foreign_key_leads_an_index(void **state)
{
    struct sqlite_connection *connection = *state;
    static const char query[] =
        "SELECT count(*) FROM sqlite_schema s, pragma_foreign_key_list(s.name) f "
        "WHERE s.type = 'table' AND NOT EXISTS (SELECT 1 FROM pragma_index_list(s.name) l, "
        "pragma_index_info(l.name) i WHERE i.seqno = 0 AND i.name = f.\"from\")";
    sqlite3_stmt *handle = NULL;
    assert_int_equal(sqlite3_prepare_v2(connection->db, query, -1, &handle, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(handle), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(handle, 0), 0);
    sqlite3_finalize(handle);
}

static void test_schema__each_table_is_strict(void **state)
{
    struct sqlite_connection *connection = *state;
    static const char query[] = "SELECT count(*), sum(strict) FROM pragma_table_list "
                                "WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'";
    sqlite3_stmt *handle = NULL;
    assert_int_equal(sqlite3_prepare_v2(connection->db, query, -1, &handle, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(handle), SQLITE_ROW);
    assert_true(sqlite3_column_int(handle, 0) > 0);
    assert_int_equal(sqlite3_column_int(handle, 0), sqlite3_column_int(handle, 1));
    sqlite3_finalize(handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements__each_finds_its_rows_by_an_index),
        cmocka_unit_test(test_statements__each_can_be_prepared),
        cmocka_unit_test(test_schema__each_foreign_key_leads_an_index),
        cmocka_unit_test(test_schema__each_table_is_strict),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
