#include "storage/sqlite_connection.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

/* Clients read these: each says what to do, and none names a statement of ours. */
static void test_connection_error__says_what_to_do(void **state)
{
    static const struct {
        int code;
        enum error_kind kind;
        const char *cure;
    } cases[] = {
        {SQLITE_FULL, ERROR_STORAGE_FULL, "free some space"},
        {SQLITE_BUSY, ERROR_OVERLOADED, "ask again"},
        {SQLITE_BUSY_SNAPSHOT, ERROR_OVERLOADED, "ask again"},
        {SQLITE_LOCKED, ERROR_OVERLOADED, "ask again"},
        {SQLITE_CORRUPT, ERROR_CORRUPT, "firn restore"},
        {SQLITE_NOTADB, ERROR_CORRUPT, "firn restore"},
        {SQLITE_IOERR_CORRUPTFS, ERROR_CORRUPT, "firn restore"},
        {SQLITE_READONLY, ERROR_STORAGE, "mounted for writing"},
        {SQLITE_READONLY_DBMOVED, ERROR_STORAGE, "mounted for writing"},
        {SQLITE_CANTOPEN, ERROR_STORAGE, "must exist"},
        {SQLITE_IOERR_FSYNC, ERROR_STORAGE, "look at the machine's log"},
        {SQLITE_IOERR_NOMEM, ERROR_NO_MEMORY, "--cache-size"},
        {SQLITE_NOMEM, ERROR_NO_MEMORY, "--cache-size"},
        {SQLITE_MISUSE, ERROR_INTERNAL, "bad parameter or other API misuse (SQLite code 21)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        assert_fails(connection_error(cases[i].code, &err), &err, cases[i].kind);
        if (!strstr(err.message, cases[i].cure))
            fail_msg("code %d: %s", cases[i].code, err.message);
    }
}

static void test_statement__that_fails_is_not_named(void **state)
{
    struct sqlite_connection connection;
    struct error err = {0};
    char path[] = "/tmp/firn-connection-XXXXXX";
    int fd = mkstemp(path);
    struct connection_options options = {.path = path, .busy_timeout_ms = 1, .is_writer = true};
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_ok(connection_open(&options, &connection, &err), &err);
    /* No transaction is open. */
    assert_false(connection_run(&connection, STATEMENT_BATCH_COMMIT, &err));
    assert_null(strstr(err.message, "BATCH"));
    connection_close(&connection);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connection_error__says_what_to_do),
        cmocka_unit_test(test_statement__that_fails_is_not_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
