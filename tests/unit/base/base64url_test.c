#include "base/base64url.h"

#include "tests/unit/cmocka_all.h"

/* RFC 4648, section 10, without padding. */
static void test_base64url__has_the_texts_of_the_rfc(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[BASE64URL_SIZE(8)];
        unsigned char bytes[16];
        size_t size = 0, len = strlen(rows[i][0]);
        size_t text_len = base64url_encode((const unsigned char *)rows[i][0], len, text);
        assert_slice_equal(slice_make(text, text_len), rows[i][1]);
        assert_true(base64url_decode(slice_make(text, text_len), bytes, &size));
        assert_int_equal(size, len);
        assert_memory_equal(bytes, rows[i][0], len);
    }
}

static void test_base64url__refuses_what_no_bytes_have(void **state)
{
    static const char *const wrong[] = {"Z", "Zh", "Zm9", "Zg==", "Zm8+", "Zm8/", " Zg", "Zg\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        unsigned char bytes[16];
        size_t size = 0;
        assert_false(base64url_decode(slice_from_string(wrong[i]), bytes, &size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url__has_the_texts_of_the_rfc),
        cmocka_unit_test(test_base64url__refuses_what_no_bytes_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
