/* What files are packed like: found by table, some times, as long as it is offered. */
#include "catalog/pending_base.h"

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

#define ONE SLICE_LITERAL("9c1d7f0e-0d3b-4c53-9a0e-6f1f7f6d2a11")
#define OTHER SLICE_LITERAL("9c1d7f0e-0d3b-4c53-9a0e-6f1f7f6d2a12")

static char text[100 * KIB];

static struct pending_base *offered(struct pending_bases *bases, int64_t id, struct slice table)
{
    struct pending_base *base = pending_base_create(bases, table, slice_make(text, 4 * KIB));
    assert_non_null(base);
    pending_base_offer(base, id);
    return base;
}

static bool finds(struct pending_bases *bases, struct slice table, int64_t id)
{
    struct pending_base *found = pending_bases_find(bases, table);
    struct slice bytes = found ? pack_base_bytes(pending_base_bytes(found)) : SLICE_EMPTY;
    bool is_it = found && pending_base_id(found) == id &&
                 slice_equals(bytes, slice_make(text, 4 * KIB));
    pending_base_unref(found);
    return is_it;
}

static int setup(void **state)
{
    memset(text, 'x', sizeof text);
    return pending_bases_create((struct pending_bases **)state, NULL) ? 0 : -1;
}

static int teardown(void **state)
{
    pending_bases_destroy(*state);
    return 0;
}

static void test_base__is_found_for_its_table_while_it_is_offered(void **state)
{
    struct pending_base *base = offered(*state, 7, ONE);
    assert_true(finds(*state, ONE, 7));
    assert_null(pending_bases_find(*state, OTHER));
    assert_int_equal(pending_base_uses(base), 1);
    pending_base_withdraw(base);
    assert_null(pending_bases_find(*state, ONE));
    pending_base_unref(base);
}

static void test_base__the_newest_takes_the_place(void **state)
{
    struct pending_base *old = offered(*state, 1, ONE), *new = offered(*state, 2, ONE);
    assert_true(finds(*state, ONE, 2));
    pending_base_withdraw(old); /* is not what is offered */
    assert_true(finds(*state, ONE, 2));
    pending_base_unref(old);
    pending_base_unref(new);
    assert_true(finds(*state, ONE, 2)); /* its place keeps it */
}

/* Those that are on their way at the same time do not all become bases. */
static void test_base__now_and_then_a_file_is_to_be_the_next(void **state)
{
    int found = 0, whole = 0;
    struct pending_base *base = offered(*state, 1, ONE);
    for (int i = 0; i < 64; i++)
        *(finds(*state, ONE, 1) ? &found : &whole) += 1;
    assert_int_equal(whole, 4);
    assert_int_equal(found, 60);
    pending_base_unref(base);
}

static void test_base__takes_no_more_memory_than_it_may(void **state)
{
    static struct pending_base *all[200];
    size_t count = 0;
    assert_null(pending_base_create(*state, ONE, slice_make(text, 100))); /* not worth it */
    while (count < 200 &&
           (all[count] = pending_base_create(*state, ONE, slice_make(text, sizeof text))) != NULL)
        count++;
    assert_in_range(count, 50, 100);
    pending_base_unref(all[--count]);
    all[count] = pending_base_create(*state, ONE, slice_make(text, sizeof text));
    assert_non_null(all[count++]);
    while (count > 0)
        pending_base_unref(all[--count]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_base__is_found_for_its_table_while_it_is_offered),
        TEST(test_base__the_newest_takes_the_place),
        TEST(test_base__now_and_then_a_file_is_to_be_the_next),
        TEST(test_base__takes_no_more_memory_than_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
