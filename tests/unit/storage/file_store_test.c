#include "storage/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tests/unit/storage/store_fixture.h"

/* --- system calls that fail --------------------------------------------------------------- */

enum call { CALL_OPEN, CALL_WRITE, CALL_FSYNC, CALL_CLOSE, CALL_UNLINK, CALL_MKDIR, CALL_COUNT };

static struct {
    enum call which;
    int fail_at; /* 1: the next call of that kind; 0: none */
    int code;
    int seen;
    bool is_short;  /* every write takes one byte */
    int interrupts; /* so many opens, writes and syncs end with EINTR before one works */
    int interrupted;
} plan;

static bool fails(enum call call)
{
    bool can_be_interrupted = call == CALL_OPEN || call == CALL_WRITE || call == CALL_FSYNC;
    if (can_be_interrupted && plan.interrupted < plan.interrupts) {
        plan.interrupted++;
        errno = EINTR;
        return true;
    }
    plan.interrupted = 0;
    if (call != plan.which || plan.fail_at == 0 || ++plan.seen != plan.fail_at)
        return false;
    errno = plan.code;
    return true;
}

static bool plan_was_hit(void)
{
    bool hit = plan.fail_at != 0 && plan.seen >= plan.fail_at;
    memset(&plan, 0, sizeof plan);
    return hit;
}

static int fake_open(const char *path, int flags, mode_t mode)
{
    return fails(CALL_OPEN) ? -1 : file_calls_real.open(path, flags, mode);
}

static ssize_t fake_write(int fd, const void *bytes, size_t size)
{
    return fails(CALL_WRITE) ? -1 : write(fd, bytes, plan.is_short ? 1 : size);
}

static int fake_fsync(int fd)
{
    return fails(CALL_FSYNC) ? -1 : fsync(fd);
}

/* Linux closes the descriptor even where it reports a failure. */
static int fake_close(int fd)
{
    bool failed = fails(CALL_CLOSE);
    int code = errno;
    int result = close(fd);
    errno = code;
    return failed ? -1 : result;
}

static int fake_unlink(const char *path)
{
    return fails(CALL_UNLINK) ? -1 : unlink(path);
}

static int fake_mkdir(const char *path, mode_t mode)
{
    return fails(CALL_MKDIR) ? -1 : mkdir(path, mode);
}

static const struct file_calls fake_calls = {.open = fake_open,
                                             .write = fake_write,
                                             .fsync = fake_fsync,
                                             .close = fake_close,
                                             .unlink = fake_unlink,
                                             .mkdir = fake_mkdir,
                                             .rmdir = rmdir};

/* --- fixture ------------------------------------------------------------------------------ */

struct files {
    char directory[64];
    struct object_stores *stores;
};

static int setup(void **state)
{
    static struct files files;
    struct object_store *store;
    memset(&plan, 0, sizeof plan);
    directory_make(files.directory, sizeof files.directory);
    assert_true(object_stores_create(&files.stores, NULL));
    assert_true(file_store_create(&fake_calls, &store, NULL));
    assert_true(object_stores_add(files.stores, "file", store, NULL));
    *state = &files;
    return 0;
}

static int teardown(void **state)
{
    struct files *files = *state;
    object_stores_destroy(files->stores);
    directory_remove(files->directory);
    return 0;
}

/* "<scheme><directory>/<rest>" in one of a few static buffers. */
static struct slice uri(const struct files *files, const char *scheme, const char *rest)
{
    static char texts[4][256];
    static size_t turn;
    char *text = texts[turn++ % 4];
    int size = snprintf(text, sizeof texts[0], "%s%s/%s", scheme, files->directory, rest);
    return slice_make(text, (size_t)size);
}

static void put(struct files *files, const char *rest, const char *bytes)
{
    struct error err = {0};
    if (!object_put_new(files->stores, uri(files, "file://", rest), slice_from_string(bytes), &err))
        fail_msg("%s", err.message);
}

static bool exists(struct files *files, const char *rest)
{
    bool found = false;
    assert_true(object_exists(files->stores, uri(files, "file:", rest), &found, NULL));
    return found;
}

static void expect_content(struct files *files, const char *rest, struct slice wanted)
{
    struct error err = {0};
    struct buffer out;
    buffer_init(&out, MIB);
    if (!object_get(files->stores, uri(files, "", rest), &out, &err))
        fail_msg("%s", err.message);
    assert_true(slice_equals(buffer_slice(&out), wanted));
    buffer_finish(&out);
}

