#include "server/request.h"

#include "tests/unit/cmocka_all.h"

static struct slice query(const char *uri, const char *name)
{
    static struct request request;
    struct slice value = SLICE_EMPTY;
    struct error err = {0};
    request_finish(&request);
    request_init(&request, METHOD_GET, slice_from_string(uri));
    assert_ok(request_query(&request, name, &value, &err), &err);
    return value;
}

static void test_request__splits_path_and_query_as_sent(void **state)
{
    struct request request;
    (void)state;
    request_init(&request, METHOD_GET, SLICE_LITERAL("/a%2Fb?c=%20&d?e"));
    assert_slice_equal(request.path, "/a%2Fb");
    assert_slice_equal(request.query, "c=%20&d?e");
    request_finish(&request);
}

/* "a server MUST accept the absolute-form in requests" */
static void test_request__takes_the_absolute_form(void **state)
{
    struct request request;
    (void)state;
    request_init(&request, METHOD_GET, SLICE_LITERAL("http://localhost:8181/v1/config?a=b"));
    assert_slice_equal(request.path, "/v1/config");
    assert_slice_equal(request.query, "a=b");
    request_init(&request, METHOD_GET, SLICE_LITERAL("http://localhost"));
    assert_slice_equal(request.path, "");
}

static void test_query__is_decoded_once_with_plus_as_space(void **state)
{
    (void)state;
    assert_slice_equal(query("/p?parent=a%1Fb+c%2Bd", "parent"), "a\x1F"
                                                                 "b c+d");
    assert_slice_equal(query("/p?x=%2541", "x"), "%41");
    assert_slice_equal(query("/p?page%54oken=z", "pageToken"), "z");
}

static void test_query__tells_absent_from_empty(void **state)
{
    (void)state;
    assert_null(query("/p", "pageToken").ptr);
    assert_null(query("/p?pageTokens=1&pageToke=2", "pageToken").ptr);
    assert_slice_equal(query("/p?pageToken=", "pageToken"), "");
    assert_slice_equal(query("/p?pageToken", "pageToken"), "");
    assert_slice_equal(query("/p?&&a=1&a=2", "a"), "1");
}

static void test_query__refuses_bad_encoding_and_values(void **state)
{
    struct request request;
    struct slice value;
    struct error err = {0};
    bool flag = false;
    int64_t number = 7;
    (void)state;
    request_init(&request, METHOD_GET, SLICE_LITERAL("/p?a=%4&b=maybe&c=0&d=9x&e=TRUE&f=5"));
    assert_fails(request_query(&request, "a", &value, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(request_query_bool(&request, "b", &flag, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(request_query_int64(&request, "c", 1, 9, &number, &err), &err, ERROR_BAD_REQUEST);
    assert_fails(request_query_int64(&request, "d", 1, 9, &number, &err), &err, ERROR_BAD_REQUEST);
    assert_int_equal(number, 7);
    assert_ok(request_query_bool(&request, "e", &flag, &err), &err);
    assert_true(flag);
    assert_ok(request_query_int64(&request, "f", 1, 9, &number, &err), &err);
    assert_int_equal(number, 5);
    request_finish(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request__splits_path_and_query_as_sent),
        cmocka_unit_test(test_request__takes_the_absolute_form),
        cmocka_unit_test(test_query__is_decoded_once_with_plus_as_space),
        cmocka_unit_test(test_query__tells_absent_from_empty),
        cmocka_unit_test(test_query__refuses_bad_encoding_and_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
