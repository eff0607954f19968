#include "base/digest.h"
#include "tests/unit/cmocka_all.h"

/* SHA-256 of eight bytes of big-endian length and then the part, by `printf … | sha256sum`. */
static void test_digest_parts__is_sha256_over_lengths_and_bytes(void **state)
{
    (void)state;
    struct error err = {0};
    char hex[DIGEST_HEX_SIZE];
    const struct slice parts[] = {SLICE_LITERAL("abc")};
    assert_ok(digest_parts(parts, 1, hex, &err), &err);
    assert_string_equal(hex, "c3494ca1a2cf8eeb8a11ded316fb55b83c3bbbedb6313cd50415251e5d09e12f");
    assert_ok(digest_parts(parts, 0, hex, &err), &err);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_digest_parts__tells_where_one_part_ends(void **state)
{
    (void)state;
    struct error err = {0};
    char a[DIGEST_HEX_SIZE], b[DIGEST_HEX_SIZE], c[DIGEST_HEX_SIZE];
    const struct slice first[] = {SLICE_LITERAL("a"), SLICE_LITERAL("bc")};
    const struct slice second[] = {SLICE_LITERAL("ab"), SLICE_LITERAL("c")};
    const struct slice third[] = {SLICE_LITERAL("abc"), {NULL, 0}};
    assert_ok(digest_parts(first, 2, a, &err), &err);
    assert_ok(digest_parts(second, 2, b, &err), &err);
    assert_ok(digest_parts(third, 2, c, &err), &err);
    assert_string_not_equal(a, b);
    assert_string_not_equal(b, c);
    assert_ok(digest_parts(first, 2, b, &err), &err);
    assert_string_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_parts__is_sha256_over_lengths_and_bytes),
        cmocka_unit_test(test_digest_parts__tells_where_one_part_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
