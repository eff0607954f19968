/*
 * The n-th allocation fails, SQLite's own included: whatever was to be done is done or is not, the
 * answer says which, and no block is lost.
 */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "storage/file_store.h"
#include "storage/location.h"
#include "tests/unit/fault_alloc.h"
#include "tests/unit/storage/store_fixture.h"

/* --- SQLite on the wrapped allocator ------------------------------------------------------ */

/* SQLite asks for the size of a block, so it stands before it. */
#define HEAD sizeof(max_align_t)

static void *sqlite_allocate(int size)
{
    char *block = malloc((size_t)size + HEAD);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof size);
    return block + HEAD;
}

static void sqlite_release(void *block)
{
    free((char *)block - HEAD);
}

static int sqlite_size(void *block)
{
    int size = 0;
    if (block)
        memcpy(&size, (char *)block - HEAD, sizeof size);
    return size;
}

static void *sqlite_reallocate(void *block, int size)
{
    char *moved = realloc((char *)block - HEAD, (size_t)size + HEAD);
    if (!moved)
        return NULL;
    memcpy(moved, &size, sizeof size);
    return moved + HEAD;
}

static int sqlite_roundup(int size)
{
    return (size + 7) & ~7;
}

static int sqlite_start(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void sqlite_stop(void *unused)
{
    (void)unused;
}

static int group_setup(void **state)
{
    (void)state;
    static const sqlite3_mem_methods methods = {
        .xMalloc = sqlite_allocate,
        .xFree = sqlite_release,
        .xRealloc = sqlite_reallocate,
        .xSize = sqlite_size,
        .xRoundup = sqlite_roundup,
        .xInit = sqlite_start,
        .xShutdown = sqlite_stop,
    };
    fault_alloc_reset();
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
    return 0;
}

/* --- the sweep ---------------------------------------------------------------------------- */

/* More allocations than any of the steps below makes. */
#define MAX_ALLOCATIONS 20000

/* One attempt with the failure planned. True where the failure came. */
typedef bool (*attempt_fn)(struct fixture *fixture, size_t n);

static void sweep(struct fixture *fixture, attempt_fn attempt)
{
    bool was_hit = true;
    size_t n = 0;
    while (was_hit) {
        n++;
        assert_true(n < MAX_ALLOCATIONS);
        fault_alloc_fail_at(n);
        was_hit = attempt(fixture, n);
        fault_alloc_reset();
    }
    assert_true(n > 1);
}

static bool is_memory_or_ok(bool ok, const struct error *err)
{
    return ok || err->kind == ERROR_NO_MEMORY;
}

static bool attempt_open(struct fixture *fixture, size_t n)
{
    (void)n;
    struct error err = {0};
    bool ok = fixture_try_open(fixture, &err);
    if (!is_memory_or_ok(ok, &err))
        fail_msg("%s: %s", error_kind_name(err.kind), err.message);
    if (ok)
        fixture_close(fixture);
    return fault_alloc_hit();
}

static void test_open__works_or_leaves_nothing_open(void **state)
{
    (void)state;
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    fixture_close(&fixture);
    long live = fault_alloc_live();
    sweep(&fixture, attempt_open);
    assert_int_equal(fault_alloc_live(), live);
    fixture_finish(&fixture);
}

/* Each n makes a table of its own: it is there exactly where the answer says so. */
static bool attempt_write(struct fixture *fixture, size_t n)
{
    struct error err = {0};
    struct entity_row row;
    int64_t id = 0;
    char name[32];
    (void)snprintf(name, sizeof name, "t%zu", n);
    bool ok = write_entity(fixture->store, fixture->namespace_id, ENTITY_TABLE, name, "file:///t",
                           &id, &err);
    bool was_hit = fault_alloc_hit();
    fault_alloc_fail_at(0);
    if (!ok && err.kind != ERROR_NO_MEMORY && err.kind != ERROR_COMMIT_UNKNOWN)
        fail_msg("%s: %s", error_kind_name(err.kind), err.message);
    bool is_there = read_entity(fixture, "db", name, &row);
    assert_true(ok ? is_there : err.kind == ERROR_COMMIT_UNKNOWN || !is_there);
    assert_int_equal(peek_entity(fixture, "db", name, &row), is_there);
    return was_hit;
}

static void test_write__answers_what_happened(void **state)
{
    (void)state;
    static struct fixture fixture;
    fixture_start(&fixture);
    sweep(&fixture, attempt_write);
    fixture_finish(&fixture);
}

static bool attempt_read(struct fixture *fixture, size_t n)
{
    (void)n;
    struct error err = {0};
    struct entity_row row;
    struct entity_row *rows;
    size_t count;
    bool found = false;
    struct arena arena;
    struct pointer_view *view = NULL;
    arena_init(&arena, MIB);
    bool ok = pointer_view_begin(fixture->store, &view, &err) &&
              pointer_entity_get(view, fixture->warehouse_id, SLICE_LITERAL("db"),
                                 SLICE_LITERAL("t"), &arena, &row, &found, &err) &&
              pointer_entity_list(view, fixture->namespace_id, ENTITY_TABLE, SLICE_EMPTY, 10,
                                  &arena, &rows, &count, &err) &&
              pointer_location_overlap(view, SLICE_LITERAL("file:///a/t/x"), 0, &arena, &row,
                                       &found, &err);
    if (!is_memory_or_ok(ok, &err))
        fail_msg("%s: %s", error_kind_name(err.kind), err.message);
    if (ok)
        assert_true(found && count == 1);
    pointer_view_end(view);
    arena_finish(&arena);
    /* A store that has no reader open yet is what the next attempt wants. */
    bool was_hit = fault_alloc_hit();
    fault_alloc_fail_at(0);
    fixture_close(fixture);
    fixture_open(fixture);
    return was_hit;
}

static void test_read__works_or_says_no_memory(void **state)
{
    (void)state;
    static struct fixture fixture;
    struct error err = {0};
    int64_t id = 0;
    fixture_start(&fixture);
    assert_true(write_entity(fixture.store, fixture.namespace_id, ENTITY_TABLE, "t", "file:///a/t",
                             &id, &err));
    sweep(&fixture, attempt_read);
    fixture_finish(&fixture);
}

/* --- files and locations ------------------------------------------------------------------ */

static bool files_round_trip(struct object_stores *stores, struct slice uri, struct error *err)
{
    struct buffer out;
    bool found = false;
    buffer_init(&out, MIB);
    bool ok = object_put_new(stores, uri, SLICE_LITERAL("whole"), err) &&
              object_get(stores, uri, &out, err) && object_exists(stores, uri, &found, err);
    if (ok)
        assert_true(found && slice_equals_string(buffer_slice(&out), "whole"));
    buffer_finish(&out);
    return ok;
}

static bool visit(void *context, struct slice uri, uint64_t size, struct error *err)
{
    (void)uri;
    (void)size;
    (void)err;
    (*(size_t *)context)++;
    return true;
}

static bool attempt_files(struct fixture *fixture, size_t n)
{
    struct error err = {0};
    struct object_stores *stores = NULL;
    struct object_store *store = NULL;
    char uri[192];
    char root[128];
    size_t count = 0;
    /* A directory for each attempt: a listing that grew with them would never succeed. */
    (void)snprintf(root, sizeof root, "file://%s/%zu", fixture->directory, n);
    (void)snprintf(uri, sizeof uri, "%s/deep/x", root);
    bool ok =
        object_stores_create(&stores, &err) && file_store_create(&file_calls_real, &store, &err);
    if (ok && !object_stores_add(stores, "file", store, &err)) {
        store->ops->destroy(store);
        ok = false;
    }
    ok = ok && files_round_trip(stores, slice_from_string(uri), &err) &&
         object_list(stores, slice_from_string(root), visit, &count, &err);
    if (!is_memory_or_ok(ok, &err))
        fail_msg("%s: %s", error_kind_name(err.kind), err.message);
    object_stores_destroy(stores);
    return fault_alloc_hit();
}

static void test_files__work_or_say_no_memory(void **state)
{
    (void)state;
    static struct fixture fixture;
    fixture_init(&fixture);
    long live = fault_alloc_live();
    sweep(&fixture, attempt_files);
    assert_int_equal(fault_alloc_live(), live);
    fixture_finish(&fixture);
}

static bool attempt_location(struct fixture *fixture, size_t n)
{
    (void)fixture;
    (void)n;
    struct arena arena;
    struct error err = {0};
    struct slice canonical = SLICE_EMPTY;
    arena_init(&arena, MIB);
    bool ok = location_canonical(SLICE_LITERAL("s3a://b//k/"), &arena, &canonical, &err);
    assert_true(is_memory_or_ok(ok, &err));
    assert_int_equal(canonical.len > 0, ok);
    arena_finish(&arena);
    return fault_alloc_hit();
}

static void test_location__works_or_says_no_memory(void **state)
{
    (void)state;
    sweep(NULL, attempt_location);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__works_or_leaves_nothing_open),
        cmocka_unit_test(test_write__answers_what_happened),
        cmocka_unit_test(test_read__works_or_says_no_memory),
        cmocka_unit_test(test_files__work_or_say_no_memory),
        cmocka_unit_test(test_location__works_or_says_no_memory),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
