#include "storage/backup.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "storage/sqlite_connection.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/store_fixture.h"

#define PATH_SIZE 160

struct world {
    struct fixture fixture;
    char file[PATH_SIZE];
    struct clock clock;
    struct slice kept;
    struct error err;
};

static int64_t fixed_now(void *context)
{
    (void)context;
    return INT64_C(1767225600123); /* 2026-01-01T00:00:00.123Z */
}

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){.clock = {fixed_now, fixed_now, NULL}};
    fixture_start(&world.fixture);
    (void)snprintf(world.file, sizeof world.file, "%s/copy", world.fixture.directory);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    fixture_finish(&world->fixture);
    return 0;
}

static bool restore(struct world *world)
{
    return backup_restore(world->file, world->fixture.path, &world->clock, &world->fixture.arena,
                          &world->kept, &world->err);
}

static bool has_table(struct world *world, const char *name)
{
    struct entity_row row;
    return read_entity(&world->fixture, "db", name, &row);
}

/* Files in the directory whose name begins so. */
static size_t files_like(struct world *world, const char *prefix)
{
    size_t count = 0;
    DIR *stream = opendir(world->fixture.directory);
    assert_non_null(stream);
    for (struct dirent *entry = readdir(stream); entry; entry = readdir(stream))
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(stream);
    return count;
}

static void test_backup__holds_what_was_committed_while_the_store_is_open(void **state)
{
    struct world *world = *state;
    (void)must_table(&world->fixture, "before", "file:///w/before");
    assert_ok(backup_write(world->fixture.path, world->file, &world->err), &world->err);
    (void)must_table(&world->fixture, "after", "file:///w/after");
    fixture_close(&world->fixture);
    assert_ok(restore(world), &world->err);
    fixture_open(&world->fixture);
    assert_true(has_table(world, "before"));
    assert_false(has_table(world, "after"));
}

