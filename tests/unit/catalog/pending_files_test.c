/* Metadata files between their commit and their sync: what a crash leaves is made good. */
#include "catalog/pending_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/metadata_store.h"
#include "catalog/purge.h"
#include "iceberg/manifest_list.h"
#include "tests/unit/catalog/append_fixture.h"

/* Longer than a round of the thread. */
#define ROUND_MS 3000

static atomic_bool syncs_fail;
static atomic_int syncs;

static int fake_open(const char *path, int flags, mode_t mode)
{
    return file_calls_real.open(path, flags, mode);
}

static int fake_fsync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    if (!atomic_load(&syncs_fail))
        return fsync(fd);
    errno = EIO;
    return -1;
}

static int fake_syncfs(int fd)
{
    if (!atomic_load(&syncs_fail))
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

static size_t pending_count(struct world *world)
{
    struct pending_row rows[8];
    struct pointer_view *view = NULL;
    size_t count = 0;
    assert_true(pointer_view_begin(world->pointers, &view, NULL));
    assert_true(pointer_pending_list(view, INT64_MAX, &world->client.arena, rows, 8, &count, NULL));
    pointer_view_end(view);
    return count;
}

static bool becomes_empty(struct world *world)
{
    for (int waited_ms = 0; waited_ms < ROUND_MS; waited_ms += 20) {
        if (pending_count(world) == 0)
            return true;
        usleep(20000);
    }
    return false;
}

static bool become(atomic_int *counter, int count)
{
    for (int waited_ms = 0; waited_ms < ROUND_MS && atomic_load(counter) < count; waited_ms += 20)
        usleep(20000);
    return atomic_load(counter) >= count;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    atomic_store(&syncs_fail, false);
    atomic_store(&syncs, 0);
    world_make(world);
    world->files = &fake_calls;
    world_open(world);
    assert_true(make_namespace(world, "ns"));
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    atomic_store(&syncs_fail, false);
    return world_teardown(state);
}

/* The path of the table's metadata file. */
static const char *metadata_path(struct world *world)
{
    struct slice location = table_pointer(world, NAME("t"));
    assert_true(slice_starts_with(location, SLICE_LITERAL("file://")));
    return arena_string(&world->client.arena, slice_from(location, 7));
}

/* A commit whose file is never synced, and a process that ends: as a power cut finds it. */
static const char *commit_and_crash(struct world *world)
{
    atomic_store(&syncs_fail, true);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(set_property(world, NAME("t"), "k", "v"), &world->client.err);
    static char path[512];
    (void)snprintf(path, sizeof path, "%s", metadata_path(world));
    world_close(world);
    atomic_store(&syncs_fail, false);
    return path;
}

static void expect_recovered_as(struct world *world, const char *value)
{
    world_open(world);
    assert_int_equal(pending_count(world), 0);
    assert_string_equal(table_property_of(world, NAME("t"), "k"), value);
}

static void expect_recovered(struct world *world)
{
    expect_recovered_as(world, "v");
}

/* --- tests -------------------------------------------------------------------------------- */

static void test_pending__a_commit_syncs_no_file_and_the_thread_does(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_true(becomes_empty(world));
    assert_true(atomic_load(&syncs) > 0);
    atomic_store(&syncs, 0);
    assert_ok(set_property(world, NAME("t"), "k", "v"), &world->client.err);
    assert_int_equal(atomic_load(&syncs), 0);
    assert_int_equal(pending_count(world), 1);
    assert_true(becomes_empty(world));
    assert_int_equal(atomic_load(&syncs), 2); /* the file, its directory */
}

static void test_pending__a_close_syncs_what_waits(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    world_close(world);
    assert_true(atomic_load(&syncs) > 0);
    world_open(world);
    assert_int_equal(pending_count(world), 0);
}

static void test_pending__a_lost_file_is_written_again(void **state)
{
    struct world *world = *state;
    const char *path = commit_and_crash(world);
    file_delete(path);
    expect_recovered(world);
    assert_true(file_is_there(path));
}

static void test_pending__a_torn_file_is_written_again(void **state)
{
    struct world *world = *state;
    const char *path = commit_and_crash(world);
    assert_int_equal(truncate(path, 100), 0);
    expect_recovered(world);
}

/* The list that the server writes for a late append is carried as the metadata file is. */
static void test_pending__a_torn_manifest_list_is_written_again(void **state)
{
    struct world *world = *state;
    struct made_append late;
    char path[512];
    append_make_late(world, NAME("t"), &late);
    assert_true(becomes_empty(world));
    atomic_store(&syncs_fail, true);
    assert_ok(append_commit(world, NAME("t"), &late), &world->client.err);
    struct slice list = head_list_location(world, NAME("t"));
    (void)snprintf(path, sizeof path, "%.*s", (int)list.len - 7, list.ptr + 7);
    assert_int_equal(pending_count(world), 2);
    world_close(world);
    atomic_store(&syncs_fail, false);
    assert_int_equal(truncate(path, 40), 0);
    world_open(world);
    struct manifest_list *entries = head_list(world, NAME("t"));
    assert_int_equal(entries->count, 2);
    manifest_list_unref(entries);
}

/* What is read of it may be in memory alone, after a sync of the earlier process that failed. */
static void test_pending__a_whole_file_is_written_again(void **state)
{
    struct world *world = *state;
    struct stat before, after;
    const char *path = commit_and_crash(world);
    assert_int_equal(stat(path, &before), 0);
    atomic_store(&syncs, 0);
    expect_recovered(world);
    assert_int_equal(stat(path, &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
    assert_true(atomic_load(&syncs) >= 2);
}

/* A disk that does not sync: the bytes stay in the database, and the server starts all the same. */
static void test_pending__what_cannot_be_made_good_stays(void **state)
{
    struct world *world = *state;
    (void)commit_and_crash(world);
    atomic_store(&syncs_fail, true);
    world_open(world);
    assert_int_equal(pending_count(world), 2);
    assert_string_equal(table_property_of(world, NAME("t"), "k"), "v");
    world_close(world);
    atomic_store(&syncs_fail, false);
    expect_recovered(world);
}

/* A disk that fails for a while: that the next sync of the file succeeds says nothing, because the
 * kernel has told of the failure and forgotten it. */
static void test_pending__a_failed_sync_is_not_tried_again(void **state)
{
    struct world *world = *state;
    struct stat before, after;
    char path[512];
    atomic_store(&syncs_fail, true);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    (void)snprintf(path, sizeof path, "%s", metadata_path(world));
    assert_int_equal(stat(path, &before), 0);
    /* The file, its directory, the one above, and the file that is to take its place. */
    assert_true(become(&syncs, 4));
    atomic_store(&syncs_fail, false);
    world_close(world); /* a last round */
    world_open(world);
    assert_int_equal(pending_count(world), 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
}

static void test_pending__a_file_that_was_deleted_is_not_written_again(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    const char *path = metadata_path(world);
    file_delete(path);
    assert_true(becomes_empty(world));
    assert_false(file_is_there(path));
}

static bool queue_becomes_empty(struct world *world)
{
    struct purge_row *rows = NULL;
    size_t count = 1;
    for (int waited_ms = 0; waited_ms < ROUND_MS && count > 0; waited_ms += 20) {
        assert_ok(purge_list(&world->client.call, 10, &rows, &count, &world->client.err),
                  &world->client.err);
        usleep(20000);
    }
    return count == 0;
}

/* The process ends before it has settled the files of a table that it has purged meanwhile. */
static void test_pending__a_start_brings_back_nothing_of_what_was_purged(void **state)
{
    struct world *world = *state;
    char old[512], current[512];
    atomic_store(&syncs_fail, true);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    (void)snprintf(old, sizeof old, "%s", metadata_path(world));
    assert_ok(set_property(world, NAME("t"), "k", "v"), &world->client.err);
    (void)snprintf(current, sizeof current, "%s", metadata_path(world));
    assert_ok(make_table(world, NAME("other")), &world->client.err);
    assert_ok(drop_table(world, NAME("t"), true), &world->client.err);
    assert_true(queue_becomes_empty(world));
    assert_int_equal(pending_count(world), 1); /* the other table's */
    world_close(world);
    atomic_store(&syncs_fail, false);
    world_open(world);
    assert_false(file_is_there(old));
    assert_false(file_is_there(current));
    assert_int_equal(pending_count(world), 0);
}

static void test_pending__a_large_file_is_synced_at_once(void **state)
{
    struct world *world = *state;
    char *updates = NULL;
    assert_true(asprintf(&updates, "[{'action':'set-properties','updates':{'k':'%0*d'}}]",
                         (int)MAX_CARRIED_SIZE, 0) > 0);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_true(becomes_empty(world));
    atomic_store(&syncs, 0);
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS, updates, NULL), &world->client.err);
    assert_int_equal(atomic_load(&syncs), 2);
    assert_int_equal(pending_count(world), 0);
    free(updates);
}

/* --- files that are packed like another --------------------------------------------------- */

#define ALIKE 20

struct copies {
    char paths[ALIKE][512];
    char *bytes[ALIKE];
};

/* Metadata that is long enough to be worth it. */
static void make_long_table(struct world *world)
{
    char *updates = NULL;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_true(asprintf(&updates, "[{'action':'set-properties','updates':{'long':'%0*d'}}]",
                         5000, 0) > 0);
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS, updates, NULL), &world->client.err);
    free(updates);
}

