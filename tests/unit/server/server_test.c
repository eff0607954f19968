#include "server/server.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/server/server_fixture.h"

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/* Opens a server with these flags and closes it again. */
static bool try_server(int count, char *const *arguments, struct error *err)
{
    struct options options;
    struct server *server = NULL;
    enum option_help help = OPTION_HELP_NONE;
    assert_ok(options_load(&option_settings, count, arguments, no_environment, &options, &help,
                           err),
              err);
    bool ok = server_create(&options, &server, err);
    server_destroy(server);
    options_finish(&options);
    return ok;
}

static void test_server__refuses_other_machines_unless_told_so(void **state)
{
    struct server_fixture fixture;
    struct error err = {0};
    char *const arguments[] = {"--listen", "0.0.0.0:0", "--data", "/nonexistent/firn"};
    (void)state;
    assert_fails(try_server(4, arguments, &err), &err, ERROR_FORBIDDEN);
    assert_contains(err.message, "--allow-anonymous");
    server_fixture_init(&fixture,
                        (const char *const[]){"--listen", "0.0.0.0:0", "--allow-anonymous", NULL});
    assert_false(fixture.server->security.is_loopback);
    server_fixture_finish(&fixture);
}

static void test_server__refuses_a_data_directory_that_another_one_has(void **state)
{
    struct server_fixture fixture;
    struct error err = {0};
    (void)state;
    server_fixture_init(&fixture, NULL);
    char *const arguments[] = {"--data", fixture.directory};
    assert_fails(try_server(2, arguments, &err), &err, ERROR_CONFLICT);
    server_fixture_finish(&fixture);
}

static void test_server__refuses_a_data_directory_that_cannot_be(void **state)
{
    struct error err = {0};
    char *const missing[] = {"--data", "/nonexistent/firn"};
    char *const file[] = {"--data", "/dev/null"};
    (void)state;
    assert_fails(try_server(2, missing, &err), &err, ERROR_BAD_REQUEST);
    assert_false(try_server(2, file, &err));
}

/* "Everything it writes lies in DIR", and tables by absolute locations below it. */
static void test_server__keeps_everything_in_its_directory(void **state)
{
    struct server_fixture fixture;
    struct stat status;
    char path[128];
    (void)state;
    server_fixture_init(&fixture, NULL);
    snprintf(path, sizeof(path), "%s/firn.db", fixture.directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(fixture_send(&fixture, "GET", "/management/v1/warehouses", NULL), 200);
    snprintf(path, sizeof(path), "\"location\":\"file://%s/warehouse\"", fixture.directory);
    assert_contains(fixture_body(&fixture), path);
    server_fixture_finish(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server__refuses_other_machines_unless_told_so),
        cmocka_unit_test(test_server__refuses_a_data_directory_that_another_one_has),
        cmocka_unit_test(test_server__refuses_a_data_directory_that_cannot_be),
        cmocka_unit_test(test_server__keeps_everything_in_its_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