static void test_backup__is_one_file_in_no_journal_mode(void **state)
{
    struct world *world = *state;
    assert_ok(backup_write(world->fixture.path, world->file, &world->err), &world->err);
    assert_int_equal(files_like(world, "copy"), 1);
    unsigned char header[20];
    FILE *file = fopen(world->file, "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, sizeof header, file), sizeof header);
    fclose(file);
    /* SQLite's file format, "file format version numbers": 1 is a rollback journal, 2 a log. */
    assert_int_equal(header[18], 1);
    assert_int_equal(header[19], 1);
}

static void test_backup__refuses_a_file_that_exists(void **state)
{
    struct world *world = *state;
    assert_ok(backup_write(world->fixture.path, world->file, &world->err), &world->err);
    assert_false(backup_write(world->fixture.path, world->file, &world->err));
    assert_int_equal(world->err.kind, ERROR_ALREADY_EXISTS);
    assert_int_equal(files_like(world, "copy"), 1);
}

static void test_backup__of_nothing_leaves_nothing(void **state)
{
    struct world *world = *state;
    char nowhere[PATH_SIZE];
    (void)snprintf(nowhere, sizeof nowhere, "%s/nowhere.db", world->fixture.directory);
    assert_false(backup_write(nowhere, world->file, &world->err));
    assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
    assert_int_equal(files_like(world, "copy") + files_like(world, "nowhere"), 0);
}

#define DAY_MS INT64_C(86400000)

static int64_t ten_days_later(void *context)
{
    return clock_real.now_ms(context) + 10 * DAY_MS;
}

static bool job_drop(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_entity_drop(txn, *(int64_t *)context, DAY_MS, true, err);
}

/* It may have been brought back after the backup: its files are not deleted at once. */
static void test_restore__begins_the_time_of_what_was_dropped_anew(void **state)
{
    struct world *world = *state;
    struct dropped_row *rows = NULL;
    size_t count = 0;
    int64_t id = must_table(&world->fixture, "t", "file:///w/t");
    must_write(&world->fixture, job_drop, &id);
    assert_ok(backup_write(world->fixture.path, world->file, &world->err), &world->err);
    fixture_close(&world->fixture);
    world->clock.now_ms = ten_days_later;
    int64_t now_ms = clock_now_ms(&world->clock);
    assert_ok(restore(world), &world->err);
    fixture_open(&world->fixture);
    struct pointer_view *view = must_view(&world->fixture);
    assert_ok(pointer_dropped_due(view, INT64_MAX, 10, &world->fixture.arena, &rows, &count,
                                  &world->err),
              &world->err);
    pointer_view_end(view);
    assert_int_equal(count, 1);
    assert_true(rows[0].dropped_ms < now_ms);
    assert_true(rows[0].until_ms >= now_ms + DAY_MS);
    assert_true(rows[0].until_ms < now_ms + 2 * DAY_MS);
}

static void test_restore__wants_the_store_closed(void **state)
{
    struct world *world = *state;
    assert_ok(backup_write(world->fixture.path, world->file, &world->err), &world->err);
    assert_false(restore(world));
    assert_int_equal(world->err.kind, ERROR_CONFLICT);
    (void)must_table(&world->fixture, "still", "file:///w/still");
}

static void test_restore__keeps_the_old_database_under_a_name_with_the_time(void **state)
{
    struct world *world = *state;
    char expected[PATH_SIZE];
    assert_ok(backup_write(world->fixture.path, world->file, &world->err), &world->err);
    (void)must_table(&world->fixture, "after", "file:///w/after");
    fixture_close(&world->fixture);
    assert_ok(restore(world), &world->err);
    (void)snprintf(expected, sizeof expected, "%s.before-restore-20260101T000000123Z",
                   world->fixture.path);
    assert_slice_equal(world->kept, expected);
    assert_int_equal(rename(expected, world->fixture.path), 0);
    fixture_open(&world->fixture);
    assert_true(has_table(world, "after"));
}

static void test_restore__never_overwrites_what_an_earlier_one_kept(void **state)
{
    struct world *world = *state;
    assert_ok(backup_write(world->fixture.path, world->file, &world->err), &world->err);
    fixture_close(&world->fixture);
    assert_ok(restore(world), &world->err);
    assert_false(restore(world)); /* in the same millisecond */
    assert_int_equal(world->err.kind, ERROR_STORAGE);
    fixture_open(&world->fixture);
}

static void test_restore__cleans_up_after_one_that_was_interrupted(void **state)
{
    struct world *world = *state;
    char rest[PATH_SIZE];
    assert_ok(backup_write(world->fixture.path, world->file, &world->err), &world->err);
    fixture_close(&world->fixture);
    (void)snprintf(rest, sizeof rest, "%s.restore", world->fixture.path);
    FILE *file = fopen(rest, "wb");
    assert_non_null(file);
    fputs("half a database", file);
    fclose(file);
    assert_ok(restore(world), &world->err);
    assert_int_not_equal(access(rest, F_OK), 0);
    fixture_open(&world->fixture);
}

static void test_reader__opens_beside_the_writer_and_writes_nothing(void **state)
{
    struct world *world = *state;
    struct pointer_store *reader = NULL;
    struct pointer_view *view = NULL;
    struct entity_row *rows = NULL;
    size_t count = 0;
    struct pointer_store_options options = {.path = world->fixture.path,
                                            .clock = &clock_real,
                                            .is_reader = true};
    assert_ok(pointer_store_open(&options, &reader, &world->err), &world->err);
    (void)must_table(&world->fixture, "a", "file:///w/a");
    (void)must_table(&world->fixture, "b", "file:///w/b");
    assert_ok(pointer_view_begin(reader, &view, &world->err), &world->err);
    assert_ok(pointer_entity_walk(view, 0, 1, &world->fixture.arena, &rows, &count, &world->err),
              &world->err);
    assert_int_equal(count, 1);
    assert_slice_equal(rows[0].name, "a");
    assert_ok(pointer_entity_walk(view, rows[0].id, 10, &world->fixture.arena, &rows, &count,
                                  &world->err),
              &world->err);
    assert_int_equal(count, 1);
    assert_slice_equal(rows[0].name, "b");
    pointer_view_end(view);
    pointer_store_close(reader);
}

static void test_reader__wants_a_database_that_is_there(void **state)
{
    struct world *world = *state;
    struct pointer_store *reader = NULL;
    struct pointer_store_options options = {.path = world->file,
                                            .clock = &clock_real,
                                            .is_reader = true};
    assert_false(pointer_store_open(&options, &reader, &world->err));
    assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
    assert_int_equal(files_like(world, "copy"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_backup__holds_what_was_committed_while_the_store_is_open),
        TEST(test_backup__is_one_file_in_no_journal_mode),
        TEST(test_backup__refuses_a_file_that_exists),
        TEST(test_backup__of_nothing_leaves_nothing),
        TEST(test_restore__begins_the_time_of_what_was_dropped_anew),
        TEST(test_restore__wants_the_store_closed),
        TEST(test_restore__keeps_the_old_database_under_a_name_with_the_time),
        TEST(test_restore__never_overwrites_what_an_earlier_one_kept),
        TEST(test_restore__cleans_up_after_one_that_was_interrupted),
        TEST(test_reader__opens_beside_the_writer_and_writes_nothing),
        TEST(test_reader__wants_a_database_that_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
