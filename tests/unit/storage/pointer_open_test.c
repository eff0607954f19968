#include "storage/pointer_store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/storage/store_fixture.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_finish(*state);
    return 0;
}

static void expect_refused(struct fixture *fixture, enum error_kind kind, const char *words)
{
    struct error err = {0};
    assert_false(fixture_try_open(fixture, &err));
    assert_null(fixture->store);
    if (err.kind != kind || !strstr(err.message, words) || !strstr(err.message, fixture->path))
        fail_msg("%s: %s", error_kind_name(err.kind), err.message);
}

static void write_bytes(const char *path, const char *mode, long offset, const void *bytes,
                        size_t size)
{
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_open__refuses_a_second_server_and_names_the_first(void **state)
{
    struct fixture *fixture = *state;
    char words[64];
    fixture_open(fixture);
    struct fixture second = *fixture;
    second.store = NULL;
    (void)snprintf(words, sizeof words, "another server (pid %ld) uses", (long)getpid());
    expect_refused(&second, ERROR_CONFLICT, words);
    fixture_close(fixture);
    fixture_open(&second);
    fixture_close(&second);
}

static void test_open__refuses_a_second_process(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    pid_t child = fork();
    if (child == 0) {
        struct fixture second = *fixture;
        struct error err = {0};
        bool opened = fixture_try_open(&second, &err);
        _exit(!opened && err.kind == ERROR_CONFLICT ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void lock_file_name(const struct fixture *fixture, char *name, size_t size)
{
    (void)snprintf(name, size, "%s.lock", fixture->path);
}

/* People tidy up: the lock must not go with its file. */
static void test_open__refuses_a_second_server_where_the_lock_file_is_gone(void **state)
{
    struct fixture *fixture = *state;
    char name[sizeof fixture->path + 8];
    lock_file_name(fixture, name, sizeof name);
    fixture_open(fixture);
    assert_int_equal(unlink(name), 0);
    struct fixture second = *fixture;
    second.store = NULL;
    expect_refused(&second, ERROR_CONFLICT, "another server uses");
    fixture_close(fixture);
    fixture_open(&second);
    fixture_close(&second);
}

/* Versions before this one lock the file alone. */
static void test_open__refuses_where_the_lock_file_alone_is_held(void **state)
{
    struct fixture *fixture = *state;
    char name[sizeof fixture->path + 8];
    lock_file_name(fixture, name, sizeof name);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    expect_refused(fixture, ERROR_CONFLICT, "another server uses");
    close(fd);
    fixture_open(fixture);
    fixture_close(fixture);
}

static void test_open__refuses_a_missing_directory(void **state)
{
    struct fixture *fixture = *state;
    struct fixture absent = *fixture;
    (void)snprintf(absent.path, sizeof absent.path, "%s/no/firn.db", fixture->directory);
    expect_refused(&absent, ERROR_STORAGE, "must exist and be writable");
}

static void test_open__refuses_a_newer_schema(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    fixture_close(fixture);
    run_sql(fixture->path, "PRAGMA user_version = 99");
    expect_refused(fixture, ERROR_CORRUPT, "newer version of Firn (schema 99, this one knows 8)");
}

static void test_open__refuses_the_database_of_another_program(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "CREATE TABLE theirs (x); PRAGMA application_id = 7");
    expect_refused(fixture, ERROR_CORRUPT, "of another program");
    run_sql(fixture->path, "PRAGMA application_id = 0");
    expect_refused(fixture, ERROR_CORRUPT, "of another program");
    run_sql(fixture->path, "SELECT x FROM theirs");
}

static void test_open__refuses_a_schema_number_that_never_was(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    fixture_close(fixture);
    run_sql(fixture->path, "PRAGMA user_version = -3");
    expect_refused(fixture, ERROR_CORRUPT, "is damaged: its schema number is -3");
}

static void test_open__refuses_garbage(void **state)
{
    struct fixture *fixture = *state;
    static char garbage[8192];
    memset(garbage, 'x', sizeof garbage);
    write_bytes(fixture->path, "wb", 0, garbage, sizeof garbage);
    expect_refused(fixture, ERROR_CORRUPT, "is damaged or not a SQLite database");
}

static void test_open__refuses_a_damaged_first_page(void **state)
{
    struct fixture *fixture = *state;
    static char zeros[3000];
    fixture_open(fixture);
    fixture_close(fixture);
    write_bytes(fixture->path, "r+b", 100, zeros, sizeof zeros);
    expect_refused(fixture, ERROR_CORRUPT, "is damaged");
}

static void test_open__refuses_a_file_that_was_cut(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    fixture_close(fixture);
    assert_int_equal(truncate(fixture->path, 4096 * 3), 0);
    expect_refused(fixture, ERROR_CORRUPT, "is damaged");
}

static void test_open__takes_an_empty_file(void **state)
{
    struct fixture *fixture = *state;
    write_bytes(fixture->path, "wb", 0, "", 0);
    fixture_open(fixture);
    assert_non_null(fixture->store);
}

/* Damage in a page that only some reads meet is an error of theirs, not a crash. */
static void test_read__of_a_damaged_page_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    int64_t id = 0;
    bool is_corrupt = false;
    static char noise[4096 * 20];
    fixture_open(fixture);
    assert_true(write_warehouse(fixture->store, "main", true, &id, &err));
    fixture_close(fixture);
    memset(noise, 0xA5, sizeof noise);
    write_bytes(fixture->path, "r+b", 4096, noise, sizeof noise);
    if (fixture_try_open(fixture, &err)) {
        struct warehouse_row *rows;
        size_t count;
        struct pointer_view *view;
        assert_true(pointer_view_begin(fixture->store, &view, &err));
        is_corrupt = !pointer_warehouse_list(view, &fixture->arena, &rows, &count, &err);
        pointer_view_end(view);
    } else {
        is_corrupt = true;
    }
    assert_true(is_corrupt);
    assert_int_equal(err.kind, ERROR_CORRUPT);
}

static void test_reopen__finds_what_was_written(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct entity_row row;
    bool swapped = false;
    int64_t id = 0;
    fixture_open(fixture);
    assert_true(write_warehouse(fixture->store, "main", true, &fixture->warehouse_id, &err));
    assert_true(write_namespace(fixture->store, fixture->warehouse_id, 0, "db",
                                &fixture->namespace_id, &err));
    assert_true(write_entity(fixture->store, fixture->namespace_id, ENTITY_TABLE, "t", "file:///t",
                             &id, &err));
    assert_true(write_swap(fixture->store, id, "m0", "m1", &swapped, &err));
    fixture_close(fixture);
    char log[128];
    (void)snprintf(log, sizeof log, "%s-wal", fixture->path);
    assert_int_not_equal(access(log, F_OK), 0); /* a clean end leaves one file */
    fixture_open(fixture);
    assert_true(read_entity(fixture, "db", "t", &row));
    assert_true(points_at(&row, "m1"));
}

/* --- kill -9 ------------------------------------------------------------------------------ */

/* Writes namespaces n0, n1, … and tells of each through the pipe once it is acknowledged. */
static void child_writes(struct fixture *fixture, int pipe_out)
{
    struct error err = {0};
    int64_t warehouse = 0;
    if (!fixture_try_open(fixture, &err) ||
        !write_warehouse(fixture->store, "main", true, &warehouse, &err))
        _exit(1);
    for (int i = 0;; i++) {
        char name[16];
        int64_t id = 0;
        (void)snprintf(name, sizeof name, "n%d", i);
        if (!write_namespace(fixture->store, warehouse, 0, name, &id, &err))
            _exit(2);
        if (write(pipe_out, &i, sizeof i) != sizeof i)
            _exit(3);
    }
}

static void test_kill__keeps_what_was_acknowledged(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        child_writes(fixture, ends[1]);
    close(ends[1]);
    int last = -1;
    while (last < 50 && read(ends[0], &last, sizeof last) == sizeof last)
        ;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (read(ends[0], &last, sizeof last) == sizeof last)
        ;
    close(ends[0]);
    assert_true(last >= 50);
    fixture_open(fixture);
    fixture->warehouse_id = 1;
    for (int i = 0; i <= last; i++) {
        char name[16];
        struct namespace_row row;
        (void)snprintf(name, sizeof name, "n%d", i);
        assert_true(read_namespace(fixture, name, &row));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open__refuses_a_second_server_and_names_the_first),
        TEST(test_open__refuses_a_second_process),
        TEST(test_open__refuses_a_second_server_where_the_lock_file_is_gone),
        TEST(test_open__refuses_where_the_lock_file_alone_is_held),
        TEST(test_open__refuses_a_missing_directory),
        TEST(test_open__refuses_a_newer_schema),
        TEST(test_open__refuses_the_database_of_another_program),
        TEST(test_open__refuses_a_schema_number_that_never_was),
        TEST(test_open__refuses_garbage),
        TEST(test_open__refuses_a_damaged_first_page),
        TEST(test_open__refuses_a_file_that_was_cut),
        TEST(test_open__takes_an_empty_file),
        TEST(test_read__of_a_damaged_page_is_corrupt),
        TEST(test_reopen__finds_what_was_written),
        TEST(test_kill__keeps_what_was_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