static void change(struct world *world, int number)
{
    char value[16];
    (void)snprintf(value, sizeof value, "v%d", number);
    assert_ok(set_property(world, NAME("t"), "k", value), &world->client.err);
}

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *bytes = calloc(1, 64 * 1024);
    assert_non_null(bytes);
    assert_true(fread(bytes, 1, 64 * 1024 - 1, file) > 0);
    (void)fclose(file);
    return bytes;
}

/* How many rows need another one's bytes. */
static size_t like_count(struct world *world)
{
    struct pending_row rows[2 * ALIKE];
    struct slice bytes, base;
    struct pointer_view *view = NULL;
    size_t count = 0, alike = 0;
    bool found;
    struct arena *arena = &world->client.arena;
    assert_true(pointer_view_begin(world->pointers, &view, NULL));
    assert_true(pointer_pending_list(view, INT64_MAX, arena, rows, 2 * ALIKE, &count, NULL));
    for (size_t i = 0; i < count; i++) {
        assert_true(pointer_pending_get(view, rows[i].id, arena, &bytes, &base, &found, NULL));
        alike += base.len > 0;
        assert_true(base.len == 0 || bytes.len < 1000);
    }
    pointer_view_end(view);
    return alike;
}

static void test_pending__files_that_are_packed_like_another_are_written_again(void **state)
{
    struct world *world = *state;
    struct copies copies;
    atomic_store(&syncs_fail, true);
    make_long_table(world);
    for (int i = 0; i < ALIKE; i++) {
        change(world, i);
        (void)snprintf(copies.paths[i], sizeof copies.paths[i], "%s", metadata_path(world));
        copies.bytes[i] = read_all(copies.paths[i]);
    }
    assert_int_equal(like_count(world), ALIKE - 1); /* one was to be the next base */
    world_close(world);
    atomic_store(&syncs_fail, false);
    for (int i = 0; i < ALIKE; i++) {
        if (i % 2)
            file_delete(copies.paths[i]);
        else
            assert_int_equal(truncate(copies.paths[i], 10 * i), 0);
    }
    world_open(world);
    assert_int_equal(like_count(world), 0);
    assert_int_equal(pending_count(world), 0);
    assert_string_equal(table_property_of(world, NAME("t"), "k"), "v19");
    for (int i = 0; i < ALIKE; i++) {
        char *bytes = read_all(copies.paths[i]);
        assert_string_equal(bytes, copies.bytes[i]);
        free(bytes);
        free(copies.bytes[i]);
    }
}

