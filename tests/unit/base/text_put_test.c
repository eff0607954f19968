#include "base/text_put.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/unit/cmocka_all.h"

static void assert_puts(int64_t value)
{
    char expected[32], text[PUT_INT64_SIZE + 1];
    (void)snprintf(expected, sizeof(expected), "%" PRId64, value);
    *put_int64(text, value) = '\0';
    assert_string_equal(text, expected);
}

/* Around every number of digits and every number of bits. */
static void test_text_put__writes_numbers_as_printf_does(void **state)
{
    (void)state;
    for (uint64_t power = 1; power <= UINT64_C(1000000000000000000); power *= 10) {
        for (int64_t off = -2; off <= 2; off++) {
            assert_puts((int64_t)power + off);
            assert_puts(-(int64_t)power + off);
        }
    }
    for (unsigned bit = 0; bit < 63; bit++) {
        assert_puts((int64_t)(UINT64_C(1) << bit));
        assert_puts((int64_t)(UINT64_C(1) << bit) - 1);
    }
    assert_puts(INT64_MAX);
    assert_puts(INT64_MIN);
}

static void test_text_put__writes_the_largest_number_without_sign(void **state)
{
    char text[PUT_INT64_SIZE + 1];
    (void)state;
    *put_uint64(text, UINT64_MAX) = '\0';
    assert_string_equal(text, "18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_put__writes_numbers_as_printf_does),
        cmocka_unit_test(test_text_put__writes_the_largest_number_without_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
