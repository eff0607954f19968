#include "server/page_token.h"

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

static struct arena arena;
/* Tables of the namespace a.b */
static const struct page_listing here = {'t',
                                         {"default", 7},
                                         {"a\x1f"
                                          "b",
                                          3}};

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, MIB);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

static void test_page_token__gives_the_name_back(void **state)
{
    static const char *const names[] = {"",
                                        "a",
                                        "ab",
                                        "abc",
                                        "a\x1F"
                                        "b",
                                        "\xC3\xA4\xE2\x82\xAC",
                                        "name with spaces"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct slice token, after;
        struct error err = {0};
        assert_ok(page_token_make(&here, slice_from_string(names[i]), &arena, &token, &err), &err);
        for (size_t at = 0; at < token.len; at++)
            assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_",
                                   token.ptr[at]));
        assert_ok(page_token_read(&here, token, &arena, &after, &err), &err);
        assert_slice_equal(after, names[i]);
    }
}

static void test_page_token__of_another_listing_is_refused(void **state)
{
    static const struct page_listing others[] = {
        {'v',
         {"default", 7},
         {"a\x1f"
          "b",
          3}},
        {'t',
         {"other", 5},
         {"a\x1f"
          "b",
          3}},
        {'t', {"default", 7}, {"a", 1}},
        {'t', {"default", 7}, {"", 0}},
        /* The same characters, cut elsewhere. */
        {'t',
         {"defaulta", 8},
         {"\x1f"
          "b",
          2}},
    };
    struct slice token, after;
    struct error err = {0};
    (void)state;
    assert_ok(page_token_make(&here, SLICE_LITERAL("x"), &arena, &token, &err), &err);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_fails(page_token_read(&others[i], token, &arena, &after, &err), &err,
                     ERROR_BAD_REQUEST);
}

static void test_page_token__that_was_changed_is_refused(void **state)
{
    struct slice token, after;
    struct error err = {0};
    (void)state;
    assert_ok(page_token_make(&here, SLICE_LITERAL("orders"), &arena, &token, &err), &err);
    for (size_t i = 0; i < token.len; i++) {
        char changed[64];
        memcpy(changed, token.ptr, token.len);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_fails(page_token_read(&here, slice_make(changed, token.len), &arena, &after, &err),
                     &err, ERROR_BAD_REQUEST);
        assert_fails(page_token_read(&here, slice_make(token.ptr, i), &arena, &after, &err), &err,
                     ERROR_BAD_REQUEST);
    }
    assert_fails(page_token_read(&here, SLICE_LITERAL("not base64 !"), &arena, &after, &err), &err,
                 ERROR_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_page_token__gives_the_name_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_page_token__of_another_listing_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_page_token__that_was_changed_is_refused, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
