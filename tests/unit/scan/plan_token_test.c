#include "scan/plan_token.h"

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

static struct arena arena;
static const struct mac_key KEY = {{1, 2, 3}};
static const struct mac_key OTHER_KEY = {{1, 2, 4}};

#define NOW 1700000000000

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 * MIB);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

static struct plan_sealer sealer_at(int64_t now_ms)
{
    return (struct plan_sealer){&KEY, SLICE_LITERAL("uuid-1"), now_ms};
}

static struct slice sealed(const char *payload)
{
    struct plan_sealer sealer = sealer_at(NOW);
    struct error err = {0};
    struct slice text = SLICE_EMPTY;
    assert_ok(plan_token_seal(&sealer, PLAN_TOKEN_TASK, slice_from_string(payload), &arena, &text,
                              &err),
              &err);
    return text;
}

static void assert_refused(const struct plan_sealer *sealer, enum plan_token_kind kind,
                           struct slice text)
{
    struct error err = {0};
    struct slice payload = {NULL, 0};
    assert_fails(plan_token_open(sealer, kind, text, &arena, &payload, &err), &err,
                 kind == PLAN_TOKEN_ID ? ERROR_NO_SUCH_PLAN_ID : ERROR_NO_SUCH_PLAN_TASK);
    assert_null(payload.ptr);
}

static void test_plan_token__gives_its_payload_back_until_it_expires(void **state)
{
    static const char *const payloads[] = {"", "x", "{\"first\":0,\"end\":10}"};
    (void)state;
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        struct slice text = sealed(payloads[i]), payload;
        struct error err = {0};
        struct plan_sealer last = sealer_at(NOW + PLAN_TOKEN_LIFETIME_MS - 1);
        struct plan_sealer late = sealer_at(NOW + PLAN_TOKEN_LIFETIME_MS);
        assert_ok(plan_token_open(&last, PLAN_TOKEN_TASK, text, &arena, &payload, &err), &err);
        assert_slice_equal(payload, payloads[i]);
        assert_refused(&late, PLAN_TOKEN_TASK, text);
    }
}

static void test_plan_token__of_another_table_key_or_kind_is_refused(void **state)
{
    struct slice text = sealed("x");
    struct plan_sealer table = {&KEY, SLICE_LITERAL("uuid-2"), NOW};
    struct plan_sealer key = {&OTHER_KEY, SLICE_LITERAL("uuid-1"), NOW};
    struct plan_sealer same = sealer_at(NOW);
    (void)state;
    assert_refused(&table, PLAN_TOKEN_TASK, text);
    assert_refused(&key, PLAN_TOKEN_TASK, text);
    assert_refused(&same, PLAN_TOKEN_ID, text);
}

static void test_plan_token__that_was_changed_is_refused(void **state)
{
    struct slice text = sealed("payload");
    struct plan_sealer sealer = sealer_at(NOW);
    (void)state;
    for (size_t i = 0; i < text.len; i++) {
        char changed[256];
        assert_true(text.len < sizeof(changed));
        memcpy(changed, text.ptr, text.len);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_refused(&sealer, PLAN_TOKEN_TASK, slice_make(changed, text.len));
        assert_refused(&sealer, PLAN_TOKEN_TASK, slice_make(text.ptr, i));
    }
    assert_refused(&sealer, PLAN_TOKEN_TASK, SLICE_LITERAL("no base64!"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plan_token__gives_its_payload_back_until_it_expires,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plan_token__of_another_table_key_or_kind_is_refused,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plan_token__that_was_changed_is_refused, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
