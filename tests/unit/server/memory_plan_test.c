#include "server/memory_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

/* False where the plan refuses these options. */
static bool plan_of(const char *memory, const char *connections, const char *max_body,
                    struct memory_plan *ret_plan, struct error *err)
{
    char texts[3][64];
    char *arguments[] = {texts[0], texts[1], texts[2]};
    struct options options;
    enum option_help help;
    snprintf(texts[0], sizeof texts[0], "--memory=%s", memory);
    snprintf(texts[1], sizeof texts[1], "--connections=%s", connections);
    snprintf(texts[2], sizeof texts[2], "--max-body=%s", max_body);
    assert_true(options_load(&option_settings, 3, arguments, no_variable, &options, &help, err));
    bool ok = memory_plan_make(&options, ret_plan, err);
    options_finish(&options);
    return ok;
}

static void test_plan__without_a_ceiling_has_the_limits_of_each_part(void **state)
{
    struct memory_plan plan;
    (void)state;
    assert_true(plan_of("0", "4096", "32MiB", &plan, NULL));
    assert_int_equal(plan.bodies, MAX_BODIES_SIZE);
    assert_int_equal(plan.cache, 256 * MIB);
    assert_int_equal(plan.reading, 256 * MIB + MAX_READING_SIZE);
    assert_int_equal(plan.small_body, MAX_SMALL_BODY_SIZE);
    assert_int_equal(plan.parsed, SIZE_MAX);
}

static void test_plan__shares_no_more_than_the_ceiling(void **state)
{
    struct memory_plan plan;
    (void)state;
    assert_true(plan_of("2GiB", "1000", "32MiB", &plan, NULL));
    size_t held = plan.bodies + plan.parsed + plan.reading + 1000 * plan.small_body;
    assert_true(held + 1000 * CONNECTION_MEMORY < 2048 * MIB);
    assert_true(plan.parsed >= body_claim(32 * MIB));
    assert_true(plan.bodies >= 32 * MIB);
    assert_true(plan.cache > 0 && plan.reading > plan.cache);
}

static void test_plan__names_the_least_that_would_do(void **state)
{
    struct memory_plan plan;
    struct error err = {0};
    (void)state;
    assert_false(plan_of("64MiB", "4096", "32MiB", &plan, &err));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    /* 128 for the process, 192 for connections, two bodies of 32 with trees of 128. */
    assert_non_null(strstr(err.message, "must be 832MiB or more"));
    assert_true(plan_of("832MiB", "4096", "32MiB", &plan, NULL));
    assert_false(plan_of("831MiB", "4096", "32MiB", &plan, NULL));
}

static void test_claim__is_never_less_than_the_tree_may_take(void **state)
{
    (void)state;
    assert_int_equal(body_claim(0), 0);
    assert_int_equal(body_claim(4 * KIB), 0);
    assert_true(body_claim(64 * KIB) >= 64 * KIB / 3 * 264);
    assert_true(body_claim(32 * MIB) >= MAX_JSON_TREE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__without_a_ceiling_has_the_limits_of_each_part),
        cmocka_unit_test(test_plan__shares_no_more_than_the_ceiling),
        cmocka_unit_test(test_plan__names_the_least_that_would_do),
        cmocka_unit_test(test_claim__is_never_less_than_the_tree_may_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
