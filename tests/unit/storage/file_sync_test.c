/* Files that were written without a sync: when are they durable, and what happens where a sync or a
 * crash says otherwise. */
#include "storage/file_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/file_store.h"
#include "tests/unit/storage/store_fixture.h"

#define MANY 40 /* more than are synced one by one */

static struct {
    int fsyncs;
    int syncfs_calls;
    int fail_fsync_at; /* 1: the next; 0: none */
    bool fail_syncfs;
} calls;

static int fake_open(const char *path, int flags, mode_t mode)
{
    return file_calls_real.open(path, flags, mode);
}

static int fake_fsync(int fd)
{
    if (++calls.fsyncs != calls.fail_fsync_at)
        return fsync(fd);
    errno = EIO;
    return -1;
}

static int fake_syncfs(int fd)
{
    calls.syncfs_calls++;
    if (!calls.fail_syncfs)
        return syncfs(fd);
    errno = EIO;
    return -1;
}

static const struct file_calls fake_calls = {.open = fake_open,
                                             .write = write,
                                             .fsync = fake_fsync,
                                             .syncfs = fake_syncfs,
                                             .close = close,
                                             .unlink = unlink,
                                             .rename = rename,
                                             .mkdir = mkdir,
                                             .rmdir = rmdir};

struct files {
    char directory[64];
    struct object_stores *stores;
    struct arena arena;
};

static int setup(void **state)
{
    static struct files files;
    struct object_store *store = NULL;
    memset(&calls, 0, sizeof calls);
    directory_make(files.directory, sizeof files.directory);
    assert_true(object_stores_create(&files.stores, NULL));
    assert_true(file_store_create(&fake_calls, &store, NULL));
    assert_true(object_stores_add(files.stores, "file", store, NULL));
    arena_init(&files.arena, 1024 * 1024);
    *state = &files;
    return 0;
}

static int teardown(void **state)
{
    struct files *files = *state;
    object_stores_destroy(files->stores);
    arena_finish(&files->arena);
    directory_remove(files->directory);
    return 0;
}

static struct slice uri(struct files *files, const char *rest)
{
    return arena_printf(&files->arena, "file://%s/%s", files->directory, rest);
}

static struct slice put_unsynced(struct files *files, const char *rest, const char *bytes)
{
    struct error err = {0};
    bool is_durable = true;
    struct slice location = uri(files, rest);
    if (!object_put_unsynced(files->stores, location, slice_from_string(bytes), &is_durable, &err))
        fail_msg("%s", err.message);
    assert_false(is_durable);
    return location;
}

static void expect_content(struct files *files, struct slice location, const char *bytes)
{
    struct buffer out;
    buffer_init(&out, 1024);
    assert_true(object_get(files->stores, location, &out, NULL));
    assert_true(slice_equals_string(buffer_slice(&out), bytes));
    buffer_finish(&out);
}

static bool sync_one(struct files *files, struct slice location)
{
    bool is_synced = false;
    object_sync(files->stores, &location, 1, &is_synced);
    return is_synced;
}

/* --- put ---------------------------------------------------------------------------------- */