/* A disk that fails for a while: what is restored later needs the row of the base, which is durable
 * itself. */
static void test_pending__a_base_stays_as_long_as_it_is_needed(void **state)
{
    struct world *world = *state;
    make_long_table(world);
    atomic_store(&syncs_fail, true);
    change(world, 1);
    assert_int_equal(like_count(world), 1);
    const char *path = metadata_path(world);
    assert_true(become(&syncs, 8)); /* a round has tried, and could not restore it either */
    assert_int_equal(like_count(world), 1);
    assert_int_equal(truncate(path, 5), 0);
    world_close(world);
    atomic_store(&syncs_fail, false);
    expect_recovered_as(world, "v1");
}

static void test_pending__the_rows_of_alike_files_go(void **state)
{
    struct world *world = *state;
    make_long_table(world);
    for (int i = 0; i < ALIKE; i++)
        change(world, i);
    assert_true(becomes_empty(world));
    change(world, ALIKE); /* nothing is there that it could be like */
    assert_int_equal(like_count(world), 0);
    world_close(world);
    world_open(world);
    assert_int_equal(pending_count(world), 0);
}

/* Long metadata that is written to a directory of several tables. */
static void make_sharing_table(struct world *world, struct entity_name name)
{
    char *updates = NULL;
    assert_ok(make_table(world, name), &world->client.err);
    assert_true(asprintf(&updates,
                         "[{'action':'set-properties','updates':{'long':'%0*d',"
                         "'write.metadata.path':'%s/shared'}}]",
                         5000, 0, world->location) > 0);
    assert_ok(commit_table(world, name, NO_REQUIREMENTS, updates, NULL), &world->client.err);
    free(updates);
}

/* The purge of one leaves no row behind that the other's need. */
static void test_pending__tables_of_one_directory_do_not_need_each_other(void **state)
{
    struct world *world = *state;
    char path[512];
    atomic_store(&syncs_fail, true);
    make_sharing_table(world, NAME("t"));
    (void)snprintf(path, sizeof path, "%s", metadata_path(world));
    make_sharing_table(world, NAME("other"));
    assert_true(file_is_there(path));
    assert_ok(drop_table(world, NAME("t"), true), &world->client.err);
    assert_true(queue_becomes_empty(world));
    assert_false(file_is_there(path));
    world_close(world);
    atomic_store(&syncs_fail, false);
    world_open(world);
    assert_false(file_is_there(path));
}

