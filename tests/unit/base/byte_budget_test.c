#include "base/byte_budget.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/blob.h"
#include "tests/unit/cmocka_all.h"

#define WAIT_MS 30000

static void test_byte_budget__gives_no_more_than_there_is(void **state)
{
    struct byte_budget *budget = NULL;
    struct error err = {0};
    (void)state;
    assert_ok(byte_budget_create(10, 1, &budget, &err), &err);
    assert_ok(byte_budget_take(budget, 4, 0, "x", &err), &err);
    assert_ok(byte_budget_take(budget, 6, 0, "x", &err), &err);
    assert_fails(byte_budget_take(budget, 1, 20, "large files", &err), &err, ERROR_OVERLOADED);
    assert_non_null(strstr(err.message, "large files"));
    byte_budget_give(budget, 6);
    assert_fails(byte_budget_take(budget, 7, 0, "x", &err), &err, ERROR_OVERLOADED);
    assert_fails(byte_budget_take(budget, SIZE_MAX, 0, "x", &err), &err, ERROR_OVERLOADED);
    byte_budget_give(budget, 4);
    /* What is larger than all of it goes alone. */
    assert_ok(byte_budget_take(budget, 11, 0, "x", &err), &err);
    assert_fails(byte_budget_take(budget, 1, 0, "x", &err), &err, ERROR_OVERLOADED);
    byte_budget_give(budget, 11);
    byte_budget_destroy(budget);
    byte_budget_destroy(NULL);
}

static void *give_later(void *budget)
{
    usleep(50 * 1000);
    byte_budget_give(budget, 10);
    return NULL;
}

static void test_byte_budget__waits_for_what_another_thread_gives(void **state)
{
    struct byte_budget *budget = NULL;
    struct error err = {0};
    pthread_t thread;
    (void)state;
    assert_ok(byte_budget_create(10, 1, &budget, &err), &err);
    assert_ok(byte_budget_take(budget, 10, 0, "x", &err), &err);
    assert_int_equal(pthread_create(&thread, NULL, give_later, budget), 0);
    assert_ok(byte_budget_take(budget, 5, 30 * 1000, "x", &err), &err);
    assert_int_equal(pthread_join(thread, NULL), 0);
    byte_budget_give(budget, 5);
    byte_budget_destroy(budget);
}

static void *take_five(void *budget)
{
    struct error err = {0};
    assert_ok(byte_budget_take(budget, 5, WAIT_MS, "x", &err), &err);
    return NULL;
}

/* The first waits for longer than the second, which would wait as well, could take to give up. */
static void test_byte_budget__has_few_waiting(void **state)
{
    struct byte_budget *budget = NULL;
    struct error err = {0};
    pthread_t thread;
    (void)state;
    assert_ok(byte_budget_create(10, 1, &budget, &err), &err);
    assert_ok(byte_budget_take(budget, 10, 0, "x", &err), &err);
    assert_int_equal(pthread_create(&thread, NULL, take_five, budget), 0);
    while (byte_budget_waiting(budget) == 0)
        sched_yield();
    assert_fails(byte_budget_take(budget, 5, WAIT_MS, "x", &err), &err, ERROR_OVERLOADED);
    assert_int_equal(byte_budget_waiting(budget), 1);
    byte_budget_give(budget, 10);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(byte_budget_waiting(budget), 0);
    byte_budget_give(budget, 5);
    byte_budget_destroy(budget);
}

static void test_blob__gives_back_with_its_last_reference(void **state)
{
    struct byte_budget *budget = NULL;
    struct blob *blob = NULL;
    struct error err = {0};
    (void)state;
    assert_ok(byte_budget_create(10, 1, &budget, &err), &err);
    assert_ok(byte_budget_take(budget, 10, 0, "x", &err), &err);
    assert_ok(blob_copy(SLICE_LITERAL("text"), &blob, &err), &err);
    blob_charge(blob, budget, 10);
    blob_unref(blob_ref(blob));
    assert_fails(byte_budget_take(budget, 1, 0, "x", &err), &err, ERROR_OVERLOADED);
    blob_unref(blob);
    assert_ok(byte_budget_take(budget, 10, 0, "x", &err), &err);
    byte_budget_give(budget, 10);
    byte_budget_destroy(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_budget__gives_no_more_than_there_is),
        cmocka_unit_test(test_byte_budget__waits_for_what_another_thread_gives),
        cmocka_unit_test(test_byte_budget__has_few_waiting),
        cmocka_unit_test(test_blob__gives_back_with_its_last_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