static void test_put_unsynced__is_seen_and_syncs_nothing(void **state)
{
    struct files *files = *state;
    struct slice location = put_unsynced(files, "a/b/x", "bytes");
    assert_int_equal(calls.fsyncs, 0);
    expect_content(files, location, "bytes");
    struct error err = {0};
    bool is_durable;
    assert_false(
        object_put_unsynced(files->stores, location, SLICE_EMPTY, &is_durable, &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
    expect_content(files, location, "bytes");
}

/* The directories are not durable yet: a durable file in them makes them so. */
static void test_put_new__syncs_directories_that_an_unsynced_put_has_made(void **state)
{
    struct files *files = *state;
    (void)put_unsynced(files, "a/b/x", "1");
    assert_true(object_put_new(files->stores, uri(files, "a/b/y"), SLICE_LITERAL("2"), NULL));
    assert_int_equal(calls.fsyncs, 4); /* the file, its directory, above a, above a/b */
    calls.fsyncs = 0;
    assert_true(object_put_new(files->stores, uri(files, "other/y"), SLICE_LITERAL("2"), NULL));
    assert_int_equal(calls.fsyncs, 3); /* above other, the file, its directory */
}

/* --- sync --------------------------------------------------------------------------------- */

static void test_sync__syncs_files_their_directories_and_those_above(void **state)
{
    struct files *files = *state;
    struct slice locations[3] = {put_unsynced(files, "a/x", "1"), put_unsynced(files, "a/y", "2"),
                                 put_unsynced(files, "b/c/z", "3")};
    bool synced[3] = {false, false, false};
    object_sync(files->stores, locations, 3, synced);
    assert_true(synced[0] && synced[1] && synced[2]);
    /* three files, the directories a and b/c, and above a, above b, above b/c */
    assert_int_equal(calls.fsyncs, 8);
    calls.fsyncs = 0;
    assert_true(sync_one(files, put_unsynced(files, "a/w", "4")));
    assert_int_equal(calls.fsyncs, 2); /* a is known to be durable now */
}

static void test_sync__tells_which_file_failed(void **state)
{
    struct files *files = *state;
    struct slice locations[2] = {put_unsynced(files, "a/x", "1"), put_unsynced(files, "b/y", "2")};
    bool synced[2] = {true, true};
    calls.fail_fsync_at = 1;
    object_sync(files->stores, locations, 2, synced);
    assert_int_equal((int)synced[0] + (int)synced[1], 1);
}

/* Every sync in its turn: what fails is never taken for done. */
static void test_sync__a_failing_sync_is_no_success(void **state)
{
    struct files *files = *state;
    int failures = 0;
    for (int n = 1;; n++) {
        char rest[32];
        (void)snprintf(rest, sizeof rest, "d%d/e/x", n);
        struct slice location = put_unsynced(files, rest, "1");
        calls.fsyncs = 0;
        calls.fail_fsync_at = n;
        bool is_synced = sync_one(files, location);
        bool was_hit = calls.fsyncs >= n;
        calls.fail_fsync_at = 0;
        assert_int_equal(is_synced, !was_hit);
        assert_true(sync_one(files, location)); /* the directories above are made good */
        if (!was_hit)
            break;
        failures++;
    }
    assert_int_equal(failures, 4); /* the file, its directory, and two above */
}

static void test_sync__takes_a_file_that_was_removed_for_done(void **state)
{
    struct files *files = *state;
    struct slice location = put_unsynced(files, "a/x", "1");
    assert_true(object_remove(files->stores, location, NULL));
    assert_true(sync_one(files, location));
}

static void put_many(struct files *files, struct slice *locations)
{
    for (int i = 0; i < MANY; i++) {
        char rest[32];
        (void)snprintf(rest, sizeof rest, "t%d/metadata/x", i);
        locations[i] = put_unsynced(files, rest, "1");
    }
}

static size_t count_synced(const bool *synced)
{
    size_t count = 0;
    for (int i = 0; i < MANY; i++)
        count += synced[i];
    return count;
}

static void test_sync__syncs_many_files_by_one_call(void **state)
{
    struct files *files = *state;
    struct slice locations[MANY];
    bool synced[MANY] = {false};
    put_many(files, locations);
    object_sync(files->stores, locations, MANY, synced);
    assert_int_equal(count_synced(synced), MANY);
    assert_int_equal(calls.syncfs_calls, 1);
    assert_int_equal(calls.fsyncs, 0);
    assert_true(object_put_new(files->stores, uri(files, "t0/y"), SLICE_LITERAL("2"), NULL));
    assert_int_equal(calls.fsyncs, 2); /* t0 is durable: nothing above is synced again */
}

static void test_sync__syncs_each_where_the_one_call_fails(void **state)
{
    struct files *files = *state;
    struct slice locations[MANY];
    bool synced[MANY] = {false};
    put_many(files, locations);
    calls.fail_syncfs = true;
    object_sync(files->stores, locations, MANY, synced);
    assert_int_equal(count_synced(synced), MANY);
    assert_int_equal(calls.fsyncs, 4 * MANY);
}

/* --- restore ------------------------------------------------------------------------------ */

static void test_restore__replaces_a_torn_file(void **state)
{
    struct files *files = *state;
    struct slice location = put_unsynced(files, "a/x", "tor");
    assert_true(object_restore(files->stores, location, SLICE_LITERAL("the whole"), NULL));
    expect_content(files, location, "the whole");
    assert_int_equal(calls.fsyncs, 3); /* the file, its directory, above a */
}

static void test_restore__makes_what_is_missing(void **state)
{
    struct files *files = *state;
    struct slice location = uri(files, "lost/with/all/x");
    assert_true(object_restore(files->stores, location, SLICE_LITERAL("1"), NULL));
    expect_content(files, location, "1");
}

static void test_restore__leaves_the_old_file_where_it_fails(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    struct slice location = put_unsynced(files, "a/x", "old");
    calls.fail_fsync_at = 1;
    assert_false(object_restore(files->stores, location, SLICE_LITERAL("new"), &err));
    assert_int_equal(err.kind, ERROR_STORAGE);
    expect_content(files, location, "old");
    calls.fail_fsync_at = 0;
    assert_true(object_restore(files->stores, location, SLICE_LITERAL("new"), NULL));
    expect_content(files, location, "new");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_put_unsynced__is_seen_and_syncs_nothing),
        TEST(test_put_new__syncs_directories_that_an_unsynced_put_has_made),
        TEST(test_sync__syncs_files_their_directories_and_those_above),
        TEST(test_sync__tells_which_file_failed),
        TEST(test_sync__a_failing_sync_is_no_success),
        TEST(test_sync__takes_a_file_that_was_removed_for_done),
        TEST(test_sync__syncs_many_files_by_one_call),
        TEST(test_sync__syncs_each_where_the_one_call_fails),
        TEST(test_restore__replaces_a_torn_file),
        TEST(test_restore__makes_what_is_missing),
        TEST(test_restore__leaves_the_old_file_where_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
