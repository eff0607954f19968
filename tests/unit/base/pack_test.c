#include "base/pack.h"

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

#define MAGIC "\x28\xB5\x2F\xFD"

static void expect_round_trip(struct slice bytes, bool becomes_smaller)
{
    struct packer *packer = NULL;
    struct arena arena;
    struct buffer out;
    struct slice packed;
    struct error err = {0};
    arena_init(&arena, MIB);
    buffer_init(&out, MIB);
    assert_true(packer_create(&packer, &err));
    for (int i = 0; i < 3; i++)
        assert_true(pack(packer, bytes, &arena, &packed, &err));
    packer_destroy(packer);
    assert_int_equal(packed.len < bytes.len, becomes_smaller);
    assert_true(unpack(packed, &out, &err));
    assert_true(slice_equals(buffer_slice(&out), bytes));
    buffer_finish(&out);
    arena_finish(&arena);
}

static void test_pack__gives_back_what_it_took(void **state)
{
    (void)state;
    static const char zeros[100000];
    expect_round_trip(SLICE_EMPTY, false);
    expect_round_trip(SLICE_LITERAL("{}"), false);
    expect_round_trip(slice_make(zeros, sizeof zeros), true);
    expect_round_trip(SLICE_LITERAL(MAGIC "looks packed and is not"), false);
    expect_round_trip(SLICE_LITERAL(MAGIC), false);
}

/* Rows from before bytes were packed hold them as they are. */
static void test_unpack__takes_plain_bytes(void **state)
{
    (void)state;
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, KIB);
    buffer_append_string(&out, "before ");
    assert_true(unpack(SLICE_LITERAL("{\"a\":1}"), &out, &err));
    assert_true(slice_equals_string(buffer_slice(&out), "before {\"a\":1}"));
    buffer_finish(&out);
}

static void expect_refusal(struct slice packed, size_t ceiling, enum error_kind kind)
{
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, ceiling);
    assert_false(unpack(packed, &out, &err));
    assert_int_equal(err.kind, kind);
    buffer_finish(&out);
}

static void test_unpack__refuses_what_is_damaged_or_too_large(void **state)
{
    (void)state;
    static const char zeros[10000];
    struct packer *packer = NULL;
    struct arena arena;
    struct slice packed;
    arena_init(&arena, MIB);
    assert_true(packer_create(&packer, NULL));
    assert_true(pack(packer, slice_make(zeros, sizeof zeros), &arena, &packed, NULL));
    packer_destroy(packer);
    expect_refusal(packed, 9999, ERROR_TOO_LARGE);
    for (size_t size = 4; size < packed.len; size++)
        expect_refusal(slice_make(packed.ptr, size), MIB, ERROR_CORRUPT);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack__gives_back_what_it_took),
        cmocka_unit_test(test_unpack__takes_plain_bytes),
        cmocka_unit_test(test_unpack__refuses_what_is_damaged_or_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
