/* Every allocation of a plan fails in turn: it says so, loses nothing, and the next one is whole.
 * */
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"
#include "tests/unit/scan/plan_fixture.h"

/* More than any of these plans allocates; the loops end long before it. */
#define MAX_ALLOCATIONS 20000

static struct plan_fixture fixture;

static int set_up(void **state)
{
    (void)state;
    fault_alloc_reset();
    plan_fixture_init(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plan_fixture_finish(&fixture);
    return 0;
}

static bool plan_to(const char *request, struct buffer *out, struct error *err)
{
    buffer_init(out, 1 * MIB);
    return plan_fixture_write(&fixture, request, PLAN_WINDOW_ALL, out, err);
}

static void fail_each(const char *request)
{
    struct buffer whole, out;
    struct error err = {0};
    assert_ok(plan_to(request, &whole, &err), &err);
    bool was_hit = true;
    for (size_t n = 1; was_hit; n++) {
        assert_true(n < MAX_ALLOCATIONS);
        long before = fault_alloc_live();
        fault_alloc_fail_at(n);
        bool ok = plan_to(request, &out, &err);
        was_hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        if (ok)
            assert_true(slice_equals(buffer_slice(&out), buffer_slice(&whole)));
        else
            assert_int_equal(err.kind, ERROR_NO_MEMORY);
        buffer_finish(&out);
        assert_int_equal(fault_alloc_live(), before);
    }
    buffer_finish(&whole);
}

static void test_faults__a_plan_is_whole_or_fails_for_want_of_memory(void **state)
{
    (void)state;
    fail_each("{}");
    fail_each("{'filter':{'type':'and','left':{'type':'gt','term':'id','value':3},'right':"
              "{'type':'lt','term':'ts','value':'2024-01-01T12:00:00'}},'stats-fields':['id'],"
              "'select':['ID'],'case-sensitive':false}");
    fail_each("{'snapshot-id':7,'use-snapshot-schema':true,'filter':"
              "{'type':'in','term':'id','values':[1,12,25]}}");
}

/* Plans once while an allocation fails, and again: what the first has left in the cache, the shared
 * index of its deletes above all, gives the whole plan or is not there. */
static bool plan_twice(const char *request, size_t n, struct buffer *again, struct error *err)
{
    struct buffer out;
    struct error later = {0};
    assert_ok(cache_create(16 * MIB, &fixture.cache, &later), &later);
    fault_alloc_fail_at(n);
    bool ok = plan_to(request, &out, err);
    bool was_hit = fault_alloc_hit();
    fault_alloc_fail_at(0);
    buffer_finish(&out);
    assert_ok(plan_to(request, again, &later), &later);
    assert_int_equal(fixture.counts.delete_indexes_built + fixture.counts.delete_indexes_from_cache,
                     1);
    cache_destroy(fixture.cache);
    fixture.cache = NULL;
    assert_true(ok || err->kind == ERROR_NO_MEMORY);
    return was_hit;
}

static void test_faults__leave_no_half_of_an_index_in_the_cache(void **state)
{
    static const char FILTER[] = "{'filter':{'type':'lt','term':'id','value':12}}";
    struct buffer whole, again;
    struct error err = {0};
    bool was_hit = true;
    (void)state;
    assert_ok(plan_to(FILTER, &whole, &err), &err);
    for (size_t n = 1; was_hit; n++) {
        assert_true(n < MAX_ALLOCATIONS);
        long before = fault_alloc_live();
        was_hit = plan_twice(FILTER, n, &again, &err);
        assert_true(slice_equals(buffer_slice(&again), buffer_slice(&whole)));
        buffer_finish(&again);
        assert_int_equal(fault_alloc_live(), before);
    }
    buffer_finish(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_faults__a_plan_is_whole_or_fails_for_want_of_memory,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults__leave_no_half_of_an_index_in_the_cache, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