static bool job_delete_all(struct pointer_txn *txn, void *context, struct error *err)
{
    struct pending_row rows[2 * ALIKE];
    int64_t ids[2 * ALIKE];
    bool gone[2 * ALIKE];
    size_t count = 0;
    struct world *world = context;
    TRY(pointer_pending_list(pointer_txn_view(txn), INT64_MAX, &world->client.arena, rows,
                             2 * ALIKE, &count, err));
    for (size_t i = 0; i < count; i++)
        ids[i] = rows[count - 1 - i].id;
    return pointer_pending_done(txn, ids, count, gone, err);
}

/* Between the packing of a commit's file and its transaction: the commit packs it anew. */
static void test_pending__a_commit_outlives_the_loss_of_its_base(void **state)
{
    struct world *world = *state;
    atomic_store(&syncs_fail, true); /* nobody else takes rows away */
    make_long_table(world);
    change(world, 1);
    assert_int_equal(like_count(world), 1);
    assert_true(pointer_store_write(world->pointers, job_delete_all, world, NULL));
    change(world, 2);
    assert_int_equal(pending_count(world), 1);
    assert_int_equal(like_count(world), 0);
    const char *path = metadata_path(world);
    world_close(world);
    atomic_store(&syncs_fail, false);
    assert_int_equal(truncate(path, 5), 0);
    expect_recovered_as(world, "v2");
}

/* What the table's next file is to be packed like. */
static struct pending_base *find_base(struct world *world, struct slice location)
{
    struct table_metadata *metadata = NULL;
    assert_ok(table_metadata_read(world->catalog, location, &metadata, &world->client.err),
              &world->client.err);
    struct pending_base *base = pending_bases_find(world->catalog->bases, metadata->uuid);
    table_metadata_unref(metadata);
    assert_non_null(base);
    return base;
}

struct carrying {
    struct world *world;
    struct carried_file file;
    bool loses_base;
};

static bool job_carry(struct pointer_txn *txn, void *context, struct error *err)
{
    struct carrying *carrying = context;
    if (carrying->loses_base)
        TRY(job_delete_all(txn, carrying->world, err));
    return metadata_carry(txn, &carrying->file, err);
}

/* What took the base away was undone, and the commit with it, which runs again: no other round is
 * to follow it, or a client whose commit may have gone through could hear that it has failed. */
static void test_pending__a_base_that_is_back_was_not_lost(void **state)
{
    struct world *world = *state;
    struct carrying carrying = {.world = world, .loses_base = true};
    atomic_store(&syncs_fail, true);
    make_long_table(world);
    carrying.file.location = table_pointer(world, NAME("t"));
    carrying.file.packed = SLICE_LITERAL("like");
    carrying.file.base = find_base(world, carrying.file.location);
    assert_fails(pointer_store_write(world->pointers, job_carry, &carrying, &world->client.err),
                 &world->client.err, ERROR_COMMIT_FAILED);
    assert_true(carrying.file.has_lost_base);
    carrying.loses_base = false;
    assert_ok(pointer_store_write(world->pointers, job_carry, &carrying, &world->client.err),
              &world->client.err);
    assert_false(carrying.file.has_lost_base);
    assert_int_equal(like_count(world), 1);
    carried_file_finish(&carrying.file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pending__a_commit_syncs_no_file_and_the_thread_does),
        TEST(test_pending__a_close_syncs_what_waits),
        TEST(test_pending__a_lost_file_is_written_again),
        TEST(test_pending__a_torn_file_is_written_again),
        TEST(test_pending__a_torn_manifest_list_is_written_again),
        TEST(test_pending__a_whole_file_is_written_again),
        TEST(test_pending__what_cannot_be_made_good_stays),
        TEST(test_pending__a_failed_sync_is_not_tried_again),
        TEST(test_pending__a_file_that_was_deleted_is_not_written_again),
        TEST(test_pending__a_start_brings_back_nothing_of_what_was_purged),
        TEST(test_pending__a_large_file_is_synced_at_once),
        TEST(test_pending__files_that_are_packed_like_another_are_written_again),
        TEST(test_pending__a_base_stays_as_long_as_it_is_needed),
        TEST(test_pending__the_rows_of_alike_files_go),
        TEST(test_pending__a_commit_outlives_the_loss_of_its_base),
        TEST(test_pending__a_base_that_is_back_was_not_lost),
        TEST(test_pending__tables_of_one_directory_do_not_need_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
