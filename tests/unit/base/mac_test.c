#include "base/mac.h"

#include <stdio.h>

#include "tests/unit/cmocka_all.h"

static struct mac_key counting_key(void)
{
    struct mac_key key;
    for (unsigned i = 0; i < MAC_KEY_SIZE; i++)
        key.bytes[i] = (unsigned char)i;
    return key;
}

/* By Python's hmac, over eight bytes of big-endian length before each part. */
static void test_mac_parts__is_hmac_sha256_over_lengths_and_bytes(void **state)
{
    const struct slice parts[] = {SLICE_LITERAL("a"), SLICE_LITERAL("bc")};
    const struct mac_key key = counting_key();
    unsigned char mac[MAC_SIZE];
    char hex[2 * MAC_SIZE + 1];
    struct error err = {0};
    (void)state;
    assert_ok(mac_parts(&key, parts, 2, mac, &err), &err);
    for (size_t i = 0; i < MAC_SIZE; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    assert_string_equal(hex, "3bddf4bc854ae05364f6353a7ec018de74fb1fe6bb599207f172368d9490b9dd");
}

static void test_mac_equals__sees_every_byte(void **state)
{
    unsigned char a[MAC_SIZE] = {0}, b[MAC_SIZE] = {0};
    (void)state;
    assert_true(mac_equals(a, b));
    for (size_t i = 0; i < MAC_SIZE; i++) {
        b[i] = 1;
        assert_false(mac_equals(a, b));
        b[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mac_parts__is_hmac_sha256_over_lengths_and_bytes),
        cmocka_unit_test(test_mac_equals__sees_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
