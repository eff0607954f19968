#include "cli/progress.h"

#include "tests/unit/cmocka_all.h"

static void assert_shown(int64_t done, int64_t total, const char *expected)
{
    char text[128];
    progress_text("files", done, total, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void test_progress__is_a_bar_where_the_end_is_known(void **state)
{
    (void)state;
    assert_shown(0, 4, "[                              ] 0 of 4 files");
    assert_shown(1, 2, "[===============               ] 1 of 2 files");
    assert_shown(4, 4, "[==============================] 4 of 4 files");
    assert_shown(9, 4, "[==============================] 9 of 4 files");
    assert_shown(7, 0, "7 files");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress__is_a_bar_where_the_end_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
