#include "server/http_body.h"

#include <stdlib.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

#define COUNT 16

static char bytes[2 * MAX_SMALL_BODY_SIZE];

static void add(struct http_body *body, size_t size)
{
    assert_true(size <= sizeof(bytes));
    assert_true(http_body_add(body, slice_make(bytes, size)));
}

static int refusal_status(const struct http_body *body)
{
    struct reply *reply = http_body_refusal(body);
    int status = reply->status;
    reply_unref(reply);
    return status;
}

/* A buffer doubles, with room for a NUL: a body of 128 KiB takes 256. */
#define BODY_SIZE (2 * sizeof(bytes))

/* A budget for four bodies. */
static void test_http_body__all_together_keep_to_the_budget(void **state)
{
    (void)state;
    struct http_body_budget budget;
    struct http_body bodies[COUNT];
    size_t refused = 0, held = 0;
    http_body_budget_init(&budget, MIB, MAX_BODIES_SIZE, MAX_SMALL_BODY_SIZE);
    assert_int_equal(budget.ceiling, MAX_BODIES_SIZE);
    budget.ceiling = 4 * BODY_SIZE;
    for (size_t i = 0; i < COUNT; i++) {
        http_body_init(&bodies[i], &budget, MIB, true);
        add(&bodies[i], sizeof(bytes));
        refused += http_body_is_refused(&bodies[i]);
        held += bodies[i].bytes.capacity;
    }
    assert_int_equal(refused, COUNT - 4);
    assert_true(held <= budget.ceiling);
    assert_int_equal(refusal_status(&bodies[COUNT - 1]), 429);
    add(&bodies[COUNT - 1], sizeof(bytes)); /* the rest of a refused one is not kept */
    assert_int_equal(http_body_slice(&bodies[COUNT - 1]).len, 0);
    for (size_t i = 0; i < COUNT; i++)
        http_body_finish(&bodies[i]);
    assert_int_equal(atomic_load(&budget.held), 0);
    http_body_init(&bodies[0], &budget, MIB, true);
    add(&bodies[0], sizeof(bytes));
    assert_false(http_body_is_refused(&bodies[0]));
    http_body_finish(&bodies[0]);
}

static void test_http_body__small_ones_are_never_crowded_out(void **state)
{
    (void)state;
    struct http_body_budget budget;
    struct http_body large, small;
    http_body_budget_init(&budget, MIB, MAX_BODIES_SIZE, MAX_SMALL_BODY_SIZE);
    budget.ceiling = BODY_SIZE;
    http_body_init(&large, &budget, MIB, true);
    add(&large, sizeof(bytes));
    assert_false(http_body_is_refused(&large));
    http_body_init(&small, &budget, MIB, true);
    add(&small, MAX_SMALL_BODY_SIZE);
    assert_false(http_body_is_refused(&small));
    assert_int_equal(http_body_slice(&small).len, MAX_SMALL_BODY_SIZE);
    add(&small, 1); /* now it is none any more */
    assert_true(http_body_is_refused(&small));
    http_body_finish(&small);
    http_body_finish(&large);
    assert_int_equal(atomic_load(&budget.held), 0);
}

static void test_http_body__over_its_own_ceiling_is_413_and_gives_its_bytes_back(void **state)
{
    (void)state;
    struct http_body_budget budget;
    struct http_body body;
    http_body_budget_init(&budget, MIB, MAX_BODIES_SIZE, MAX_SMALL_BODY_SIZE);
    http_body_init(&body, &budget, sizeof(bytes), true);
    add(&body, sizeof(bytes));
    assert_true(atomic_load(&budget.held) > 0);
    add(&body, 1);
    assert_true(http_body_is_refused(&body));
    assert_int_equal(refusal_status(&body), 413);
    assert_int_equal(atomic_load(&budget.held), 0);
    http_body_finish(&body);
    assert_int_equal(atomic_load(&budget.held), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_body__all_together_keep_to_the_budget),
        cmocka_unit_test(test_http_body__small_ones_are_never_crowded_out),
        cmocka_unit_test(test_http_body__over_its_own_ceiling_is_413_and_gives_its_bytes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
