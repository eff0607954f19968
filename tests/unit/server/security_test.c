#include "server/security.h"

#include "tests/unit/cmocka_all.h"

static const char *host, *origin, *site, *type, *language;

static struct slice find_header(const void *context, const char *name)
{
    const char *value = strcmp(name, "Host") == 0              ? host
                        : strcmp(name, "Origin") == 0          ? origin
                        : strcmp(name, "Sec-Fetch-Site") == 0  ? site
                        : strcmp(name, "Content-Type") == 0    ? type
                        : strcmp(name, "Accept-Language") == 0 ? language
                                                               : NULL;
    (void)context;
    return value ? slice_from_string(value) : (struct slice){NULL, 0};
}

static const struct security_policy loopback = {.is_loopback = true,
                                                .listen_host = {"127.0.0.2", 9}};
static const struct security_policy open_to_all = {.is_loopback = false,
                                                   .listen_host = {"0.0.0.0", 7}};
static const struct slice names[] = {{"catalog.example", 15}};
static const struct security_policy named = {.is_loopback = false,
                                             .listen_host = {"0.0.0.0", 7},
                                             .allowed_hosts = names,
                                             .allowed_host_count = 1};
static const struct security_policy named_loopback = {.is_loopback = true,
                                                      .listen_host = {"127.0.0.1", 9},
                                                      .allowed_hosts = names,
                                                      .allowed_host_count = 1};

static bool check(const struct security_policy *policy, const char *h, const char *o, const char *s,
                  struct error *err)
{
    struct request request;
    request_init(&request, METHOD_GET, SLICE_LITERAL("/v1/config"));
    request.header = find_header;
    host = h;
    origin = o;
    site = s;
    return security_check_origin(policy, &request, err);
}

static void test_security__answers_programs_and_its_own_pages(void **state)
{
    struct error err = {0};
    (void)state;
    assert_ok(check(&loopback, "127.0.0.1:8181", NULL, NULL, &err), &err);
    assert_ok(check(&loopback, "LOCALHOST", NULL, NULL, &err), &err);
    assert_ok(check(&loopback, "[::1]:8181", NULL, NULL, &err), &err);
    assert_ok(check(&loopback, "127.0.0.2:1", NULL, NULL, &err), &err);
    assert_ok(check(&loopback, NULL, NULL, NULL, &err), &err);
    assert_ok(check(&loopback, "localhost:8181", "http://localhost:8181", "same-origin", &err),
              &err);
    assert_ok(check(&open_to_all, "catalog.example:8181", NULL, NULL, &err), &err);
}

static void test_security__refuses_pages_of_other_sites(void **state)
{
    struct error err = {0};
    (void)state;
    assert_fails(check(&loopback, "localhost:8181", "http://evil.example", NULL, &err), &err,
                 ERROR_FORBIDDEN);
    assert_fails(check(&loopback, "localhost:8181", "null", NULL, &err), &err, ERROR_FORBIDDEN);
    assert_fails(check(&loopback, "localhost:8181", "http://localhost:9999", NULL, &err), &err,
                 ERROR_FORBIDDEN);
    assert_fails(check(&loopback, "localhost:8181", NULL, "cross-site", &err), &err,
                 ERROR_FORBIDDEN);
    assert_fails(check(&open_to_all, "a.example", "http://b.example", NULL, &err), &err,
                 ERROR_FORBIDDEN);
}

static void test_security__refuses_names_that_were_bound_to_this_machine(void **state)
{
    struct error err = {0};
    (void)state;
    assert_fails(check(&loopback, "evil.example:8181", NULL, NULL, &err), &err, ERROR_FORBIDDEN);
    assert_fails(check(&loopback, "localhost.evil.example", "http://localhost.evil.example",
                       "same-origin", &err),
                 &err, ERROR_FORBIDDEN);
    assert_fails(check(&loopback, "", NULL, NULL, &err), &err, ERROR_FORBIDDEN);
}

static void test_security__refuses_rebound_names_to_browsers_on_every_address(void **state)
{
    struct error err = {0};
    (void)state;
    assert_fails(check(&open_to_all, "evil.example:8181", "http://evil.example:8181", "same-origin",
                       &err),
                 &err, ERROR_FORBIDDEN);
    assert_non_null(strstr(err.message, "--allow-host evil.example"));
    assert_fails(check(&open_to_all, "evil.example:8181", NULL, "none", &err), &err,
                 ERROR_FORBIDDEN);
    language = "en";
    assert_fails(check(&open_to_all, "evil.example:8181", NULL, NULL, &err), &err, ERROR_FORBIDDEN);
    assert_fails(check(&named, "1.2.3.4.evil.example", NULL, NULL, &err), &err, ERROR_FORBIDDEN);
    assert_ok(check(&named, "Catalog.Example:8181", "http://catalog.example:8181", NULL, &err),
              &err);
    assert_ok(check(&open_to_all, "10.1.2.3:8181", "http://10.1.2.3:8181", "same-origin", &err),
              &err);
    assert_ok(check(&open_to_all, "[fe80::1]:8181", NULL, NULL, &err), &err);
    assert_ok(check(&open_to_all, "localhost:8181", NULL, NULL, &err), &err);
    language = NULL;
    assert_ok(check(&named_loopback, "catalog.example", NULL, NULL, &err), &err);
    assert_fails(check(&named_loopback, "other.example", NULL, NULL, &err), &err, ERROR_FORBIDDEN);
}

static void test_security__allowed_names_have_no_port(void **state)
{
    struct error err = {0};
    (void)state;
    assert_ok(security_check_host_name(SLICE_LITERAL("catalog.example"), &err), &err);
    assert_fails(security_check_host_name(SLICE_LITERAL(""), &err), &err, ERROR_BAD_REQUEST);
    assert_fails(security_check_host_name(SLICE_LITERAL("a:1"), &err), &err, ERROR_BAD_REQUEST);
    assert_fails(security_check_host_name(SLICE_LITERAL("http://a"), &err), &err,
                 ERROR_BAD_REQUEST);
}

static bool check_type(const char *value, const char *body, struct error *err)
{
    struct request request;
    request_init(&request, METHOD_POST, SLICE_LITERAL("/v1/namespaces"));
    request.header = find_header;
    request.body = slice_from_string(body);
    type = value;
    return security_check_content_type(&request, err);
}

static void test_security__changes_are_json_or_nothing(void **state)
{
    struct error err = {0};
    (void)state;
    assert_ok(check_type("application/json", "{}", &err), &err);
    assert_ok(check_type("Application/JSON ; charset=utf-8", "{}", &err), &err);
    assert_ok(check_type(NULL, "", &err), &err);
    assert_fails(check_type(NULL, "{}", &err), &err, ERROR_UNSUPPORTED_MEDIA_TYPE);
    assert_fails(check_type("text/plain", "{}", &err), &err, ERROR_UNSUPPORTED_MEDIA_TYPE);
    assert_fails(check_type("application/x-www-form-urlencoded", "", &err), &err,
                 ERROR_UNSUPPORTED_MEDIA_TYPE);
    assert_fails(check_type("application/jsonx", "{}", &err), &err, ERROR_UNSUPPORTED_MEDIA_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_security__answers_programs_and_its_own_pages),
        cmocka_unit_test(test_security__refuses_pages_of_other_sites),
        cmocka_unit_test(test_security__refuses_names_that_were_bound_to_this_machine),
        cmocka_unit_test(test_security__refuses_rebound_names_to_browsers_on_every_address),
        cmocka_unit_test(test_security__allowed_names_have_no_port),
        cmocka_unit_test(test_security__changes_are_json_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
