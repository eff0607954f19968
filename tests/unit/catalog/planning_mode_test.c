#include "catalog/planning_mode.h"

#include "tests/unit/catalog/catalog_fixture.h"

static void test_planning_mode__is_read_in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum planning_mode mode;
    } cases[] = {{"client", PLANNING_CLIENT}, {"server", PLANNING_SERVER},
                 {"Server", PLANNING_SERVER}, {"", PLANNING_UNSET},
                 {"servers", PLANNING_UNSET}, {" client", PLANNING_UNSET}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(planning_mode_of_text(slice_from_string(cases[i].text)), cases[i].mode);
    assert_int_equal(planning_mode_of_text((struct slice){NULL, 0}), PLANNING_UNSET);
    assert_string_equal(planning_mode_name(PLANNING_SERVER), "server");
    assert_null(planning_mode_name(PLANNING_UNSET));
}

static void test_planning_mode_check__names_the_property_and_what_it_may_be(void **state)
{
    (void)state;
    struct error err = {0};
    json_t *wrong = json_string("auto"), *number = json_integer(1);
    assert_ok(planning_mode_check("scan-planning", wrong, &err), &err);
    assert_fails(planning_mode_check("scan-planning-mode", wrong, &err), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "The property scan-planning-mode is 'auto': it must be client "
                                     "or server, or be left out");
    assert_fails(planning_mode_check("scan-planning-mode", number, &err), &err, ERROR_BAD_REQUEST);
    json_decref(wrong);
    json_decref(number);
}

static void test_planning_mode_check_warehouse__looks_at_defaults_and_overrides(void **state)
{
    (void)state;
    struct error err = {0};
    static const char *const names[] = {"scan-planning-mode", "defaults.scan-planning-mode",
                                        "overrides.scan-planning-mode"};
    for (size_t i = 0; i < 3; i++) {
        json_t *good = json_of_text("{'%s':'server','other':'x'}", names[i]);
        json_t *bad = json_of_text("{'%s':'x'}", names[i]);
        assert_ok(planning_mode_check_warehouse(good, &err), &err);
        assert_fails(planning_mode_check_warehouse(bad, &err), &err, ERROR_BAD_REQUEST);
        assert_non_null(strstr(err.message, names[i]));
        json_decref(good);
        json_decref(bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planning_mode__is_read_in_any_case),
        cmocka_unit_test(test_planning_mode_check__names_the_property_and_what_it_may_be),
        cmocka_unit_test(test_planning_mode_check_warehouse__looks_at_defaults_and_overrides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