/* --- behaviour ---------------------------------------------------------------------------- */

static void test_put_new__makes_directories_and_the_file(void **state)
{
    struct files *files = *state;
    put(files, "a/b/c/x.json", "hello");
    expect_content(files, "a/b/c/x.json", SLICE_LITERAL("hello"));
    put(files, "a/b/c/y.json", "");
    expect_content(files, "a/b/c/y.json", SLICE_EMPTY);
    assert_true(exists(files, "a/b/c/x.json"));
    assert_false(exists(files, "a/b/c"));
    assert_false(exists(files, "a/b/none"));
    assert_false(exists(files, "a/b/c/x.json/below"));
}

static void test_put_new__leaves_an_existing_object_untouched(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    put(files, "x", "first");
    assert_false(
        object_put_new(files->stores, uri(files, "file://", "x"), SLICE_LITERAL("second"), &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
    assert_non_null(strstr(err.message, "file:///tmp/"));
    expect_content(files, "x", SLICE_LITERAL("first"));
}

static void test_put_new__takes_percent_signs_literally(void **state)
{
    struct files *files = *state;
    char path[256];
    put(files, "a%20b/c%25", "x");
    (void)snprintf(path, sizeof path, "%s/a%%20b/c%%25", files->directory);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_put_new__survives_short_writes_and_interrupts(void **state)
{
    struct files *files = *state;
    plan.is_short = true;
    plan.interrupts = 2;
    put(files, "n/short", "a longer text");
    memset(&plan, 0, sizeof plan);
    expect_content(files, "n/short", SLICE_LITERAL("a longer text"));
}

static void test_get__names_what_is_missing(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    struct buffer out;
    buffer_init(&out, MIB);
    assert_false(object_get(files->stores, uri(files, "file:", "none"), &out, &err));
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/none' does not exist"));
    assert_false(object_get(files->stores, uri(files, "file:", ""), &out, &err));
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    buffer_finish(&out);
}

static void test_get__keeps_to_the_ceiling(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    struct buffer out;
    put(files, "x", "12345");
    buffer_init(&out, 5);
    assert_true(object_get(files->stores, uri(files, "", "x"), &out, &err));
    assert_int_equal(out.len, 5);
    buffer_finish(&out);
    buffer_init(&out, 4);
    assert_false(object_get(files->stores, uri(files, "", "x"), &out, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    buffer_finish(&out);
}

static void test_get__does_not_hang_on_a_pipe(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    struct buffer out;
    buffer_init(&out, MIB);
    assert_int_equal(mkfifo(uri(files, "", "pipe").ptr, 0600), 0);
    assert_false(object_get(files->stores, uri(files, "", "pipe"), &out, &err));
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    buffer_finish(&out);
}

static void test_remove__may_run_twice(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    put(files, "x", "1");
    assert_true(object_remove(files->stores, uri(files, "file:", "x"), &err));
    assert_false(exists(files, "x"));
    assert_true(object_remove(files->stores, uri(files, "file:", "x"), &err));
    plan.which = CALL_UNLINK;
    plan.fail_at = 1;
    plan.code = EACCES;
    assert_false(object_remove(files->stores, uri(files, "file:", "x"), &err));
    assert_int_equal(err.kind, ERROR_STORAGE);
}

static void expect_path_refused(const char *text, size_t size)
{
    struct arena arena;
    struct error err = {0};
    const char *path = NULL;
    arena_init(&arena, MIB);
    assert_false(file_store_path(slice_make(text, size), &arena, &path, &err));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_null(path);
    arena_finish(&arena);
}

static void test_path__refuses_hosts_relative_paths_and_ways_out(void **state)
{
    (void)state;
    static const char *const bad[] = {"file://host/x", "file:x",  "x/y",      "",
                                      "file:",         "file://", "s3://b/k", "/a/../b",
                                      "file:///..",    "//host/x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_path_refused(bad[i], strlen(bad[i]));
    expect_path_refused("/a\0b", 4);
}

static void test_put_new__refuses_a_path_that_is_too_long(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    char name[300];
    char text[512];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    int size = snprintf(text, sizeof text, "%s/%s", files->directory, name);
    struct slice long_uri = slice_make(text, (size_t)size);
    bool found = true;
    assert_false(object_put_new(files->stores, long_uri, SLICE_EMPTY, &err));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_true(object_exists(files->stores, long_uri, &found, &err));
    assert_false(found);
}

struct seen {
    size_t count;
    uint64_t size;
    size_t stop_at;
    struct slice must_start_with;
};

static bool visit(void *context, struct slice object, uint64_t size, struct error *err)
{
    struct seen *seen = context;
    seen->count++;
    seen->size += size;
    assert_true(slice_starts_with(object, seen->must_start_with));
    return seen->count != seen->stop_at || error_set(err, ERROR_CONFLICT, "enough");
}

static void test_list__visits_every_object_below_a_boundary(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    put(files, "t/data/1", "a");
    put(files, "t/data/p=1/2", "bb");
    put(files, "t/metadata/3", "ccc");
    put(files, "t2/x", "dddd");
    assert_int_equal(symlink("/etc", uri(files, "", "t/link").ptr), 0);
    struct seen seen = {.must_start_with = uri(files, "file:", "t/")};
    assert_true(object_list(files->stores, uri(files, "file:", "t"), visit, &seen, &err));
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.size, 6);
    seen = (struct seen){.stop_at = 2, .must_start_with = SLICE_EMPTY};
    assert_false(object_list(files->stores, uri(files, "file:", "t/"), visit, &seen, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_int_equal(seen.count, 2);
    seen = (struct seen){.must_start_with = SLICE_EMPTY};
    assert_true(object_list(files->stores, uri(files, "file:", "none"), visit, &seen, &err));
    assert_int_equal(seen.count, 0);
}

/* --- links -------------------------------------------------------------------------------- */

/* "w" is the root; "outside/x" lies beside it. */
static void confine(struct files *files, const char *second)
{
    struct error err = {0};
    const struct slice roots[] = {uri(files, "file://", "w"), uri(files, "file://", second),
                                  SLICE_LITERAL("s3://bucket/w")};
    put(files, "w/t/data/1", "inside");
    put(files, "outside/x", "secret");
    assert_true(object_stores_confine(files->stores, roots, 3, &err));
}

static void link_to(const struct files *files, const char *target, const char *link)
{
    const char *to = target[0] == '.' ? target : uri(files, "", target).ptr;
    assert_int_equal(symlink(to, uri(files, "", link).ptr), 0);
}

static bool get_fails_with(struct files *files, const char *rest, enum error_kind kind)
{
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, MIB);
    bool ok = object_get(files->stores, uri(files, "file://", rest), &out, &err);
    buffer_finish(&out);
    return !ok && err.kind == kind;
}

static bool put_fails_with(struct files *files, const char *rest, enum error_kind kind)
{
    struct error err = {0};
    return !object_put_new(files->stores, uri(files, "file:", rest), SLICE_LITERAL("x"), &err) &&
           err.kind == kind;
}

static bool is_there(const struct files *files, const char *rest)
{
    struct stat status;
    return stat(uri(files, "", rest).ptr, &status) == 0;
}

static void test_confine__lets_nothing_out_through_a_link_to_a_directory(void **state)
{
    struct files *files = *state;
    static const char *const links[] = {"outside", "../outside", "./../outside/"};
    struct error err = {0};
    confine(files, "w");
    for (size_t i = 0; i < 3; i++) {
        struct seen seen = {.must_start_with = SLICE_EMPTY};
        link_to(files, links[i], "w/out");
        assert_true(get_fails_with(files, "w/out/x", ERROR_FORBIDDEN));
        assert_true(get_fails_with(files, "w//./out/x", ERROR_FORBIDDEN));
        assert_true(put_fails_with(files, "w/out/y", ERROR_FORBIDDEN));
        assert_true(put_fails_with(files, "w/out/new/deep/y", ERROR_FORBIDDEN));
        assert_false(object_remove(files->stores, uri(files, "file://", "w/out/x"), &err));
        assert_int_equal(err.kind, ERROR_FORBIDDEN);
        assert_false(
            object_list(files->stores, uri(files, "file://", "w/out"), visit, &seen, &err));
        assert_int_equal(err.kind, ERROR_FORBIDDEN);
        assert_int_equal(seen.count, 0);
        assert_int_equal(unlink(uri(files, "", "w/out").ptr), 0);
    }
    assert_non_null(strstr(err.message, "symbolic link"));
    assert_true(is_there(files, "outside/x"));
    assert_false(is_there(files, "outside/y"));
    assert_false(is_there(files, "outside/new"));
}

static void test_confine__lets_nothing_out_through_a_link_to_a_file(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    confine(files, "w");
    link_to(files, "outside/x", "w/t/x");
    link_to(files, "outside/none", "w/t/none");
    assert_true(get_fails_with(files, "w/t/x", ERROR_FORBIDDEN));
    assert_true(put_fails_with(files, "w/t/x", ERROR_ALREADY_EXISTS));
    assert_true(put_fails_with(files, "w/t/none", ERROR_ALREADY_EXISTS));
    assert_true(put_fails_with(files, "w/t/none/y", ERROR_STORAGE));
    assert_true(object_remove(files->stores, uri(files, "file://", "w/t/x"), &err));
    assert_false(is_there(files, "w/t/x")); /* the link itself went */
    assert_true(is_there(files, "outside/x"));
    assert_false(is_there(files, "outside/none"));
}

static void test_confine__follows_links_that_stay_within_the_roots(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    confine(files, "other");
    put(files, "other/y", "also inside");
    link_to(files, "w/t", "w/alias");
    link_to(files, "other", "w/disk2");
    expect_content(files, "w/alias/data/1", SLICE_LITERAL("inside"));
    expect_content(files, "w/disk2/y", SLICE_LITERAL("also inside"));
    put(files, "w/disk2/made/z", "1");
    assert_true(is_there(files, "other/made/z"));
    assert_true(object_remove(files->stores, uri(files, "file://", "w/disk2/y"), &err));
    assert_false(is_there(files, "other/y"));
}

static void test_confine__takes_a_root_that_is_a_link_itself(void **state)
{
    struct files *files = *state;
    put(files, "real/place/1", "x");
    put(files, "real2/place/1", "y");
    put(files, "outside/x", "secret");
    link_to(files, "real/place", "root");
    struct slice root = uri(files, "file://", "root");
    assert_true(object_stores_confine(files->stores, &root, 1, NULL));
    expect_content(files, "root/1", SLICE_LITERAL("x"));
    put(files, "root/new/2", "x");
    link_to(files, "outside", "root/out");
    assert_true(get_fails_with(files, "root/out/x", ERROR_FORBIDDEN));
    assert_int_equal(unlink(uri(files, "", "root").ptr), 0);
    link_to(files, "real2/place", "root");
    expect_content(files, "root/1", SLICE_LITERAL("y"));
}

/* What the policy allows beside the roots, such as a table that was there first, is as it was. */
static void test_confine__leaves_other_places_alone_and_takes_a_new_list(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    confine(files, "w");
    put(files, "old/t/1", "x");
    link_to(files, "old/t", "elsewhere");
    expect_content(files, "elsewhere/1", SLICE_LITERAL("x"));
    link_to(files, "outside", "w/out");
    assert_true(get_fails_with(files, "w/out/x", ERROR_FORBIDDEN));
    assert_true(object_stores_confine(files->stores, NULL, 0, &err));
    expect_content(files, "w/out/x", SLICE_LITERAL("secret"));
}

static void test_real_open__follows_no_link_where_none_may_be(void **state)
{
    struct files *files = *state;
    put(files, "w/t/1", "x");
    link_to(files, "w", "alias");
    int flags = O_RDONLY | O_CLOEXEC;
    int fd = file_calls_real.open(uri(files, "", "alias/t/1").ptr, flags, 0);
    assert_true(fd >= 0);
    close(fd);
    assert_true(file_calls_real.open(uri(files, "", "alias/t/1").ptr, flags | O_NOFOLLOW, 0) < 0);
    assert_int_equal(errno, ELOOP);
    fd = file_calls_real.open(uri(files, "", "w/t/2").ptr,
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void test_find__refuses_a_scheme_that_nobody_serves(void **state)
{
    struct files *files = *state;
    struct error err = {0};
    struct object_store *store = NULL;
    assert_false(object_stores_find(files->stores, SLICE_LITERAL("s3://b/k"), &store, &err));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_true(object_stores_find(files->stores, SLICE_LITERAL("FILE:/x"), &store, &err));
    assert_true(store->ops->is_local);
    assert_true(object_stores_add(files->stores, "other", store, &err)); /* destroyed once */
    assert_false(object_stores_add(files->stores, "other", store, &err));
}

/* --- each call fails in its turn ---------------------------------------------------------- */

/* True where the plan was reached. */
static bool put_once(struct files *files, enum call call, int fail_at, int code)
{
    const struct slice parts[] = {SLICE_LITERAL("w"), SLICE_EMPTY, SLICE_LITERAL("hole")};
    char rest[64];
    struct error err = {0};
    (void)snprintf(rest, sizeof rest, "d%d-%d-%d/e/f", (int)call, fail_at, code);
    memset(&plan, 0, sizeof plan);
    plan.which = call;
    plan.fail_at = fail_at;
    plan.code = code;
    plan.is_short = true;
    bool ok = object_put_new_parts(files->stores, uri(files, "file://", rest), parts, 3, &err);
    bool was_hit = plan_was_hit();
    assert_int_equal(exists(files, rest), ok);
    if (ok) {
        expect_content(files, rest, SLICE_LITERAL("whole"));
        return was_hit;
    }
    assert_true(was_hit);
    assert_int_equal(err.kind, code == EIO ? ERROR_STORAGE : ERROR_STORAGE_FULL);
    put(files, rest, "whole"); /* nothing stands in the way of a second attempt */
    return true;
}

static void test_put_new__a_failing_call_leaves_no_file(void **state)
{
    static const int codes[] = {EIO, ENOSPC, EDQUOT};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        for (enum call call = 0; call < CALL_COUNT; call++) {
            int n = 1;
            while (put_once(*state, call, n, codes[i]))
                n++;
            assert_true(n > 1 || call == CALL_UNLINK);
        }
    }
}

/* A directory whose name could not be synced must not be found by the next writer. */
static void test_put_new__removes_directories_that_are_not_durable(void **state)
{
    struct files *files = *state;
    struct stat status;
    plan.which = CALL_FSYNC;
    plan.fail_at = 1;
    plan.code = EIO;
    assert_false(object_put_new(files->stores, uri(files, "", "new/deep/x"), SLICE_EMPTY, NULL));
    assert_int_not_equal(stat(uri(files, "", "new").ptr, &status), 0);
}

/* The file and every directory that gained a name are synced: the sweep above cannot tell, since a
 * sync that is never asked for cannot fail. */
static void test_put_new__syncs_the_file_and_each_directory_that_gained_a_name(void **state)
{
    struct files *files = *state;
    plan.which = CALL_FSYNC;
    plan.fail_at = 1000;
    put(files, "one/two/x", "1");
    assert_int_equal(plan.seen, 4); /* above one, above two, the file, its directory */
    plan.seen = 0;
    put(files, "one/two/y", "1");
    assert_int_equal(plan.seen, 2); /* the file, its directory */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_put_new__makes_directories_and_the_file),
        TEST(test_put_new__leaves_an_existing_object_untouched),
        TEST(test_put_new__takes_percent_signs_literally),
        TEST(test_put_new__survives_short_writes_and_interrupts),
        TEST(test_put_new__refuses_a_path_that_is_too_long),
        TEST(test_put_new__a_failing_call_leaves_no_file),
        TEST(test_put_new__removes_directories_that_are_not_durable),
        TEST(test_put_new__syncs_the_file_and_each_directory_that_gained_a_name),
        TEST(test_get__names_what_is_missing),
        TEST(test_get__keeps_to_the_ceiling),
        TEST(test_get__does_not_hang_on_a_pipe),
        TEST(test_remove__may_run_twice),
        TEST(test_path__refuses_hosts_relative_paths_and_ways_out),
        TEST(test_list__visits_every_object_below_a_boundary),
        TEST(test_confine__lets_nothing_out_through_a_link_to_a_directory),
        TEST(test_confine__lets_nothing_out_through_a_link_to_a_file),
        TEST(test_confine__follows_links_that_stay_within_the_roots),
        TEST(test_confine__takes_a_root_that_is_a_link_itself),
        TEST(test_confine__leaves_other_places_alone_and_takes_a_new_list),
        TEST(test_real_open__follows_no_link_where_none_may_be),
        TEST(test_find__refuses_a_scheme_that_nobody_serves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
