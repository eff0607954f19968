#include "scan/uuid_bounds.h"

#include "tests/unit/cmocka_all.h"

#define UUID(first, last) SLICE_LITERAL(first "23456789abcde" last)

/* Low, high and with a sign bit, which makes it the greatest by bytes and the least by sign. */
#define LOW UUID("01", "f")
#define HIGH UUID("~1", "f")
#define SIGNED_LOW \
    UUID("\x80"    \
         "1",      \
         "f")
#define SIGNED_HIGH \
    UUID("\xff"     \
         "1",       \
         "f")

static bool may(struct slice lower, struct slice upper, enum expression_op op, struct slice uuid)
{
    struct uuid_bounds bounds = {lower, upper};
    struct value literal = {.type = TYPE_UUID, .bytes = uuid};
    return uuid_bounds_may_match(&bounds, op, &literal, 1);
}

static void test_uuid_bounds__order_by_sign_is_the_references(void **state)
{
    (void)state;
    assert_true(uuid_compare_signed(LOW, HIGH) < 0);
    assert_true(uuid_compare_signed(SIGNED_HIGH, LOW) < 0);
    assert_true(uuid_compare_signed(SIGNED_LOW, SIGNED_HIGH) < 0);
    assert_int_equal(uuid_compare_signed(HIGH, HIGH), 0);
}

static void test_uuid_bounds__hold_what_is_within_in_either_order(void **state)
{
    (void)state;
    /* By sign, as the reference writes them: from SIGNED_HIGH up to LOW. */
    assert_true(may(SIGNED_HIGH, LOW, EXPR_EQ, SIGNED_HIGH));
    assert_true(may(SIGNED_HIGH, LOW, EXPR_EQ, LOW));
    assert_false(may(SIGNED_HIGH, LOW, EXPR_EQ, HIGH));
    assert_false(may(SIGNED_HIGH, LOW, EXPR_EQ, SIGNED_LOW));
    /* By bytes: from LOW up to SIGNED_LOW. */
    assert_true(may(LOW, SIGNED_LOW, EXPR_EQ, HIGH));
    assert_false(may(LOW, SIGNED_LOW, EXPR_EQ, SIGNED_HIGH));
    assert_true(may(SLICE_EMPTY, LOW, EXPR_EQ, SIGNED_HIGH));
    assert_false(may(LOW, LOW, EXPR_EQ, HIGH));
}

static void test_uuid_bounds__rule_comparisons_out_where_all_signs_are_the_same(void **state)
{
    (void)state;
    assert_false(may(HIGH, HIGH, EXPR_LT_EQ, LOW));
    assert_true(may(HIGH, HIGH, EXPR_GT, LOW));
    assert_false(may(SIGNED_LOW, SIGNED_LOW, EXPR_GT_EQ, SIGNED_HIGH));
    assert_true(may(HIGH, HIGH, EXPR_LT, SIGNED_LOW));
    assert_true(may(HIGH, HIGH, EXPR_GT, SIGNED_LOW));
    assert_true(may((struct slice){NULL, 0}, LOW, EXPR_GT, HIGH));
}

static void test_uuid_bounds__meet_unless_they_are_apart_in_both_orders(void **state)
{
    (void)state;
    struct uuid_bounds low = {LOW, LOW}, high = {HIGH, HIGH};
    struct uuid_bounds by_sign = {SIGNED_HIGH, LOW}, upper = {SIGNED_LOW, SIGNED_HIGH};
    struct uuid_bounds open = {{NULL, 0}, LOW};
    assert_true(uuid_bounds_meet(&low, &by_sign));
    assert_false(uuid_bounds_meet(&high, &by_sign));
    assert_false(uuid_bounds_meet(&by_sign, &high));
    assert_true(uuid_bounds_meet(&upper, &by_sign));
    assert_false(uuid_bounds_meet(&low, &high));
    assert_true(uuid_bounds_meet(&open, &high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid_bounds__order_by_sign_is_the_references),
        cmocka_unit_test(test_uuid_bounds__hold_what_is_within_in_either_order),
        cmocka_unit_test(test_uuid_bounds__rule_comparisons_out_where_all_signs_are_the_same),
        cmocka_unit_test(test_uuid_bounds__meet_unless_they_are_apart_in_both_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
