#include "server/reply.h"

#include "base/limits.h"
#include "server/etag.h"
#include "tests/unit/cmocka_all.h"

static void test_error_status__is_the_protocols(void **state)
{
    static const struct {
        enum error_kind kind;
        int status;
        const char *type;
    } rows[] = {
        {ERROR_BAD_REQUEST, 400, "BadRequestException"},
        {ERROR_VALIDATION, 400, "ValidationException"},
        {ERROR_FORBIDDEN, 403, "ForbiddenException"},
        {ERROR_NO_SUCH_WAREHOUSE, 404, "NoSuchWarehouseException"},
        {ERROR_NO_SUCH_NAMESPACE, 404, "NoSuchNamespaceException"},
        {ERROR_NO_SUCH_TABLE, 404, "NoSuchTableException"},
        {ERROR_NO_SUCH_VIEW, 404, "NoSuchViewException"},
        {ERROR_NO_SUCH_PLAN_ID, 404, "NoSuchPlanIdException"},
        {ERROR_NO_SUCH_PLAN_TASK, 404, "NoSuchPlanTaskException"},
        {ERROR_NOT_FOUND, 404, "NotFoundException"},
        {ERROR_METHOD_NOT_ALLOWED, 405, "MethodNotAllowedException"},
        {ERROR_UNSUPPORTED_OPERATION, 406, "UnsupportedOperationException"},
        {ERROR_ALREADY_EXISTS, 409, "AlreadyExistsException"},
        {ERROR_NAMESPACE_NOT_EMPTY, 409, "NamespaceNotEmptyException"},
        {ERROR_COMMIT_FAILED, 409, "CommitFailedException"},
        {ERROR_TOO_LARGE, 413, "PayloadTooLargeException"},
        {ERROR_UNPROCESSABLE, 422, "UnprocessableEntityException"},
        {ERROR_OVERLOADED, 429, "TooManyRequestsException"},
        {ERROR_COMMIT_UNKNOWN, 500, "CommitStateUnknownException"},
        {ERROR_STORAGE_FULL, 507, "StorageFullException"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(error_status(rows[i].kind, false), rows[i].status);
        assert_int_equal(error_status(rows[i].kind, true), rows[i].status);
        assert_string_equal(error_type(rows[i].kind), rows[i].type);
    }
}

/* Rule K3: Clients take 500, 502, 503 and 504 on a commit for "unknown": only one
 * kind may say so. */
static void test_error_status__of_a_change_is_unknown_for_one_kind_only(void **state)
{
    (void)state;
    for (enum error_kind kind = ERROR_BAD_REQUEST; kind < ERROR_KIND_COUNT; kind++) {
        int status = error_status(kind, true);
        bool means_unknown = status == 500 || status == 502 || status == 503 || status == 504;
        assert_int_equal(means_unknown, kind == ERROR_COMMIT_UNKNOWN);
        assert_in_range(error_status(kind, false), 400, 599);
        assert_non_null(error_type(kind));
    }
}

/* Rule 59. */
static void test_reply_error__has_the_protocols_body(void **state)
{
    struct error err;
    struct buffer body;
    (void)state;
    error_set(&err, ERROR_NO_SUCH_TABLE, "Table does not exist: a.\"t\"");
    struct reply *reply = reply_error(&err, false, SLICE_EMPTY);
    buffer_init(&body, KIB);
    assert_true(reply_body(reply, &body));
    assert_slice_equal(buffer_slice(&body),
                       "{\"error\":{\"message\":\"Table does not exist: a.\\\"t\\\"\","
                       "\"type\":\"NoSuchTableException\",\"code\":404}}");
    assert_string_equal(reply->headers[0].value, "application/json");
    buffer_finish(&body);
    reply_unref(reply);
}

static void test_reply_error__quotes_bytes_that_are_no_text(void **state)
{
    struct error err;
    struct buffer body;
    (void)state;
    error_set(&err, ERROR_NO_SUCH_ROUTE, "No such path: /\xFFx");
    struct reply *reply = reply_error(&err, false, SLICE_EMPTY);
    buffer_init(&body, KIB);
    assert_true(reply_body(reply, &body));
    assert_true(slice_is_utf8(buffer_slice(&body)));
    buffer_append_byte(&body, '\0');
    assert_non_null(strstr(body.ptr, "/?x"));
    buffer_finish(&body);
    reply_unref(reply);
}

/* Rule K4. */
static void test_reply_error__of_a_full_queue_says_when_to_come_back(void **state)
{
    struct error err;
    (void)state;
    error_set(&err, ERROR_OVERLOADED, "full");
    struct reply *reply = reply_error(&err, true, SLICE_EMPTY);
    assert_int_equal(reply->status, 429);
    assert_string_equal(reply->headers[1].name, "Retry-After");
    assert_string_equal(reply->headers[1].value, "1");
    reply_unref(reply);
}

/* Rule 41. */
static void test_etag__differs_by_representation_and_location(void **state)
{
    char all[ETAG_SIZE], refs[ETAG_SIZE], other[ETAG_SIZE];
    struct error err = {0};
    (void)state;
    assert_ok(etag_make(SLICE_LITERAL("file:///a"), "all", all, &err), &err);
    assert_ok(etag_make(SLICE_LITERAL("file:///a"), "refs", refs, &err), &err);
    assert_ok(etag_make(SLICE_LITERAL("file:///b"), "all", other, &err), &err);
    assert_string_not_equal(all, refs);
    assert_string_not_equal(all, other);
    assert_int_equal(all[0], '"');
    assert_int_equal(all[strlen(all) - 1], '"');
}

static void test_etag__is_found_in_lists_weak_or_strong(void **state)
{
    (void)state;
    assert_true(etag_is_listed(SLICE_LITERAL("\"a\""), "\"a\""));
    assert_true(etag_is_listed(SLICE_LITERAL("W/\"a\""), "\"a\""));
    assert_true(etag_is_listed(SLICE_LITERAL(" \"x\" ,\tW/\"a\""), "\"a\""));
    assert_true(etag_is_listed(SLICE_LITERAL("*"), "\"a\""));
    assert_false(etag_is_listed(SLICE_LITERAL("\"ab\""), "\"a\""));
    assert_false(etag_is_listed(SLICE_LITERAL("a"), "\"a\""));
    assert_false(etag_is_listed(SLICE_LITERAL(""), "\"a\""));
    assert_false(etag_is_listed((struct slice){NULL, 0}, "\"a\""));
    assert_int_equal(etag_match(SLICE_LITERAL("*"), "\"a\""), ETAG_ANY);
    assert_int_equal(etag_match(SLICE_LITERAL("\"b\", \"a\""), "\"a\""), ETAG_LISTED);
    assert_int_equal(etag_match(SLICE_LITERAL("W/\"a\""), "\"a\""), ETAG_LISTED_WEAK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_status__is_the_protocols),
        cmocka_unit_test(test_error_status__of_a_change_is_unknown_for_one_kind_only),
        cmocka_unit_test(test_reply_error__has_the_protocols_body),
        cmocka_unit_test(test_reply_error__quotes_bytes_that_are_no_text),
        cmocka_unit_test(test_reply_error__of_a_full_queue_says_when_to_come_back),
        cmocka_unit_test(test_etag__differs_by_representation_and_location),
        cmocka_unit_test(test_etag__is_found_in_lists_weak_or_strong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
