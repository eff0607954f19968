#include "server/readiness.h"

#include "tests/unit/cmocka_all.h"

struct fake {
    int64_t now_ms;
    int probe_count;
    bool can_write;
    int64_t probe_ms;            /* how long a probe takes */
    struct readiness *to_ask;    /* not NULL: asked while the probe runs */
    enum readiness_verdict said; /* what it answered */
};

static int64_t fake_now(void *context)
{
    return ((struct fake *)context)->now_ms;
}

static int64_t fake_monotonic(void *context)
{
    return 1000 * fake_now(context);
}

static bool fake_probe(void *context, struct error *err)
{
    struct fake *fake = context;
    struct error ignored;
    fake->probe_count++;
    fake->now_ms += fake->probe_ms;
    if (fake->to_ask)
        fake->said = readiness_check(fake->to_ask, true, &ignored);
    return fake->can_write || error_set(err, ERROR_STORAGE_FULL, "the disk is full");
}

static struct readiness make(struct fake *fake, struct clock *clock)
{
    struct readiness readiness = {0};
    struct error err = {0};
    *clock = (struct clock){fake_now, fake_monotonic, fake};
    assert_true(readiness_init(&readiness, clock, fake_probe, fake, &err));
    return readiness;
}

static void test_readiness__asks_the_database_only_where_it_may_wait(void **state)
{
    struct fake fake = {.can_write = true};
    struct clock clock;
    struct error err = {0};
    struct readiness readiness = make(&fake, &clock);
    (void)state;
    assert_int_equal(readiness_check(&readiness, false, &err), READINESS_UNKNOWN);
    assert_int_equal(fake.probe_count, 0);
    assert_int_equal(readiness_check(&readiness, true, &err), READINESS_READY);
    assert_int_equal(readiness_check(&readiness, false, &err), READINESS_READY);
    assert_int_equal(fake.probe_count, 1);
    readiness_finish(&readiness);
}

static void test_readiness__remembers_an_outcome_for_a_second(void **state)
{
    struct fake fake = {.can_write = false};
    struct clock clock;
    struct error err = {0};
    struct readiness readiness = make(&fake, &clock);
    (void)state;
    assert_int_equal(readiness_check(&readiness, true, &err), READINESS_NOT_READY);
    assert_int_equal(err.kind, ERROR_STORAGE_FULL);
    assert_string_equal(err.message, "the disk is full");
    fake.can_write = true;
    fake.now_ms += READINESS_LIFETIME_MS - 1;
    assert_int_equal(readiness_check(&readiness, true, &err), READINESS_NOT_READY);
    fake.now_ms += 1;
    assert_int_equal(readiness_check(&readiness, true, &err), READINESS_READY);
    assert_int_equal(fake.probe_count, 2);
    readiness_finish(&readiness);
}

static void test_readiness__answers_others_while_one_probes(void **state)
{
    struct fake fake = {.can_write = true, .probe_ms = READINESS_LIFETIME_MS - 1};
    struct clock clock;
    struct error err = {0};
    struct readiness readiness = make(&fake, &clock);
    (void)state;
    fake.to_ask = &readiness;
    assert_int_equal(readiness_check(&readiness, true, &err), READINESS_READY);
    assert_int_equal(fake.said, READINESS_READY);
    fake.now_ms += READINESS_LIFETIME_MS;
    fake.probe_ms = READINESS_LIFETIME_MS;
    assert_int_equal(readiness_check(&readiness, true, &err), READINESS_READY);
    assert_int_equal(fake.said, READINESS_NOT_READY);
    assert_int_equal(fake.probe_count, 2);
    readiness_finish(&readiness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readiness__asks_the_database_only_where_it_may_wait),
        cmocka_unit_test(test_readiness__remembers_an_outcome_for_a_second),
        cmocka_unit_test(test_readiness__answers_others_while_one_probes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
