#include "server/options.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

static const char *variables[8][2];

static const char *environment(const char *name)
{
    for (size_t i = 0; variables[i][0]; i++)
        if (strcmp(variables[i][0], name) == 0)
            return variables[i][1];
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    memset(variables, 0, sizeof(variables));
    return 0;
}

/* `arguments` ends with NULL. */
static bool load(char *const *arguments, struct options *ret_options, struct error *err)
{
    int count = 0;
    enum option_help help = OPTION_HELP_NONE;
    while (arguments[count])
        count++;
    return options_load(&option_settings, count, arguments, environment, ret_options, &help, err);
}

/* A flag comes first, because an array must have an element. */
#define LOAD(ret, err, ...) \
    load((char *const[]){"--log-level", "info", ##__VA_ARGS__, NULL}, ret, err)

static void test_options__have_defaults(void **state)
{
    struct options options;
    struct error err = {0};
    (void)state;
    assert_ok(LOAD(&options, &err), &err);
    assert_slice_equal(option_text(&options, OPTION_LISTEN), "127.0.0.1:8181");
    assert_slice_equal(option_text(&options, OPTION_DATA), "./firn-data");
    assert_int_equal(option_number(&options, OPTION_MAX_BODY), 32 * MIB);
    assert_int_equal(option_number(&options, OPTION_ALLOW_ANONYMOUS), 0);
    assert_int_equal(option_number(&options, OPTION_LOG_LEVEL), LOG_INFO);
    assert_int_equal(options.values[OPTION_ALLOW_LOCATION].item_count, 0);
    options_finish(&options);
}

static void write_file(char *path, const char *text)
{
    strcpy(path, "/tmp/firn-options-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void test_options__flag_beats_variable_beats_file_beats_default(void **state)
{
    struct options options;
    struct error err = {0};
    char path[32];
    (void)state;
    write_file(path, "{\"workers\": 3, \"queue\": \"4\", \"threads\": 5, \"allow-anonymous\": true,"
                     "\"allow-location\": [\"file:///a\", \"file:///b,c\"]}");
    variables[0][0] = "FIRN_WORKERS";
    variables[0][1] = "6";
    variables[1][0] = "FIRN_QUEUE";
    variables[1][1] = "7";
    variables[2][0] = "FIRN_CONFIG";
    variables[2][1] = path;
    assert_ok(LOAD(&options, &err, "--workers=8"), &err);
    unlink(path);
    assert_int_equal(option_number(&options, OPTION_WORKERS), 8);
    assert_int_equal(option_number(&options, OPTION_QUEUE), 7);
    assert_int_equal(option_number(&options, OPTION_THREADS), 5);
    assert_int_equal(option_number(&options, OPTION_CONNECTIONS), 4096);
    assert_int_equal(option_number(&options, OPTION_ALLOW_ANONYMOUS), 1);
    assert_int_equal(options.values[OPTION_ALLOW_LOCATION].item_count, 2);
    assert_slice_equal(options.values[OPTION_ALLOW_LOCATION].items[1], "file:///b,c");
    options_finish(&options);
}

static void test_options__lists_repeat_and_split_at_commas_in_variables(void **state)
{
    struct options options;
    struct error err = {0};
    (void)state;
    assert_ok(LOAD(&options, &err, "--allow-location", "file:///a,b", "--allow-location=file:///c"),
              &err);
    assert_int_equal(options.values[OPTION_ALLOW_LOCATION].item_count, 2);
    assert_slice_equal(options.values[OPTION_ALLOW_LOCATION].items[0], "file:///a,b");
    options_finish(&options);
    variables[0][0] = "FIRN_ALLOW_LOCATION";
    variables[0][1] = "file:///a,file:///b";
    assert_ok(LOAD(&options, &err), &err);
    assert_int_equal(options.values[OPTION_ALLOW_LOCATION].item_count, 2);
    assert_slice_equal(options.values[OPTION_ALLOW_LOCATION].items[1], "file:///b");
    options_finish(&options);
}

static void test_options__unknown_names_say_the_nearest_one(void **state)
{
    struct options options;
    struct error err = {0};
    char path[32];
    (void)state;
    assert_fails(LOAD(&options, &err, "--treads", "2"), &err, ERROR_BAD_REQUEST);
    assert_non_null(strstr(err.message, "did you mean 'threads'"));
    assert_fails(LOAD(&options, &err, "serve"), &err, ERROR_BAD_REQUEST);
    write_file(path, "{\"max-bodi\": 1}");
    assert_fails(LOAD(&options, &err, "--config", path), &err, ERROR_BAD_REQUEST);
    assert_non_null(strstr(err.message, "did you mean 'max-body'"));
    unlink(path);
}

static void test_options__bad_values_are_refused(void **state)
{
    static char *const bad[][2] = {
        {"--workers", "0"},           {"--workers", "-1"},     {"--workers", "x"},
        {"--max-body", "12MB"},       {"--max-body", "-1"},    {"--max-body", "9999999999GiB"},
        {"--log-level", "loud"},      {"--log-format", "xml"}, {"--allow-anonymous=perhaps", NULL},
        {"--workers", "1025"},        {"--threads", "1025"},   {"--workers", NULL},
        {"--config", "/nonexistent"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct options options;
        struct error err = {0};
        assert_fails(LOAD(&options, &err, bad[i][0], bad[i][1]), &err, ERROR_BAD_REQUEST);
    }
}

static void test_options__sizes_have_units(void **state)
{
    struct options options;
    struct error err = {0};
    (void)state;
    assert_ok(LOAD(&options, &err, "--max-body", "64KiB", "--cache-size=1GiB"), &err);
    assert_int_equal(option_number(&options, OPTION_MAX_BODY), 64 * KIB);
    assert_int_equal(option_number(&options, OPTION_CACHE_SIZE), 1024 * MIB);
    options_finish(&options);
}

/* The table of a command: the settings, and two flags of its own. */
enum { TEST_DELETE = OPTION_SETTING_COUNT, TEST_KIND, TEST_COUNT };
static const struct option_row ROWS[TEST_COUNT] = {
    OPTIONS(OPTION_ROW) OPTION_ROW(TEST_DELETE, "delete", FLAG, "", "false", MAIN, "delete it")
        OPTION_ROW(TEST_KIND, "kind", CHOICE, "tables|views", "views", MAIN, "of what")};
static const unsigned IDS[] = {OPTION_DATA, TEST_DELETE, TEST_KIND, OPTION_END};

static bool load_for(const char *operands, const char *choices, char *const *arguments,
                     struct options *ret_options, struct error *err)
{
    const struct option_set set = {"tidy", operands, choices, ROWS, IDS};
    int count = 0;
    enum option_help help = OPTION_HELP_NONE;
    while (arguments[count])
        count++;
    return options_load(&set, count, arguments, environment, ret_options, &help, err);
}
#define ARGUMENTS(...) ((char *const[]){__VA_ARGS__, NULL})

static void test_options__each_command_takes_its_own(void **state)
{
    struct options options;
    struct error err = {0};
    (void)state;
    variables[0][0] = "FIRN_DELETE";
    variables[0][1] = "true";
    variables[1][0] = "FIRN_DATA";
    variables[1][1] = "/v";
    assert_ok(load_for("FILE", NULL, ARGUMENTS("x"), &options, &err), &err);
    assert_slice_equal(options.operands[0], "x");
    assert_slice_equal(option_text(&options, OPTION_DATA), "/v");
    assert_true(options.values[OPTION_DATA].is_given);
    assert_false(options.values[OPTION_LISTEN].is_given);
    assert_int_equal(option_number(&options, TEST_DELETE), 0); /* a flag alone sets it */
    assert_int_equal(option_number(&options, TEST_KIND), 1);
    options_finish(&options);
    assert_ok(load_for("FILE", NULL, ARGUMENTS("--delete", "x"), &options, &err), &err);
    assert_int_equal(option_number(&options, TEST_DELETE), 1);
    options_finish(&options);
    assert_false(load_for("FILE", NULL, ARGUMENTS("--delete"), &options, &err));
    assert_string_equal(err.message, "firn tidy needs a FILE: see firn tidy --help");
    assert_false(load_for("FILE", NULL, ARGUMENTS("x", "--listen", "a"), &options, &err));
    assert_non_null(strstr(err.message, "firn tidy --help"));
    assert_false(LOAD(&options, &err, "--delete"));
    assert_non_null(strstr(err.message, "Unknown option 'delete'"));
}

static void test_options__operands_are_counted_and_may_begin_with_dashes(void **state)
{
    struct options options;
    struct error err = {0};
    (void)state;
    assert_ok(load_for("FROM [TO]", NULL, ARGUMENTS("a"), &options, &err), &err);
    assert_null(options.operands[1].ptr);
    options_finish(&options);
    assert_ok(load_for("FROM TO", NULL, ARGUMENTS("a", "--delete", "--", "--b"), &options, &err),
              &err);
    assert_slice_equal(options.operands[1], "--b");
    assert_int_equal(option_number(&options, TEST_DELETE), 1);
    options_finish(&options);
    assert_false(load_for("FROM TO", NULL, ARGUMENTS("a"), &options, &err));
    assert_string_equal(err.message, "firn tidy needs a TO: see firn tidy --help");
    assert_false(load_for("FROM TO", NULL, ARGUMENTS("a", "b", "c"), &options, &err));
    assert_non_null(strstr(err.message, "'c' is one FROM TO too many"));
    assert_false(load_for(NULL, NULL, ARGUMENTS("a"), &options, &err));
    assert_non_null(strstr(err.message, "'a' is no option"));
}

static void test_options__choices_say_what_is_allowed_and_which_is_nearest(void **state)
{
    struct options options;
    struct error err = {0};
    (void)state;
    assert_false(load_for("KIND", "bash|zsh", ARGUMENTS("bsh"), &options, &err));
    assert_string_equal(err.message, "firn tidy does not know 'bsh': it must be one of bash|zsh. "
                                     "Did you mean bash?");
    assert_ok(load_for("KIND", "bash|zsh", ARGUMENTS("zsh", "--kind=tables"), &options, &err),
              &err);
    assert_int_equal(option_number(&options, TEST_KIND), 0);
    options_finish(&options);
    assert_false(load_for("KIND", NULL, ARGUMENTS("x", "--kind", "view"), &options, &err));
    assert_string_equal(err.message, "The option kind is 'view': it must be one of tables|views. "
                                     "Did you mean views?");
}

static void test_options__more_threads_than_make_sense_are_refused_by_name(void **state)
{
    struct options options;
    struct error err = {0};
    (void)state;
    assert_fails(LOAD(&options, &err, "--workers", "1000000"), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message,
                        "The option workers is '1000000': it must be a number from 1 to 1024");
}

static void test_options__unknown_variables_say_the_nearest_one(void **state)
{
    static const char *const fine[] = {
        "FIRN_LISTEN=x",
        "FIRN_ALLOW_LOCATION=",
        "HOME=/",
        "FIRN",
        "FIRN_PORT=tcp://10.0.0.1:8181",
        "FIRN_SERVICE_HOST=10.0.0.1",
        "FIRN_PORT_8181_TCP_ADDR=10.0.0.1",
    };
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        assert_ok(options_variable_check(fine[i], &err), &err);
    assert_fails(options_variable_check("FIRN_LISTN=127.0.0.1:1", &err), &err, ERROR_BAD_REQUEST);
    assert_non_null(strstr(err.message, "did you mean FIRN_LISTEN?"));
    assert_false(options_variable_check("FIRN_listen=1", &err));
    assert_false(options_variable_check("FIRN_MAX-BODY=1", &err));
    assert_false(options_variable_check("FIRN_=1", &err));
    assert_false(options_variable_check("FIRN_DELETE=1", &err)); /* a flag alone */
}

static void test_options__asking_for_help_is_no_error(void **state)
{
    static const struct {
        char *flag;
        enum option_help help;
    } CASES[] = {{"-h", OPTION_HELP_MAIN},
                 {"--help", OPTION_HELP_MAIN},
                 {"--help-all", OPTION_HELP_ALL}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct options options;
        struct error err = {0};
        enum option_help help = OPTION_HELP_NONE;
        assert_ok(options_load(&option_settings, 3,
                               (char *const[]){"--workers", "1", CASES[i].flag, NULL}, environment,
                               &options, &help, &err),
                  &err);
        assert_int_equal(help, CASES[i].help);
        options_finish(&options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_options__have_defaults, set_up),
        cmocka_unit_test_setup(test_options__flag_beats_variable_beats_file_beats_default, set_up),
        cmocka_unit_test_setup(test_options__lists_repeat_and_split_at_commas_in_variables, set_up),
        cmocka_unit_test_setup(test_options__unknown_names_say_the_nearest_one, set_up),
        cmocka_unit_test_setup(test_options__bad_values_are_refused, set_up),
        cmocka_unit_test_setup(test_options__more_threads_than_make_sense_are_refused_by_name,
                               set_up),
        cmocka_unit_test_setup(test_options__unknown_variables_say_the_nearest_one, set_up),
        cmocka_unit_test_setup(test_options__asking_for_help_is_no_error, set_up),
        cmocka_unit_test_setup(test_options__operands_are_counted_and_may_begin_with_dashes,
                               set_up),
        cmocka_unit_test_setup(test_options__choices_say_what_is_allowed_and_which_is_nearest,
                               set_up),
        cmocka_unit_test_setup(test_options__sizes_have_units, set_up),
        cmocka_unit_test_setup(test_options__each_command_takes_its_own, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
