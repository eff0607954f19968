/* Files that transactions carry: rows that other rows need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/storage/store_fixture.h"

#define ROWS 4

struct added {
    const char *bytes;
    int64_t base; /* 0: none */
    int64_t id;
    bool has_base;
};

static bool job_add(struct pointer_txn *txn, void *context, struct error *err)
{
    struct added *added = context;
    struct slice location = SLICE_LITERAL("file:///t"), bytes = slice_from_string(added->bytes);
    if (added->base == 0)
        return pointer_pending_add(txn, location, bytes, &added->id, err);
    return pointer_pending_add_like(txn, location, bytes, added->base, &added->id, &added->has_base,
                                    err);
}

static int64_t add(struct fixture *fixture, const char *bytes, int64_t base)
{
    struct added added = {.bytes = bytes, .base = base};
    must_write(fixture, job_add, &added);
    assert_int_equal(added.has_base, base != 0);
    return added.id;
}

struct done {
    int64_t ids[ROWS];
    size_t count;
    bool gone[ROWS];
};

static bool job_done(struct pointer_txn *txn, void *context, struct error *err)
{
    struct done *done = context;
    return pointer_pending_done(txn, done->ids, done->count, done->gone, err);
}

static size_t row_count(struct fixture *fixture)
{
    struct pending_row rows[ROWS];
    size_t count = 0;
    struct pointer_view *view = must_view(fixture);
    assert_true(pointer_pending_list(view, INT64_MAX, &fixture->arena, rows, ROWS, &count, NULL));
    pointer_view_end(view);
    for (size_t i = 1; i < count; i++)
        assert_true(rows[i].id < rows[i - 1].id);
    return count;
}

static void expect_row(struct fixture *fixture, int64_t id, const char *bytes, const char *base)
{
    struct slice got_bytes, got_base;
    bool found = false;
    struct pointer_view *view = must_view(fixture);
    assert_true(
        pointer_pending_get(view, id, &fixture->arena, &got_bytes, &got_base, &found, NULL));
    assert_true(found);
    assert_true(slice_equals_string(got_bytes, bytes));
    assert_true(slice_equals_string(got_base, base));
    pointer_view_end(view);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_finish(*state);
    free(*state);
    return 0;
}

static void test_pending__a_row_comes_with_the_bytes_that_it_needs(void **state)
{
    int64_t whole = add(*state, "whole", 0);
    int64_t like = add(*state, "like", whole);
    expect_row(*state, whole, "whole", "");
    expect_row(*state, like, "like", "whole");
}

static void test_pending__nothing_is_added_without_what_it_needs(void **state)
{
    int64_t whole = add(*state, "whole", 0);
    struct done done = {.ids = {whole}, .count = 1};
    must_write(*state, job_done, &done);
    assert_true(done.gone[0]);
    struct added added = {.bytes = "like", .base = whole, .has_base = true};
    must_write(*state, job_add, &added);
    assert_false(added.has_base);
    assert_int_equal(row_count(*state), 0);
}

static void test_pending__a_row_stays_while_another_needs_it(void **state)
{
    int64_t whole = add(*state, "whole", 0);
    int64_t first = add(*state, "first", whole), second = add(*state, "second", whole);
    struct done done = {.ids = {whole, first}, .count = 2};
    must_write(*state, job_done, &done);
    assert_false(done.gone[0]);
    assert_true(done.gone[1]);
    assert_int_equal(row_count(*state), 2);
    expect_row(*state, second, "second", "whole");
    done = (struct done){.ids = {whole, second}, .count = 2};
    must_write(*state, job_done, &done);
    assert_true(done.gone[0]);
    assert_true(done.gone[1]);
    assert_int_equal(row_count(*state), 0);
}

static void test_pending__a_row_that_is_gone_is_gone(void **state)
{
    int64_t whole = add(*state, "whole", 0);
    struct done done = {.ids = {whole, whole + 1, whole + 7}, .count = 3};
    must_write(*state, job_done, &done);
    must_write(*state, job_done, &done);
    for (size_t i = 0; i < done.count; i++)
        assert_true(done.gone[i]);
    assert_true(add(*state, "next", 0) > whole); /* no number comes twice */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pending__a_row_comes_with_the_bytes_that_it_needs),
        TEST(test_pending__nothing_is_added_without_what_it_needs),
        TEST(test_pending__a_row_stays_while_another_needs_it),
        TEST(test_pending__a_row_that_is_gone_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
