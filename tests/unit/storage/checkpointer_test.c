/* The log of the database is copied back beside the commits, and does not grow without end. */
#include "storage/checkpointer.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/store_fixture.h"

/* A thousand pages: from as many on the log is copied. */
#define LARGE (4 * MIB)
/* Longer than any checkpoint takes. */
#define WAIT_MS 10000
#define WRITERS 3
/* A page of it, and what stands before that in the log. */
#define FRAME_SIZE (4096 + 24)
#define LOG_HEADER_SIZE 32
/* A put's pages: its bytes, and some for the tables that they are in. */
#define PUT_SIZE ((LARGE / 4096 + 76) * FRAME_SIZE)
/* Twice the ceiling of 16,000 pages, and a batch of all writers. */
#define LARGEST_LOG (LOG_HEADER_SIZE + 2 * 16000 * FRAME_SIZE + WRITERS * PUT_SIZE)

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture.vfs = FAULT_VFS_NAME;
    fixture_open(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_finish(*state);
    return 0;
}

struct put {
    char *bytes;
    char fill;
    int64_t id;
};

static bool job_put(struct pointer_txn *txn, void *context, struct error *err)
{
    struct put *put = context;
    memset(put->bytes, put->fill, LARGE);
    return pointer_pending_add(txn, SLICE_LITERAL("file:///t"), slice_make(put->bytes, LARGE),
                               &put->id, err);
}

static bool job_take(struct pointer_txn *txn, void *context, struct error *err)
{
    bool is_gone = false;
    return pointer_pending_done(txn, &((struct put *)context)->id, 1, &is_gone, err);
}

static struct put put_make(char fill)
{
    struct put put = {.bytes = malloc(LARGE), .fill = fill};
    assert_non_null(put.bytes);
    return put;
}

static size_t size_of(const struct fixture *fixture, const char *suffix)
{
    char path[128];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    return stat(path, &status) == 0 ? (size_t)status.st_size : 0;
}

static bool database_grows_to(const struct fixture *fixture, size_t size)
{
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 10) {
        if (size_of(fixture, "") >= size)
            return true;
        usleep(10000);
    }
    return false;
}

static void expect_kept(struct fixture *fixture, const struct put *put)
{
    struct arena arena;
    struct slice out, base;
    struct error err = {0};
    bool found = false;
    struct pointer_view *view = must_view(fixture);
    arena_init(&arena, 2 * LARGE);
    assert_true(pointer_pending_get(view, put->id, &arena, &out, &base, &found, &err));
    assert_true(found);
    assert_int_equal(out.len, LARGE);
    assert_int_equal(base.len, 0);
    assert_int_equal(out.ptr[0], put->fill);
    assert_memory_equal(out.ptr, out.ptr + 1, LARGE - 1);
    arena_finish(&arena);
    pointer_view_end(view);
}

static void test_checkpoint__copies_the_log_while_the_store_is_open(void **state)
{
    struct fixture *fixture = *state;
    struct put put = put_make('a');
    must_write(fixture, job_put, &put);
    assert_true(database_grows_to(fixture, LARGE));
    expect_kept(fixture, &put);
    free(put.bytes);
}

/* How often the log has begun anew: it says so itself (SQLite's file format, "WAL File Format"). */
static uint32_t log_number(const struct fixture *fixture)
{
    char path[128];
    unsigned char header[LOG_HEADER_SIZE] = {0};
    (void)snprintf(path, sizeof path, "%s-wal", fixture->path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t size = read(fd, header, sizeof header);
    close(fd);
    assert_int_equal(size, LOG_HEADER_SIZE);
    const unsigned char *number = header + 12; /* big-endian */
    return (uint32_t)number[0] << 24 | (uint32_t)number[1] << 16 | (uint32_t)number[2] << 8 |
           number[3];
}

struct load {
    struct fixture *fixture;
    atomic_size_t largest; /* that the log was seen to be */
    atomic_size_t left;    /* puts to come */
};

static void note_size(struct load *load)
{
    size_t size = size_of(load->fixture, "-wal"), before = atomic_load(&load->largest);
    while (size > before && !atomic_compare_exchange_weak(&load->largest, &before, size))
        continue;
}

static bool takes_turn(struct load *load)
{
    size_t left = atomic_load(&load->left);
    while (left > 0 && !atomic_compare_exchange_weak(&load->left, &left, left - 1))
        continue;
    return left > 0;
}

static void *put_and_take(void *context)
{
    struct load *load = context;
    struct put put = put_make('b');
    while (takes_turn(load)) {
        must_write(load->fixture, job_put, &put);
        must_write(load->fixture, job_take, &put);
        note_size(load);
    }
    free(put.bytes);
    return NULL;
}

/* Writers that never pause, until so much was written that the log must have begun anew: as long as
 * it does not, its pages are those of all puts. The thread may be slow, and then the writer waits
 * for it when the batch is done with which the log grew to twice its ceiling. */
static void test_checkpoint__lets_the_log_begin_anew_under_load(void **state)
{
    struct fixture *fixture = *state;
    struct load load = {.fixture = fixture, .left = LARGEST_LOG / LARGE + 2 * WRITERS};
    struct put put = put_make('a');
    pthread_t threads[WRITERS];
    must_write(fixture, job_put, &put);
    uint32_t first = log_number(fixture);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_and_take, &load), 0);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_true(log_number(fixture) > first);
    assert_in_range(atomic_load(&load.largest), 1, LARGEST_LOG);
    expect_kept(fixture, &put);
    free(put.bytes);
}

/* A checkpoint that fails on its way loses nothing: not for this process, and not for the next. */
static void test_checkpoint__that_fails_leaves_all_in_the_log(void **state)
{
    struct fixture *fixture = *state;
    static const struct fault_plan plans[] = {
        {.fail_at = 1, .code = SQLITE_IOERR, .is_persistent = true},
        {.fail_at = 2, .code = SQLITE_FULL, .is_persistent = true},
        {.fail_at = 20, .code = SQLITE_IOERR},
        {.fail_at = 500, .code = SQLITE_IOERR, .is_done = true, .is_persistent = true},
    };
    struct put puts[4];
    for (size_t i = 0; i < 4; i++) {
        puts[i] = put_make((char)('a' + i));
        must_write(fixture, job_put, &puts[i]);
        fault_vfs_plan(plans[i]);
        usleep(50000);
        (void)fault_vfs_clear();
        for (size_t j = 0; j <= i; j++)
            expect_kept(fixture, &puts[j]);
    }
    fixture_close(fixture);
    fixture_open(fixture);
    for (size_t i = 0; i < 4; i++) {
        expect_kept(fixture, &puts[i]);
        free(puts[i].bytes);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    fault_vfs_register();
    const struct CMUnitTest tests[] = {
        TEST(test_checkpoint__copies_the_log_while_the_store_is_open),
        TEST(test_checkpoint__lets_the_log_begin_anew_under_load),
        TEST(test_checkpoint__that_fails_leaves_all_in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
