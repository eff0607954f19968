#include "catalog/retention.h"

#include "tests/unit/cmocka_all.h"

static bool read_text(const char *text, int64_t *ret_ms, struct error *err)
{
    json_t *properties = json_pack("{s:s}", RETENTION_PROPERTY, text);
    bool ok = retention_read(properties, ret_ms, err);
    json_decref(properties);
    return ok;
}

static void test_retention__is_read_in_each_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"0", 0},
                 {"0s", 0},
                 {"1s", 1000},
                 {"30m", 1800000},
                 {"12h", 43200000},
                 {"7d", 604800000},
                 {"3650d", 315360000000},
                 {"315360000s", 315360000000}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        int64_t ms = -1;
        assert_ok(read_text(cases[i].text, &ms, &err), &err);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void test_retention__is_off_where_nothing_says_it(void **state)
{
    (void)state;
    struct error err = {0};
    int64_t ms = -1;
    json_t *properties = json_object();
    assert_ok(retention_read(properties, &ms, &err), &err);
    assert_int_equal(ms, 0);
    json_decref(properties);
}

static void test_retention__refuses_what_is_no_duration(void **state)
{
    static const char *const texts[] = {"",
                                        "d",
                                        "7",
                                        "7 d",
                                        "-1d",
                                        "+1d",
                                        "1w",
                                        "1D",
                                        "1.5h",
                                        "3651d",
                                        "315360001s",
                                        "1d2h",
                                        " 1d",
                                        "1d ",
                                        "0x1s",
                                        "never",
                                        "9223372036854775807d",
                                        "99999999999999999999d"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct error err = {0};
        int64_t ms = -1;
        if (read_text(texts[i], &ms, &err))
            fail_msg("'%s' is taken", texts[i]);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        assert_non_null(strstr(err.message, "soft-delete-retention is '"));
        assert_int_equal(ms, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retention__is_read_in_each_unit),
        cmocka_unit_test(test_retention__is_off_where_nothing_says_it),
        cmocka_unit_test(test_retention__refuses_what_is_no_duration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
