#include "server/router.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "server/op.h"
#include "tests/unit/cmocka_all.h"

static struct router *router;

static int set_up(void **state)
{
    struct error err = {0};
    (void)state;
    return router_create(&router, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    router_destroy(router);
    return 0;
}

/* The path of a row with "x1" for each parameter; without the prefix where that is asked for. */
static void fill_path(const char *pattern, bool skip_prefix, struct buffer *out)
{
    const char *prefix = "/{prefix}";
    while (*pattern) {
        if (strncmp(pattern, prefix, strlen(prefix)) == 0 && skip_prefix) {
            pattern += strlen(prefix);
        } else if (*pattern == '{') {
            buffer_append_string(out, "x1");
            pattern = strchr(pattern, '}') + 1;
        } else {
            buffer_append_byte(out, *pattern++);
        }
    }
}

static bool match(enum http_method method, struct slice uri, struct request *request,
                  struct slice *ret_allow, struct error *err)
{
    request_init(request, method, uri);
    return router_match(router, request, ret_allow, err);
}

static void check_row(const struct operation *operation, bool skip_prefix)
{
    struct request request;
    struct slice allow = SLICE_EMPTY;
    struct error err = {0};
    struct buffer path;
    buffer_init(&path, KIB);
    fill_path(operation->path, skip_prefix, &path);
    assert_ok(match(operation->method, buffer_slice(&path), &request, &allow, &err), &err);
    assert_string_equal(request.operation->name, operation->name);
    request_finish(&request);
    buffer_finish(&path);
}

static void test_router__finds_every_row_with_and_without_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        check_row(&operations[i], false);
        check_row(&operations[i], true);
        assert_non_null(operations[i].handler);
    }
}

static void test_router__hands_out_raw_parameters(void **state)
{
    struct request request;
    struct slice allow = SLICE_EMPTY;
    struct error err = {0};
    (void)state;
    assert_ok(match(METHOD_GET, SLICE_LITERAL("/v1/w/namespaces/a%1Fb/tables/t%2Fu?x=/y"), &request,
                    &allow, &err),
              &err);
    assert_slice_equal(request.raw_parameters[PARAMETER_PREFIX], "w");
    assert_slice_equal(request.raw_parameters[PARAMETER_NAMESPACE], "a%1Fb");
    assert_slice_equal(request.raw_parameters[PARAMETER_TABLE], "t%2Fu");
    assert_null(request.raw_parameters[PARAMETER_VIEW].ptr);
    request_finish(&request);
}

/* No warehouse is called "namespaces", so that the path without prefix is meant. */
static void test_router__prefers_the_path_without_prefix(void **state)
{
    struct request request;
    struct slice allow = SLICE_EMPTY;
    struct error err = {0};
    (void)state;
    assert_ok(match(METHOD_GET, SLICE_LITERAL("/v1/namespaces/namespaces/tables"), &request, &allow,
                    &err),
              &err);
    assert_int_equal(request.operation->id, OPERATION_listTables);
    assert_slice_equal(request.raw_parameters[PARAMETER_NAMESPACE], "namespaces");
    request_finish(&request);
}

static void test_router__has_a_page_at_the_root(void **state)
{
    struct request request;
    struct slice allow = SLICE_EMPTY;
    struct error err = {0};
    (void)state;
    assert_ok(match(METHOD_GET, SLICE_LITERAL("/"), &request, &allow, &err), &err);
    assert_int_equal(request.operation->id, OPERATION_getPage);
    request_finish(&request);
}

static void test_router__refuses_unknown_paths(void **state)
{
    static const char *const paths[] = {
        "",
        "//",
        "/v1",
        "/v1/",
        "/v1/config/",
        "/v1/w/namespaces/a/",
        "/v2/config",
        "v1/config",
        "/v1/w/namespaces/a/tables/t/unknown",
        "//v1/config",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct request request;
        struct slice allow = SLICE_EMPTY;
        struct error err = {0};
        assert_fails(match(METHOD_GET, slice_from_string(paths[i]), &request, &allow, &err), &err,
                     ERROR_NO_SUCH_ROUTE);
        request_finish(&request);
    }
}

static void test_router__names_the_methods_of_a_path(void **state)
{
    struct request request;
    struct slice allow = SLICE_EMPTY;
    struct error err = {0};
    (void)state;
    assert_fails(match(METHOD_PUT, SLICE_LITERAL("/v1/namespaces/a"), &request, &allow, &err), &err,
                 ERROR_METHOD_NOT_ALLOWED);
    assert_slice_equal(allow, "GET, HEAD, DELETE");
    request_finish(&request);
    assert_fails(match(METHOD_OTHER, SLICE_LITERAL("/v1/config"), &request, &allow, &err), &err,
                 ERROR_METHOD_NOT_ALLOWED);
    assert_slice_equal(allow, "GET");
    request_finish(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_router__finds_every_row_with_and_without_prefix),
        cmocka_unit_test(test_router__hands_out_raw_parameters),
        cmocka_unit_test(test_router__prefers_the_path_without_prefix),
        cmocka_unit_test(test_router__has_a_page_at_the_root),
        cmocka_unit_test(test_router__refuses_unknown_paths),
        cmocka_unit_test(test_router__names_the_methods_of_a_path),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
